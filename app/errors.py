"""Every error that Darkroom raises on purpose.

DarkroomError
├── FileError                the file can never be processed; retrying does not help
│   ├── EmptyFile
│   ├── UnsupportedFile
│   ├── DamagedFile
│   ├── TooManyPixels
│   ├── TooManyFrames
│   ├── TooManyBytes
│   ├── UnsuitableImage
│   ├── NotCollectable
│   ├── NotDownloaded
│   └── MissingFont          trying again helps once the font is there
├── RequestError             the request can not be accepted as it is
│   ├── NoFiles
│   ├── TooManyFiles
│   ├── NotMultipart
│   ├── NotJson
│   ├── MalformedUpload
│   ├── IncompleteUpload
│   ├── UploadTooLarge
│   ├── CrossSiteRequest
│   ├── InvalidParameter
│   ├── UrlImportOff
│   ├── InvalidRecipe
│   ├── InvalidEndpoint
│   ├── OutgoingRefused      no request goes there
│   ├── KeyInUse
│   └── KeyReused
├── NotFound
│   ├── UnknownRecipe
│   └── UnknownAsset
├── AssetInUse               jobs need the asset
├── AssetNotDownloaded       its file is still elsewhere
├── NothingToRetry           the item or job has not failed
├── EndpointPaused           nothing is sent to it until it is resumed
├── NothingToDownload        the job has not ended, or has no results
├── ResultsGone              result files are missing from the media store
├── TemporaryError           trouble of the machine that passes; retrying later helps
│   ├── StorageFull
│   ├── StorageUnavailable
│   ├── FilesCollected
│   ├── TooManyPending
│   ├── MachineBusy
│   ├── DatabaseUnavailable
│   └── OutgoingFailed       another server does not answer as it should
├── AttemptError             an attempt ended without an answer about the file; retried, but not for ever
│   ├── Crashed
│   ├── OutOfMemory
│   ├── TimedOut
│   ├── WorkerLost
│   └── Internal             a fault of ours
└── SettingsError            the configuration is refused at start

Each class has a stable `code`, the HTTP `status` that the web answers with, a `title`, and whether to try again. Its
docstring says what it means and `advice` what to do: the pages /problems/<code> and docs/errors.md show both.
The message is for the person who sent the file: what was wrong, the limit, the actual value, what to do.
"""

import enum
import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class Retry(enum.Enum):
    """Whether trying an item again can help."""

    NEVER = enum.auto()
    COUNTED = enum.auto()
    """Perhaps, but the file may be what kills its workers: up to MAX_ATTEMPTS."""
    PATIENT = enum.auto()
    """Yes, once the trouble has passed: with growing waits, up to MAX_RETRIES and RETRY_FOR_SECONDS."""


@dataclass(frozen=True, slots=True)
class BadField:
    """What is wrong with one part of a request.

    `pointer` is the JSON Pointer (RFC 6901) into the body that leads to it, `parameter` the name of a parameter of the
    address or of a header.
    """

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class DarkroomError(Exception):
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500
    retry: ClassVar[Retry] = Retry.NEVER
    advice: ClassVar[str] = ""

    def __init__(self, message: str = "", fields: Sequence[BadField] = ()) -> None:
        super().__init__(message)
        self.fields = tuple(fields)


class FileError(DarkroomError):
    status = 422


class EmptyFile(FileError):
    """The file has no bytes."""

    code = "empty-file"
    title = "The file is empty"
    advice = "Send a file that has some; an upload that was cut off often leaves an empty one."


class UnsupportedFile(FileError):
    """What a file is, is told by its content; this one is nothing that the recipe takes."""

    code = "unsupported-file"
    title = "The file is not of an accepted type"
    advice = "Convert it to a type that is accepted, or use a recipe that takes it."


class DamagedFile(FileError):
    """The file begins as it should, and can not be read to its end."""

    code = "damaged-file"
    title = "The file is damaged or cut off"
    advice = "Send a whole copy of it."


class TooManyPixels(FileError):
    """Width × height is above the limit of the recipe or of MAX_PIXELS; it is read from the header, before anything is
    decoded.
    """

    code = "too-many-pixels"
    title = "The image has too many pixels"
    advice = "Send a smaller image, or let whoever runs Darkroom raise the limit."


class TooManyFrames(FileError):
    """The animation or document has more frames than the recipe or MAX_FRAMES allows."""

    code = "too-many-frames"
    title = "The animation has too many frames"
    advice = "Send a shorter one, or let whoever runs Darkroom raise the limit."


class TooManyBytes(FileError):
    """The recipe limits the size of a file, and this one is larger."""

    code = "too-many-bytes"
    title = "The file is too large for the recipe"
    advice = "Send a smaller file, or use another recipe."


class UnsuitableImage(FileError):
    """A step of the recipe can not be applied to an image of this size or kind."""

    code = "unsuitable-image"
    title = "The recipe can not be made of this image"
    advice = "The message names the step and what it needs; use another recipe or another image."


class NotCollectable(FileError):
    """A sheet, sprite or document of all results could not be made of them."""

    code = "not-collectable"
    title = "The results of the job can not be put together"
    advice = "The message says which result does not fit; retry the item once the others are right."


class NotDownloaded(FileError):
    """The server that has the file answers, but not with the file."""

    code = "not-downloaded"
    title = "The file can not be downloaded"
    advice = "Open the URL where nobody is logged in: it has to give the file itself. Send one that does as a new job."


class MissingFont(FileError):
    """A text has characters for which no font is installed."""

    code = "missing-font"
    title = "There is no font for the text"
    advice = "Put a font into FONT_DIR (docs/fonts.md), restart the workers and retry the item."


class RequestError(DarkroomError):
    status = 400


class NoFiles(RequestError):
    """A job or an upload needs at least one file, and the request has none."""

    code = "no-files"
    title = "No file was sent"
    advice = "Send a part with a file name, as `curl -F file=@photo.jpg` does."


class TooManyFiles(RequestError):
    """A job takes MAX_JOB_FILES files at the most."""

    code = "too-many-files"
    title = "Too many files in one job"
    status = 413
    advice = "Send the rest as another job."


class NotMultipart(RequestError):
    """Files are taken as multipart/form-data only."""

    code = "not-multipart"
    title = "The request is not multipart/form-data"
    status = 415
    advice = "Send the files as `curl -F file=@photo.jpg` does."


class NotJson(RequestError):
    """The body of this request is taken as application/json only."""

    code = "not-json"
    title = "The request is not JSON"
    status = 415
    advice = "Send the header `Content-Type: application/json`."


class MalformedUpload(RequestError):
    """The body is no well-formed multipart/form-data, or its Content-Length is no number."""

    code = "malformed-upload"
    title = "The multipart body can not be read"
    advice = "See to the program that builds the request; most HTTP libraries build such bodies themselves."


class IncompleteUpload(RequestError):
    """The body ended before its closing boundary or before the announced length. Nothing of it was kept."""

    code = "incomplete-upload"
    title = "The upload was cut off"
    advice = "Send it again."


class UploadTooLarge(RequestError):
    """The body has more than MAX_UPLOAD_BYTES bytes."""

    code = "upload-too-large"
    title = "The upload is too large"
    status = 413
    advice = "Send fewer files in one request, or let whoever runs Darkroom raise the limit."


class CrossSiteRequest(RequestError):
    """A browser says that a page of another site sent this request, which would change something."""

    code = "cross-site-request"
    title = "The request comes from another site"
    status = 403
    advice = "Open Darkroom itself and do it there; scripts outside of browsers are not concerned."


class InvalidParameter(RequestError):
    """A parameter, field or member of the body is unknown, missing, or out of its bounds; `errors` says which."""

    code = "invalid-parameter"
    title = "A parameter is not valid"
    advice = "Correct what `errors` and `detail` name. Nothing was done."


class UrlImportOff(RequestError):
    """The job names URLs, and whoever runs this Darkroom has not let it download files."""

    code = "url-import-off"
    title = "Files are not downloaded here"
    status = 403
    advice = "Send the files themselves, or let whoever runs Darkroom switch URL_IMPORT on."


class InvalidRecipe(RequestError):
    """The recipe can not be read, or can not work; every fault is told with the path that leads to it."""

    code = "invalid-recipe"
    title = "The recipe is not valid"
    status = 422
    advice = "Correct the faults and save it again. docs/recipes.md explains every key."


class KeyInUse(RequestError):
    """A request with the same Idempotency-Key is being worked on, or was cut off a moment ago. Nothing was done."""

    code = "key-in-use"
    title = "A request with this Idempotency-Key is under way"
    status = 409
    retry = Retry.PATIENT
    advice = "Send the same request again later: it gives the answer that the first one had."


class KeyReused(RequestError):
    """The Idempotency-Key was used for another request within the last 24 hours. Nothing was done."""

    code = "key-reused"
    title = "The Idempotency-Key was used for another request"
    status = 422
    advice = "Make a new key for every request; use an old one only to repeat exactly what was sent with it."


class InvalidEndpoint(RequestError):
    """There is an endpoint of this name, or there are as many endpoints as there may be. None was made."""

    code = "invalid-endpoint"
    title = "The webhook endpoint can not be made"
    status = 422
    advice = "Change the endpoint that is there, give the new one another name, or delete one that nobody needs."


class OutgoingRefused(RequestError):
    """A URL can be read in more than one way, has no TLS, or leads to an address that is not of the public internet."""

    code = "outgoing-refused"
    title = "No request goes to this address"
    status = 422
    advice = (
        "Write it as https://example.com/path. Whoever runs Darkroom can allow a host or a network in OUTGOING_ALLOWED"
        " (docs/webhooks.md)."
    )


class NotFound(DarkroomError):
    """There is nothing with this id; it may have been deleted or have expired."""

    code = "not-found"
    title = "Not found"
    status = 404
    advice = "Look for the id in a list."


class UnknownRecipe(NotFound):
    """No recipe has this name, or it has no such version."""

    code = "unknown-recipe"
    title = "There is no such recipe"
    advice = "Ask for the list of recipes; the name may only be misspelt."


class UnknownAsset(NotFound):
    """The job names assets that are not there; `errors` says which."""

    code = "unknown-asset"
    title = "There is no such asset"
    advice = "Upload the files again: an asset that came with a job goes with the last job that uses it."


class AssetInUse(DarkroomError):
    """Jobs use the asset, and deleting it would take their original away."""

    code = "asset-in-use"
    title = "The asset is used by jobs"
    status = 409
    advice = "Delete the jobs first; an asset that came with a job is deleted with the last one."


class AssetNotDownloaded(DarkroomError):
    """The job names an asset whose file no worker has downloaded from its `source_url` yet; `errors` says which."""

    code = "asset-not-downloaded"
    title = "The asset is not downloaded yet"
    status = 409
    retry = Retry.PATIENT
    advice = "Wait until the item it came with has succeeded, or send its URL."


class AssetNotOpened(DarkroomError):
    """A plan needs to know how large the picture is, and no worker has opened the file of this asset yet."""

    code = "asset-not-opened"
    title = "The asset was not opened yet"
    status = 409
    advice = "Make any job of it first, or ask for the plan of a picture by its width and height."


class NothingToRetry(DarkroomError):
    """Only what failed or was canceled can be tried again, and nothing of this has."""

    code = "nothing-to-retry"
    title = "There is nothing to retry"
    status = 409
    advice = "Look at the state of the job and of its items."


class EndpointPaused(DarkroomError):
    """Nothing is sent to a paused endpoint: what happens waits, and nothing can be sent by hand."""

    code = "endpoint-paused"
    title = "The webhook endpoint is paused"
    status = 409
    advice = "Resume it; `paused` of the endpoint says since when and why it is."


class NothingToDownload(DarkroomError):
    """The job has not ended yet, or it ended without any result."""

    code = "nothing-to-download"
    title = "There is nothing to download"
    status = 409
    advice = "Wait for its end; its items say why they failed."


class ResultsGone(DarkroomError):
    """Files that the database names are not in the media store."""

    code = "results-gone"
    title = "Results are missing from the media store"
    status = 410
    advice = "Bring the media store back from a backup, or send the files again."


class TemporaryError(DarkroomError):
    status = 503
    retry = Retry.PATIENT


class StorageFull(TemporaryError):
    """The disk of the media store or of the database has too little room left."""

    code = "storage-full"
    title = "There is no room left for files"
    status = 507
    advice = "Free some space; then the same request works."


class StorageUnavailable(TemporaryError):
    """The disk or the mount of the media store gives errors."""

    code = "storage-unavailable"
    title = "The media store can not be read or written"
    advice = "See to the disk or the mount; then the same request works."


class FilesCollected(TemporaryError):
    """An equal file that was not used any more was removed in the very moment in which this one was stored."""

    code = "files-collected"
    title = "The file was removed a moment ago"
    advice = "Send the same request again."


class TooManyPending(TemporaryError):
    """MAX_PENDING_ITEMS files wait already. Nothing was accepted."""

    code = "too-many-pending"
    title = "Too many files are waiting"
    advice = "Send the same request again later."


class MachineBusy(TemporaryError):
    """The machine of the worker could start no further process."""

    code = "machine-busy"
    title = "The machine has no room for more work"
    advice = "It is tried again by itself. Give the machine more memory, or run fewer workers on it."


class DatabaseUnavailable(TemporaryError):
    """The database can not be reached, or keeps others waiting for too long."""

    code = "database-unavailable"
    title = "The database does not answer"
    advice = "Send the same request again in a few seconds; `make doctor` says what is wrong."


class OutgoingFailed(TemporaryError):
    """A server to which Darkroom sent a request can not be reached, is too slow, or is in trouble itself."""

    code = "outgoing-failed"
    title = "Another server does not answer as it should"
    status = 502
    advice = "It is tried again by itself, with growing waits. See to that server, or to the way there."


class AttemptError(DarkroomError):
    retry = Retry.COUNTED


class Crashed(AttemptError):
    """The process that worked on the file was killed or died."""

    code = "crashed"
    title = "The work on the file crashed"
    advice = (
        "It is tried again by itself. A file that does so every time is quarantined; retry it by hand once the cause "
        "is gone."
    )


class OutOfMemory(AttemptError):
    """The work needed more memory than its process may have."""

    code = "out-of-memory"
    title = "The work on the file needs too much memory"
    advice = "It is tried again by itself. Afterwards, use a smaller image, or give the workers more memory."


class TimedOut(AttemptError):
    """The work took longer than ITEM_TIMEOUT_SECONDS."""

    code = "timed-out"
    title = "The work on the file took too long"
    advice = "It is tried again by itself. Afterwards, use a smaller image or a cheaper recipe."


class WorkerLost(AttemptError):
    """The worker that held the file gave no sign of life any more."""

    code = "worker-lost"
    title = "The worker was lost"
    advice = "It is tried again by itself; `make logs s=worker` says what became of the worker."


class Internal(AttemptError):
    """A fault of Darkroom itself. The log of the server or of the worker has it."""

    code = "internal"
    title = "Something went wrong"
    advice = "A file is tried again by itself. If it comes again, look into the log and report it."


class SettingsError(DarkroomError):
    """A process refuses to start with this configuration."""

    code = "settings"
    title = "The configuration is not valid"
    advice = "Correct what the message names, in .env or the environment."


def storage_error(error: OSError) -> TemporaryError:
    """What an OSError of the media store means; the message names no path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk of the media store is full. Free some space; nothing else is needed.")
    reason = error.strerror or type(error).__name__
    return StorageUnavailable(f"The media store can not be read or written ({reason}). See to the disk or the mount.")
