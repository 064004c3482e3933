"""Where to look: the part of a picture that has the most detail, or that people look at."""

from PIL import Image


def best(image: Image.Image, window: tuple[float, float], strategy: str) -> tuple[float, float]:
    """The middle of the best window, each 0 to 1; the window's sides are shares of the picture's."""
    return 0.5, 0.5
