"""Grey value at any point of the head, without a stored volume: a plane costs a plane, a volume a volume."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.anatomy import build_parts
from sos_studio.phantom.flesh import MAP_COLUMNS, MAP_ROWS, flesh_map
from sos_studio.phantom.kernels import AIR, fill_values
from sos_studio.phantom.landmarks import Frame
from sos_studio.phantom.nose import habit, placement
from sos_studio.phantom.parameters import PhantomParameters
from sos_studio.phantom.parts import PartTable, pack
from sos_studio.phantom.soft_tissue import SOFT
from sos_studio.phantom.synchondrosis import joint

TISSUE = np.dtype(
    [(name, "f8") for name in ("blur", "septum", "septum_shift", "meatus", "lining", "cell", "bone", "air")]
    + [(name, "f8") for name in ("nose_a", "nose_s", "nose_c", "nose_n", "nose_k", "crease", "swell", "cleft", "caudal")]
    + [("skin", "f8"), ("fat", "f8"), ("size", "f8")]  # thickness of the skin, grey value of the fat under it against muscle
    + [("flesh", "f4", (MAP_ROWS, MAP_COLUMNS, 2)), ("seed", "i8")]
)


@dataclass(frozen=True, eq=False)
class HeadField:
    """One head, ready to be sampled: everything the kernel reads."""

    table: PartTable
    joint: npt.NDArray[np.void]
    tissue: npt.NDArray[np.void]
    frame: Frame

    def blurred(self, blur_mm: float) -> npt.NDArray[np.void]:
        """The tissue row with another point spread (standard deviation, mm)."""
        row = self.tissue.copy()
        row["blur"] = blur_mm
        return row


@lru_cache(maxsize=4)
def head_field(parameters: PhantomParameters) -> HeadField:
    """Build the field of one head (some 50 ms); the latest few are kept."""
    parts, frame = build_parts(parameters)
    tissue = np.zeros(1, dtype=TISSUE)
    tissue["blur"] = parameters.scanner.blur_mm
    anatomy = parameters.anatomy
    values = {
        "septum": anatomy.septum_deviation_mm,
        "septum_shift": anatomy.septum_shift_mm,
        "meatus": anatomy.meatus_mm,
        "lining": anatomy.lining_mm,
        "cell": anatomy.cell_mm,
        "bone": anatomy.bone_density,
        "size": anatomy.size,
        # Rays scattered by the head fill its hollows.
        "air": AIR + (SOFT - AIR) * parameters.scanner.scatter,
        **placement(frame),
        **habit(parameters.seed),
    }
    for name, value in values.items():
        tissue[name] = value
    tissue["seed"] = parameters.seed
    rng = np.random.default_rng((parameters.seed, 73))
    tissue["skin"], tissue["fat"] = float(rng.uniform(0.8, 2.0)), float(rng.uniform(-125.0, -55.0))
    tissue["flesh"][0] = flesh_map(frame, rng)
    row = joint(parameters.cartilage, parameters.maturity, frame.endocranial, frame.ectocranial, parameters.seed)
    row["upper_cortex"] = anatomy.upper_cortex
    return HeadField(pack(parts), row, tissue, frame)


def values_at(parameters: PhantomParameters, points_head_mm: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Grey values of the blurred head at points, before the scanner's noise and shading.

    Parameters
    ----------
    points_head_mm
        ``(…, 3)`` head coordinates L, P, S in millimetres about the middle of the basilar part.

    Returns
    -------
    float32 array of the leading shape, on the scale of Hounsfield units (air around the head −1000, soft tissue about 45).
    """
    points = np.asarray(points_head_mm, dtype=np.float64)
    field = head_field(parameters)
    out = np.empty(points.shape[:-1], dtype=np.float32)
    fill_values(np.ascontiguousarray(points.reshape(-1, 3)), *field.table.arrays, field.joint, field.tissue, out.reshape(-1))
    return out
