"""The client: one method for each thing that the API does."""

import json
import secrets
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from darkroom_client import downloads
from darkroom_client.documents import WAITING, Canceled, Job, JobSummary, Output, Recipe, Status
from darkroom_client.downloads import Fetched, Folder
from darkroom_client.errors import ApiError, ConfigurationError, UnexpectedAnswer, Unreachable, retry_after
from darkroom_client.patience import OnRetry, again
from darkroom_client.uploads import Multipart, OnSent, Upload

DEFAULT_URL = "http://127.0.0.1:8000"

_FIRST_LOOK, _LAST_LOOK = 0.5, 5.0
_ANEW_SECONDS = 10.0
_KEEP_ALIVE_SECONDS = 1.0
"""Less than servers wait: a connection that they close meanwhile would cost a try."""
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_NOT_MODIFIED = httpx.codes.NOT_MODIFIED

Value = str | int | float | bool
T = TypeVar("T")


def _nobody(*_: object) -> None:
    pass


class Client:
    """Talks to the Darkroom at `url`; `token` is sent as `Authorization: Bearer …`, to that host and to no other.

    What may work later is tried again, for `retry_for` seconds from the first failure of a request on: lost
    connections, and answers that say so (429, 503 and others with Retry-After). `on_retry` is told each time.

    Every method raises Unreachable, ApiError or UnexpectedAnswer; all of them are DarkroomError.
    """

    def __init__(
        self, url: str = DEFAULT_URL, token: str | None = None, *, retry_for: float = 300, on_retry: OnRetry = _nobody
    ) -> None:
        """Raises ConfigurationError."""
        self._base = _checked(url)
        self._retry_for, self._on_retry = retry_for, on_retry
        self._http = httpx.Client(
            headers={"User-Agent": "darkroom-client", "Accept-Encoding": "identity", **_authorization(token)},
            timeout=httpx.Timeout(60, connect=10),
            limits=httpx.Limits(keepalive_expiry=_KEEP_ALIVE_SECONDS),
            follow_redirects=False,
            mounts={f"all://{host}": None for host in _LOOPBACK},  # never by a proxy
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def submit(
        self, files: Sequence[str | PathLike[str] | Upload], recipe: str | None = None, *,
        variables: Mapping[str, Value] | None = None, lane: str | None = None, key: str | None = None,
        on_sent: OnSent = _nobody,
    ) -> Job:  # fmt: skip
        """Make a job of the files; it is accepted once this returns.

        It is made once, however often it has to be sent. With a `key`, any text that was never used before, that is
        so for all calls with the same one within 24 hours: of this process and of others.
        `on_sent` is called with the index of a file and how many of its bytes are sent. Raises LocalFileError, too.
        """
        uploads = [file if isinstance(file, Upload) else Upload.of(Path(file)) for file in files]
        fields = {"recipe": recipe, "lane": lane, "vars": json.dumps(dict(variables)) if variables else None}
        given = {name: value for name, value in fields.items() if value is not None}
        idempotency = {"Idempotency-Key": f'"{key or secrets.token_hex(16)}"'}

        def attempt() -> Any:
            body = Multipart(uploads, given, on_sent)
            return self._json_once("POST", self.api("jobs"), headers=body.headers | idempotency, content=iter(body))

        return Job.of(self._again(attempt))

    def job(self, job_id: str) -> Job:
        return Job.of(self._json("GET", self.api("jobs", job_id)))

    def jobs(self, **filters: str | int) -> Iterator[JobSummary]:
        """The newest first, as many as are read; `filters` are `state`, `recipe`, `lane`, `since` and `q`."""
        page: str | None = str(self.api("jobs").copy_merge_params(filters))
        while page:
            document = self._json("GET", self._ours(page))
            yield from (JobSummary.of(job) for job in _list(document, "jobs"))
            page = document.get("next")

    def watch(self, job_id: str) -> Iterator[Job]:
        """The job as it is, again each time that something has happened to it, and at last when it has ended.

        An unchanged job costs the server next to nothing (`If-None-Match`). Its files may wait at other places
        meanwhile, which is no change: so a job of which a file waits is asked for anew every ten seconds.
        """
        etag, pause, anew_at = "", _FIRST_LOOK, float("inf")
        while True:
            response = self._look(job_id, "" if time.monotonic() > anew_at else etag)
            if response.status_code == _NOT_MODIFIED:
                pause = min(pause * 1.5, _LAST_LOOK)
            else:
                job = Job.of(_document(response))
                yield job
                if job.ended:
                    return
                etag, pause = response.headers.get("ETag", ""), _FIRST_LOOK
                waits = any(item.state in WAITING for item in job.items)
                anew_at = time.monotonic() + _ANEW_SECONDS if waits else float("inf")
            asked = retry_after(response)
            time.sleep(pause if asked is None else asked)

    def wait(self, job_id: str) -> Job:
        """The job once it has ended."""
        *_, last = self.watch(job_id)
        return last

    def cancel(self, job_id: str) -> Canceled:
        """Stop what waits and what runs of a job; finished results stay."""
        document = self._json("POST", self.api("jobs", job_id, "cancel"))
        return Canceled.of(document.get("canceled", {}))

    def retry(self, job_id: str) -> Job:
        """Try every failed file of a job again."""
        return Job.of(self._json("POST", self.api("jobs", job_id, "retry"), repeatable=False))

    def recipes(self) -> list[Recipe]:
        return [Recipe.of(recipe) for recipe in _list(self._json("GET", self.api("recipes")), "recipes")]

    def status(self) -> Status:
        return Status.of(self._json("GET", self.api("status")))

    def fetch(self, job: Job, folder: str | PathLike[str]) -> Iterator[Fetched]:
        """Bring the results of a job into a folder, one after the other, as fast as they are asked for.

        What is there with the right SHA-256 is not fetched again, and what is there in part goes on. No other file is
        overwritten. Raises LocalFileError and DamagedDownload, too.
        """
        places = Folder(Path(folder))
        downloads.make(Path(folder))
        for output in job.outputs:
            path, is_there = places.place(output)
            if not is_there:
                self.download(output, path)
            yield Fetched(output, path, is_there)

    def download(self, output: Output, path: str | PathLike[str]) -> None:
        """Bring one result to `path`, overwriting what is there; see `fetch`."""
        url = self._ours(output.url)

        def attempt() -> None:
            downloads.download(
                output, Path(path), lambda headers: self._opened(self._http.build_request("GET", url, headers=headers))
            )

        self._again(attempt)

    def api(self, *parts: str) -> httpx.URL:
        """The address of a resource."""
        path = "/".join(quote(part, safe="@") for part in ("api", "v1", *parts))
        return self._base.copy_with(raw_path=self._base.raw_path.rstrip(b"/") + f"/{path}".encode())

    def address(self, url: str) -> str:
        """The whole address of what a document names as `url` or `page`."""
        return str(self._base.join(url))

    def _ours(self, url: str) -> httpx.URL:
        """The token goes to no other host, whatever an answer says."""
        whole = self._base.join(url)
        if _origin(whole) != _origin(self._base):
            raise UnexpectedAnswer(f"The server names {whole}, which is at another host, and nothing is sent there.")
        return whole

    def _look(self, job_id: str, etag: str) -> httpx.Response:
        headers = {"If-None-Match": etag} if etag else {}
        return self._again(lambda: self._read("GET", self.api("jobs", job_id), headers=headers))

    def _json(self, method: str, url: httpx.URL, *, repeatable: bool = True) -> Any:
        return self._again(lambda: self._json_once(method, url), repeatable=repeatable)

    def _json_once(self, method: str, url: httpx.URL, **more: Any) -> Any:
        return _document(self._read(method, url, **more))

    def _again(self, attempt: Callable[[], T], *, repeatable: bool = True) -> T:
        return again(attempt, self._retry_for, self._on_retry, repeatable=repeatable)

    def _read(self, method: str, url: httpx.URL, **more: Any) -> httpx.Response:
        with self._opened(self._http.build_request(method, url, **more)) as response:
            response.read()
            return response

    @contextmanager
    def _opened(self, request: httpx.Request) -> Iterator[httpx.Response]:
        """The answer, whose body is to be read inside; what goes wrong until then is told in our words."""
        try:
            response = self._http.send(request, stream=True)
            try:
                _refuse(response)
                yield response
            finally:
                response.close()
        except httpx.TransportError as error:
            raise _unreachable(error, request) from error
        except httpx.DecodingError as error:
            raise UnexpectedAnswer(f"The answer can not be read: {error}.") from error


def _checked(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"{url!r} is no address ({error}); write for example {DEFAULT_URL}.") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise ConfigurationError(f"{url!r} is no address of a server; write for example {DEFAULT_URL}.")
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise ConfigurationError("The address has a user, a query or a fragment; leave that away.")
    return parsed


def _authorization(token: str | None) -> dict[str, str]:
    token = (token or "").strip()
    if not token:
        return {}
    if not all("!" <= character <= "~" for character in token):
        raise ConfigurationError("The token has a space or another character that no token has.")
    return {"Authorization": f"Bearer {token}"}


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _refuse(response: httpx.Response) -> None:
    """Raises ApiError or UnexpectedAnswer."""
    if response.is_error:
        response.read()
        raise ApiError.of(response)
    if response.has_redirect_location:
        raise UnexpectedAnswer(
            f"The server sends us on to {response.headers['Location']!r}; it is not followed, because the token would"
            " go there, too. If the address is right, name it yourself."
        )


def _document(response: httpx.Response) -> Any:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise UnexpectedAnswer(f"The answer of {response.url} is no JSON object. Is Darkroom at this address?")
    return document


def _list(document: Mapping[str, Any], name: str) -> list[Any]:
    found = document.get(name)
    if not isinstance(found, list):
        raise UnexpectedAnswer(f"The answer has no list of {name}. Is Darkroom at this address?")
    return found


def _unreachable(error: httpx.TransportError, request: httpx.Request) -> Unreachable:
    host = request.url.copy_with(raw_path=b"/")
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        reason = str(error) or "no answer in time"
        return Unreachable(f"{host} can not be reached: {reason}.", arrived=False, passes=not _is_of_certificate(error))
    return Unreachable(f"The connection to {host} was lost: {str(error) or type(error).__name__}.")


def _is_of_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False
