from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sos_studio.core.errors import ProjectError
from sos_studio.dataset import lock
from sos_studio.dataset.lock import Holder, ProjectLock, holder

ROOT = Path(__file__).resolve().parents[2]


def test_the_lock_says_who_holds_it_and_nothing_once_released(tmp_path: Path) -> None:
    held = ProjectLock(tmp_path)
    found = holder(tmp_path)
    assert found is not None
    assert (found.pid, found.elsewhere, found.lives) == (os.getpid(), False, True)
    held.release()
    assert holder(tmp_path) is None


def test_another_process_is_kept_out_and_comes_in_afterwards(tmp_path: Path) -> None:
    imports = "import sys; from pathlib import Path; from sos_studio.dataset.lock import ProjectLock; "
    command = [sys.executable, "-c", imports + "ProjectLock(Path(sys.argv[1])).release(); print('in')", str(tmp_path)]
    held = ProjectLock(tmp_path)
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert "project.locked" in refused.stderr
    held.release()
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout == "in\n"


def test_a_pid_that_was_given_to_another_process_does_not_count_as_alive() -> None:
    me = Holder.me()
    assert me.lives
    assert not Holder(me.owner, me.host, me.pid, me.started - 3600, me.since_utc).lives


def test_without_locks_of_the_system_the_text_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_os_lock", lambda stream: None)
    held = ProjectLock(tmp_path)
    with pytest.raises(ProjectError, match=r"project\.locked"):
        ProjectLock(tmp_path)
    held.release()
    me = Holder.me()
    (tmp_path / lock.LOCK_FILE).write_text(json.dumps({**me.__dict__, "started": me.started - 3600}))
    again = ProjectLock(tmp_path)
    assert again.was_left
    again.release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"owner": "Ada"}', "null"])
def test_a_lock_file_that_names_nobody_keeps_nobody_out(tmp_path: Path, text: str) -> None:
    (tmp_path / lock.LOCK_FILE).write_text(text)
    held = ProjectLock(tmp_path)
    assert not held.was_left
    held.release()
