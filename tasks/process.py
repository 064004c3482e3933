"""One item's way through a worker: claim, render, store, finish."""

import datetime as dt
import logging
from dataclasses import asdict
from pathlib import PurePath
from uuid import UUID

from flask import Flask

from app import items, recipes
from app.errors import FileError
from app.imaging.pipeline import RenderedFile, Rendering, render
from app.items import Claim, Failure
from app.models import Output
from app.storage import Store, StoredFile
from tasks.lease import renewing

log = logging.getLogger(__name__)


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
            self._attempt(claim)

    def _attempt(self, claim: Claim) -> None:
        try:
            rendering, outputs = self._render(claim)
        except FileError as error:
            items.fail(claim, Failure(error.code, f"{claim.asset_name}: {error}"))
        except Exception as error:
            log.exception("item %s, attempt %d", claim.item_id, claim.attempt)
            cause = f"{claim.asset_name} could not be processed ({type(error).__name__}); the worker's log says more."
            items.retry_later(claim, Failure("internal", cause), self._max_attempts)
        else:
            self._finish(claim, rendering, outputs)

    def _render(self, claim: Claim) -> tuple[Rendering, list[Output]]:
        recipe = recipes.find(claim.recipe, claim.recipe_version)
        with self._store.scratch() as scratch:
            rendering = render(self._store.path(claim.asset_sha256), recipe.outputs, scratch, self._max_pixels)
            stored = {path: self._store.adopt(path) for path in {file.path for file in rendering.files}}
        outputs = [_output(claim, position, file, stored[file.path]) for position, file in enumerate(rendering.files)]
        return rendering, outputs

    @staticmethod
    def _finish(claim: Claim, rendering: Rendering, outputs: list[Output]) -> None:
        data = {"placeholder": rendering.placeholder, "dominant_color": rendering.dominant_color}
        if not items.succeed(claim, asdict(rendering.source), outputs, data):
            log.warning("item %s: attempt %d lost its lease; its work is discarded", claim.item_id, claim.attempt)


def _output(claim: Claim, position: int, file: RenderedFile, stored: StoredFile) -> Output:
    slot = file.name.rpartition("-")[0]
    return Output(
        item_id=claim.item_id, position=position, attempt=claim.attempt,
        name=file.name, filename=f"{PurePath(claim.asset_name).stem}-{slot}.{file.extension}",
        sha256=stored.sha256, media_type=file.media_type, bytes=stored.bytes, width=file.width, height=file.height,
    )  # fmt: skip
