"""What an import is about to do: which rows say something of which file, and which files wait for a row to be mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import import_rows
from sos_studio.dataset.import_files import Named
from sos_studio.dataset.label_table import LabelRow, LabelTable, RowFault


@dataclass(frozen=True)
class Plan:
    """The files of an import in the order in which they are taken.

    Attributes
    ----------
    rows
        By file, those that the table names first: of two equal pictures the one is taken of which something is known.
    unmatched
        Rows that name no file, or more than one.
    faulty
        Rows that can't be used, by the files that they may mean.
    """

    rows: Mapping[Path, tuple[LabelRow, ...]]
    unmatched: tuple[RowFault, ...]
    faulty: Mapping[Path, tuple[RowFault, ...]]

    @property
    def waiting(self) -> frozenset[Path]:
        """Files of which only rows that need mending say something: taken now, they would be cases without stage and patient."""
        return frozenset(path for path in self.faulty if not self.rows[path])

    def contradiction(self, path: Path) -> BadInputError | None:
        """Why the rows of a file can't all be right."""
        try:
            import_rows.person(self.rows[path])
        except BadInputError as error:
            return error
        return None


def plan(files: Named, table: LabelTable) -> Plan:
    """Set rows and files, or capture folders, against one another."""
    rows_of, unmatched = files.match(table)
    faulty: dict[Path, list[RowFault]] = {}
    for fault in (*table.faults, *unmatched):
        for path in files.meant(fault.image):
            faulty.setdefault(path, []).append(fault)
    # One that waits comes before one of which nothing is said: its copy is not to be taken instead.
    ordered = sorted(files.paths, key=lambda path: (path not in rows_of, path not in faulty))
    return Plan(
        {path: tuple(rows_of.get(path, ())) for path in ordered},
        tuple(unmatched),
        {path: tuple(faults) for path, faults in faulty.items()},
    )
