"""What no program can know of a dataset and a person fills in: licence, ethics, scanners … Kept beside the project's database."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError
from sos_studio.dataset.faults import translated
from sos_studio.dataset.project import DATASHEET_FILE as FILE
from sos_studio.dataset.project import Project

MAX_LENGTH = 1000
# Stable keys, and what the datasheet calls them.
FIELDS: dict[str, str] = {
    "title": "Title of the dataset",
    "creators": "Creators and their institutions",
    "contact": "Contact",
    "licence": "Licence",
    "citation": "How to cite",
    "link": "Where it is published (DOI or link)",
    "ethics": "Ethics approval and consent",
    "funding": "Funding and conflicts of interest",
    "recruitment": "How cases were chosen (inclusion criteria)",
    "period": "When the scans were taken",
    "scanner": "Scanners and their settings",
    "evaluators": "Evaluators' professions and experience",
    "limitations": "Known limitations and uses to avoid",
}


def read(project: Project) -> dict[str, str]:
    """What was filled in so far; empty where nothing was, or where the file is no longer one."""
    try:
        content = json.loads(project.path(FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {key: value for key, value in content.items() if key in FIELDS and isinstance(value, str) and value}


def keep(project: Project, filled: Mapping[str, str]) -> None:
    """Keep what was filled in for the next datasheet.

    Raises
    ------
    BadInputError
        ``datasheet.unknown_field``, ``datasheet.too_long``.
    ProjectError
        ``project.read_only`` and refusals of the disk.
    """
    project.require_writable()
    with translated(project.directory):
        atomic.write_json(project.path(FILE), checked(filled))


def checked(filled: Mapping[str, str]) -> dict[str, str]:
    """Known fields without white space around them; errors of `keep`."""
    for key, value in filled.items():
        if key not in FIELDS:
            raise BadInputError("datasheet.unknown_field", field=key, fields=", ".join(FIELDS))
        if len(value) > MAX_LENGTH:
            raise BadInputError("datasheet.too_long", field=key, most=MAX_LENGTH)
    return {key: filled[key].strip() for key in FIELDS if filled.get(key, "").strip()}
