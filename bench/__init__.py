"""Measurements, as ratios taken in one run: `make bench`, and `python -m bench.answers`, `bench.lanes` and so on."""
