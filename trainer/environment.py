"""The worker's own surroundings: offline, quiet, polite. Everything here runs before any heavy import."""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import logging
import os
import platform
import shutil
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from sos_studio.core import atomic
from sos_studio.core.calm import keep_cores_free
from sos_studio.core.errors import JobFailedError
from sos_studio.core.settings import user_data_dir
from trainer.masking import MaskedStream, PathMask

if TYPE_CHECKING:
    import torch

    from sos_studio.core.jobs import Device

# What each library must find before it is imported, or it talks to the network, installs packages or opens a window
# (`resources/docs`, offline; measured with a system-call trace).
OFFLINE: dict[str, str] = {
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_VERBOSE": "0",
    "ULTRALYTICS_SAFE_LOAD": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "WANDB_MODE": "disabled",
    "DO_NOT_TRACK": "1",
    "MPLBACKEND": "Agg",
    # cuBLAS is repeatable only with a workspace of its own.
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",
}
# Waiting threads sleep instead of spinning, so that the window keeps its core.
ASLEEP: dict[str, str] = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
# Of a process that computes only while somebody waits: its threads stay awake for a millisecond or so between the parts of one answer.
# To wake them each time took as long as the second core saved (ConvNeXt-Tiny, 224 px: 141 ms, 96 ms, and 125 ms with one thread).
AWAKE_BRIEFLY: dict[str, str] = {"GOMP_SPINCOUNT": "100000", "KMP_BLOCKTIME": "1"}
# Settings of ultralytics that reach out or write outside the job; its own file holds them.
ULTRALYTICS_SETTINGS: dict[str, bool] = dict.fromkeys(
    ("sync", "clearml", "comet", "dvc", "mlflow", "raytune", "tensorboard", "wandb", "vscode_msg", "openvino_msg"), False
)
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_REPORTED_PACKAGES = ("torch", "torchvision", "timm", "ultralytics", "numpy", "safetensors")


def mask_output(*folders: tuple[Path, str]) -> PathMask:
    """Log to stderr, and let nothing that Python writes to stderr or stdout name a folder of this computer.

    Parameters
    ----------
    folders
        Pairs of a folder and what is written in its stead.
    """
    mask = PathMask(folders)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:  # a program without a console has none
            masked = MaskedStream(stream, mask)
            atexit.register(masked.finish)
            setattr(sys, name, masked)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr, force=True)
    return mask


def prepare(threads: int | None = None, *, answers: bool = False) -> None:
    """Make this process offline, before torch, timm or ultralytics is imported.

    Parameters
    ----------
    threads
        Threads that numerical libraries may use; None leaves the choice to `limit_threads`.
    answers
        This process answers questions. Without either argument, as a library's adapter calls it, nothing of threads that was said before
        is changed.
    """
    os.environ.update(OFFLINE)
    if answers:
        os.environ.update(ASLEEP | AWAKE_BRIEFLY)
    elif threads is not None:
        os.environ.update(ASLEEP)
    else:
        for name, value in ASLEEP.items():
            os.environ.setdefault(name, value)
    try:
        config = user_data_dir() / "trainer"
        _lay_out_ultralytics(config / "Ultralytics")
    except OSError:
        # A home that can't be written to must not keep anybody from predicting.
        config = Path(tempfile.mkdtemp(prefix="sos-studio-"))
        _lay_out_ultralytics(config / "Ultralytics")
    os.environ["YOLO_CONFIG_DIR"] = str(config)
    os.environ["MPLCONFIGDIR"] = str(config)
    if threads is not None:
        os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(threads)))
    keep_cores_free()


def _lay_out_ultralytics(directory: Path) -> None:
    """Put the font where ultralytics looks before it downloads one, and its settings with everything that reaches out off."""
    directory.mkdir(parents=True, exist_ok=True)
    font = directory / "Arial.ttf"
    if not font.exists() and (source := _dejavu_sans()) is not None:
        temporary = directory / f".Arial.{os.getpid()}.tmp"
        shutil.copyfile(source, temporary)
        temporary.replace(font)
    settings_file = directory / "settings.json"
    settings: dict[str, object] = {}
    with contextlib.suppress(OSError, ValueError):
        settings = json.loads(settings_file.read_text(encoding="utf-8"))
    if any(settings.get(key) is not value for key, value in ULTRALYTICS_SETTINGS.items()):
        atomic.write_json(settings_file, settings | ULTRALYTICS_SETTINGS)


def _dejavu_sans() -> Path | None:
    """Matplotlib's own font, found without importing matplotlib."""
    spec = importlib.util.find_spec("matplotlib")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        font = Path(folder) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        if font.is_file():
            return font
    return None


def claim_output(log: Path | None) -> None:
    """Point file descriptors 1 and 2 (and Python's stdout and stderr) at a log, because libraries print.

    Parameters
    ----------
    log
        File to append to, or None: to nowhere.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.flush()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    target = os.open(log if log is not None else os.devnull, flags if log is not None else os.O_WRONLY, 0o666)
    try:
        for descriptor in (1, 2):
            os.dup2(target, descriptor)
    finally:
        if target not in (1, 2):
            os.close(target)
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115  lives as long as the process
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115


def lower_priority() -> None:
    """Yield to everything the person does; a system that won't allow it is no reason to fail."""
    with contextlib.suppress(Exception):
        import psutil

        process = psutil.Process()
        if os.name == "nt":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        elif process.nice() < 10:
            process.nice(10)
        if sys.platform == "linux" and os.getsid(0) == os.getpid():
            # Desktops share the processor out between sessions first: within one of its own a worker's niceness would count for nothing.
            Path("/proc/self/autogroup").write_text("10", encoding="ascii")


def cores() -> int:
    """How many the libraries would use by themselves: those of this process, hyperthreads not counted, or as the environment says."""
    import torch

    return torch.get_num_threads()


def limit_threads(threads: int) -> None:
    """Tell torch how many threads to use; the number changes the last bits of a result, so it is recorded with every model."""
    import torch

    torch.set_num_threads(threads)
    with contextlib.suppress(RuntimeError):  # may be set only before the first parallel work
        torch.set_num_interop_threads(1)


def choose_device(wanted: Device) -> torch.device:
    """The device to compute on.

    Raises
    ------
    JobFailedError
        ``training.no_cuda_build``, ``training.no_cuda_device`` or ``training.no_mps_device`` if the wanted one is not there.
    """
    import torch

    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    elif wanted == "cuda" and not torch.cuda.is_available():
        raise JobFailedError("training.no_cuda_device" if torch.version.cuda or torch.version.hip else "training.no_cuda_build")
    elif wanted == "mps" and not torch.backends.mps.is_available():
        raise JobFailedError("training.no_mps_device")
    return torch.device(wanted)


def device_name(device: torch.device) -> str:
    """What it is called, for logs and model cards."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return {"cpu": "processor", "mps": "Apple GPU"}.get(device.type, device.type)


def versions() -> dict[str, str]:
    """Versions that decide a result, without importing the packages."""
    found = {"python": platform.python_version()}
    for package in _REPORTED_PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
