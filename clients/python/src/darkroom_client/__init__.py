"""A client of Darkroom's API: submit files, watch their job, fetch its results.

with Client("http://127.0.0.1:8000") as client:
    job = client.submit(["photo.jpg"], recipe="thumbnail", variables={"width": 128})
    job = client.wait(job.id)
    for fetched in client.fetch(job, "results"):
        print(fetched.path)
"""

from darkroom_client.client import DEFAULT_URL, Client
from darkroom_client.documents import (
    ENDED,
    Canceled,
    Disk,
    Item,
    ItemError,
    Job,
    JobSummary,
    LaneStatus,
    Output,
    Process,
    Progress,
    Recipe,
    RecipeUsed,
    Status,
)
from darkroom_client.downloads import Fetched
from darkroom_client.errors import (
    ApiError,
    ConfigurationError,
    DamagedDownload,
    DarkroomError,
    FieldError,
    LocalFileError,
    UnexpectedAnswer,
    Unreachable,
)
from darkroom_client.uploads import Upload

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_URL",
    "ENDED",
    "ApiError",
    "Canceled",
    "Client",
    "ConfigurationError",
    "DamagedDownload",
    "DarkroomError",
    "Disk",
    "Fetched",
    "FieldError",
    "Item",
    "ItemError",
    "Job",
    "JobSummary",
    "LaneStatus",
    "LocalFileError",
    "Output",
    "Process",
    "Progress",
    "Recipe",
    "RecipeUsed",
    "Status",
    "UnexpectedAnswer",
    "Unreachable",
    "Upload",
    "__version__",
]
