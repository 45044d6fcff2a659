from __future__ import annotations

import errno
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

import sos_studio.dataset
from sos_studio.core.errors import ProjectError
from sos_studio.dataset.faults import translated
from sos_studio.messages import catalogue, message


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "project.disk_full"),
        (errno.EDQUOT, "project.disk_full"),
        (errno.EACCES, "project.unwritable"),
        (errno.EROFS, "project.unwritable"),
        (errno.EIO, "project.io_error"),
    ],
)
def test_what_the_system_refuses_has_one_code(tmp_path: Path, number: int, code: str) -> None:
    with pytest.raises(ProjectError) as caught, translated(tmp_path / "study"):
        raise OSError(number, "no")
    assert (caught.value.code, caught.value.values["project"]) == (code, "study")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SQLITE_FULL", "project.disk_full"),
        ("SQLITE_READONLY_DBMOVED", "project.unwritable"),
        ("SQLITE_READONLY_ROLLBACK", "project.unfinished_write"),
        ("SQLITE_BUSY", "project.busy"),
        ("SQLITE_CORRUPT", "project.damaged"),
        ("SQLITE_NOTADB", "project.damaged"),
        ("SQLITE_IOERR_WRITE", "project.io_error"),
    ],
)
def test_what_the_database_refuses_has_one_code(tmp_path: Path, name: str, code: str) -> None:
    fault = sqlite3.OperationalError("no")
    fault.sqlite_errorname = name
    with pytest.raises(ProjectError) as caught, translated(tmp_path):
        raise fault
    assert caught.value.code == code


def test_every_code_of_this_room_has_words_that_its_values_fill() -> None:
    source = "\n".join(path.read_text("utf-8") for path in Path(sos_studio.dataset.__file__).parent.glob("*.py"))
    codes = set(re.findall(r'"((?:project|case|capture|roi|reading|secret|import|export|check|training|manifest)\.[a-z_]+)"', source))
    codes -= {"project.sqlite", "project.lock", "project.seal", "capture.json"}  # files
    assert len(codes) > 50
    assert sorted(codes - set(catalogue())) == []


def test_words_are_one_sentence_and_what_to_do() -> None:
    values = {"project": "study", "owner": "Ada", "host": "reading-room", "since_utc": "8:00", "pid": 1}
    words = message("project.locked_elsewhere", values)
    assert words.text == "Ada on reading-room is writing to study since 8:00."
    assert words.hint


def test_a_moment_is_told_as_the_clock_on_the_wall_shows_it() -> None:
    moment = datetime(2026, 11, 21, 12, 57, 1).astimezone()
    values = {"project": "study", "owner": "Ada", "host": "here", "since_utc": moment.astimezone(UTC).isoformat()}
    assert "(by Ada, since 2026-11-21 12:57)" in message("project.locked", values).text
