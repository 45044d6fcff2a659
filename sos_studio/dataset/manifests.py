"""Freezing what a job trains on: labels, files with their hashes, folds."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sos_studio import __version__
from sos_studio.core import atomic
from sos_studio.core.consensus import Rule
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.manifests import FOLDS, Manifest, ManifestEntry, ManifestImage
from sos_studio.core.readings import utc_now
from sos_studio.core.roi import Roi
from sos_studio.dataset import consensus, leakage, splits, sql
from sos_studio.dataset.captures import FULL_FILE, crop_file, roi_of, sha256
from sos_studio.dataset.cases import CaseSummary, cases
from sos_studio.dataset.faults import translated
from sos_studio.dataset.leakage import Leak
from sos_studio.dataset.project import CAPTURES_DIR, MANIFESTS_DIR, Project

# Two per fold: one to judge and one to learn from would be left of fewer, and no inner split.
MIN_CASES = 2 * FOLDS
# One patient may have many of the cases, and all of them in the fold that is held out.
MIN_LEFT = MIN_CASES - 3


@dataclass(frozen=True)
class _Files:
    """Rows of a case's capture in use."""

    capture: sql.CaptureRow
    frame: sql.RoiRow | None


def freeze(project: Project, *, seed: int = 0, rule: Rule | None = None, held_out_fold: int = 0, need_crops: bool = False) -> Path:
    """Write `manifests/<id>.json` from every labelled case that is not excluded, giving folds to patients who have none.

    Parameters
    ----------
    rule
        Makes the labels; None: the project's own.
    need_crops
        Count only cases with a frame towards the minimum (teacher, detector and *retrain all* learn from frames).

    Returns
    -------
    Path
        The manifest's file.

    Raises
    ------
    BadInputError
        ``training.too_few_cases`` (count, least), ``training.too_few_patients``, ``training.too_few_frames`` (count, least),
        ``training.one_stage_only`` (stage, count); of what remains for learning: ``training.empty_fold`` (fold),
        ``training.too_few_left`` (count, least, fold) or ``training.one_stage_left`` (stage, fold); ``training.leak`` (count, pairs) if
        cases of different folds are one patient, one scan or nearly one picture (`leakage`).
    ProjectError
        ``manifest.damaged_files`` (cases, count) if files are missing or not what they were; ``project.read_only``; refusals of the disk.
    """
    if not 0 <= held_out_fold < FOLDS:
        raise ValueError(f"held_out_fold must be 0 … {FOLDS - 1}")
    rule = consensus.rule(project) if rule is None else rule
    chosen, labels = _enough(project, rule, need_crops)
    # Before folds are given for good: patients who turn out to be one can still be joined then.
    leakage.require_none(leakage.leaks(project, chosen, splits.planned(project, labels, seed=seed)))
    folds = splits.assign(project, labels, seed=seed)
    files = _files(project, chosen)
    _require_undamaged(project, files)
    entries = tuple(_entry(summary, labels[summary.case_id], folds[summary.patient], files[summary.case_id]) for summary in chosen)
    _require_something_to_learn(entries, held_out_fold, need_crops)
    manifest = Manifest(
        manifest_id=f"manifest-{utc_now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        project_id=project.project_id,
        software=f"SOS Studio {__version__}",
        scheme=project.scheme.id,
        consensus_rule=rule.name,
        held_out_fold=held_out_fold,
        seed=seed,
        phantom=project.phantom,
        without_agreement=_without_agreement(project, rule),
        entries=entries,
    )
    data = (manifest.model_dump_json(indent=1) + "\n").encode("utf-8")
    path = project.path(MANIFESTS_DIR, f"{manifest.manifest_id}.json")
    with translated(project.directory):
        atomic.write_bytes(path, data)
    with project.writing() as session:
        session.add(
            sql.ManifestRow(manifest_id=manifest.manifest_id, sha256=sha256(data), cases=len(entries), created_utc=manifest.created_utc)
        )
    return path


def require_enough(project: Project, *, rule: Rule | None = None, need_crops: bool = False) -> None:
    """Raise what `freeze` would raise of too few cases, patients, frames or stages; writes nothing and looks into no file."""
    _enough(project, rule, need_crops)


def find_leaks(
    project: Project,
    *,
    seed: int = 0,
    rule: Rule | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Leak]:
    """The leaks that would keep `freeze` from going on, however few cases there are; gives no folds.

    Raises
    ------
    CancelledError
        When `cancelled` says so.
    """
    chosen, labels = _labelled(project, rule)
    return leakage.leaks(project, chosen, splits.planned(project, labels, seed=seed), progress=progress, cancelled=cancelled)


def _labelled(project: Project, rule: Rule | None) -> tuple[list[CaseSummary], dict[str, int]]:
    chosen = [summary for summary in cases(project, rule) if summary.label is not None and summary.captured and not summary.excluded]
    return chosen, {summary.case_id: summary.label for summary in chosen if summary.label is not None}


def _without_agreement(project: Project, rule: Rule) -> int:
    """How many captured, staged cases have no label: nobody would look for them if nothing said so."""
    return sum(bool(s.staged_by) and s.label is None and s.captured and not s.excluded for s in cases(project, rule))


def _enough(project: Project, rule: Rule | None, need_crops: bool) -> tuple[list[CaseSummary], dict[str, int]]:
    """The cases to learn from, and their labels."""
    project.require_writable()
    chosen, labels = _labelled(project, rule)
    if len(chosen) < MIN_CASES:
        raise BadInputError("training.too_few_cases", count=len(chosen), least=MIN_CASES)
    patients = len({summary.patient for summary in chosen})
    if patients < FOLDS:
        raise BadInputError("training.too_few_patients", count=patients, least=FOLDS)
    with_frame = sum(summary.cropped for summary in chosen)
    if need_crops and with_frame < MIN_CASES:
        raise BadInputError("training.too_few_frames", count=with_frame, least=MIN_CASES)
    if len(set(labels.values())) < 2:
        raise BadInputError("training.one_stage_only", stage=next(iter(labels.values())), count=len(labels))
    return chosen, labels


def _require_something_to_learn(entries: tuple[ManifestEntry, ...], held_out_fold: int, need_crops: bool) -> None:
    left = Counter(entry.stage for entry in entries if entry.fold != held_out_fold)
    if sum(left.values()) == len(entries):
        raise BadInputError("training.empty_fold", fold=held_out_fold + 1)
    usable = sum(entry.crop is not None or not need_crops for entry in entries if entry.fold != held_out_fold)
    if usable < MIN_LEFT:
        raise BadInputError("training.too_few_left", count=usable, least=MIN_LEFT, fold=held_out_fold + 1)
    if len(left) < 2:
        raise BadInputError("training.one_stage_left", stage=next(iter(left), "?"), fold=held_out_fold + 1)


def _files(project: Project, chosen: list[CaseSummary]) -> dict[str, _Files]:
    with project.reading() as session:
        captures = {row.capture_id: row for row in session.scalars(sql.select(sql.CaptureRow))}
        frames = {(row.capture_id, row.n): row for row in session.scalars(sql.select(sql.RoiRow))}
    return {
        summary.case_id: _Files(captures[summary.capture_id], frames.get((summary.capture_id, summary.roi_n or 0)))
        for summary in chosen
        if summary.capture_id is not None
    }


def _require_undamaged(project: Project, files: Mapping[str, _Files]) -> None:
    """A manifest must not promise hashes that the files no longer have."""
    damaged = []
    for case_id, row in files.items():
        folder = project.path(CAPTURES_DIR, case_id, row.capture.capture_id)
        expected = {FULL_FILE: row.capture.full_sha256}
        if row.frame is not None:
            expected[crop_file(row.frame.n)] = row.frame.crop_sha256
        for name, digest in expected.items():
            try:
                good = sha256((folder / name).read_bytes()) == digest
            except OSError:
                good = False
            if not good:
                damaged.append(case_id)
                break
    if damaged:
        raise ProjectError("manifest.damaged_files", count=len(damaged), cases=", ".join(damaged[:5]) + (" …" if len(damaged) > 5 else ""))


def _entry(summary: CaseSummary, stage: int, fold: int, files: _Files) -> ManifestEntry:
    capture, frame = files.capture, files.frame
    base = f"{CAPTURES_DIR}/{summary.case_id}/{capture.capture_id}"
    roi: Roi | None = None if frame is None else roi_of(frame)
    return ManifestEntry(
        case_id=summary.case_id,
        patient=summary.patient,
        capture_id=capture.capture_id,
        stage=stage,
        fold=fold,
        full_image=ManifestImage(path=f"{base}/{FULL_FILE}", sha256=capture.full_sha256),
        shape_vu=(capture.height, capture.width),
        spacing_mm=capture.pixel_mm,
        roi=roi,
        crop=None if frame is None else ManifestImage(path=f"{base}/{crop_file(frame.n)}", sha256=frame.crop_sha256),
    )
