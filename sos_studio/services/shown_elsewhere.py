"""Answers of networks that were on the screen of a window which may only look at the project: noted in the user's own application data.

Such a window can't write into the project, because another one does. A reading made there by the same person on this computer must know
of it all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from sos_studio.core import settings
from sos_studio.core.readings import utc_now
from sos_studio.dataset import captures
from sos_studio.dataset.project import Project

_FOLDER = "shown-elsewhere"


def note(project: Project, capture_id: str, evaluator: str) -> None:
    """Note that a network's answer about a capture was shown; ``project.*`` if the capture's record can't be read, OSError of the disk.

    Parameters
    ----------
    evaluator
        Empty: nobody had given a name, so that it may have been anybody.
    """
    told = {"case_id": captures.read_record(project, capture_id).case, "evaluator": evaluator, "shown_utc": utc_now().isoformat()}
    file = _file(project)
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "ab") as stream:
        # Behind a line that was torn when the power went.
        stream.write(b"\n" + json.dumps(told).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def seen_by(project: Project, case_id: str, evaluator: str) -> bool:
    """Whether this evaluator has seen one of that case in such a window on this computer."""
    try:
        lines = _file(project).read_bytes().splitlines()
    except OSError:
        return False
    for line in lines:
        with contextlib.suppress(ValueError, AttributeError):
            told = json.loads(line)
            if told.get("case_id") == case_id and told.get("evaluator") in ("", evaluator):
                return True
    return False


def _file(project: Project) -> Path:
    return settings.user_data_dir() / _FOLDER / f"{project.project_id}.jsonl"
