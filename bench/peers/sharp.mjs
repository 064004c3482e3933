// sharp as a process that stays: it answers one JSON line for each one that it reads, as bench/imaging/answering.py does.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import sharp from 'sharp';

sharp.concurrency(1);
sharp.cache(false); // each picture comes once

const [way] = process.argv.slice(2);

function encoded(image, { format, quality, method, speed }) {
  switch (format) {
    case 'webp': return image.webp({ quality, effort: method });
    case 'avif': return image.avif({ quality, effort: 9 - speed, chromaSubsampling: '4:2:0' }); // libaom's speed is 9 less the effort
    default: return image.jpeg({ quality });
  }
}

// The largest first, each smaller one from the pixels of the next larger one.
async function cascade({ source, outputs }) {
  let pixels = sharp(source).autoOrient();
  for (const width of new Set(outputs.map((output) => output.width))) {
    const { data, info } = await pixels.resize({ width, withoutEnlargement: true }).raw().toBuffer({ resolveWithObject: true });
    const raw = { width: info.width, height: info.height, channels: info.channels };
    for (const output of outputs.filter((one) => one.width === width)) {
      await encoded(sharp(data, { raw }), output).toFile(output.path);
    }
    pixels = sharp(data, { raw });
  }
}

// As its documentation shows it: one pipeline, a clone for each output.
async function clones({ source, outputs }) {
  const image = sharp(source).autoOrient();
  await Promise.all(outputs.map((output) =>
    encoded(image.clone().resize({ width: output.width, withoutEnlargement: true }), output).toFile(output.path)));
}

async function make(job) {
  if (job.animated) {
    const [output] = job.outputs;
    await encoded(sharp(job.source, { animated: true }), output).toFile(output.path);
  } else if (way === 'clones' || job.outputs.length === 1) {
    await clones(job);
  } else {
    await cascade(job);
  }
}

function peakMegabytes() {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
}

for await (const line of createInterface({ input: process.stdin })) {
  const job = JSON.parse(line);
  const [begin, cpu] = [performance.now(), process.cpuUsage()];
  for (let done = 0; done < job.repeat; done += 1) await make(job);
  const { user, system } = process.cpuUsage(cpu);
  const seconds = { cpu: (user + system) / 1e6 / job.repeat, wall: (performance.now() - begin) / 1e3 / job.repeat };
  console.log(JSON.stringify({ ...seconds, peak: peakMegabytes() }));
}
