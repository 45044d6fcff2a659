"""The machine as the kernel wants it: numbers of `Scanner`, and where supports and metal are in its field of view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.lattice import noise_blocks
from sos_studio.phantom.parameters import PhantomParameters

_NUMBERS = (
    *("voxel", "noise", "gain", "bone_gain", "shading", "offset", "cupping", "banding", "haze", "radius", "margin", "edge_glow"),
    *("half_l", "half_p", "half_s", "base_s", "chin_a", "chin_s", "phase", "streaks", "tilt_p", "tilt_s", "bead_p", "bead_s"),
    *("rest_p", "rest_lean", "rest_half", "rest_thick", "rest_value", "moved", "moved_a", "moved_s"),
    *("plate", "plate_half", "foot_a", "foot_half", "lip"),
)
MACHINE = np.dtype([(name, "f8") for name in _NUMBERS] + [("metal", "f8", (6, 4)), ("seed", "i8")])
_NOWHERE = 1e6
# Lowest point of the chin, back of the head: head coordinates (L, P, S) of a grown-up; near enough for what hangs on them.
_CHIN_MM, _OCCIPUT_MM = (0.0, -70.0, -84.0), (0.0, 96.0, 30.0)
# Where there may be metal: front brackets and molars of both jaws.
_METAL_MM = (
    (2.0, -80.0, -45.0),
    (-3.0, -75.0, -53.0),
    (23.0, -52.0, -45.0),
    (-24.0, -48.0, -46.0),
    (25.0, -46.0, -54.0),
    (-24.0, -52.0, -55.0),
)


def machine(parameters: PhantomParameters) -> npt.NDArray[np.void]:
    """One-row table of the scanner with this head in it."""
    scanner = parameters.scanner
    row = np.zeros(1, dtype=MACHINE)
    half_l, half_p, half_s = (size / 2 for size in scanner.size_lps_mm)
    jaw = parameters.anatomy.size * parameters.anatomy.face_size
    chin = _placed(parameters, _CHIN_MM, jaw)
    occiput = _placed(parameters, _OCCIPUT_MM, parameters.anatomy.size)
    rng = np.random.default_rng((parameters.seed, 81))
    rod = rng.random() < 0.5
    values = {
        "voxel": scanner.voxel_mm,
        "noise": scanner.noise_value,
        "gain": scanner.gain,
        "bone_gain": scanner.bone_gain,
        "shading": scanner.shading,
        "offset": scanner.offset,
        "cupping": scanner.cupping,
        "banding": scanner.banding_value,
        "haze": scanner.haze_value,
        "radius": min(half_l, half_p) if scanner.cylinder else _NOWHERE,
        "margin": scanner.margin_mm,
        "edge_glow": scanner.edge_glow,
        "half_l": half_l,
        "half_p": half_p,
        "half_s": half_s,
        "base_s": parameters.pose.center_lps_mm[2] + 12.0,
        "chin_a": -chin[1] if scanner.chin_rest else _NOWHERE,
        "chin_s": chin[2],
        "phase": float(parameters.seed % 1000),
        "streaks": scanner.streak_value,
        "rest_p": occiput[1] + float(rng.uniform(3.0, 9.0)) if scanner.head_rest else _NOWHERE,
        "rest_lean": float(rng.normal(0.0, 0.05)),
        "rest_half": 14.0 if rod else 45.0,
        "rest_thick": 2.6 if rod else 1.2,
        "rest_value": float(rng.uniform(-700.0, -350.0)),
        "moved": scanner.motion_share,
        "moved_a": scanner.motion_mm[0],
        "moved_s": scanner.motion_mm[1],
        "bead_p": 12.0 - half_p if scanner.marker_stage else _NOWHERE,
        "bead_s": half_s * (0.3 * scanner.marker_stage - 0.9),
        "plate": float(rng.uniform(1.5, 5.0)),
        "plate_half": float(rng.uniform(12.0, 24.0)),
        "foot_a": float(rng.uniform(0.0, 12.0)),
        "foot_half": float(rng.uniform(5.0, 13.0)),
        "lip": float(rng.random() < 0.3),
        "tilt_p": float(rng.normal()),
        "tilt_s": float(rng.normal()),
        "seed": parameters.seed,
    }
    for name, value in values.items():
        row[name] = value
    if scanner.streak_value > 0.0:
        for n, place in enumerate(_METAL_MM):
            known = n < 2 and parameters.anatomy.brackets
            strength = float(rng.uniform(0.3, 1.0)) if known or rng.random() < 0.4 else 0.0
            row["metal"][0, n] = (*_placed(parameters, place, jaw), strength)
    return row


def noise_of(parameters: PhantomParameters) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """The two blocks that this machine's noise is read from."""
    scanner = parameters.scanner
    voxel = scanner.voxel_mm
    return noise_blocks(round(scanner.noise_sigma_mm / voxel, 3), round(scanner.noise_rows_mm / voxel, 3))


def _placed(parameters: PhantomParameters, point_mm: tuple[float, float, float], scale: float) -> npt.NDArray[np.float64]:
    lps: npt.NDArray[np.float64] = parameters.pose.lps_from_head @ np.array([*(scale * np.asarray(point_mm)), 1.0])
    return lps[:3]
