"""One item's way through a worker: claim, render, store, finish."""

import datetime as dt
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from app import items, owners, recipes
from app.database import utc_now
from app.errors import DarkroomError, Internal, Retry
from app.imaging.limits import Limits
from app.items import Claim, Failure, Patience
from app.models import Lane
from app.steps import StepCache
from app.storage import Store
from tasks import work
from tasks.bench import Bench, Run
from tasks.download import Download

log = logging.getLogger(__name__)

_TRY_FOR_SECONDS = 120

T = TypeVar("T")
End = Callable[[], bool]
"""Records how an attempt ended; False where the lease was lost."""


class LeaseLost(Exception):
    """The attempt is somebody else's, canceled or deleted."""


class Stopping(Exception):
    """The worker must end now."""


class Processor:
    """`stop_at` tells when the worker must have ended, on the monotonic clock; infinity while it goes on."""

    def __init__(
        self, *, store: Store, limits: Limits, download: Download, patience: Patience, lease: dt.timedelta,
        timeout_seconds: float, stop_at: Callable[[], float], steps: StepCache | None = None,
    ) -> None:  # fmt: skip
        self._store, self._limits, self._patience, self._lease = store, limits, patience, lease
        self._download, self._timeout_seconds, self._stop_at = download, timeout_seconds, stop_at
        self._left_over, self._steps = False, steps

    def process(self, item_id: UUID, worker: str) -> None:
        """Do the work of one message; does nothing where the item is not waiting.

        Raises Stopping where the worker begins nothing any more, and OperationalError where the database stays away.
        """
        if self._stop_at() < float("inf"):
            raise Stopping
        claim = self._patiently(lambda: self._claim(item_id, worker))
        if claim:
            self._record(claim, self._attempt(claim))
        self._left_over = False

    def _claim(self, item_id: UUID, worker: str) -> Claim | None:
        """Also after a claim or an end that the database did not confirm: it may have kept it all the same."""
        me = owners.this_process()
        if self._left_over:
            items.release(me)
        self._left_over = True  # until the database has heard how this one ended
        return items.claim(item_id, me, worker, self._lease)

    def _attempt(self, claim: Claim) -> End | None:
        try:
            return self._work(claim)
        except LeaseLost:
            log.warning("item %s: attempt %d lost its lease; it is discarded", claim.item_id, claim.attempt)
            return None
        except Stopping:
            log.info("item %s: attempt %d is handed back", claim.item_id, claim.attempt)
            return partial(items.hand_back, claim)
        except OperationalError:
            raise  # the database is away for minutes; what it can not be told now it is told later
        except DarkroomError as error:
            log.info("item %s, attempt %d: %s", claim.item_id, claim.attempt, error.code)
            return self._failure(claim, _known(claim, error))
        except Exception as error:
            log.exception("item %s, attempt %d", claim.item_id, claim.attempt)
            return self._failure(claim, _internal(claim, error))

    def _work(self, claim: Claim) -> End:
        recipe = self._patiently(lambda: recipes.find(claim.recipe, claim.recipe_version))
        seconds = min(self._timeout_seconds, recipe.document.run.timeout or self._timeout_seconds)
        with self._store.scratch() as scratch:
            run = self._runner(claim, seconds)
            steps = self._steps if claim.lane == Lane.INTERACTIVE else None
            bench = Bench(self._store, recipe.limits(self._limits), scratch, run, self._patiently, steps)
            if claim.asset_id is None:
                made = bench.collected(claim, recipe)
            else:
                made = bench.made(claim, claim.sha256 or self._downloaded(claim, scratch, run), recipe)
        return partial(
            items.succeed, claim, made.asset, made.outputs, made.data, self._store.has, made.key, made.effort
        )

    def _runner(self, claim: Claim, seconds: float) -> Run:
        """Works in a process of its own; all that an attempt does there has the same end."""
        look, until = self._lookout(claim), time.monotonic() + seconds
        return lambda act: work.run(act, look, seconds, until)

    def _downloaded(self, claim: Claim, scratch: Path, run: Run) -> str:
        """The original, from where it is; what is downloaded is recorded at once, so that no other attempt has to."""
        path, url = scratch / "download", str(claim.source_url)
        run(lambda: self._download(url, path))
        stored = self._store.adopt(path)
        if not self._patiently(lambda: items.downloaded(claim, stored, self._store.has)):
            raise LeaseLost
        return stored.sha256

    def _lookout(self, claim: Claim) -> Callable[[], None]:
        """Called again and again while the work goes on: renews the lease every third of its length.

        Raises LeaseLost or Stopping where the work is to end.
        """
        renew_at = utc_now() + self._lease / 3  # leases end by the clock on the wall, also while a machine sleeps

        def look() -> None:
            nonlocal renew_at
            if time.monotonic() >= self._stop_at():
                raise Stopping
            try:
                if utc_now() >= renew_at:
                    held, renew_at = items.renew(claim, self._lease), utc_now() + self._lease / 3
                else:
                    held = items.is_held(claim)
            except SQLAlchemyError as error:
                log.warning("item %s: the database does not say whether it goes on: %s", claim.item_id, error)
                return
            if not held:
                raise LeaseLost

        return look

    def _failure(self, claim: Claim, failure: Failure) -> End:
        return partial(items.fail, claim, failure, self._patience)

    def _record(self, claim: Claim, end: End | None) -> None:
        """The work is done; a database that is busy must not undo it."""
        if end is None:
            return
        try:
            recorded = self._patiently(end)
        except DarkroomError as error:
            recorded = self._patiently(self._failure(claim, _known(claim, error)))
        except OperationalError:
            raise
        except SQLAlchemyError as error:
            log.exception("item %s: the end can not be recorded", claim.item_id)
            recorded = self._patiently(self._failure(claim, _internal(claim, error)))
        if not recorded:
            log.warning("item %s: attempt %d lost its lease; it is discarded", claim.item_id, claim.attempt)

    def _patiently(self, use_database: Callable[[], T]) -> T:
        """Try again while the database is locked, full or away; after minutes its OperationalError comes through."""
        give_up, wait = time.monotonic() + _TRY_FOR_SECONDS, 0.5
        while True:
            try:
                return use_database()
            except OperationalError as error:
                log.warning("the database does not answer: %s", error.orig)
                if time.monotonic() + wait > min(give_up, self._stop_at()):
                    raise
                time.sleep(wait)
                wait = 1


def _known(claim: Claim, error: DarkroomError) -> Failure:
    return Failure(error.code, f"{claim.name}: {error}", error.retry)


def _internal(claim: Claim, error: Exception) -> Failure:
    cause = f"{claim.name} could not be processed ({type(error).__name__}); the worker's log says more."
    return Failure(Internal.code, cause, Retry.COUNTED)
