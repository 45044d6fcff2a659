"""Frames as boxes for detectors: YOLO (upright and oriented) and COCO.

Both formats measure from the *corner* of the top-left pixel, SOS Studio from its centre: half a pixel is added.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from sos_studio.core.roi import Roi
from sos_studio.dataset.export_files import ExportItem, Writer

Kind = Literal["boxes", "oriented"]
CATEGORY = "spheno-occipital synchondrosis"


def write_yolo(
    writer: Writer,
    items: Sequence[ExportItem],
    held_out_fold: int,
    folders: Mapping[Kind, str],
    progress: Callable[[float], None],
) -> None:
    """Per kind of box ``data.yaml``, and ``images`` and ``labels`` in ``train`` and ``val``, the held-out fold.

    Parameters
    ----------
    folders
        Where each kind of box goes: ``""`` or a folder with ``/`` behind it.
    """
    parts = set()
    for n, item in enumerate(items):
        if item.roi is None:
            continue
        part = "val" if item.fold == held_out_fold else "train"
        case_id = item.summary.case_id
        corners = _corners_from_edge(item.roi, item.shape_vu) / np.array([item.shape_vu[1], item.shape_vu[0]])
        low, high = corners.min(axis=0), corners.max(axis=0)
        numbers = {"boxes": (*((low + high) / 2), *(high - low)), "oriented": tuple(corners.ravel())}
        for kind, folder in folders.items():
            if writer.copy(case_id, item.full_path, item.full_sha256, f"{folder}images/{part}/{case_id}.png"):
                label = "0 " + " ".join(f"{value:.8f}" for value in numbers[kind]) + "\n"
                writer.text(f"{folder}labels/{part}/{case_id}.txt", label)
                parts.add(part)
        progress((n + 1) / len(items))
    for folder in folders.values():
        for part in ("train", "val"):
            (writer.out / f"{folder}images" / part).mkdir(parents=True, exist_ok=True)
        writer.text(f"{folder}data.yaml", _data_yaml(parts, planned=bool(writer.planned_folds)))


def _data_yaml(parts: set[str], *, planned: bool) -> str:
    """Paths count from this file. YOLO refuses an empty part, so that a dataset with one part names it twice."""
    lines = ["# Some of this division is only planned: the first training in SOS Studio gives the folds that stay.\n"] * planned
    for part in ("train", "val"):
        there = part if part in parts or not parts else next(iter(parts))
        lines += ["# No case is in this part: figures on it say nothing about other patients.\n"] * (there != part)
        lines.append(f"{part}: images/{there}\n")
    return "".join([*lines, "names:\n", f"  0: {CATEGORY}\n"])


def write_coco(writer: Writer, items: Sequence[ExportItem], scheme: str, progress: Callable[[float], None]) -> None:
    """``images/`` and ``annotations.json``; the frame is a polygon, stage, patient and fold are attributes."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for n, item in enumerate(items):
        case_id, (height, width) = item.summary.case_id, item.shape_vu
        if item.roi is not None and writer.copy(case_id, item.full_path, item.full_sha256, f"images/{case_id}.png"):
            number = len(images) + 1
            images.append({"id": number, "file_name": f"{case_id}.png", "width": width, "height": height})
            annotations.append(_annotation(number, item, scheme))
        progress((n + 1) / len(items))
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": CATEGORY}]}
    writer.text("annotations.json", json.dumps(content, indent=1) + "\n")


def _annotation(number: int, item: ExportItem, scheme: str) -> dict[str, Any]:
    assert item.roi is not None
    corners = _corners_from_edge(item.roi, item.shape_vu)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return {
        "id": number,
        "image_id": number,
        "category_id": 1,
        "bbox": [round(float(v), 4) for v in (*low, *(high - low))],
        "segmentation": [[round(float(v), 4) for v in corners.ravel()]],
        "area": round(_area(corners), 4),
        "iscrowd": 0,
        "attributes": {
            "scheme": scheme,
            "stage": item.summary.label,
            "angle_deg": item.roi.angle_deg,
            "patient": item.summary.patient,
            "fold": item.fold,
            "fold_given": None if item.fold is None else item.fold_given,
        },
    }


def _area(corners: npt.NDArray[np.float64]) -> float:
    """Of a polygon: Gauss's shoelaces."""
    x, y = corners.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def _corners_from_edge(roi: Roi, shape_vu: tuple[int, int]) -> npt.NDArray[np.float64]:
    """4 x 2 corners in pixels from the image's top-left corner, endocranial top first, clockwise; within the image."""
    corners: npt.NDArray[np.float64] = np.clip(roi.corners_uv + 0.5, 0.0, np.array([shape_vu[1], shape_vu[0]], dtype=np.float64))
    return corners
