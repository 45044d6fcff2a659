from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import ManifestEntry, ManifestImage
from sos_studio.core.roi import Roi
from sos_studio.imaging.crops import roi_mask
from tests.trainer.tiny_project import make_project
from trainer.data import box_mask, inner_split, letterbox, load_samples, network_input, require_learnable, split_by_patient, uv_from_cell
from trainer.networks import CellGrid


def an_entry(n: int, stage: int, patient: str | None = None, fold: int = 1) -> ManifestEntry:
    image = ManifestImage(path=f"{n}.png", sha256="0" * 64)
    return ManifestEntry(
        case_id=f"c{n}",
        patient=patient or f"p{n}",
        capture_id=f"k{n}",
        stage=stage,
        fold=fold,
        full_image=image,
        shape_vu=(90, 120),
        spacing_mm=0.25,
    )


@settings(max_examples=60)
@given(
    rows=st.integers(33, 1200),
    columns=st.integers(33, 1200),
    height=st.sampled_from([32, 96, 256, 320]),
    width=st.sampled_from([64, 192, 256, 384]),
)
def test_the_corners_of_the_picture_are_the_corners_of_its_box(rows: int, columns: int, height: int, width: int) -> None:
    boxed = letterbox(np.full((rows, columns), 200, dtype=np.uint8), (height, width))
    top, left, inner_h, inner_w = boxed.box
    corners = np.array([[left - 0.5, top - 0.5, 1], [left + inner_w - 0.5, top + inner_h - 0.5, 1]]).T
    assert boxed.uv_from_input @ corners == pytest.approx(np.array([[-0.5, columns - 0.5], [-0.5, rows - 0.5], [1, 1]]), abs=1e-9)
    inside = boxed.values_HW[top : top + inner_h, left : left + inner_w]
    assert float(inside.min()) == pytest.approx(200, abs=1e-3)
    assert float(boxed.values_HW.sum()) == pytest.approx(float(inside.sum()))
    assert inner_h == height or inner_w == width
    # Nothing is stretched: both directions are scaled alike up to the rounding of a side to whole pixels.
    assert inner_h / rows == pytest.approx(inner_w / columns, rel=0.6 / min(inner_h, inner_w))


def test_a_ramp_keeps_its_place() -> None:
    rows, columns = 300, 500
    ramp = np.broadcast_to(np.arange(columns, dtype=np.float32) / 2, (rows, columns))
    boxed = letterbox(ramp, (128, 160))
    top, left, inner_h, inner_w = boxed.box
    x = np.arange(left + 3, left + inner_w - 3)
    u = boxed.uv_from_input[0, 0] * x + boxed.uv_from_input[0, 2]
    assert boxed.values_HW[top + inner_h // 2, x].numpy() == pytest.approx(u / 2, abs=0.02)


def test_cells_are_placed_by_their_centres() -> None:
    boxed = letterbox(np.zeros((256, 256), dtype=np.uint8), (128, 128))
    patches, kernels = uv_from_cell(boxed.uv_from_input, CellGrid(32, 15.5)), uv_from_cell(boxed.uv_from_input, CellGrid(32, 0.0))
    assert (patches @ [0, 0, 1])[:2] == pytest.approx([31.5, 31.5])
    assert (patches @ [3, 1, 1])[:2] == pytest.approx([31.5 + 192, 31.5 + 64])
    assert (kernels @ [0, 0, 1])[:2] == pytest.approx([0.5, 0.5])


def test_masks_cover_the_frame_and_lie_where_the_picture_lies(tmp_path: Path) -> None:
    manifest = make_project(tmp_path, cases=5)
    frames = {e.capture_id: e.roi for e in manifest.entries[:3] if e.roi is not None}
    samples = load_samples(tmp_path, manifest.entries, "full_image", (96, 128), frames)
    assert samples.framed_N.tolist() == [True, True, True, False, False]
    assert int(samples.masks_NHW[3].max()) == 0
    roi = manifest.entries[1].roi
    assert roi is not None
    # At the picture's own size nothing is resampled.
    assert samples.masks_NHW[1].numpy() / 255 == pytest.approx(roi_mask(roi, (96, 128)), abs=0.003)
    smaller = load_samples(tmp_path, manifest.entries, "full_image", (64, 64), frames)
    assert float(smaller.masks_NHW[1].float().sum()) / 255 == pytest.approx(roi.width_px * roi.height_px / 4, rel=0.03)
    assert samples.target_N.tolist() == [0, 1, 2, 3, 4]


def test_crops_smaller_than_a_full_image_may_be_are_read(tmp_path: Path) -> None:
    manifest = make_project(tmp_path, cases=5)  # crops of 40 x 20 pixels
    samples = load_samples(tmp_path, manifest.entries, "crop", (32, 64))
    assert samples.images_NHW.shape == (5, 32, 64)
    assert int(samples.images_NHW.max()) > 150


def test_missing_changed_and_unreadable_pictures_are_named_together(tmp_path: Path) -> None:
    manifest = make_project(tmp_path, cases=6)
    paths = [tmp_path / e.full_image.path for e in manifest.entries]
    paths[1].unlink()
    paths[2].write_bytes(paths[3].read_bytes())
    paths[4].write_bytes(b"not a picture")
    with pytest.raises(BadInputError) as caught:
        load_samples(tmp_path, manifest.entries, "full_image", (64, 64))
    assert caught.value.code == "training.images_damaged"
    assert caught.value.values == {"count": 3, "cases": "case-0001, case-0002, case-0004"}


def test_the_box_about_a_frame_covers_it_to_parts_of_a_pixel() -> None:
    level = Roi.of((20.25, 10.0), 0.0, 12.0)
    assert np.allclose(box_mask(level, (30, 40)), roi_mask(level, (30, 40)), atol=1e-6)
    turned = Roi.of((20.0, 10.0), 45.0, 12.0)
    side = 18 * np.sqrt(0.5)
    assert float(box_mask(turned, (30, 40)).sum()) == pytest.approx(side**2, rel=1e-5)
    assert float(box_mask(Roi.of((0.0, 0.0), 45.0, 12.0), (30, 40)).sum()) == pytest.approx(((side + 1) / 2) ** 2, rel=1e-5)


def test_grey_values_become_the_networks_input() -> None:
    values = torch.tensor([[[0, 255]]], dtype=torch.uint8)
    assert network_input(values, 3).shape == (1, 3, 1, 2)
    assert network_input(values, 1).flatten().tolist() == pytest.approx([-0.449 / 0.226, (1 - 0.449) / 0.226])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 25), st.integers(1, 5)), min_size=2, max_size=60), st.integers(2, 6), st.integers(0, 3))
def test_a_patient_is_on_one_side_only_and_the_same_seed_splits_alike(cases: list[tuple[int, int]], parts: int, seed: int) -> None:
    entries = [an_entry(n, stage, f"p{patient}") for n, (patient, stage) in enumerate(cases)]
    part = split_by_patient(entries, parts, seed)
    for patient in {e.patient for e in entries}:
        assert len({int(p) for e, p in zip(entries, part, strict=True) if e.patient == patient}) == 1
    assert np.array_equal(part, split_by_patient(entries, parts, seed))
    fitting, inner = inner_split(entries, 0.2, seed)
    assert len(fitting) + len(inner) == len(entries)
    assert not {e.patient for e in fitting} & {e.patient for e in inner}
    assert {e.stage for e in fitting} == {e.stage for e in entries}


def test_stages_are_spread_evenly_over_the_parts() -> None:
    entries = [an_entry(n, 1 + n % 5) for n in range(100)]
    part = split_by_patient(entries, 4, seed=0)
    for k in range(4):
        counts = [sum(e.stage == s for e, p in zip(entries, part, strict=True) if p == k) for s in range(1, 6)]
        assert counts == [5, 5, 5, 5, 5]
    fitting, inner = inner_split(entries, 0.2, seed=0)
    assert (len(fitting), len(inner)) == (80, 20)


def test_next_to_nothing_and_one_stage_are_refused() -> None:
    with pytest.raises(BadInputError) as few:
        require_learnable([an_entry(n, 1 + n % 2) for n in range(4)])
    assert (few.value.code, few.value.values["count"]) == ("training.too_few_cases", 4)
    with pytest.raises(BadInputError) as one:
        require_learnable([an_entry(n, 3) for n in range(20)])
    assert (one.value.code, one.value.values["stage"]) == ("training.one_stage_only", 3)
    require_learnable([an_entry(n, 1 + n % 2) for n in range(10)])


def test_the_mask_of_a_frame_that_reaches_out_is_cut_off() -> None:
    mask = roi_mask(Roi.of((0.0, 0.0), 0.0, 40.0), (50, 60))
    assert float(mask.sum()) == pytest.approx(20.5 * 10.5)
