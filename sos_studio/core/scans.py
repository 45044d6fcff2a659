"""What a look into a folder or file finds: series, and what is wrong with each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sos_studio.core.corrections import Correction

Severity = Literal["error", "warning", "info"]
# Sets a part's number apart in the uid of a series that holds several volumes: "1.2.3#2".
PART = "#"


@dataclass(frozen=True)
class Problem:
    """One finding about a series; `code` and `values` become words in `sos_studio.messages`.

    ``error`` means the series can't be loaded, ``warning`` that it loads with a reservation that stays visible.
    """

    code: str
    severity: Severity
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SeriesInfo:
    """One series as `inspect` lists it. `uid` identifies it within this source only and is never stored.

    Attributes
    ----------
    shape_kji, spacing_mm_kji, lps_from_ijk
        None where the header does not allow them. k ascends along row × column direction.
    value_range
        Lowest and highest decoded value, None until the pixels were read.
    corrections
        What is done to the voxels when the series is loaded (`Volume.corrections`); shape and matrix are those after it.
    """

    uid: str
    modality: str
    loadable: bool
    shape_kji: tuple[int, int, int] | None = None
    spacing_mm_kji: tuple[float, float, float] | None = None
    lps_from_ijk: tuple[tuple[float, float, float, float], ...] | None = None
    value_range: tuple[float, float] | None = None
    problems: tuple[Problem, ...] = ()
    corrections: tuple[Correction, ...] = ()
