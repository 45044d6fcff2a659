"""A worker's log names nobody's folders: marks are planted in paths and searched for in what was written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sos_studio.core import jobs
from tests.trainer import tiny_project
from trainer.masking import PathMask

MARK = "Mustermann"


@pytest.mark.parametrize(
    "text",
    [
        "no such file: '/data/Hans Mustermann/scan one.dcm'",
        'File "/srv/Mustermann/x.py", line 3, in f',
        "can't read /data/Mustermann/scan.nii.gz, gave up",
        "FileNotFoundError: [Errno 2] '/data/O\\'Hara Mustermann/x.png'",
        "C:\\Users\\Mustermann\\scan.dcm is gone",
        "'C:\\\\Users\\\\Hans Mustermann\\\\scan.dcm' is gone",
        r"\\\\server\\Mustermann\\share\\x.dcm",
        f"left at {Path.home()}/Hans Mustermann/scan one.dcm",
        "'~/Mustermann/x'",
        "wrote /study-Mustermann/x/y",
        "(/a/Mustermann)",
    ],
)
def test_no_part_of_a_foreign_path_is_left(text: str) -> None:
    said = PathMask([(Path("/study"), "<project>")])(text)
    assert MARK not in said
    assert "<path>" in said


def test_paths_of_project_and_program_stay_readable_and_other_text_as_it_is() -> None:
    mask = PathMask([(Path("/home/hans/study"), "<project>")])
    assert mask("'/home/hans/study/captures/case-0001/full.png'") == "'<project>/captures/case-0001/full.png'"
    program = Path(jobs.__file__).resolve()
    assert mask(f'  File "{program}", line 7') == '  File "<program>/sos_studio/core/jobs.py", line 7'
    for text in ("loss 0.5 / 0.7, 3/4 and/or 12 images/s", "https://example.org/a/b", "2025-03-01 09:00:54,090 INFO trainer: attempt 1"):
        assert mask(text) == text


def test_names_that_were_told_are_hidden_until_others_are() -> None:
    mask = PathMask()
    mask.hide(["Mustermann 1.png", "x"])
    assert mask("image.unreadable (file='Mustermann 1.png') x") == "image.unreadable (file='<file>') x"
    mask.hide([])
    assert mask("Mustermann 1.png") == "Mustermann 1.png"


def test_everything_python_writes_is_masked_also_what_nobody_caught(tmp_path: Path) -> None:
    code = (
        "import logging, sys, threading, warnings; from pathlib import Path; from trainer import environment\n"
        "environment.claim_output(Path(sys.argv[1])); environment.mask_output()\n"
        "secret = sys.argv[2]\n"
        "print('printed', secret); print(secret, file=sys.stderr); warnings.warn(f'warned of {secret}')\n"
        "sys.stdout.write(secret[:20]); sys.stdout.flush(); sys.stdout.write(secret[20:] + '\\n')\n"
        "logging.getLogger('x').info('logged %s', secret)\n"
        "try:\n    open(secret)\nexcept OSError:\n    logging.exception('could not')\n"
        "thread = threading.Thread(target=open, args=(secret,)); thread.start(); thread.join()\n"
        "print('no end of line: ' + secret, end='')\n"
        "open(secret)"
    )
    log = tmp_path / "log.txt"
    secret = str(tmp_path / f"{MARK} Hans" / "scan 1.dcm")
    surroundings = tiny_project.environment(tmp_path / "n", tmp_path / "u") | {"TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code, str(log), secret], env=surroundings, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")
    said = log.read_text(encoding="utf-8")
    assert MARK not in said
    assert "scan 1" not in said
    assert "printed" in said
    assert "warned of" in said
    assert "no end of line" in said
    assert said.count("FileNotFoundError") == 3


def test_a_job_that_fails_over_a_foreign_file_does_not_name_its_folders(tmp_path: Path) -> None:
    project = tmp_path / f"{MARK} study"
    tiny_project.make_project(project, cases=15)
    weights = tmp_path / "home" / MARK / f"{MARK}.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"nothing")
    job_dir = tiny_project.make_job(project, "j", "teacher")
    spec = json.loads((job_dir / jobs.JOB_FILE).read_text()) | {"weights": weights.name}
    (job_dir / jobs.JOB_FILE).write_text(json.dumps(spec))
    surroundings = tiny_project.environment(tmp_path / "n", tmp_path / "home") | {jobs.WEIGHTS_VARIABLE: str(weights)}
    done = subprocess.run([sys.executable, "-m", "trainer", "run", str(job_dir)], env=surroundings, check=False, timeout=100)
    assert done.returncode == 4
    said = (job_dir / jobs.LOG_FILE).read_text()
    assert "weights_unreadable" in said
    assert "<program>/trainer/" in said
    assert MARK not in said


def test_the_predictors_log_names_neither_folders_nor_files_of_a_question(tmp_path: Path) -> None:
    folder = tmp_path / f"{MARK} Hans"
    model = folder / f"{MARK}-net"
    model.mkdir(parents=True)
    (model / "model.json").write_text("{")
    (model / "model.safetensors").touch()
    questions = [
        {"id": 1, "op": "detect", "model": str(model), "image": str(folder / f"{MARK} 1.png")},
        {"id": 2, "op": "predict", "model": str(model), "image": str(folder / f"{MARK} 1.png"), "out": str(folder)},
        {"id": 3, "op": "shutdown"},
    ]
    done = subprocess.run(
        [sys.executable, "-m", "trainer", "serve"],
        input="".join(json.dumps(question) + "\n" for question in questions).encode(),
        env=tiny_project.environment(tmp_path / "n", folder),
        capture_output=True,
        check=True,
        timeout=100,
    )
    assert [json.loads(line)["ok"] for line in done.stdout.splitlines()] == [False, False, True]
    said = done.stderr.decode()
    assert "image.unreadable" in said
    assert "model.unreadable" in said
    assert MARK not in said
