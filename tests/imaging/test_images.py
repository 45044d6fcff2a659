from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sos_studio.core.errors import BadInputError
from sos_studio.imaging import images


def ramp(height: int = 40, width: int = 64) -> np.ndarray:
    return np.tile(np.linspace(0, 255, width).astype(np.uint8), (height, 1))


@pytest.mark.parametrize("extension", ["png", "bmp", "tif"])
def test_lossless_grey_files_come_back_as_they_were(tmp_path: Path, extension: str) -> None:
    Image.fromarray(ramp()).save(tmp_path / f"a.{extension}")
    np.testing.assert_array_equal(images.read_gray(tmp_path / f"a.{extension}"), ramp())


def test_a_jpeg_comes_back_nearly(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "a.jpg", quality=95)
    assert np.abs(images.read_gray(tmp_path / "a.jpg").astype(int) - ramp()).max() <= 3


def test_non_ascii_names_are_read(tmp_path: Path) -> None:
    Image.fromarray(ramp()).save(tmp_path / "Käse 画像.png")
    assert images.read_gray(tmp_path / "Käse 画像.png").shape == (40, 64)


def test_colours_become_luma(tmp_path: Path) -> None:
    rgb = np.zeros((40, 64, 3), dtype=np.uint8)
    rgb[..., 1] = 200
    Image.fromarray(rgb).save(tmp_path / "a.png")
    assert images.read_gray(tmp_path / "a.png")[0, 0] == round(0.587 * 200)


def test_transparent_is_black(tmp_path: Path) -> None:
    rgba = np.full((40, 64, 4), 255, dtype=np.uint8)
    rgba[:, :32, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "a.png")
    grey = images.read_gray(tmp_path / "a.png")
    assert grey[:, :32].max() == 0
    assert grey[:, 32:].min() == 255


def test_twelve_bits_in_sixteen_are_not_black(tmp_path: Path) -> None:
    deep = np.tile(np.linspace(0, 4095, 64).astype(np.uint16), (40, 1))
    images.write_png(tmp_path / "a.png", deep)
    grey = images.read_gray(tmp_path / "a.png")
    assert grey.min() == 0
    assert grey.max() == 255
    assert (np.diff(grey[0].astype(int)) >= 0).all()


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(ramp()).save(tmp_path / "a.jpg", exif=exif)
    assert images.read_gray(tmp_path / "a.jpg").shape == (64, 40)


def test_palettes_and_bits_are_read(tmp_path: Path) -> None:
    Image.fromarray(ramp()).convert("P").save(tmp_path / "p.png")
    Image.fromarray(ramp()).convert("1").save(tmp_path / "b.png")
    assert images.read_gray(tmp_path / "p.png").max() > 200
    assert set(np.unique(images.read_gray(tmp_path / "b.png"))) == {0, 255}


def test_a_picture_of_ten_pixels_is_refused_by_name(tmp_path: Path) -> None:
    Image.fromarray(ramp(10, 10)).save(tmp_path / "tiny.png")
    with pytest.raises(BadInputError) as error:
        images.read_gray(tmp_path / "tiny.png")
    assert error.value.code == "image.too_small"
    assert error.value.values == {"file": "tiny.png", "width": 10, "height": 10, "smallest": 32}


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    whole = images.encode_png(ramp())
    for name, content in {"text.png": b"hello", "empty.png": b"", "cut.png": whole[: len(whole) // 2]}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BadInputError) as error:
            images.read_gray(tmp_path / name)
        assert (error.value.code, error.value.values["file"]) == ("image.unreadable", name)
    with pytest.raises(BadInputError):
        images.read_gray(tmp_path / "missing.png")


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (20000, 20000)).save(tmp_path / "bomb.png")
    with pytest.raises(BadInputError) as error:
        images.read_gray(tmp_path / "bomb.png")
    assert error.value.code == "image.too_large"


def test_sixteen_bits_come_back_exactly(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (50, 60)).astype(np.uint16)
    images.write_png(tmp_path / "a.png", deep)
    back = images.read_png16(tmp_path / "a.png")
    assert back.dtype == np.uint16
    np.testing.assert_array_equal(back, deep)


def test_an_eight_bit_picture_is_no_sixteen_bit_one(tmp_path: Path) -> None:
    images.write_png(tmp_path / "a.png", ramp())
    with pytest.raises(BadInputError):
        images.read_png16(tmp_path / "a.png")


def test_the_same_picture_has_the_same_bytes() -> None:
    assert images.encode_png(ramp()) == images.encode_png(ramp().copy())
    assert len(images.encode_png(np.zeros((5, 6, 3), dtype=np.uint8))) > 0


def test_other_arrays_are_not_written() -> None:
    with pytest.raises(ValueError, match="float64"):
        images.encode_png(np.zeros((5, 5)))


def test_a_thumbnail_keeps_the_shape_and_never_grows() -> None:
    assert images.thumbnails(ramp(300, 600), 100).shape == (50, 100)
    assert images.thumbnails(ramp(40, 64), 100).shape == (40, 64)
    assert images.thumbnails(np.full((300, 3), 9, dtype=np.uint8), 100).shape == (100, 1)
