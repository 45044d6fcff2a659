"""The machine as the kernel wants it: numbers of `Scanner`, and where supports and metal are in its field of view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.parameters import PhantomParameters

MACHINE = np.dtype(
    [(name, "f8") for name in ("voxel", "noise", "grain", "gain", "offset", "cupping", "banding", "radius")]
    + [(name, "f8") for name in ("half_l", "half_p", "half_s", "teeth_s", "chin_a", "chin_s", "rest_p", "phase")]
    + [("seed", "i8")]
)
_NOWHERE = 1e6
# Incisal edges, lowest point of the chin, back of the head: head coordinates (L, P, S) of a grown-up; near enough for what hangs on them.
_TEETH_MM, _CHIN_MM, _OCCIPUT_MM = (0.0, -78.0, -48.0), (0.0, -70.0, -84.0), (0.0, 96.0, 30.0)


def machine(parameters: PhantomParameters) -> npt.NDArray[np.void]:
    """One-row table of the scanner with this head in it."""
    scanner = parameters.scanner
    row = np.zeros(1, dtype=MACHINE)
    half_l, half_p, half_s = (size / 2 for size in scanner.size_lps_mm)
    jaw = parameters.anatomy.size * parameters.anatomy.face_size
    teeth, chin = _placed(parameters, _TEETH_MM, jaw), _placed(parameters, _CHIN_MM, jaw)
    occiput = _placed(parameters, _OCCIPUT_MM, parameters.anatomy.size)
    values = {
        "voxel": scanner.voxel_mm,
        "noise": scanner.noise_value,
        "grain": scanner.noise_grain,
        "gain": scanner.gain,
        "offset": scanner.offset,
        "cupping": scanner.cupping,
        "banding": scanner.banding_value,
        "radius": min(half_l, half_p) if scanner.cylinder else _NOWHERE,
        "half_l": half_l,
        "half_p": half_p,
        "half_s": half_s,
        "teeth_s": teeth[2],
        "chin_a": -chin[1] if scanner.chin_rest else _NOWHERE,
        "chin_s": chin[2],
        "rest_p": occiput[1] + 6.0 if scanner.head_rest else _NOWHERE,
        "phase": float(parameters.seed % 1000),
        "seed": parameters.seed,
    }
    for name, value in values.items():
        row[name] = value
    return row


def _placed(parameters: PhantomParameters, point_mm: tuple[float, float, float], scale: float) -> npt.NDArray[np.float64]:
    lps: npt.NDArray[np.float64] = parameters.pose.lps_from_head @ np.array([*(scale * np.asarray(point_mm)), 1.0])
    return lps
