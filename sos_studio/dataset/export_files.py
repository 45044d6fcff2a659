"""What every export writes with: the cases to export, and a writer that never passes a damaged file on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sos_studio.core.roi import Roi
from sos_studio.dataset.captures import sha256
from sos_studio.dataset.cases import CaseSummary
from sos_studio.dataset.project import Project


@dataclass(frozen=True)
class ExportItem:
    """A case that is exported: its state, its capture in use, and its fold if it has a label."""

    summary: CaseSummary
    capture_id: str
    shape_vu: tuple[int, int]
    spacing_mm: float | None
    full_path: str
    full_sha256: str
    roi: Roi | None
    crop_path: str | None
    crop_sha256: str | None
    fold: int | None


class Writer:
    """Files of one export: counted, checked against their hashes, cases left out counted by reason."""

    def __init__(self, project: Project, out: Path) -> None:
        self._project, self.out = project, out
        self.files = 0
        self.cases: set[str] = set()
        self.left_out: dict[str, set[str]] = {}

    def leave_out(self, case_id: str, reason: str) -> None:
        """Count a case as not exported."""
        self.left_out.setdefault(reason, set()).add(case_id)

    def text(self, name: str, content: str) -> None:
        """Write a text file."""
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8", newline="\n")
        self.files += 1

    def copy(self, case_id: str, source: str, digest: str, name: str) -> bool:
        """Copy a file of the project if it still is what it was; a changed one is left out, never passed on."""
        try:
            data = self._project.path(*source.split("/")).read_bytes()
        except OSError:
            data = b""
        if sha256(data) != digest:
            self.leave_out(case_id, "damaged")
            return False
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.files += 1
        self.cases.add(case_id)
        return True
