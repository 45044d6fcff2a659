"""Slabs: how thick a slice is shown, and what becomes of the values through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SlabMode = Literal["mean", "max"]

MAX_SLAB_MM = 50.0
# What one key press goes on to, because a tenth of a millimetre more is never what is wanted.
SLAB_STEPS_MM = (0.0, 1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 15.0, 20.0, 30.0, 40.0, MAX_SLAB_MM)


@dataclass(frozen=True)
class Slab:
    """How slices are shown; display only.

    Parameters
    ----------
    thickness_mm
        Centred on the plane; 0 is the plane itself.
    mode
        Mean, or the largest value (maximum intensity projection, MIP).
    """

    thickness_mm: float = 0.0
    mode: SlabMode = "mean"

    def __post_init__(self) -> None:
        object.__setattr__(self, "thickness_mm", min(max(float(self.thickness_mm), 0.0), MAX_SLAB_MM))

    @property
    def is_plane(self) -> bool:
        """Whether nothing but the plane itself is shown."""
        return self.thickness_mm == 0.0

    def stepped(self, direction: int) -> Slab:
        """The next thicker (+1) or thinner (-1) of `SLAB_STEPS_MM`."""
        beyond = [mm for mm in SLAB_STEPS_MM if (mm - self.thickness_mm) * direction > 1e-9]
        if not beyond:
            return self
        return Slab(min(beyond) if direction > 0 else max(beyond), self.mode)
