"""Where scans lie on this computer, keyed by series hash: in the user's own data, never in a project."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sos_studio.core import atomic
from sos_studio.core.settings import user_data_dir

log = logging.getLogger(__name__)

LOCATIONS_FILE = "scan-locations.json"
_WRITING = threading.Lock()


@dataclass(frozen=True)
class ScanLocation:
    """A scan's file or folder on this computer, and which of its series is meant (`key_of` its uid; None: the only one)."""

    path: Path
    series_key: str | None


def key_of(series_uid: str) -> str:
    """What is kept of a series' uid: enough to know it again, and nothing that would lead to the patient in an archive."""
    return hashlib.sha256(series_uid.encode("utf-8")).hexdigest()[:24]


def remember(series_hash: str, path: Path, series_uid: str | None = None) -> None:
    """Note where a series was opened from; the latest place counts. The uid itself is not written."""
    with _WRITING:
        entries = _read()
        entries[series_hash] = {"path": str(path.absolute()), "series": None if series_uid is None else key_of(series_uid)}
        directory = user_data_dir()
        directory.mkdir(parents=True, exist_ok=True)
        atomic.write_json(directory / LOCATIONS_FILE, {"schema_version": 1, "scans": entries})


def find(series_hash: str) -> ScanLocation | None:
    """Where a series was opened from last, if something is still there."""
    entry = _read().get(series_hash)
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        return None
    path = Path(entry["path"])
    key = entry.get("series")
    try:
        there = path.exists()
    except OSError:  # a folder that may no longer be looked into
        there = False
    return ScanLocation(path, key if isinstance(key, str) else None) if there else None


def _read() -> dict[str, Any]:
    try:
        scans = json.loads((user_data_dir() / LOCATIONS_FILE).read_bytes())["scans"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError):
        # Only places are lost, which opening a scan again brings back.
        log.info("the list of scan locations could not be read; starting a new one")
        return {}
    return scans if isinstance(scans, dict) else {}
