"""docs/metrics.md: what `GET /metrics` tells."""

from app.metrics import METRICS, Described
from reference.tables import table

HEAD = """# Metrics

<!-- Printed by `make docs` from app/metrics.py; do not edit. -->

`GET /metrics` answers in the text format of Prometheus, or of OpenMetrics where it is asked for. Counters are kept in
the database, and changed in the transaction that accepts a job or ends an item: deleting jobs and restarting processes
takes nothing from them, and every web process answers the same. A scrape reads what is open and nothing that has ended,
so that it costs the same with a hundred jobs and with a million.

```yaml
scrape_configs:
  - job_name: darkroom
    static_configs: [{targets: ["localhost:8000"]}]
```

"""


def page() -> str:
    rows = [_row(metric) for metric in METRICS]
    return HEAD + table(["name", "type", "labels", "meaning"], rows) + "\n"


def _row(metric: Described) -> list[str]:
    labels = f"`{metric.label}`: {', '.join(f'`{value}`' for value in metric.values)}" if metric.label else ""
    return [f"`{metric.name}`", metric.kind, labels, metric.meaning]
