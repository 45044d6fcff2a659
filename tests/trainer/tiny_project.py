"""A project folder of little pictures that a worker can train on in seconds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sos_studio.core import atomic, jobs
from sos_studio.core.crossval import CrossvalSettings
from sos_studio.core.jobs import JobSpec
from sos_studio.core.manifests import Manifest, ManifestEntry, ManifestImage
from sos_studio.core.roi import Roi
from sos_studio.core.training import TrainingSettings, training_settings
from sos_studio.imaging.crops import crop_image
from sos_studio.imaging.images import write_png

ROOT = Path(__file__).resolve().parents[2]
SHAPE_VU = (96, 128)
QUICKEST: dict[str, Any] = {
    "teacher": {"network": "test_convnext", "input_shape_hw": (32, 64), "optimiser": {"epochs": 2, "batch_size": 8}},
    "detector": {"image_size": 64, "epochs": 2, "batch_size": 8, "precision": "fp32"},
    "student": {
        "network": "test_convnext",
        "input_shape_hw": (64, 64),
        "teacher_logits": "in-sample",
        "optimiser": {"epochs": 2, "batch_size": 8},
    },
}


def picture(rng: np.random.Generator, stage: int) -> tuple[np.ndarray, Roi]:
    """A bright bar in noise, with a dark gap that closes as the stage rises, and the frame around it."""
    height, width = SHAPE_VU
    roi = Roi.of((rng.uniform(50, 78), rng.uniform(38, 58)), rng.uniform(20, 60), 40.0)
    v, u = np.mgrid[0:height, 0:width].astype(float)
    angle = np.deg2rad(roi.angle_deg)
    along = np.cos(angle) * (u - roi.center_uv[0]) + np.sin(angle) * (v - roi.center_uv[1])
    across = np.cos(angle) * (v - roi.center_uv[1]) - np.sin(angle) * (u - roi.center_uv[0])
    image = 40 + rng.normal(0, 6, SHAPE_VU)
    image[(np.abs(along) < 20) & (np.abs(across) < 10)] = 190
    image[(np.abs(along) < 14) & (np.abs(across) < (5 - stage) * 1.5)] = 70
    return np.clip(image, 0, 255).astype(np.uint8), roi


def make_project(project_dir: Path, cases: int = 40, seed: int = 0) -> Manifest:
    """Pictures, crops and ``manifests/m.json``; every fifth case is held out."""
    rng = np.random.default_rng(seed)
    entries = []
    for n in range(cases):
        stage = 1 + n % 5
        image, roi = picture(rng, stage)
        folder = project_dir / "captures" / f"case-{n:04d}" / "k"
        folder.mkdir(parents=True)
        write_png(folder / "full.png", image)
        write_png(folder / "crop-1.png", crop_image(image, roi))
        entries.append(
            ManifestEntry(
                case_id=f"case-{n:04d}",
                patient=f"P{n:04d}",
                capture_id=f"k-{n:04d}",
                stage=stage,
                fold=(n // 5) % 5,
                full_image=_file(project_dir, folder / "full.png"),
                shape_vu=SHAPE_VU,
                spacing_mm=0.5,
                roi=roi,
                crop=_file(project_dir, folder / "crop-1.png"),
            )
        )
    manifest = Manifest(manifest_id="m", project_id="tiny", software="test", phantom=True, entries=tuple(entries))
    (project_dir / "manifests").mkdir()
    atomic.write_text(project_dir / "manifests" / "m.json", manifest.model_dump_json())
    return manifest


def make_job(
    project_dir: Path,
    job_id: str,
    kind: jobs.JobKind,
    crossval: Callable[[TrainingSettings], CrossvalSettings] | None = None,
    **overrides: Any,
) -> Path:
    """A job folder; overrides such as ``**{"detector.epochs": 50}``; `crossval` says what is compared, given the settings."""
    settings = training_settings(QUICKEST, overrides)
    spec = JobSpec(
        job_id=job_id,
        kind=kind,
        manifest="manifests/m.json",
        device="cpu",
        preset="test",
        settings=settings,
        crossval=None if crossval is None else crossval(settings),
    )
    job_dir = project_dir / "jobs" / job_id
    job_dir.mkdir(parents=True)
    atomic.write_text(job_dir / jobs.JOB_FILE, spec.model_dump_json())
    return job_dir


def environment(record: Path, user_data: Path) -> dict[str, str]:
    """Of a worker that may not reach the network: `record` gets one line per attempt."""
    path = [str(ROOT / "tests" / "support" / "no_network"), str(ROOT)]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(path),
        "SOS_STUDIO_NETWORK_RECORD": str(record),
        "SOS_STUDIO_DATA_DIR": str(user_data),
        "HOME": str(user_data),
    }


def start(job_dir: Path, tmp_path: Path) -> subprocess.Popen[bytes]:
    """Start a worker as the app does."""
    return subprocess.Popen(
        [sys.executable, "-m", "trainer", "run", str(job_dir)],
        env=environment(tmp_path / "network.txt", tmp_path / "user"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def finished(worker: subprocess.Popen[bytes], most_s: float = 200) -> tuple[bytes, bytes]:
    """What a worker printed until it ended; one that takes longer is killed, because it would outlive the test."""
    try:
        return worker.communicate(timeout=most_s)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.communicate()
        raise


def events_of(job_dir: Path) -> list[jobs.Event]:
    """All events so far; a line that is still being written is left out."""
    path = job_dir / jobs.EVENTS_FILE
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [jobs.parse_event(line) for line in lines]


def _file(project_dir: Path, path: Path) -> ManifestImage:
    return ManifestImage(path=path.relative_to(project_dir).as_posix(), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
