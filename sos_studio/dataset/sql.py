"""SQLAlchemy and the tables, fetched when first used.

Importing them takes a third of a second, which the empty window must not wait for. The modules of this package say
``sql.select(sql.CaseRow)`` and cost nothing until a project is opened, off the GUI thread.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, func, select, text, update
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.orm import Session

    from sos_studio.dataset.schema import (
        CaptureRow,
        CaseRow,
        ConsensusRuleRow,
        EventRow,
        ExclusionRow,
        FoldRow,
        InUseRow,
        ManifestRow,
        PatientCodeRow,
        PredictionRow,
        ProjectRow,
        ReadingRow,
        RoiRow,
    )

__all__ = [
    "CaptureRow",
    "CaseRow",
    "Connection",
    "ConsensusRuleRow",
    "DBAPIError",
    "Engine",
    "EventRow",
    "ExclusionRow",
    "FoldRow",
    "InUseRow",
    "ManifestRow",
    "PatientCodeRow",
    "PredictionRow",
    "ProjectRow",
    "QueuePool",
    "ReadingRow",
    "RoiRow",
    "Session",
    "create_engine",
    "event",
    "func",
    "select",
    "text",
    "update",
]

_HOME_OF = {"DBAPIError": "sqlalchemy.exc", "Session": "sqlalchemy.orm"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    home = _HOME_OF.get(name, "sos_studio.dataset.schema" if name.endswith("Row") else "sqlalchemy")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value  # the next use is an ordinary look-up
    return value
