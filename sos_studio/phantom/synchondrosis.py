"""The spheno-occipital synchondrosis: cartilage, the front of fusion, the scar.

Maturity 0 … 1 says everything: the gap narrows, bone bridges it from the endocranial end, the bridge reaches the ectocranial end,
its scar fades. Stages are thresholds on maturity (`parameters.STAGE_THRESHOLDS`).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.parameters import Cartilage

# Fused share of the joint's length, counted from the endocranial end; negative: no bridge at all.
_FRONT_AT = ((0.0, -0.25), (0.17, -0.12), (0.20, 0.10), (0.40, 0.38), (0.60, 0.86), (0.64, 1.12), (1.0, 1.2))
# Visibility of the scar where bone has bridged the gap.
_SCAR_AT = ((0.0, 0.55), (0.55, 0.75), (0.62, 1.0), (0.72, 0.85), (0.80, 0.36), (0.86, 0.12), (1.0, 0.0))
_GAP_AT = ((0.0, 1.25), (0.2, 0.95), (0.6, 0.75), (1.0, 0.7))

JOINT = np.dtype(
    [(name, "f8") for name in ("end_a", "end_s", "along_a", "along_s", "length", "gap", "bow", "wave", "front", "rough", "scar", "scar_mm")]
    + [(name, "f8") for name in ("cartilage", "endplate", "upper_cortex")]
    + [("seed", "i8")]
)

Point = tuple[float, float]


def joint(cartilage: Cartilage, maturity: float, endocranial: Point, ectocranial: Point, seed: int) -> npt.NDArray[np.void]:
    """One-row table of the joint between two points (a, s) of the midsagittal plane."""
    row = np.zeros(1, dtype=JOINT)
    da, ds = ectocranial[0] - endocranial[0], ectocranial[1] - endocranial[1]
    length = math.hypot(da, ds)
    values = {
        "end_a": endocranial[0],
        "end_s": endocranial[1],
        "along_a": da / length,
        "along_s": ds / length,
        "length": length,
        "gap": cartilage.gap_mm * _at(_GAP_AT, maturity),
        "bow": cartilage.bow_mm,
        "wave": cartilage.waviness_mm,
        "front": _at(_FRONT_AT, maturity),
        "rough": cartilage.front_roughness,
        "scar": cartilage.scar_value * _at(_SCAR_AT, maturity),
        "scar_mm": cartilage.scar_mm,
        "cartilage": cartilage.cartilage_value,
        "endplate": cartilage.endplate_value,
        "seed": seed,
    }
    for name, value in values.items():
        row[name] = value
    return row


def _at(table: tuple[tuple[float, float], ...], maturity: float) -> float:
    return float(np.interp(maturity, [x for x, _ in table], [y for _, y in table]))
