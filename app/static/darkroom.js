// Everything here only adds comfort: each page works without it.
"use strict";

const POLL_MS = 1000;

// Times in the reader's zone, the exact one on hover.
function localTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const moment = new Date(time.dateTime);
    time.title = time.dateTime;
    time.textContent = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: time.closest(".timeline") ? "medium" : "short" });
  }
}

// A job's page follows the job until it has ended.
async function follow(main) {
  let took = 0;
  while (main.hasAttribute("data-live")) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(POLL_MS, 10 * took)));
    if (document.hidden) continue;
    const started = performance.now();
    const response = await fetch(location.href).catch(() => null);
    if (!response || !response.ok) continue;
    took = performance.now() - started; // a large job is asked for less often
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = fresh.getElementById("main");
    document.title = fresh.title;
    update(main, next);
    main.toggleAttribute("data-live", next.hasAttribute("data-live"));
  }
}

// Replace only the items that changed, so that finished pictures and the scroll position stay.
function update(main, next) {
  const items = [...main.querySelectorAll(".item")];
  next.querySelectorAll(".item").forEach((item, index) => {
    if (items[index].dataset.seen !== item.innerHTML) {
      items[index].dataset.seen = item.innerHTML;
      const open = items[index].querySelector("details[open]");
      items[index].replaceChildren(...item.childNodes);
      if (open) items[index].querySelector("details").open = true;
    }
  });
  const actions = main.querySelector(".actions");
  const nextActions = next.querySelector(".actions");
  if (!actions.querySelector("details[open]") && actions.innerHTML !== nextActions.innerHTML) {
    actions.replaceChildren(...nextActions.childNodes);
  }
  for (const selector of ["h1", ".lead", ".overall"]) {
    main.querySelector(selector).replaceChildren(...next.querySelector(selector).childNodes);
  }
  main.querySelector(".overall").className = next.querySelector(".overall").className;
  localTimes(main);
}

// The upload form: what was chosen, limits said at once, progress while sending.
function enhance(form) {
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  const alert = form.querySelector("[role=alert]");
  const chosen = form.querySelector(".chosen");
  const progress = form.querySelector("progress");
  const button = form.querySelector("button");

  const say = (text) => { alert.textContent = text; alert.hidden = !text; };

  function describe() {
    const files = [...input.files];
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    chosen.textContent = files.length ? `${files.length} file${files.length === 1 ? "" : "s"}, ${(bytes / 1e6).toFixed(1)} MB` : "";
    if (bytes > Number(form.dataset.maxBytes)) return "These files are larger than one job may be; choose fewer.";
    if (files.length > Number(form.dataset.maxFiles)) return `One job takes ${form.dataset.maxFiles} files; choose fewer.`;
    return "";
  }

  function sending(busy) {
    button.disabled = busy;
    progress.hidden = !busy;
    progress.value = 0;
  }

  function send() {
    const request = new XMLHttpRequest();
    request.upload.onprogress = (event) => { progress.value = event.loaded / event.total; };
    request.onload = () => {
      if (request.status < 300) { location.assign(request.responseURL); return; }
      const page = new DOMParser().parseFromString(request.responseText, "text/html");
      sending(false);
      say((page.querySelector("[role=alert]:not([hidden])") || page.querySelector(".lead") || page.body).textContent.trim());
    };
    request.onerror = () => { sending(false); say("The connection broke before everything had arrived; nothing was kept. Send it again."); };
    request.open("POST", form.action);
    request.send(new FormData(form));
    sending(true);
  }

  input.addEventListener("change", () => say(describe()));
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
    });
  }
  drop.addEventListener("drop", (event) => {
    input.files = event.dataTransfer.files;
    say(describe());
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const fault = describe();
    say(fault);
    if (!fault) send();
  });
  window.addEventListener("pageshow", () => sending(false));
}

localTimes(document);
const main = document.getElementById("main");
follow(main);
for (const form of document.querySelectorAll("form.upload")) enhance(form);
