"""The chaos run: real processes are broken on purpose, by a seeded schedule, while clients send photos.

`python -m tests.chaos --items 300 --seed 1` starts a Darkroom and a broker of its own, breaks them in every way that
`faults/` knows, waits until all accepted items have ended, and lets `checker.py` judge what is left.
"""
