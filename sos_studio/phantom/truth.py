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
# Of a grown-up's basilar part.
BASILAR_HALF_WIDTH_MM = 12.5


class _Known(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MidPlane(_Known):
    """The midsagittal plane of the scan."""

    point_lps_mm: LpsPoint
    normal_lps: LpsPoint


class BasilarBorders(_Known):
    """Straight lines between two points each."""

    inferior_lps_mm: tuple[LpsPoint, LpsPoint]
    anterior_lps_mm: tuple[LpsPoint, LpsPoint]
    endocranial_lps_mm: tuple[LpsPoint, LpsPoint]
    ectocranial_lps_mm: tuple[LpsPoint, LpsPoint]


class PhantomTruth(_Known):
    """Ground truth of one phantom; points are LPS millimetres of its scan.

    Attributes
    ----------
    orientation
        Centre of the basilar part (mid-height, mid-depth, midline) and the three angles of the head.
    plane
        The midsagittal plane: a point and the unit normal towards the patient's left.
    basion_lps_mm, endocranial_lps_mm, ectocranial_lps_mm
        Tip of the basilar part, and the two ends of the SOS, all in the midsagittal plane.
    borders
        Borders of the basilar part that the protocol looks at: its lower border from side to side (coronal pane), its front border from
        side to side (axial pane), and in the midsagittal plane its two long sides from the basion to the ends of the SOS.
    """

    seed: int
    stage: Annotated[int, Field(ge=1, le=5)]
    maturity: Annotated[Finite, Field(ge=0, le=1)]
    orientation: OrientationRecord
    basion_lps_mm: LpsPoint
    endocranial_lps_mm: LpsPoint
    ectocranial_lps_mm: LpsPoint
    plane: MidPlane
    borders: BasilarBorders

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
    pose = parameters.pose
    basion, endocranial, ectocranial = (_lps(pose, point) for point in (frame.basion, frame.endocranial, frame.ectocranial))
    half = BASILAR_HALF_WIDTH_MM * parameters.anatomy.size
    normal = pose.rotation[:, 0]
    return PhantomTruth(
        seed=parameters.seed,
        stage=parameters.stage,
        maturity=parameters.maturity,
        orientation=OrientationRecord.of(pose),
        basion_lps_mm=basion,
        endocranial_lps_mm=endocranial,
        ectocranial_lps_mm=ectocranial,
        plane=MidPlane(point_lps_mm=_lps(pose, (0.0, 0.0)), normal_lps=(float(normal[0]), float(normal[1]), float(normal[2]))),
        borders=BasilarBorders(
            inferior_lps_mm=(_lps(pose, frame.basion, half), _lps(pose, frame.basion, -half)),
            anterior_lps_mm=(_lps(pose, frame.ectocranial, half), _lps(pose, frame.ectocranial, -half)),
            endocranial_lps_mm=(basion, endocranial),
            ectocranial_lps_mm=(basion, ectocranial),
        ),
    )


def uv_of(lps_from_uv: npt.NDArray[np.float64], point_lps_mm: LpsPoint) -> tuple[float, float]:
    """Pixel coordinates of a point, projected along the capture's normal."""
    u, v, _, _ = np.linalg.solve(np.asarray(lps_from_uv, dtype=np.float64), np.array([*point_lps_mm, 1.0]))
    return float(u), float(v)


def _lps(pose: Orientation, point_as: tuple[float, float], left_mm: float = 0.0) -> LpsPoint:
    a, s = point_as
    x, y, z, _ = pose.lps_from_head @ np.array([left_mm, -a, s, 1.0])
    return float(x), float(y), float(z)
