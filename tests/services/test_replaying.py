"""From `capture.json` and the same series, `full16.png`, `full.png` and every crop come out again, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sos_studio.core.captures import Window
from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Roi
from sos_studio.core.volume import Volume
from sos_studio.dataset import cases
from sos_studio.dataset.project import Project
from sos_studio.imaging import images, load_volume
from sos_studio.services import captures, replaying, staging


def _volume(kind: str, seed: int, spacings: tuple[float, float, float], turn: tuple[float, float, float]) -> Volume:
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(40, 56, 3))
    values: Any = rng.integers(-1024, 3072, shape).astype(np.int16)
    if kind == "float":
        values = (rng.normal(0.0, 1.0, shape) * 10.0 ** rng.integers(-3, 4)).astype(np.float32)
    if kind == "flat":
        values = np.full(shape, 7, np.int16)
    matrix = np.eye(4)
    matrix[:3, :3] = Orientation((0.0, 0.0, 0.0), *turn).rotation * np.array(spacings)
    matrix[:3, 3] = rng.uniform(-500, 500, 3)
    return Volume(values, matrix)


spacings = st.tuples(*(st.floats(0.6, 1.2) for _ in range(3)))
turns = st.tuples(st.floats(-90, 90), st.floats(-90, 90), st.floats(-180, 180))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["int16", "float", "flat"]),
    seed=st.integers(0, 2**31),
    spacings=spacings,
    scanner=turns,
    head=st.tuples(st.floats(-180, 180), st.floats(-89.9, 89.9), st.floats(-180, 180)),
    spacing_mm=st.floats(0.25, 0.5),
    slab_mm=st.sampled_from([0.0, 0.31, 2.0, 7.5]),
    window=st.sampled_from([None, Window(low=-200.0, high=900.0), Window(low=0.0, high=0.5)]),
    frame=st.tuples(st.floats(-180, 180), st.floats(8, 30)),
)
def test_any_capture_of_any_volume_is_made_again_from_what_lies_in_the_project(project: Project, **drawn: Any) -> None:
    volume = _volume(drawn["kind"], drawn["seed"], drawn["spacings"], drawn["scanner"])
    orientation = Orientation(volume.center_lps_mm, *drawn["head"])
    image = captures.make_capture(volume, orientation, spacing_mm=drawn["spacing_mm"], slab_mm=drawn["slab_mm"], window=drawn["window"])
    stored = captures.store_capture(project, cases.add_case(project), image)
    height, width = stored.shape_vu
    angle, size = drawn["frame"]
    staging.store_roi(project, stored.capture_id, Roi.of(((width - 1) / 2, (height - 1) / 2), angle, size))
    # The series as it is opened again: the same values, in an array of its own.
    again = Volume(np.array(volume.array_kji), np.array(volume.lps_from_ijk))
    told = replaying.replay_capture(project, stored.capture_id, again)
    assert told == replaying.Replayed(stored.capture_id, True, True, {1: True})
    assert replaying.replay_folder(stored.folder, again).same


def test_one_other_grey_value_in_a_picture_is_told(project: Project) -> None:
    volume = _volume("int16", 1, (0.5, 0.5, 0.5), (0.0, 0.0, 0.0))
    stored = captures.store_capture(project, cases.add_case(project), captures.make_capture(volume, None))
    full16 = images.read_png16(stored.folder / captures.FULL16_FILE).copy()
    full16[5, 5] ^= 1
    images.write_png(stored.folder / captures.FULL16_FILE, full16)
    told = replaying.replay_capture(project, stored.capture_id, volume)
    assert (told.full16, told.full, told.same) == (False, True, False)


def test_another_scan_and_an_imported_picture_are_refused(project: Project) -> None:
    volume = _volume("int16", 1, (0.5, 0.5, 0.5), (0.0, 0.0, 0.0))
    stored = captures.store_capture(project, cases.add_case(project), captures.make_capture(volume, None))
    other = Volume(volume.array_kji + np.int16(1), volume.lps_from_ijk)
    with pytest.raises(BadInputError, match=r"capture\.other_series"):
        replaying.replay_capture(project, stored.capture_id, other)
    with pytest.raises(BadInputError, match=r"capture\.not_replayable"):
        replaying.replay_capture(project, cases.cases(project)[0].capture_id or "", volume)


def test_a_series_on_the_disk_is_replayed_from_its_folder(tmp_path: Path, demo_series: Path) -> None:
    volume = load_volume(demo_series)
    made = captures.make_capture(volume, Orientation(volume.center_lps_mm, 3.0, -2.0, 7.0), slab_mm=1.0)
    stored = captures.write_capture_folder(made, tmp_path / "capture")
    assert replaying.replay_folder_from(stored.folder, demo_series).same


@pytest.fixture
def demo_series(tmp_path: Path) -> Path:
    """A float volume as a file that people have."""
    import SimpleITK

    rng = np.random.default_rng(3)
    image = SimpleITK.GetImageFromArray(rng.normal(100, 40, (40, 44, 48)).astype(np.float32))
    image.SetSpacing((0.5, 0.6, 0.7))
    image.SetOrigin((-11.0, 20.0, 300.0))
    SimpleITK.WriteImage(image, str(tmp_path / "scan.nrrd"))
    return tmp_path / "scan.nrrd"
