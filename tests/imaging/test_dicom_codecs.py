"""Damaged compressed streams: decoders that trust them are not asked, and none brings the process down."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.imaging.dicom_codecs import decompressed
from sos_studio.imaging.dicom_headers import PixelLayout
from tests.imaging.odd_dicom import COLUMNS, ROWS, STORED
from tests.imaging.odd_files import ENCODERS, RLE, stream

ROOT = Path(__file__).resolve().parents[2]
REFUSALS = {"scan.cannot_decode", "scan.truncated", "scan.size_mismatch", "scan.unknown_syntax"}


def layout(syntax: str) -> PixelLayout:
    return PixelLayout(syntax, ROWS, COLUMNS, 16, 12, 11, False, 1, "MONOCHROME2", 1, 0, None)


def tried(syntax: str, rounds: int) -> set[str]:
    """What damaged streams of a syntax end in."""
    rng, whole, ends = random.Random(syntax), stream(3, syntax), set()
    for _ in range(rounds):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 2, 5, 20])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        try:
            decoded = decompressed(bytes(data), layout(syntax), "x")
        except BadInputError as error:
            ends.add(error.code)
        else:
            ends.add("decoded" if decoded.shape == (ROWS, COLUMNS) else "another size")
    return ends


@pytest.mark.parametrize("syntax", sorted(ENCODERS))
def test_a_whole_stream_is_decoded_without_loss(syntax: str) -> None:
    np.testing.assert_array_equal(decompressed(stream(3, syntax), layout(syntax), "x"), STORED[3])


@pytest.mark.parametrize("syntax", sorted(ENCODERS))
@pytest.mark.parametrize("rounds", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_damaged_streams_are_refused_or_decoded_to_their_size(syntax: str, rounds: int) -> None:
    # In a process of its own, where a decoder that reads out of bounds takes nothing else with it.
    code = f"from tests.imaging.test_dicom_codecs import tried; print(*tried({syntax!r}, {rounds}))"
    child = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=250, check=False)
    assert child.returncode == 0, child.stderr[-500:]
    assert set(child.stdout.split()) <= REFUSALS | {"decoded"}
    assert "Exception ignored" not in child.stderr


@pytest.mark.parametrize("offset", [0, 8, 63, 64, 10**6, 0xFF000050, 0xFFFFFFFF])
def test_an_rle_segment_outside_its_stream_is_refused(offset: int) -> None:
    whole = stream(3, RLE)
    with pytest.raises(BadInputError) as error:
        decompressed(whole[:8] + offset.to_bytes(4, "little") + whole[12:], layout(RLE), "x")
    assert error.value.code == "scan.cannot_decode"
