"""Photographs to measure with, out of a Debian package of wallpapers: `python -m bench.photographs`.

They are too large for the repository. The package is unpacked below var/photographs, not installed, and no privileges
are needed. Where there is no apt or no network, a made-up picture takes the photographs' place, and it is said so.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

FOLDER = Path(__file__).parent.parent / "var" / "photographs"
PACKAGES = ("lomiri-wallpapers-16.04", "mate-backgrounds")
"""16 and 47 MB with photographs of 12 megapixels and more; the first one that is to be had is taken."""

LARGE, SMALL = 12_000_000, 1_000_000
FRAMES, FRAME_SIZE = 24, (480, 360)
_PATIENCE = 120


class NoPhotographs(Exception):
    """Says why there are none."""


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of the workloads; `why_made_up` is None where they are real photographs."""

    large_jpegs: tuple[Path, ...]
    """12 megapixels, quality 90, 4:2:0."""
    large_pngs: tuple[Path, ...]
    small_jpegs: tuple[Path, ...]
    """1 megapixel, quality 90, 4:2:0."""
    animations: tuple[Path, ...]
    """GIF: 24 frames of 480 × 360, a window that moves over the photograph."""
    why_made_up: str | None = None


def sources(folder: Path = FOLDER) -> Sources:
    """Made once, and kept in the folder."""
    pictures, reason = photographs(folder)
    made = folder / "sources"
    made.mkdir(exist_ok=True)
    kinds = ("large.jpg", "large.png", "small.jpg", "animation.gif")
    paths = {kind: tuple(made / f"{picture.stem}-{kind}" for picture in pictures) for kind in kinds}
    for at, picture in enumerate(pictures):
        if not all(paths[kind][at].exists() for kind in kinds):
            _make(picture, *(paths[kind][at] for kind in kinds))
    return Sources(*(paths[kind] for kind in kinds), reason)


def photographs(folder: Path = FOLDER) -> tuple[list[Path], str | None]:
    """Files of at least 12 megapixels, and None; or a made-up one, and why that is."""
    try:
        return originals(folder), None
    except NoPhotographs as error:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "made-up.png"
        if not path.exists():
            _save(made_up((4000, 3000)), path)
        return [path], str(error)


def originals(folder: Path = FOLDER) -> list[Path]:
    """The package's JPEGs of at least 12 megapixels, downloaded the first time. Raises NoPhotographs."""
    reasons = []
    for package in PACKAGES:
        unpacked = folder / package
        try:
            if not unpacked.exists():
                _unpack(package, unpacked)
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
            reasons.append(f"{package}: {said[-1] if said else type(error).__name__}")
            continue
        if found := [path for path in sorted(unpacked.rglob("*.jpg")) if not path.is_symlink() and _is_large(path)]:
            return found
        reasons.append(f"{package}: it has none that are large enough")
    raise NoPhotographs("; ".join(reasons))


def made_up(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """What photographs have in common: dead leaves, which hide each other and have any size, under 1/f noise.

    Lee, Mumford and Huang, "Occlusion Models for Natural Images", International Journal of Computer Vision 41, 2001:
    discs whose radii fall off with the third power have the edges and the spectrum of natural images.
    """
    random = np.random.default_rng(seed)
    image = Image.new("RGB", size, (110, 120, 130))
    draw = ImageDraw.Draw(image)
    smallest, largest = 8, max(size) / 4
    for share in random.random(size[0] * size[1] // 500):
        radius = (smallest**-2 - share * (smallest**-2 - largest**-2)) ** -0.5
        x, y = random.random(2) * size
        colour = tuple(int(level) for level in np.clip(random.normal(115, 25) + random.normal(0, 25, 3), 0, 255))
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    levels = np.asarray(image, np.float32) + 22 * _noise(size, random)[:, :, None]
    return Image.fromarray(np.clip(levels + 0.5, 0, 255).astype(np.uint8))


def _noise(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """Amplitudes that fall off with the frequency; mean 0 and deviation 1."""
    width, height = size
    spectrum = np.fft.rfft2(random.standard_normal((height, width), np.float32))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    frequency[0, 0] = np.inf
    noise = np.fft.irfft2(spectrum / frequency, (height, width))
    return (noise / noise.std()).astype(np.float32)


def _unpack(package: str, target: Path) -> None:
    """Complete or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        try:
            _run("apt-get", "download", package, folder=folder)
        except subprocess.CalledProcessError:  # the machine's lists may be empty or old: own ones, for this once
            own = _own_lists(Path(folder))
            _run("apt-get", *own, "update", folder=folder)
            _run("apt-get", *own, "download", package, folder=folder)
        (archive,) = Path(folder).glob("*.deb")
        _run("dpkg-deb", "-x", str(archive), "unpacked", folder=folder)
        (Path(folder) / "unpacked").rename(target)


def _own_lists(folder: Path) -> list[str]:
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    return ["-o", f"Dir::State::lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache"]


def _run(*command: str, folder: str) -> None:
    """Raises OSError or SubprocessError."""
    subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=_PATIENCE)


def _is_large(path: Path) -> bool:
    with Image.open(path) as image:
        return image.width * image.height >= LARGE


def _make(picture: Path, large_jpeg: Path, large_png: Path, small_jpeg: Path, animation: Path) -> None:
    with Image.open(picture) as image:
        photograph = image.convert("RGB")
    large, small = _of_area(photograph, LARGE), _of_area(photograph, SMALL)
    for image, path in ((large, large_jpeg), (small, small_jpeg)):
        _save(image, path, quality=90, subsampling="4:2:0")
    _save(large, large_png)
    frames = [frame.quantize(256, Image.Quantize.MEDIANCUT) for frame in _windows(small)]
    _save(frames[0], animation, save_all=True, append_images=frames[1:], duration=50, loop=0)


def _of_area(image: Image.Image, pixels: int) -> Image.Image:
    scale = (pixels / (image.width * image.height)) ** 0.5
    return image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)


def _windows(image: Image.Image) -> Iterator[Image.Image]:
    """From the left upper corner to the right lower one."""
    for at in range(FRAMES):
        left, top = ((whole - part) * at // (FRAMES - 1) for whole, part in zip(image.size, FRAME_SIZE, strict=True))
        yield image.crop((left, top, left + FRAME_SIZE[0], top + FRAME_SIZE[1]))


def _save(image: Image.Image, path: Path, **options: object) -> None:
    """Complete or not at all."""
    unfinished = path.with_name(f"unfinished-{path.name}")
    image.save(unfinished, **options)
    unfinished.rename(path)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where they are kept; var/photographs")
    made = sources(parser.parse_args(arguments).folder)
    for path in (*made.large_jpegs, *made.large_pngs, *made.small_jpegs, *made.animations):
        print(f"{path.stat().st_size / 1e6:6.1f} MB  {path}")
    if made.why_made_up:
        sys.exit(f"These are made up, for there are no photographs ({made.why_made_up}).")


if __name__ == "__main__":
    main()
