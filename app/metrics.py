"""`GET /metrics`: counters and gauges as Prometheus reads them, all from the database.

No process keeps any of it: every one answers the same, and none that is restarted begins at zero.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app import backlog, processes, totals
from app.database import reading, utc_now
from app.models import Lane, ProcessKind

blueprint = Blueprint("metrics", __name__)

Samples = dict[str, float]
"""By the value of the label; "" where there is none."""


@dataclass(frozen=True, slots=True)
class Described:
    """`label` has one of the `values`; without one there is a single number."""

    name: str
    kind: Literal["counter", "gauge"]
    meaning: str
    label: str = ""
    values: tuple[str, ...] = ("",)

    def family(self, samples: Samples) -> Metric:
        kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = kind(self.name, self.meaning, labels=[self.label] if self.label else [])
        for value in self.values:
            family.add_metric([value] if self.label else [], samples[value])
        return family


_LANES = tuple(lane.value for lane in Lane)

METRICS = (
    Described("darkroom_jobs_accepted_total", "counter", "Jobs that were accepted."),
    Described("darkroom_items_accepted_total", "counter", "Files of accepted jobs, and what is collected from them."),
    Described("darkroom_input_bytes_total", "counter", "Bytes of the files that were sent or downloaded."),
    Described(
        "darkroom_items_ended_total", "counter", "Items that ended so; one that is tried again ends again.",
        "state", ("succeeded", "failed", "quarantined", "canceled"),
    ),
    Described(
        "darkroom_outputs_total", "counter", "Results of items that succeeded: made, or found as made before.",
        "how", ("made", "reused"),
    ),
    Described("darkroom_output_bytes_total", "counter", "Bytes of the results that were made."),
    Described("darkroom_decodes_total", "counter", "Files, or pages of them, that were decoded for such items."),
    Described(
        "darkroom_steps_total", "counter",
        "Steps of recipes for the results that were made: done, or reused because their picture was kept.",
        "how", ("done", "reused"),
    ),
    Described(
        "darkroom_items_waiting", "gauge", "Items that wait: for a worker, another try, or the others of their job.",
        "lane", _LANES,
    ),
    Described("darkroom_items_running", "gauge", "Items that a worker has claimed.", "lane", _LANES),
    Described(
        "darkroom_oldest_wait_seconds", "gauge",
        "Age of the oldest job of which an item waits; 0 where none does.", "lane", _LANES,
    ),
    Described("darkroom_workers", "gauge", "Workers that have given a sign of life in the last 30 seconds."),
    Described("darkroom_worker_processes", "gauge", "Processes of those workers: items that can run at a time."),
    Described("darkroom_dispatchers", "gauge", "Dispatchers that have given a sign of life in the last 30 seconds."),
)  # fmt: skip


@blueprint.get("/metrics")
def metrics() -> Response:
    registry = CollectorRegistry()
    registry.register(_Darkroom())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


class _Darkroom(Collector):
    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        samples = _samples()
        for metric in METRICS:
            yield metric.family(samples[metric.name])


def _samples() -> dict[str, Samples]:
    with reading() as session:
        now, counted = utc_now(), totals.read(session)
        lanes = {lane.value: backlog.of(session, lane) for lane in Lane}
        workers = processes.alive(session, ProcessKind.WORKER, now)
        dispatchers = processes.alive(session, ProcessKind.DISPATCHER, now)
    waits = {name: (now - lane.oldest).total_seconds() if lane.oldest else 0 for name, lane in lanes.items()}
    return {
        "darkroom_jobs_accepted_total": {"": counted["jobs_accepted"]},
        "darkroom_items_accepted_total": {"": counted["items_accepted"]},
        "darkroom_input_bytes_total": {"": counted["input_bytes"]},
        "darkroom_items_ended_total": {
            state: counted[f"items_{state}"] for state in ("succeeded", "failed", "quarantined", "canceled")
        },
        "darkroom_outputs_total": {"made": counted["outputs_made"], "reused": counted["outputs_reused"]},
        "darkroom_output_bytes_total": {"": counted["output_bytes"]},
        "darkroom_decodes_total": {"": counted["decodes"]},
        "darkroom_steps_total": {"done": counted["steps_done"], "reused": counted["steps_reused"]},
        "darkroom_items_waiting": {name: lane.waiting for name, lane in lanes.items()},
        "darkroom_items_running": {name: lane.running for name, lane in lanes.items()},
        "darkroom_oldest_wait_seconds": {name: max(0.0, wait) for name, wait in waits.items()},
        "darkroom_workers": {"": len(workers)},
        "darkroom_worker_processes": {"": sum(worker.concurrency for worker in workers)},
        "darkroom_dispatchers": {"": len(dispatchers)},
    }
