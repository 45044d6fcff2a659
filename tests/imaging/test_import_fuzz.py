"""Damaged bytes anywhere: a scan loads or is refused in words, it never ends in a traceback."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from sos_studio.core.errors import SosError
from sos_studio.core.volume import Volume
from sos_studio.imaging import sources
from sos_studio.imaging.dicom_write import write_series
from sos_studio.messages import catalogue


def damaged(whole: bytes, rng: random.Random, reach: int) -> bytes:
    """A few bytes changed within the first `reach`, or the file cut, or a piece taken out."""
    data = bytearray(whole)
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(data[: rng.randrange(len(data))])
    if kind == 1:
        start = rng.randrange(min(reach, len(data)))
        del data[start : start + rng.choice([1, 2, 7, 100])]
        return bytes(data)
    for _ in range(rng.choice([1, 3, 12])):
        data[rng.randrange(min(reach, len(data)))] = rng.choice([0, 0xFF, 0x7F, rng.randrange(256)])
    return bytes(data)


def tell(path: Path) -> str:
    """What loading ends in: ``loaded`` or the refusal's code."""
    try:
        volume = sources.load_volume(path)
    except SosError as error:
        return error.code
    return "loaded" if np.isfinite(volume.lps_from_ijk).all() else "not finite"


def storm(path: Path, chosen: Path, rounds: int, reach: int, seed: int) -> set[str]:
    rng = random.Random(seed)
    whole = path.read_bytes()
    ends = set()
    for _ in range(rounds):
        path.write_bytes(damaged(whole, rng, reach))
        ends.add(tell(chosen))
    return ends


def check(ends: set[str]) -> None:
    assert ends - {"loaded"} <= set(catalogue())
    assert "not finite" not in ends


@pytest.mark.parametrize("syntax", ["explicit", "rle", "j2k", "jpegls"])
@pytest.mark.parametrize("rounds", [12, pytest.param(400, marks=pytest.mark.slow)])
def test_damaged_dicom(tmp_path: Path, tilted_volume: Volume, syntax: str, rounds: int) -> None:
    few = Volume(tilted_volume.array_kji[:4], tilted_volume.lps_from_ijk)
    paths = write_series(few, tmp_path, transfer_syntax=syntax)  # type: ignore[arg-type]  # parametrised literal
    check(storm(paths[1], tmp_path, rounds, 1600, seed=1))
    check(storm(paths[1], tmp_path, rounds, 10**9, seed=2))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
@pytest.mark.parametrize("rounds", [12, pytest.param(400, marks=pytest.mark.slow)])
def test_damaged_volume_files(tmp_path: Path, tilted_volume: Volume, name: str, rounds: int) -> None:
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(tilted_volume.array_kji[:8]), str(tmp_path / name))
    check(storm(tmp_path / name, tmp_path / name, rounds, 400, seed=3))


@pytest.mark.parametrize("rounds", [3, pytest.param(30, marks=pytest.mark.slow)])
def test_damaged_real_files(tmp_path: Path, real_data: Path, rounds: int) -> None:
    hostile = real_data / "hostile"
    if not hostile.is_dir():
        pytest.skip("no hostile sample in the real data")
    for number, path in enumerate(sorted(p for p in hostile.rglob("*") if p.is_file() and p.stat().st_size < 60_000)):
        copy = tmp_path / f"{number}"
        copy.write_bytes(path.read_bytes())
        check(storm(copy, copy, rounds, 3000, seed=number))
