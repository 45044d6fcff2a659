"""Damage in the middle of a JPEG, which decoders draw over."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from sos_studio.imaging.jpeg_checks import seems_damaged
from tests.imaging import screenshots

WAYS: tuple[dict[str, Any], ...] = (
    {},
    {"subsampling": 0},
    {"subsampling": 1},
    {"optimize": True},
    {"restart_marker_blocks": 5},
    {"restart_marker_rows": 1},
    {"progressive": True},
    {"comment": b"\xff\xd8 not another picture"},
)


def _jpeg(mode: str = "L", quality: int = 85, size: tuple[int, int] | None = None, **how: Any) -> bytes:
    picture = Image.fromarray(screenshots.head(1)).convert(mode)
    stream = io.BytesIO()
    (picture if size is None else picture.resize(size)).save(stream, "jpeg", quality=quality, **how)
    return stream.getvalue()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("how", WAYS, ids=str)
def test_a_sound_file_is_never_doubted(tmp_path: Path, mode: str, how: dict[str, Any]) -> None:
    for quality in (20, 95, 100):
        for size in (None, (77, 131), (8, 8)):
            (tmp_path / "a.jpg").write_bytes(_jpeg(mode, quality, size, **how))
            assert not seems_damaged(tmp_path / "a.jpg"), (quality, size)


def test_real_captures_are_not_doubted(real_data: Path) -> None:
    found = [path for path in (real_data / "reference_captures").rglob("*") if path.suffix.lower() in (".jpg", ".jpeg")]
    assert found
    assert not any(seems_damaged(path) for path in found)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    where=st.floats(0.2, 0.8),
    lost=st.one_of(st.just(bytes(512)), st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).bytes(512))),
    mode=st.sampled_from(["L", "RGB"]),
    how=st.sampled_from([way for way in WAYS if "progressive" not in way]),
)
def test_a_sector_that_is_lost_is_noticed(tmp_path: Path, where: float, lost: bytes, mode: str, how: dict[str, Any]) -> None:
    data = bytearray(_jpeg(mode, **how))
    at = int(where * len(data))
    data[at : at + 512] = lost
    (tmp_path / "a.jpg").write_bytes(data)
    assert seems_damaged(tmp_path / "a.jpg")


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xc4\x00\x40\x00", b"\x89PNG", _jpeg()[:300]])
def test_what_is_no_whole_jpeg_is_left_to_others(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert not seems_damaged(tmp_path / "a.jpg")
    assert not seems_damaged(tmp_path / "missing.jpg")
