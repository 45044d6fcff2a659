"""A phantom project to try everything on."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from sos_studio.core import atomic
from sos_studio.core.captures import DEFAULT_SPACING_MM, CaptureRecord, OrientationRecord, matrix4
from sos_studio.core.consensus import Rule
from sos_studio.core.errors import CancelledError, ProjectError
from sos_studio.core.readings import Reading
from sos_studio.core.roi import Roi
from sos_studio.core.volume import Volume
from sos_studio.dataset import captures as dataset_captures
from sos_studio.dataset import cases as dataset_cases
from sos_studio.dataset import consensus, locations, readings
from sos_studio.dataset.project import TRUTH_FILE, Project
from sos_studio.imaging import capture as imaging_capture
from sos_studio.imaging import images, windowing
from sos_studio.phantom import PhantomCase, draw_cohort, render_midsagittal, render_volume
from sos_studio.services import captures, scans, staging
from sos_studio.services.captures import SOFTWARE, StoredCapture

SCANS_DIR = "scans"
SCANS = 3
SCAN_SPACING_MM = 0.5
# What rendering and writing a whole scan costs, in captures.
SCAN_COST = 12.0
_RENDER_SHARE = 0.8

DEMO_CHAIR = "simulated chair"

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
    with_scans: int = SCANS,
) -> Project:
    """Make a phantom project in a new or empty folder.

    Every case has a capture, the frame of a simulated expert's two clicks, and readings by three evaluators. The first `with_scans`
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
    with_scans = min(with_scans, cases)
    existed = directory.exists()
    project = Project.create(directory, phantom=True)
    try:
        # Three simulated evaluators always have a median, so that every demo case has a label from the start.
        consensus.choose(project, Rule(name="median"), DEMO_CHAIR)
        _fill(project, cohort, with_scans, _Meter(cases, with_scans, progress, cancelled))
    except BaseException:
        project.close()
        _remove(directory, keep_folder=existed)
        raise
    return project


class _Meter:
    """Progress in captures, and the wish to stop."""

    def __init__(self, cases: int, with_scans: int, progress: Progress | None, cancelled: Cancelled | None) -> None:
        self._total = cases + with_scans * SCAN_COST
        self._done = 0.0
        self._progress, self._cancelled = progress, cancelled
        self._lock = threading.Lock()

    def add(self, captures: float) -> None:
        """So much more is done; called from several threads."""
        if self._cancelled is not None and self._cancelled():
            raise CancelledError
        with self._lock:
            self._done += captures
            if self._progress is not None:
                self._progress(min(1.0, self._done / self._total))


@dataclass(frozen=True, eq=False)
class _Rendered:
    """A capture without a scan, ready to be written."""

    full8: npt.NDArray[np.uint8]
    full_png: bytes
    full16_png: bytes
    record: CaptureRecord


def _fill(project: Project, cohort: list[PhantomCase], with_scans: int, meter: _Meter) -> None:
    truth: dict[str, Any] = {}
    try:
        with _Ahead(cohort, with_scans, meter) as ahead:
            for case, rendered in zip(cohort, ahead.results(), strict=True):
                case_id = _add_case(project, case)
                if isinstance(rendered, Volume):
                    stored = _store_scan(project, case, case_id, rendered)
                    meter.add(SCAN_COST * (1 - _RENDER_SHARE))
                else:
                    stored = _store(project, case_id, rendered)
                stored_roi = case.clicked_roi(np.asarray(stored.record.lps_from_uv, dtype=np.float64))
                truth[case_id] = _known(case, np.asarray(stored.record.lps_from_uv, dtype=np.float64))
                _read(project, case, stored, stored_roi)
                meter.add(1)
        atomic.write_json(project.path(TRUTH_FILE), truth)
    except OSError as error:
        raise ProjectError("demo.unwritable", reason=error.strerror or type(error).__name__) from error


def _known(case: PhantomCase, lps_from_uv: npt.NDArray[np.float64]) -> dict[str, Any]:
    """What is true of a case, the true frame on its capture, and what the simulated evaluators read."""
    roi = case.truth.roi(lps_from_uv)
    return {**case.truth.model_dump(mode="json"), "roi": roi.model_dump(mode="json"), "readings": dict(case.readings)}


class _Ahead:
    """Renders on all cores (the kernels let go of the interpreter), in order, a few cases ahead of the writer."""

    def __init__(self, cohort: list[PhantomCase], with_scans: int, meter: _Meter) -> None:
        self._cohort, self._with_scans, self._meter = cohort, with_scans, meter
        self._workers = max(1, min(8, os.cpu_count() or 1))
        self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="phantom")
        self._waiting: deque[Future[_Rendered | Volume]] = deque()
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def results(self) -> Iterator[_Rendered | Volume]:
        """One per case: a whole scan for the first ones, a capture for the others."""
        for n, case in enumerate(self._cohort):
            self._waiting.append(self._pool.submit(self._scan if n < self._with_scans else _render, case))
            if len(self._waiting) > 2 * self._workers:
                yield self._waiting.popleft().result()
        while self._waiting:
            yield self._waiting.popleft().result()

    def _scan(self, case: PhantomCase) -> Volume:
        told = 0.0

        def show(share: float) -> None:
            nonlocal told
            self._meter.add((share - told) * _RENDER_SHARE * SCAN_COST)
            told = share

        return render_volume(case.parameters, spacing_mm=SCAN_SPACING_MM, progress=show, cancelled=self._stopped.is_set)


def _add_case(project: Project, case: PhantomCase) -> str:
    sexes: dict[str, dataset_cases.Sex] = {"female": "F", "male": "M"}
    return dataset_cases.add_case(project, case.patient, case.age_years, sexes.get(case.sex))


def _store_scan(project: Project, case: PhantomCase, case_id: str, volume: Volume) -> StoredCapture:
    """Write a scan as DICOM, open it again as a person would, and capture it with the expert's orientation."""
    from sos_studio.imaging import dicom_write

    folder = scans_dir(project.directory) / case_id
    dicom_write.write_series(volume, folder, patient_name="Phantom", patient_id=case.patient, seed=case.parameters.seed)
    opened = scans.open_scan(folder)
    locations.remember(opened.volume.series_hash, folder, opened.info.uid)
    return captures.store_capture(project, case_id, captures.make_capture(opened.volume, case.orientation))


def _store(project: Project, case_id: str, rendered: _Rendered) -> StoredCapture:
    def record_for(capture_id: str) -> CaptureRecord:
        return rendered.record.model_copy(update={"case": case_id, "capture_id": capture_id})

    capture_id = dataset_captures.add_capture(
        project, case_id, record_for=record_for, full_png=rendered.full_png, full16_png=rendered.full16_png
    )
    folder = dataset_captures.capture_paths(project, capture_id).folder
    return StoredCapture(case_id, capture_id, rendered.full8, record_for(capture_id), folder)


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
    return _Rendered(full8, images.encode_png(full8), images.encode_png(full16), record)


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
