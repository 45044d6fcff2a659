from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sos_studio.core.errors import JobFailedError
from sos_studio.core.settings import user_data_dir
from sos_studio.messages import message
from tests.trainer.tiny_project import environment as offline
from trainer import environment


@pytest.fixture(autouse=True)
def _environment_as_it_was() -> Iterator[None]:
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_libraries_find_what_keeps_them_offline() -> None:
    environment.prepare(threads=2)
    assert os.environ["YOLO_OFFLINE"] == "1"
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert os.environ["OMP_NUM_THREADS"] == "2"
    folder = Path(os.environ["YOLO_CONFIG_DIR"]) / "Ultralytics"
    assert folder.is_relative_to(user_data_dir())
    assert (folder / "Arial.ttf").stat().st_size > 100_000
    settings = json.loads((folder / "settings.json").read_text())
    assert not any(settings[key] for key in environment.ULTRALYTICS_SETTINGS)


def test_threads_of_a_training_sleep_at_once_and_those_of_an_answer_after_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOMP_SPINCOUNT", raising=False)  # who runs the tests may have set it
    environment.prepare(threads=2)
    assert (os.environ["OMP_WAIT_POLICY"], os.environ["KMP_BLOCKTIME"]) == ("PASSIVE", "0")
    assert "GOMP_SPINCOUNT" not in os.environ
    environment.prepare()  # the adapter of a library that is imported later says nothing of threads
    assert os.environ["KMP_BLOCKTIME"] == "0"
    assert "GOMP_SPINCOUNT" not in os.environ
    environment.prepare(answers=True)
    environment.prepare()
    assert int(os.environ["GOMP_SPINCOUNT"]) > 0
    assert int(os.environ["KMP_BLOCKTIME"]) == 1


def test_preparing_twice_keeps_what_is_there() -> None:
    environment.prepare()
    font = user_data_dir() / "trainer" / "Ultralytics" / "Arial.ttf"
    font.write_bytes(b"mine")
    environment.prepare()
    assert font.read_bytes() == b"mine"


def test_importing_the_detector_neither_reaches_the_network_nor_prints(tmp_path: Path) -> None:
    record = tmp_path / "network.txt"
    code = "import trainer.detector_ultralytics, trainer.networks, ultralytics; print(ultralytics.settings['sync'])"
    done = subprocess.run(
        [sys.executable, "-c", code], env=offline(record, tmp_path / "user"), capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"
    assert record.read_text().splitlines() == ["watching"]


def test_output_goes_to_the_log_even_from_below_python(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    code = (
        "import os, sys; from pathlib import Path; from trainer.environment import claim_output\n"
        "claim_output(Path(sys.argv[1])); print('from print'); os.write(1, b'from below\\n'); print('é', file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(log)], env=offline(tmp_path / "n", tmp_path / "u"), capture_output=True, check=True
    )
    assert done.stdout == done.stderr == b""
    assert log.read_text(encoding="utf-8").splitlines() == ["from print", "from below", "é"]


@pytest.mark.skipif(not Path("/proc/self/autogroup").is_file(), reason="this system does not share the processor out by sessions")
@pytest.mark.parametrize("own_session", [True, False])
def test_a_worker_yields_as_a_whole_session_but_lowers_nobody_elses(own_session: bool) -> None:
    code = (
        "import os; from pathlib import Path; from trainer.environment import lower_priority\n"
        "before = Path('/proc/self/autogroup').read_text(); lower_priority(); after = Path('/proc/self/autogroup').read_text()\n"
        "print(os.nice(0), before == after, after)"
    )
    done = subprocess.run([sys.executable, "-c", code], start_new_session=own_session, capture_output=True, text=True, check=True)
    # A session that the system started itself belongs to no group, and the file is empty then.
    niceness, unchanged, *group = done.stdout.split()
    assert int(niceness) >= 10
    assert unchanged == "False" and group[-1] == "10" if own_session else unchanged == "True"


@pytest.mark.parametrize(("version", "code"), [(None, "training.no_cuda_build"), ("12.8", "training.no_cuda_device")])
def test_a_missing_graphics_card_is_told_apart_from_a_program_that_could_not_use_one(
    version: str | None, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", version)
    monkeypatch.setattr(torch.version, "hip", None, raising=False)
    with pytest.raises(JobFailedError) as caught:
        environment.choose_device("cuda")
    assert caught.value.code == code
    assert message(code).hint
    assert environment.choose_device("auto").type == "cpu"
    assert environment.device_name(torch.device("cpu")) == "processor"


def test_a_device_that_is_not_there_is_refused_by_name() -> None:
    import torch

    assert environment.choose_device("cpu").type == "cpu"
    missing = "mps" if not torch.backends.mps.is_available() else "cuda"
    with pytest.raises(JobFailedError, match=r"no_(mps|cuda)_"):
        environment.choose_device(missing)
