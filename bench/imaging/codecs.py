"""The bare loop without the placeholder and the dominant colour: the files alone."""

from bench.imaging.bare import pictures as make

__all__ = ["make"]
