"""The settings of each format: what they do to the file, and what is refused."""

import io
import struct
from typing import Any

import pytest
from PIL import Image, ImageChops
from pydantic import ValidationError

from app.errors import InvalidRecipe
from app.imaging import encoders
from app.imaging.picture import Metadata, Picture, of
from app.recipes import parse

from .pictures import exif, noise, plain
from .scenes import scene

EFFORTS = {"png": 9, "webp": 6, "avif": 10}
SUBSAMPLED = {"4:2:0": (2, 2), "4:2:2": (2, 1), "4:4:4": (1, 1)}


def encode(output_format: str, image: Image.Image, **settings: object) -> bytes:
    return encoders.found()[output_format](**settings).encode(of(image)).data


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def settings_of(output_format: str) -> dict[str, Any]:
    return encoders.found()[output_format].model_fields


def refusal(output_format: str, **settings: object) -> str:
    with pytest.raises(ValidationError) as caught:
        encoders.found()[output_format](**settings)
    return "; ".join(error["msg"] for error in caught.value.errors())


# What there is


@pytest.mark.parametrize("output_format", encoders.found())
def test_every_setting_says_what_it_is(output_format: str) -> None:
    assert all(field.description and field.description.endswith(".") for field in settings_of(output_format).values())


@pytest.mark.parametrize("output_format", sorted(encoders.found().keys() - {"same"}))
def test_every_format_writes_what_pillow_opens_as_it(output_format: str) -> None:
    kind = encoders.found()[output_format]
    image = opened(encode(output_format, scene()))
    assert (image.format, image.size) == (kind.pillow_name, (72, 60))
    assert Image.MIME[kind.pillow_name] == kind.media_type


@pytest.mark.parametrize("output_format", EFFORTS)
def test_effort_has_the_range_of_the_encoder(output_format: str) -> None:
    most = EFFORTS[output_format]
    for effort in (0, most):
        assert opened(encode(output_format, plain(size=(16, 16)), effort=effort)).size == (16, 16)
    assert f"less than or equal to {most}" in refusal(output_format, effort=most + 1)
    assert "greater than or equal to 0" in refusal(output_format, effort=-1)


@pytest.mark.parametrize("output_format", ["png", "webp"])
def test_more_effort_is_smaller(output_format: str) -> None:
    assert len(encode(output_format, scene(), effort=EFFORTS[output_format])) < (
        len(encode(output_format, scene(), effort=0))
    )


@pytest.mark.parametrize(
    ("output_format", "setting"),
    [
        ("jpeg", "effort"), ("jpeg", "lossless"), ("jpeg", "compression"),
        ("png", "quality"), ("png", "max_bytes"), ("png", "lossless"), ("png", "progressive"),
        ("webp", "chroma_subsampling"), ("webp", "progressive"), ("webp", "palette"),
        ("avif", "lossless"), ("avif", "progressive"), ("avif", "near_lossless"),
        ("tiff", "quality"), ("tiff", "effort"), ("tiff", "max_bytes"),
    ],
)  # fmt: skip
def test_a_setting_that_a_format_does_not_have_is_refused_by_name(output_format: str, setting: str) -> None:
    step = {"op": "resize", "with": {"width": 100}}
    output = {"from": "a", "formats": [{output_format: {setting: 1}}]}
    with pytest.raises(InvalidRecipe) as caught:
        parse({"schema": 1, "name": "x", "version": 1, "steps": {"a": step}, "outputs": {"b": output}})
    assert str(caught.value).startswith(f"outputs.b.formats.0.{output_format}.{setting}: there is no such key")


@pytest.mark.parametrize("value", [0, 101, 50.5, "best", "80", True, None])
@pytest.mark.parametrize("output_format", ["jpeg", "webp", "avif"])
def test_what_is_no_quality_is_refused_in_one_sentence(output_format: str, value: object) -> None:
    assert refusal(output_format, quality=value) == (
        f"Value error, write a number from 1 to 100, or auto (it is {value!r})"
    )


@pytest.mark.parametrize("output_format", ["jpeg", "webp", "avif"])
def test_the_schema_of_quality_is_a_number_in_its_bounds_or_auto(output_format: str) -> None:
    schema = encoders.found()[output_format].model_json_schema()["properties"]["quality"]
    assert schema["anyOf"] == [
        {"maximum": 100, "minimum": 1, "type": "integer"},
        {"const": "auto", "type": "string"},
    ]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ssim": 0.9}, "ssim is the target of quality: auto; leave it out, or the number"),
        ({"ssim": 0.9, "quality": 60}, "ssim is the target of quality: auto; leave it out, or the number"),
        ({"ssim": 1.0, "quality": "auto"}, "should be less than 1"),
        ({"min_quality": 5}, "min_quality is for max_bytes and quality: auto; give one of them, or leave it out"),
        ({"min_quality": 81, "max_bytes": 9}, "min_quality is 81, above the highest that is tried, 80"),
        ({"min_quality": 96, "quality": "auto"}, "min_quality is 96, above the highest that is tried, 95"),
        ({"max_bytes": 0}, "should be greater than or equal to 1"),
    ],
)
def test_settings_without_effect_are_refused(settings: dict[str, object], sentence: str) -> None:
    assert sentence in refusal("jpeg", **settings)
    assert sentence in refusal("webp", **settings)


# JPEG and AVIF


def test_jpeg_is_progressive_where_asked_for() -> None:
    assert "progressive" not in opened(encode("jpeg", scene())).info
    assert opened(encode("jpeg", scene(), progressive=True)).info["progressive"]


@pytest.mark.parametrize("name", SUBSAMPLED)
def test_jpeg_stores_its_colours_as_finely_as_asked_for(name: str) -> None:
    image = opened(encode("jpeg", scene(), chroma_subsampling=name))
    (_, across, down, _), (_, *chroma, _), _ = image.layer
    assert (across // chroma[0], down // chroma[1]) == SUBSAMPLED[name]


@pytest.mark.parametrize("name", SUBSAMPLED)
def test_avif_stores_its_colours_as_finely_as_asked_for(name: str) -> None:
    """As its AV1 configuration tells, in the two bits for subsampling (av1-isobmff, section 2.3.3)."""
    data = encode("avif", scene(), chroma_subsampling=name)
    flags = data[data.index(b"av1C") + 6]
    assert (flags >> 3 & 1, flags >> 2 & 1) == tuple(factor - 1 for factor in SUBSAMPLED[name])


# WebP without loss


def codec(data: bytes) -> bytes:
    """Of the first picture in it (RFC 9649): lossy or lossless."""
    return next(kind for kind in (b"VP8L", b"VP8 ") if kind in data)


@pytest.mark.parametrize("image", [scene(), noise(), plain("RGBA", (9, 7), (10, 20, 30, 40)), plain(size=(1, 1))])
@pytest.mark.parametrize("effort", [0, 2, 6])
def test_lossless_webp_keeps_every_pixel(image: Image.Image, effort: int) -> None:
    data = encode("webp", image, lossless=True, effort=effort)
    assert codec(data) == b"VP8L"
    assert opened(data).convert(image.mode).tobytes() == image.tobytes()


def test_lossless_webp_keeps_every_pixel_of_an_animation() -> None:
    frames = (noise((72, 60)), scene())
    picture = Picture(frames, (0, 0, 72, 60), (72, 60), space="srgb", durations=(50, 60))
    with Image.open(io.BytesIO(encoders.found()["webp"](lossless=True).encode(picture).data)) as image:
        for at, frame in enumerate(frames):
            image.seek(at)
            assert image.convert("RGB").tobytes() == frame.tobytes()


def test_webp_is_lossy_unless_told() -> None:
    assert codec(encode("webp", scene())) == codec(encode("webp", scene(), lossless=False)) == b"VP8 "


def test_a_lossless_file_has_no_quality() -> None:
    encoded = encoders.found()["webp"](lossless=True).encode(of(scene()))
    assert (encoded.quality, encoded.tries) == (None, 1)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"lossless": True, "near_lossless": 60}, "lossless and near_lossless exclude each other"),
        ({"lossless": True, "quality": 80}, "quality is for lossy WebP; leave it out, or lossless"),
        ({"lossless": True, "max_bytes": 80}, "max_bytes is for lossy WebP; leave it out, or lossless"),
        ({"near_lossless": 60, "quality": "auto"}, "quality is for lossy WebP; leave it out, or near_lossless"),
        ({"near_lossless": 0, "max_bytes": 99}, "max_bytes is for lossy WebP; leave it out, or near_lossless"),
        ({"near_lossless": 101}, "less than or equal to 100"),
    ],
)
def test_settings_of_lossy_webp_are_refused_without_loss(settings: dict[str, object], sentence: str) -> None:
    assert sentence in refusal("webp", **settings)


# TIFF


def tiff_tags(data: bytes) -> dict[int, Any]:
    return dict(Image.open(io.BytesIO(data)).tag_v2)


@pytest.mark.parametrize(("compression", "number"), [("none", 1), ("lzw", 5), ("deflate", 8)])
@pytest.mark.parametrize("image", [scene(), plain("RGBA", (9, 7), (10, 20, 30, 40)), noise((1, 90)), noise((90, 1))])
def test_tiff_keeps_every_pixel(image: Image.Image, compression: str, number: int) -> None:
    data = encode("tiff", image, compression=compression)
    assert tiff_tags(data)[259] == number
    assert opened(data).mode == image.mode
    assert opened(data).tobytes() == image.tobytes()


def test_tiff_is_lzw_with_differences() -> None:
    tags = tiff_tags(encode("tiff", scene()))
    assert (tags[259], tags[317]) == (5, 2)


def test_an_animation_is_one_page() -> None:
    picture = Picture((scene(), noise((72, 60))), (0, 0, 72, 60), (72, 60), space="srgb", durations=(50, 60))
    image = opened(encoders.found()["tiff"]().encode(picture).data)
    assert image.n_frames == 1
    assert image.tobytes() == scene().tobytes()


def kept(block: bytes, compression: str, xmp: bytes | None = None) -> bytes:
    picture = Picture(
        (scene(),), (0, 0, 72, 60), (72, 60), 6, space="srgb",
        metadata=Metadata(block, xmp), keep=frozenset({"exif", "xmp", "orientation"}),
    )  # fmt: skip
    return encoders.found()["tiff"](compression=compression).encode(picture).data


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate"])
def test_kept_metadata_is_written_beside_the_tags_of_the_format(compression: str) -> None:
    data = kept(exif(tag_013B="Ann", tag_8298="2020 Ann"), compression, b"<x:xmpmeta/>")
    tags = tiff_tags(data)
    assert (tags[0x13B], tags[0x8298], tags[0x112], tags[700]) == ("Ann", "2020 Ann", 6, b"<x:xmpmeta/>")
    assert opened(data).transpose(Image.Transpose.ROTATE_90).tobytes() == scene().tobytes()


@pytest.mark.parametrize("compression", ["none", "lzw", "deflate"])
def test_metadata_that_describes_the_pixels_of_another_file_does_not_get_in(compression: str) -> None:
    """Width, strip offsets, photometric interpretation and a text that is a number, in the EXIF of a JPEG."""
    data = kept(exif(tag_0100=7, tag_0111=9, tag_0106=0, tag_010F=5, tag_013B="Ann"), compression)
    assert opened(data).size == (60, 72)
    assert opened(data).transpose(Image.Transpose.ROTATE_90).tobytes() == scene().tobytes()
    assert tiff_tags(data)[0x13B] == "Ann"


@pytest.mark.parametrize(("compression", "expected"), [("none", "2020:01:01 00:00:00"), ("lzw", None)])
def test_the_inner_directory_of_exif_is_kept_without_compression_only(compression: str, expected: str | None) -> None:
    block = Image.Exif()
    block.get_ifd(0x8769)[0x9003] = "2020:01:01 00:00:00"
    assert opened(kept(block.tobytes(), compression)).getexif().get_ifd(0x8769).get(0x9003) == expected


# PNG


def png_header(data: bytes) -> tuple[int, int]:
    """Bits a sample, and the type of colour: 2 RGB, 3 palette, 6 RGBA."""
    return struct.unpack_from(">BB", data, 24)


@pytest.mark.parametrize(("image", "kind"), [(scene(), 2), (plain("RGBA", (9, 7), (10, 20, 30, 40)), 6)])
def test_png_keeps_every_pixel(image: Image.Image, kind: int) -> None:
    data = encode("png", image)
    assert png_header(data) == (8, kind)
    assert opened(data).tobytes() == image.tobytes()


@pytest.mark.parametrize(("colors", "bits"), [(2, 1), (4, 2), (16, 4), (17, 8), (256, 8)])
def test_a_palette_has_as_few_bits_as_do(colors: int, bits: int) -> None:
    data = encode("png", scene(), palette=True, colors=colors)
    assert png_header(data) == (bits, 3)
    assert len(opened(data).convert("RGB").getcolors()) <= colors


@pytest.mark.parametrize("settings", [{"colors": 16}, {"dither": False}, {"palette": False, "dither": True}])
def test_settings_of_a_palette_are_refused_without_one(settings: dict[str, object]) -> None:
    assert f"{next(n for n in settings if n != 'palette')} is for palette: true" in refusal("png", **settings)


@pytest.mark.parametrize("colors", [1, 257])
def test_colours_have_bounds(colors: int) -> None:
    assert "than or equal to" in refusal("png", palette=True, colors=colors)


def test_a_palette_of_an_animation_is_one_for_all_frames() -> None:
    """Each is red, green or blue on a transparent ground; an APNG has one palette."""
    frames = []
    for colour in ((255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)):
        frame = plain("RGBA", (20, 10))
        frame.paste(colour, (5, 2, 15, 8))
        frames.append(frame)
    picture = Picture(tuple(frames), (0, 0, 20, 10), (20, 10), space="srgb", durations=(100, 200, 300))
    data = encoders.found()["png"](palette=True, colors=4).encode(picture).data
    assert png_header(data) == (2, 3)
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == 3
        for at, frame in enumerate(frames):
            image.seek(at)
            shown, ground = image.convert("RGBA"), plain("RGBA", (20, 10))
            assert not ImageChops.difference(
                Image.alpha_composite(ground, shown), Image.alpha_composite(ground, frame)
            ).getbbox(alpha_only=False)
