"""Where rectangles go on one sheet: in rows, the tallest first."""

import math
from collections.abc import Sequence

from app.imaging.picture import Size


def packed(sizes: Sequence[Size], gap: int) -> tuple[Size, list[tuple[int, int]]]:
    """The size of the sheet, and left and top of each rectangle on it, in the order in which they were given.

    Next-fit decreasing height (Coffman, Garey, Johnson and Tarjan, "Performance bounds for level-oriented
    two-dimensional packing algorithms", SIAM Journal on Computing 9, 1980): the height stays below twice the best
    one plus that of the tallest. The sheet is about as wide as high; rectangles of one size make a grid.
    """
    order = sorted(range(len(sizes)), key=lambda at: (-sizes[at][1], -sizes[at][0], at))
    room = _width(sizes, gap)
    places = [(0, 0)] * len(sizes)
    left = top = row_height = sheet_width = 0
    for at in order:
        width, height = sizes[at]
        if left and left + width > room:
            left, top, row_height = 0, top + row_height + gap, 0
        places[at] = left, top
        row_height = max(row_height, height)
        sheet_width = max(sheet_width, left + width)
        left += width + gap
    return (sheet_width, top + row_height), places


def _width(sizes: Sequence[Size], gap: int) -> int:
    """A square's side for all areas with their gaps, in whole rectangles where all are of one size."""
    area = sum((width + gap) * (height + gap) for width, height in sizes)
    widest = max(width for width, _ in sizes)
    if len(set(sizes)) == 1:
        return max(1, math.ceil(math.sqrt(area) / (widest + gap))) * (widest + gap)
    return max(widest, math.isqrt(area - 1) + 1)
