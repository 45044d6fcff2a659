"""A phantom project to try everything on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core import atomic
from sos_studio.core.captures import DEFAULT_SPACING_MM, CaptureRecord, OrientationRecord, matrix4
from sos_studio.core.errors import CancelledError, ProjectError
from sos_studio.core.readings import Reading
from sos_studio.core.roi import Roi
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases as dataset_cases
from sos_studio.dataset import locations, readings
from sos_studio.dataset.project import Project
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging import images, windowing
from sos_studio.imaging.capture import CaptureImage
from sos_studio.phantom import PhantomCase, draw_cohort, render_midsagittal, render_volume
from sos_studio.services import captures, scans, staging
from sos_studio.services.captures import SOFTWARE, StoredCapture

SCANS_DIR, TRUTH_FILE = "scans", "phantom-truth.json"
SCANS = 3
SCAN_SPACING_MM = 0.5
# What rendering and writing a whole scan costs, in captures.
_SCAN_COST = 12.0

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]


def scans_dir(project_dir: Path) -> Path:
    """Where the demo's DICOM series lie: one folder per case."""
    return project_dir / SCANS_DIR


def first_scan(project_dir: Path) -> Path | None:
    """The series that the window opens first; None if the project has none."""
    folder = scans_dir(project_dir)
    return next(iter(sorted(folder.iterdir())), None) if folder.is_dir() else None


def make_demo(
    directory: Path,
    cases: int = 200,
    seed: int = 0,
    progress: Progress | None = None,
    *,
    cancelled: Cancelled | None = None,
    scans: int = SCANS,
) -> Project:
    """Make a phantom project in a new or empty folder.

    Every case has a capture, the frame of a simulated expert's two clicks, and readings by three evaluators. The first `scans`
    cases are captured from DICOM series in ``scans/<case>``. ``phantom-truth.json`` holds what is true of each case.

    Raises
    ------
    BadInputError
        ``phantom.bad_cases``.
    ProjectError
        Errors of `Project.create` and of writing; nothing is left behind.
    CancelledError
        If `cancelled` says so; nothing is left behind.
    """
    cohort = draw_cohort(cases, seed)
    existed = directory.exists()
    project = Project.create(directory, phantom=True)
    try:
        _fill(project, cohort, min(scans, cases), _Meter(cases, min(scans, cases), progress, cancelled))
    except BaseException:
        project.close()
        _remove(directory, keep_folder=existed)
        raise
    return project


class _Meter:
    """Progress in captures, and the wish to stop."""

    def __init__(self, cases: int, scans: int, progress: Progress | None, cancelled: Cancelled | None) -> None:
        self._total = cases + scans * _SCAN_COST
        self._done = 0.0
        self._progress, self.cancelled = progress, cancelled

    def add(self, captures: float) -> None:
        """So much more is done."""
        if self.cancelled is not None and self.cancelled():
            raise CancelledError
        self._done += captures
        if self._progress is not None:
            self._progress(min(1.0, self._done / self._total))


@dataclass(frozen=True, eq=False)
class _Rendered:
    """A capture without a scan, ready to be written."""

    case: PhantomCase
    full8: npt.NDArray[np.uint8]
    full_png: bytes
    full16_png: bytes
    roi: Roi
    record: CaptureRecord


def _fill(project: Project, cohort: list[PhantomCase], scans: int, meter: _Meter) -> None:
    truth: dict[str, Any] = {}
    try:
        for case in cohort[:scans]:
            case_id = _add_case(project, case)
            capture, roi = _scan(project, case, case_id, meter)
            stored = captures.store_capture(project, case_id, capture)
            _read(project, case, stored, roi)
            truth[case_id] = case.truth.model_dump(mode="json")
            meter.add(1)
        for rendered in _ahead(cohort[scans:]):
            case_id = _add_case(project, rendered.case)
            _read(project, rendered.case, _store(project, case_id, rendered), rendered.roi)
            truth[case_id] = rendered.case.truth.model_dump(mode="json")
            meter.add(1)
        atomic.write_json(project.path(TRUTH_FILE), truth)
    except OSError as error:
        raise ProjectError("demo.unwritable", reason=error.strerror or type(error).__name__) from error


def _store(project: Project, case_id: str, rendered: _Rendered) -> StoredCapture:
    def record_for(capture_id: str) -> CaptureRecord:
        return rendered.record.model_copy(update={"case": case_id, "capture_id": capture_id})

    capture_id = dataset_captures.add_capture(
        project, case_id, record_for=record_for, full_png=rendered.full_png, full16_png=rendered.full16_png
    )
    folder = dataset_captures.capture_paths(project, capture_id).folder
    return StoredCapture(case_id, capture_id, rendered.full8, record_for(capture_id), folder)


def _add_case(project: Project, case: PhantomCase) -> str:
    sexes: dict[str, dataset_cases.Sex] = {"female": "F", "male": "M"}
    return dataset_cases.add_case(project, case.patient, case.age_years, sexes.get(case.sex))


def _scan(project: Project, case: PhantomCase, case_id: str, meter: _Meter) -> tuple[CaptureImage, Roi]:
    """Render a scan, write it as DICOM, open it again as a person would, and capture it with the expert's orientation."""
    from sos_studio.imaging import dicom_write

    told = 0.0

    def show(share: float) -> None:
        nonlocal told
        meter.add((share - told) * _SCAN_COST)
        told = share

    volume = render_volume(case.parameters, spacing_mm=SCAN_SPACING_MM, progress=lambda share: show(0.8 * share), cancelled=meter.cancelled)
    folder = scans_dir(project.directory) / case_id
    dicom_write.write_series(volume, folder, patient_name="Phantom", patient_id=case.patient, seed=case.parameters.seed)
    show(0.95)
    opened = scans.open_scan(folder)
    locations.remember(opened.volume.series_hash, folder, opened.info.uid)
    capture = captures.make_capture(opened.volume, case.orientation)
    show(1.0)
    return capture, case.clicked_roi(capture.lps_from_uv)


def _render(case: PhantomCase) -> _Rendered:
    picture = render_midsagittal(case.parameters, orientation=case.orientation, spacing_mm=DEFAULT_SPACING_MM)
    scale = imaging_capture.value_scale(picture.values_vu)
    full16 = imaging_capture.encode_values(picture.values_vu, scale)
    decoded = imaging_capture.decode_values(full16, scale)
    window = windowing.auto_window(decoded)
    full8 = windowing.apply_window(decoded, window)
    height, width = full8.shape
    record = CaptureRecord(
        software=SOFTWARE,
        case="",
        capture_id="",
        series_hash=None,
        orientation=OrientationRecord.of(picture.orientation),
        lps_from_uv=matrix4(picture.lps_from_uv),
        shape_vu=(height, width),
        spacing_mm=DEFAULT_SPACING_MM,
        interpolation="none",
        window=window,
        value_from_png=scale,
    )
    return _Rendered(case, full8, images.encode_png(full8), images.encode_png(full16), case.clicked_roi(picture.lps_from_uv), record)


def _ahead(cohort: list[PhantomCase]) -> Iterator[_Rendered]:
    """Render on all cores (the kernels let go of the interpreter), in order, a few ahead of the writer."""
    workers = max(1, min(8, os.cpu_count() or 1))
    with ThreadPoolExecutor(workers, thread_name_prefix="phantom") as pool:
        waiting: list[Future[_Rendered]] = []
        try:
            for case in cohort:
                waiting.append(pool.submit(_render, case))
                if len(waiting) > 2 * workers:
                    yield waiting.pop(0).result()
            while waiting:
                yield waiting.pop(0).result()
        finally:
            for future in waiting:
                future.cancel()


def _read(project: Project, case: PhantomCase, capture: StoredCapture, roi: Roi) -> None:
    """What the simulated people do: a frame by the expert's clicks, a reading by each evaluator."""
    crop_png = images.encode_png(staging.crop_preview(capture.full8, roi))
    n = dataset_captures.add_roi(project, capture.capture_id, roi, crop_png)
    rows = [
        Reading(
            reading_id=readings.new_reading_id(),
            case_id=capture.case_id,
            capture_id=capture.capture_id,
            roi_n=n,
            evaluator=evaluator,
            stage=stage,
            source="phantom",
        )
        for evaluator, stage in case.readings.items()
    ]
    readings.append_many(project, rows)


def read_truth(project_dir: Path) -> dict[str, Any]:
    """``phantom-truth.json``: what is true of each case; empty if the project has none."""
    try:
        content = json.loads((project_dir / TRUTH_FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _remove(directory: Path, *, keep_folder: bool) -> None:
    for entry in directory.iterdir() if directory.is_dir() else ():
        shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    if not keep_folder:
        shutil.rmtree(directory, ignore_errors=True)
