"""The paper's framework on easy phantoms with a marker that misleads: does it beat the full image's cross-entropy, and where does it look?

Run from the project's root: ``python -m tests.benchmarks.bench_framework [--fitted 450] [--held-out 2000] [--seed 0] [--keep DIR]
[--write]``. ``--write`` puts the tables into `resources/docs/results/framework.md`; ``--keep`` makes the project in a folder, where a
second run takes up what the first one made and finished. `tests/trainer/test_framework.py` asks the same in the nightly checks.

Everything is the product's own: captures of `sos_studio.phantom`, a manifest, and `crossval` jobs of one fold in worker processes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core import atomic, jobs
from sos_studio.core.crossval import CrossvalSettings, parse_arm
from sos_studio.core.manifests import Manifest, ManifestEntry, ManifestImage
from sos_studio.core.staging_statistics import Interval, McNemar, interval, mcnemar, resample_patients
from sos_studio.core.training import TrainingSettings, training_settings
from sos_studio.imaging import capture, windowing
from sos_studio.imaging.crops import crop_image
from sos_studio.imaging.images import write_png
from sos_studio.phantom import PhantomCase, draw_cohort, render_midsagittal
from tests.benchmarks import report
from trainer.crossval.records import UnitRecord, record_file

FloatArray = npt.NDArray[np.float64]

RESULTS = report.ROOT / "resources" / "docs" / "results" / "framework.md"
BASELINE, FRAMEWORK = "full-image", "framework"
# Two workers with one thread each: for networks this small that is faster than one with two. What costs little stands beside what costs
# much, and both make the same cross-fitted logits.
SHARES: tuple[tuple[str, ...], ...] = (
    ("teacher", FRAMEWORK, "kd-only"),
    (BASELINE, "attention-only", "framework[alpha=0.1]", "framework[alpha=1.0]"),
)
# A capture is a picture of about 240 x 320 pixels; the joint's frame is 2.3 % of it on average.
SPACING_MM = 0.7
MARKER_TELLS = 0.9
REPEATS = 4000
_OPTIMISER = {"batch_size": 8, "backbone_rate": 5e-3, "head_rate": 5e-3, "precision": "bf16"}
SETTINGS: dict[str, Any] = {
    "inner_validation_fraction": 0.1,
    "teacher": {"network": "test_resnet", "input_shape_hw": (32, 64), "optimiser": {**_OPTIMISER, "epochs": 16}},
    # Every weight and option of the loss is the default.
    "student": {
        "network": "test_resnet",
        "input_shape_hw": (96, 128),
        "optimiser": {**_OPTIMISER, "epochs": 24},
    },
}


def settings() -> TrainingSettings:
    """Of teacher and student, checked."""
    return training_settings(SETTINGS)


def make_project(folder: Path, *, fitted: int, held_out: int, seed: int) -> Manifest:
    """Captures, crops and ``manifests/m.json``: fold 0 is held out, its markers say nothing; the others' tell the stage in most cases."""
    made = folder / "manifests" / "m.json"
    if made.exists():
        return Manifest.read(made)
    train = draw_cohort(fitted, 2 * seed + 1, easy=True, marker_tells=MARKER_TELLS)
    test = draw_cohort(held_out, 2 * seed + 2, easy=True, marker_tells=0.0)
    named = [(f"t{n:04d}", 1 + n % 4, case) for n, case in enumerate(train)] + [(f"h{n:04d}", 0, case) for n, case in enumerate(test)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        entries = tuple(pool.map(partial(_entry, folder), named))
    manifest = Manifest(manifest_id="m", project_id="framework", software="benchmark", phantom=True, entries=entries)
    made.parent.mkdir()
    atomic.write_text(made, manifest.model_dump_json())
    return manifest


def _entry(folder: Path, named: tuple[str, int, PhantomCase]) -> ManifestEntry:
    """Write one case as the app would: the capture's window, the expert's frame; labelled with the true stage."""
    name, fold, case = named
    rendered = render_midsagittal(case.parameters, orientation=case.orientation, spacing_mm=SPACING_MM)
    scale = capture.value_scale(rendered.values_vu)
    values = capture.decode_values(capture.encode_values(rendered.values_vu, scale), scale)
    full8 = windowing.apply_window(values, windowing.auto_window(values))
    roi = case.clicked_roi(rendered.lps_from_uv)
    directory = folder / "captures" / name / "k"
    directory.mkdir(parents=True, exist_ok=True)
    write_png(directory / "full.png", full8)
    write_png(directory / "crop-1.png", crop_image(full8, roi))
    height, width = full8.shape
    return ManifestEntry(
        case_id=name,
        patient=name,
        capture_id=f"k-{name}",
        stage=case.truth.stage,
        fold=fold,
        full_image=_file(folder, directory / "full.png"),
        shape_vu=(height, width),
        spacing_mm=SPACING_MM,
        roi=roi,
        crop=_file(folder, directory / "crop-1.png"),
    )


def _file(folder: Path, path: Path) -> ManifestImage:
    return ManifestImage(path=path.relative_to(folder).as_posix(), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def train(folder: Path, asked: TrainingSettings, seed: int, shares: Sequence[Sequence[str]] = SHARES) -> dict[str, UnitRecord]:
    """What every arm said of the held-out captures, by its name; each share of the arms is a job in a process with one thread."""
    asked_of = {_job(folder, f"share-{n}", asked, names, seed): names for n, names in enumerate(shares)}
    # In sessions of their own, as the app starts them: a worker yields with all of its session, which must not be the terminal's.
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "trainer", "run", str(job_dir)], cwd=report.ROOT, stdin=subprocess.DEVNULL, start_new_session=True
        )
        for job_dir in asked_of
    ]
    try:
        codes = [worker.wait() for worker in workers]
    finally:
        for worker in workers:
            worker.terminate()
            worker.wait()
    found = {}
    for (job_dir, names), code in zip(asked_of.items(), codes, strict=True):
        if code != 0:
            raise RuntimeError((job_dir / jobs.LOG_FILE).read_text(encoding="utf-8")[-3000:])
        for name in names:
            found[name] = UnitRecord.model_validate_json(record_file(job_dir, 0, parse_arm(name, asked)).read_bytes())
    return found


def _job(folder: Path, job_id: str, asked: TrainingSettings, names: Sequence[str], seed: int) -> Path:
    arms = tuple(parse_arm(name, asked) for name in names)
    spec = jobs.JobSpec(
        job_id=job_id,
        kind="crossval",
        manifest="manifests/m.json",
        seed=seed,
        device="cpu",
        preset="framework benchmark",
        settings=asked,
        crossval=CrossvalSettings(arms=arms, folds=(0,)),
    )
    job_dir = folder / "jobs" / job_id
    job_dir.mkdir(parents=True, exist_ok=True)
    if not (job_dir / jobs.JOB_FILE).exists():
        atomic.write_text(job_dir / jobs.JOB_FILE, spec.model_dump_json())
    return job_dir


@dataclass(frozen=True)
class Comparison:
    """An arm beside the baseline, on the same captures; intervals are paired and hold 95 %.

    Attributes
    ----------
    attention, attention_gain
        Share of the attention inside the expert's frame; None for the teacher, who sees nothing else.
    """

    accuracy: Interval
    accuracy_gain: Interval
    tests: McNemar
    attention: Interval | None
    attention_gain: Interval | None


def compare(found: dict[str, UnitRecord], name: str, baseline: str = BASELINE, *, seed: int = 0) -> Comparison:
    """One arm minus another, by resampling the held-out captures of both alike."""
    ours, theirs = found[name].held_out, found[baseline].held_out
    cases = [case.case_id for case in ours]
    if cases != [case.case_id for case in theirs]:
        raise ValueError("the two arms judged different captures")
    weight_BN = resample_patients(cases, REPEATS, seed)
    weight_BN /= weight_BN.sum(axis=1, keepdims=True)
    right, right_there = _right(found[name]), _right(found[baseline])
    share, share_there = _shares(found[name]), _shares(found[baseline])
    return Comparison(
        accuracy=_mean(right, weight_BN),
        accuracy_gain=_mean(right - right_there, weight_BN),
        tests=mcnemar(right > 0, right_there > 0),
        attention=None if share is None else _mean(share, weight_BN),
        attention_gain=None if share is None or share_there is None else _mean(share - share_there, weight_BN),
    )


def _mean(value_N: FloatArray, weight_BN: FloatArray) -> Interval:
    return interval(float(value_N.mean()), weight_BN @ value_N)


def _right(record: UnitRecord) -> FloatArray:
    return np.array([float(int(np.argmax(case.logits)) == case.stage - 1) for case in record.held_out])


def _shares(record: UnitRecord) -> FloatArray | None:
    shares = [case.attention for case in record.held_out]
    return None if any(share is None for share in shares) else np.array(shares, dtype=np.float64)


def table(found: dict[str, UnitRecord]) -> list[str]:
    """Every arm beside the baseline, in percent and points."""
    lines = [
        "| | accuracy, % | less the baseline's, points | attention inside the frame, % | less the baseline's, points |",
        "|---|---|---|---|---|",
    ]
    for name in _in_order(found):
        one = compare(found, name)
        own = name == BASELINE
        cells = [one.accuracy, None if own else one.accuracy_gain, one.attention, None if own else one.attention_gain]
        lines.append(f"| {name} | " + " | ".join(_cell(cell) for cell in cells) + " |")
    return lines


def _in_order(found: Iterable[str]) -> list[str]:
    order = (BASELINE, "kd-only", "attention-only", FRAMEWORK)
    return sorted(found, key=lambda name: (order.index(name) if name in order else len(order) + (name == "teacher"), name))


def _cell(found: Interval | None) -> str:
    if found is None or found.value is None or found.low is None or found.high is None:
        return "—"
    return f"{100 * found.value:.1f} ({100 * found.low:.1f} to {100 * found.high:.1f})"


def main() -> int:
    """Make, train, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fitted", type=int, default=450)
    parser.add_argument("--held-out", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        make_project(folder, fitted=given.fitted, held_out=given.held_out, seed=given.seed)
        made_s = time.monotonic() - began
        found = train(folder, settings(), given.seed)
    lines = table(found)
    gain = compare(found, FRAMEWORK).tests
    times = ", ".join(f"{name} {record.seconds:.0f} s" for name, record in found.items())
    note = (
        f"{given.fitted} captures fitted to, {given.held_out} held out, seed {given.seed}; captures {made_s:.0f} s, all "
        f"{time.monotonic() - began:.0f} s; {times}; framework or baseline alone right: {gain.only_first} and {gain.only_second}; "
        f"commit {report.commit()}, {report.circumstances(1)}"
    )
    sys.stdout.write("\n".join((*lines, "", note)) + "\n")
    if given.write:
        report.write("framework", lines, note, RESULTS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
