"""One item's way through a worker: claim, render, store, finish."""

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from uuid import UUID

from flask import Flask
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app import items, recipes
from app.errors import DarkroomError
from app.imaging.outputs import OutputSpec
from app.imaging.pipeline import RenderedFile, Rendering, render
from app.items import Claim, Failure
from app.models import Output
from app.names import result_name
from app.storage import Store, StoredFile
from tasks.lease import renewing

log = logging.getLogger(__name__)

_RECORD_AGAIN_SECONDS = (1, 5, 15)

End = Callable[[], bool]
"""Records how an attempt ended; False where the lease was lost."""


class Processor:
    def __init__(self, *, app: Flask, store: Store, max_pixels: int, max_attempts: int, lease: dt.timedelta) -> None:
        self._app, self._store = app, store
        self._max_pixels, self._max_attempts, self._lease = max_pixels, max_attempts, lease

    def process(self, item_id: UUID, worker: str) -> None:
        """Do the work of one message; does nothing where the item is not waiting."""
        claim = items.claim(item_id, worker, self._lease)
        if claim is None:
            return
        with renewing(self._app, claim, self._lease):
            self._record(claim, self._attempt(claim))

    def _attempt(self, claim: Claim) -> End:
        try:
            return self._work(claim)
        except DarkroomError as error:
            log.info("item %s, attempt %d: %s", claim.item_id, claim.attempt, error.code)
            failure = Failure(error.code, f"{claim.asset_name}: {error}")
            return self._later(claim, failure) if error.retryable else partial(items.fail, claim, failure)
        except Exception as error:
            log.exception("item %s, attempt %d", claim.item_id, claim.attempt)
            return self._later(claim, _internal(claim, error))

    def _work(self, claim: Claim) -> End:
        specs = recipes.find(claim.recipe, claim.recipe_version).outputs
        with self._store.scratch() as scratch:
            rendering = render(self._store.path(claim.asset_sha256), specs, scratch, self._max_pixels)
            stored = {path: self._store.adopt(path) for path in {file.path for file in rendering.files}}
        outputs = [
            _output(claim, position, spec, file, stored[file.path])
            for position, (spec, file) in enumerate(zip(specs, rendering.files, strict=True))
        ]
        return partial(items.succeed, claim, asdict(rendering.source), outputs, _data(rendering))

    def _later(self, claim: Claim, failure: Failure) -> End:
        return partial(items.retry_later, claim, failure, self._max_attempts)

    def _record(self, claim: Claim, end: End) -> None:
        """The work is done; a database that is busy must not undo it, so this is tried again while the lease lives."""
        for wait in (*_RECORD_AGAIN_SECONDS, None):
            try:
                if not end():
                    log.warning("item %s: attempt %d lost its lease; it is discarded", claim.item_id, claim.attempt)
                return
            except OperationalError as error:
                log.warning("item %s: the end was not recorded: %s", claim.item_id, error)
                if wait is None:
                    raise
                time.sleep(wait)
            except SQLAlchemyError as error:
                log.exception("item %s: the end can not be recorded", claim.item_id)
                end = self._later(claim, _internal(claim, error))


def _internal(claim: Claim, error: Exception) -> Failure:
    cause = f"{claim.asset_name} could not be processed ({type(error).__name__}); the worker's log says more."
    return Failure("internal", cause)


def _data(rendering: Rendering) -> dict[str, str]:
    return {"placeholder": rendering.placeholder, "dominant_color": rendering.dominant_color}


def _output(claim: Claim, position: int, spec: OutputSpec, file: RenderedFile, stored: StoredFile) -> Output:
    variant = spec.name.removesuffix(f"-{spec.format}")
    return Output(
        item_id=claim.item_id, position=position, attempt=claim.attempt,
        name=spec.name, filename=result_name(claim.asset_name, variant, file.extension),
        sha256=stored.sha256, media_type=file.media_type, bytes=stored.bytes, width=file.width, height=file.height,
    )  # fmt: skip
