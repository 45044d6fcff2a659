from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sos_studio.core.errors import BadInputError
from sos_studio.imaging import images, picture_checks
from tests.imaging import screenshots

KINDS = ("a.png", "a.jpg", "a.tif", "a.bmp")


@pytest.fixture(params=KINDS)
def picture(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    Image.fromarray(screenshots.head(1, (90, 140))).save(path)
    return path


def test_a_whole_picture_has_its_shape_without_being_decoded(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if picture.suffix != ".bmp":  # seldom, and as quick to decode as to check
        monkeypatch.setattr(images, "read_picture", None)
    assert picture_checks.shape_of(picture) == (90, 140)


@pytest.mark.parametrize("part", [0.0, 0.02, 0.34, 0.7, 0.98])
def test_a_picture_that_was_cut_off_is_told(picture: Path, part: float) -> None:
    data = picture.read_bytes()
    picture.write_bytes(data[: int(part * len(data))])
    try:
        images.read_picture(picture)
        readable = True
    except BadInputError:
        readable = False
    if readable:
        assert picture_checks.shape_of(picture) == (90, 140)
    else:
        with pytest.raises(BadInputError, match=r"image\.unreadable"):
            picture_checks.shape_of(picture)


def test_a_sound_picture_with_something_after_its_end_is_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(screenshots.head(1, (90, 140))).save(path)
    path.write_bytes(path.read_bytes() + b"\0" * 9000)
    assert picture_checks.shape_of(path) == (90, 140)


def test_a_picture_that_was_turned_by_its_camera_has_the_shape_in_which_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(screenshots.head(1, (90, 140))).save(path, exif=exif)
    assert picture_checks.shape_of(path) == images.read_gray(path).shape


@pytest.mark.parametrize(("side", "code"), [(20, "image.too_small"), (9000, "image.too_large")])
def test_a_picture_of_a_size_that_is_not_taken_is_told_by_its_header(tmp_path: Path, side: int, code: str) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.zeros((side, side), np.uint8)).save(path)
    with pytest.raises(BadInputError, match=code.replace(".", r"\.")):
        picture_checks.shape_of(path)
    assert picture_checks.shape_of(path, 16) == (20, 20) if side == 20 else True


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"BM"]))
def test_anything_ends_in_a_shape_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes, magic: bytes) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "a.png"
    path.write_bytes(magic + data)
    with suppress(BadInputError):
        assert min(picture_checks.shape_of(path)) >= images.SMALLEST_SIDE_PX
