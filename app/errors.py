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
│   ├── MalformedUpload
│   ├── IncompleteUpload
│   ├── UploadTooLarge
│   ├── CrossSiteRequest
│   ├── InvalidParameter
│   ├── UrlImportOff
│   ├── InvalidRecipe
│   ├── InvalidEndpoint
│   └── OutgoingRefused      no request goes there
├── NotFound
│   └── UnknownRecipe
├── NothingToRetry           the item or job has not failed
├── EndpointPaused           nothing is sent to it until it is resumed
├── NothingToDownload        the job has not ended, or has no results
├── ResultsGone              result files are missing from the media store
├── TemporaryError           trouble of the machine that passes; retrying later helps
│   ├── StorageFull
│   ├── StorageUnavailable
│   ├── FilesCollected
│   ├── TooManyPending
│   └── OutgoingFailed       another server does not answer as it should
├── AttemptError             an attempt ended without an answer about the file; retried, but not for ever
│   ├── Crashed
│   └── TimedOut
└── SettingsError            the configuration is refused at start

Each class has a stable `code`, the HTTP `status` that the web answers with, a `title`, and whether to try again.
The message is for the person who sent the file: what was wrong, the limit, the actual value, what to do.
"""

import enum
import errno
from typing import ClassVar


class Retry(enum.Enum):
    """Whether trying an item again can help."""

    NEVER = enum.auto()
    COUNTED = enum.auto()
    """Perhaps, but the file may be what kills its workers: up to MAX_ATTEMPTS."""
    PATIENT = enum.auto()
    """Yes, once the trouble has passed: with growing waits, up to MAX_RETRIES and RETRY_FOR_SECONDS."""


class DarkroomError(Exception):
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500
    retry: ClassVar[Retry] = Retry.NEVER


class FileError(DarkroomError):
    status = 422


class EmptyFile(FileError):
    code = "empty-file"
    title = "The file is empty"


class UnsupportedFile(FileError):
    code = "unsupported-file"
    title = "The file is not of an accepted type"


class DamagedFile(FileError):
    code = "damaged-file"
    title = "The file is damaged or cut off"


class TooManyPixels(FileError):
    code = "too-many-pixels"
    title = "The image has too many pixels"


class TooManyFrames(FileError):
    code = "too-many-frames"
    title = "The animation has too many frames"


class TooManyBytes(FileError):
    code = "too-many-bytes"
    title = "The file is too large for the recipe"


class UnsuitableImage(FileError):
    code = "unsuitable-image"
    title = "The recipe can not be made of this image"


class NotCollectable(FileError):
    code = "not-collectable"
    title = "The results of the job can not be put together"


class NotDownloaded(FileError):
    code = "not-downloaded"
    title = "The file can not be downloaded"


class MissingFont(FileError):
    code = "missing-font"
    title = "There is no font for the text"


class RequestError(DarkroomError):
    status = 400


class NoFiles(RequestError):
    code = "no-files"
    title = "No file was sent"


class TooManyFiles(RequestError):
    code = "too-many-files"
    title = "Too many files in one job"
    status = 413


class NotMultipart(RequestError):
    code = "not-multipart"
    title = "The request is not multipart/form-data"
    status = 415


class MalformedUpload(RequestError):
    code = "malformed-upload"
    title = "The multipart body can not be read"


class IncompleteUpload(RequestError):
    code = "incomplete-upload"
    title = "The upload was cut off"


class UploadTooLarge(RequestError):
    code = "upload-too-large"
    title = "The upload is too large"
    status = 413


class CrossSiteRequest(RequestError):
    code = "cross-site-request"
    title = "The request comes from another site"
    status = 403


class InvalidParameter(RequestError):
    code = "invalid-parameter"
    title = "A parameter is not valid"


class UrlImportOff(RequestError):
    code = "url-import-off"
    title = "Files are not downloaded here"
    status = 403


class InvalidRecipe(RequestError):
    code = "invalid-recipe"
    title = "The recipe is not valid"
    status = 422


class InvalidEndpoint(RequestError):
    code = "invalid-endpoint"
    title = "The webhook endpoint is not valid"
    status = 422


class OutgoingRefused(RequestError):
    code = "outgoing-refused"
    title = "No request goes to this address"
    status = 422


class NotFound(DarkroomError):
    code = "not-found"
    title = "Not found"
    status = 404


class UnknownRecipe(NotFound):
    code = "unknown-recipe"
    title = "There is no such recipe"


class NothingToRetry(DarkroomError):
    code = "nothing-to-retry"
    title = "There is nothing to retry"
    status = 409


class EndpointPaused(DarkroomError):
    code = "endpoint-paused"
    title = "The webhook endpoint is paused"
    status = 409


class NothingToDownload(DarkroomError):
    code = "nothing-to-download"
    title = "There is nothing to download"
    status = 409


class ResultsGone(DarkroomError):
    code = "results-gone"
    title = "Results are missing from the media store"
    status = 410


class TemporaryError(DarkroomError):
    status = 503
    retry = Retry.PATIENT


class StorageFull(TemporaryError):
    code = "storage-full"
    title = "There is no room left for files"
    status = 507


class StorageUnavailable(TemporaryError):
    code = "storage-unavailable"
    title = "The media store can not be read or written"


class FilesCollected(TemporaryError):
    code = "files-collected"
    title = "The file was removed a moment ago"


class TooManyPending(TemporaryError):
    code = "too-many-pending"
    title = "Too many files are waiting"


class OutgoingFailed(TemporaryError):
    code = "outgoing-failed"
    title = "Another server does not answer as it should"
    status = 502


class AttemptError(DarkroomError):
    retry = Retry.COUNTED


class Crashed(AttemptError):
    code = "crashed"
    title = "The work on the file crashed"


class TimedOut(AttemptError):
    code = "timed-out"
    title = "The work on the file took too long"


class SettingsError(DarkroomError):
    code = "settings"
    title = "The configuration is not valid"


def storage_error(error: OSError) -> TemporaryError:
    """What an OSError of the media store means; the message names no path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk of the media store is full. Free some space; nothing else is needed.")
    reason = error.strerror or type(error).__name__
    return StorageUnavailable(f"The media store can not be read or written ({reason}). See to the disk or the mount.")
