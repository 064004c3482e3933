"""Measurements, as ratios taken in one run: `python -m bench.answers`, `python -m bench.lanes`."""
