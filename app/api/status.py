"""What runs, what waits and how much room there is; and pausing a lane."""

import platform
from importlib.metadata import version

from flask import Blueprint
from pydantic import BaseModel, ConfigDict, Field

import app as darkroom
from app import lanes, load, processes
from app.api.moments import Moment
from app.api.operation import Answer, Result, operation
from app.database import reading, utc_now
from app.load import Load
from app.models import Lane, ProcessKind
from app.services import services

blueprint = Blueprint("status", __name__, url_prefix="/status")


class LaneStatus(BaseModel):
    """A queue: `interactive` files do not wait behind `bulk` ones."""

    lane: Lane
    waiting: int = Field(description="Items that no worker has begun.")
    running: int
    oldest_wait_seconds: float | None = Field(description="Since the oldest job was made of which a file waits.")
    paused_since: Moment | None


class ProcessStatus(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str
    concurrency: int
    started_at: Moment
    seen_at: Moment


class Versions(BaseModel):
    darkroom: str
    python: str
    pillow: str
    celery: str


class Disk(BaseModel):
    """Of the media store; uploads leave `reserved_bytes` free."""

    free_bytes: int
    reserved_bytes: int


class Status(BaseModel):
    lanes: list[LaneStatus]
    workers: list[ProcessStatus] = Field(description="Those that gave a sign of life within the last seconds.")
    dispatchers: list[ProcessStatus]
    versions: Versions
    disk: Disk


@blueprint.get("")
@operation({200: Answer(Status, "The status.")})
def get_status() -> Result:
    """What runs, what waits and how much room there is."""
    admission = services().admission
    return Status(
        lanes=[_lane(found) for found in load.of_lanes()],
        workers=_alive(ProcessKind.WORKER),
        dispatchers=_alive(ProcessKind.DISPATCHER),
        versions=Versions(
            darkroom=darkroom.__version__,
            python=platform.python_version(),
            pillow=version("pillow"),
            celery=version("celery"),
        ),
        disk=Disk(free_bytes=admission.store.free_bytes(), reserved_bytes=admission.min_free_bytes),
    )


@blueprint.post("/lanes/<any(interactive, bulk):lane>/pause")
@operation({200: Answer(LaneStatus, "The lane.")})
def pause_lane(lane: str) -> Result:
    """Begin nothing more of a lane.

    What runs goes on. A lane that is paused already stays so.
    """
    lanes.pause(Lane(lane))
    return _status_of(lane)


@blueprint.post("/lanes/<any(interactive, bulk):lane>/resume")
@operation({200: Answer(LaneStatus, "The lane.")})
def resume_lane(lane: str) -> Result:
    """Let a paused lane go on."""
    lanes.resume(Lane(lane))
    return _status_of(lane)


def _status_of(lane: str) -> LaneStatus:
    return next(_lane(found) for found in load.of_lanes() if found.lane == lane)


def _lane(found: Load) -> LaneStatus:
    waits = None if found.oldest_since is None else (utc_now() - found.oldest_since).total_seconds()
    return LaneStatus(
        lane=found.lane, waiting=found.waiting, running=found.running,
        oldest_wait_seconds=None if waits is None else round(waits, 1), paused_since=found.paused_since,
    )  # fmt: skip


def _alive(kind: ProcessKind) -> list[ProcessStatus]:
    with reading() as session:
        return [ProcessStatus.model_validate(process) for process in processes.alive(session, kind, utc_now())]
