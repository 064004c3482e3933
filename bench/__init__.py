"""Measurements, as ratios taken in one run: `python -m bench.answers`, `python -m bench.lanes`.

`python -m bench.photographs` fetches what the ones of pictures are taken on.
"""
