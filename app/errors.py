"""Every error that Darkroom raises on purpose.

DarkroomError
├── FileError                the file can never be processed; retrying does not help
│   ├── EmptyFile
│   ├── UnsupportedFile
│   ├── DamagedFile
│   └── TooManyPixels
├── RequestError             the request can not be accepted as it is
│   ├── NoFiles
│   ├── TooManyFiles
│   ├── NotMultipart
│   ├── MalformedUpload
│   ├── IncompleteUpload
│   ├── UploadTooLarge
│   ├── CrossSiteRequest
│   └── InvalidParameter
├── NotFound
├── StorageFull              no room for the bytes; retrying later may help
└── SettingsError            the configuration is refused at start

Each class has a stable `code`, the HTTP `status` that the web answers with, a `title`, and whether a retry can help.
The message is for the person who sent the file: what was wrong, the limit, the actual value, what to do.
"""

from typing import ClassVar


class DarkroomError(Exception):
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False


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


class NotFound(DarkroomError):
    code = "not-found"
    title = "Not found"
    status = 404


class StorageFull(DarkroomError):
    code = "storage-full"
    title = "There is no room left for files"
    status = 507
    retryable = True


class SettingsError(DarkroomError):
    code = "settings"
    title = "The configuration is not valid"
