"""What is known about a phantom and never about a patient."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from sos_studio.core.captures import OrientationRecord
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Finite, Roi
from sos_studio.phantom.landmarks import make_frame
from sos_studio.phantom.parameters import PhantomParameters

LpsPoint = tuple[Finite, Finite, Finite]


class PhantomTruth(BaseModel):
    """Ground truth of one phantom; points are LPS millimetres of its scan.

    Attributes
    ----------
    orientation
        Centre of the basilar part (mid-height, mid-depth, midline) and the three angles of the head.
    basion_lps_mm, endocranial_lps_mm, ectocranial_lps_mm
        Tip of the basilar part, and the two ends of the SOS, all in the midsagittal plane.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int
    stage: Annotated[int, Field(ge=1, le=5)]
    maturity: Annotated[Finite, Field(ge=0, le=1)]
    orientation: OrientationRecord
    basion_lps_mm: LpsPoint
    endocranial_lps_mm: LpsPoint
    ectocranial_lps_mm: LpsPoint

    @property
    def true_orientation(self) -> Orientation:
        """`orientation` as the geometry's own type."""
        return self.orientation.orientation()

    def ends_uv(self, lps_from_uv: npt.NDArray[np.float64]) -> tuple[tuple[float, float], tuple[float, float]]:
        """Endocranial and ectocranial end in pixels of a capture, projected along its normal."""
        return uv_of(lps_from_uv, self.endocranial_lps_mm), uv_of(lps_from_uv, self.ectocranial_lps_mm)

    def roi(self, lps_from_uv: npt.NDArray[np.float64]) -> Roi:
        """The frame that the protocol draws around the true ends."""
        return Roi.from_ends(*self.ends_uv(lps_from_uv))


def truth_of(parameters: PhantomParameters) -> PhantomTruth:
    """Ground truth of one phantom, exact to rounding."""
    frame = make_frame(parameters.anatomy, parameters.seed)
    return PhantomTruth(
        seed=parameters.seed,
        stage=parameters.stage,
        maturity=parameters.maturity,
        orientation=OrientationRecord.of(parameters.pose),
        basion_lps_mm=_lps(parameters.pose, frame.basion),
        endocranial_lps_mm=_lps(parameters.pose, frame.endocranial),
        ectocranial_lps_mm=_lps(parameters.pose, frame.ectocranial),
    )


def uv_of(lps_from_uv: npt.NDArray[np.float64], point_lps_mm: LpsPoint) -> tuple[float, float]:
    """Pixel coordinates of a point, projected along the capture's normal."""
    u, v, _, _ = np.linalg.solve(np.asarray(lps_from_uv, dtype=np.float64), np.array([*point_lps_mm, 1.0]))
    return float(u), float(v)


def _lps(pose: Orientation, point_as: tuple[float, float]) -> LpsPoint:
    a, s = point_as
    x, y, z, _ = pose.lps_from_head @ np.array([0.0, -a, s, 1.0])
    return float(x), float(y), float(z)
