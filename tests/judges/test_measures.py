"""The measures themselves, against published numbers."""

import numpy as np
import pytest

from .measures import ciede2000, distance, lab, ssim

# Sharma, Wu and Dalal 2005, table 1: two colours (L*, a*, b*) and their difference.
SHARMA = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""


@pytest.mark.parametrize("row", SHARMA.strip().splitlines())
def test_ciede2000_gives_the_differences_of_its_test_data(row: str) -> None:
    *colours, expected = map(float, row.split())
    assert ciede2000(np.array(colours[:3]), np.array(colours[3:])) == pytest.approx(expected, abs=5e-5)
    assert ciede2000(np.array(colours[3:]), np.array(colours[:3])) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_the_lab_of_srgb_is_that_of_the_textbooks(levels: tuple[int, ...], expected: tuple[float, ...]) -> None:
    assert lab(np.array(levels)) == pytest.approx(np.array(expected), abs=0.03)


def test_ssim_of_flat_pictures_is_that_of_their_means() -> None:
    dark, light = np.full((20, 30, 3), 100, np.uint8), np.full((20, 30, 3), 130, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(dark, light) == pytest.approx((2 * 100 * 130 + c1) / (100**2 + 130**2 + c1), abs=1e-4)


def test_ssim_of_a_picture_and_its_negative_is_below_nought() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 40, 1), np.uint8)
    assert ssim(noise, noise) == pytest.approx(1)
    assert ssim(noise, 255 - noise) < -0.8


def test_distance_sees_no_colour_where_nothing_is_to_be_seen() -> None:
    clear_red, clear_blue = (np.full((2, 2, 4), colour, np.uint8) for colour in ((255, 0, 0, 0), (0, 0, 255, 0)))
    assert distance(clear_red, clear_blue) == 0
    assert distance(np.full((2, 2, 1), 90, np.uint8), np.full((2, 2, 3), 91, np.uint8)) == pytest.approx(0.75)
    assert distance(np.zeros((2, 3, 1)), np.zeros((3, 2, 1))) == 255
