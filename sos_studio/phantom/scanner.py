"""The machine as the kernel wants it: numbers of `Scanner`, and where supports and metal are in its field of view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.landmarks import make_frame
from sos_studio.phantom.lattice import noise_blocks
from sos_studio.phantom.parameters import PhantomParameters
from sos_studio.phantom.shading import CHANNELS, NODES_X, NODES_Y, NODES_Z, RINGS, ROWS, Place, rows_and_rings, smooth_field
from sos_studio.phantom.soft_tissue import CHIN

_NUMBERS = (
    *("voxel", "noise", "gain", "bone_gain", "offset", "haze", "radius", "margin", "bowl"),
    *("half_l", "half_p", "half_s", "chin_a", "chin_s", "phase", "streaks", "bead_p", "bead_s"),
    *("rest_p", "rest_lean", "rest_half", "rest_thick", "rest_value", "rest_top", "rest_low", "foam", "moved", "moved_a", "moved_s"),
    *("plate", "plate_value", "plate_half", "foot_a", "foot_half", "lip"),
    *("line", "crumbs", "crumb_mm", "hair", "hair_p", "hair_s", "hair_lean"),
)
_ARCS = 6
MACHINE = np.dtype(
    [(name, "f8") for name in _NUMBERS]
    + [
        ("metal", "f8", (6, 4)),
        ("arcs", "f8", (_ARCS, 5)),  # height, bend, lean, width, grey value
        ("smooth", "f4", (NODES_Z, NODES_Y, NODES_X, CHANNELS)),
        ("rows", "f4", (ROWS, 2)),
        ("rings", "f4", (RINGS,)),
        ("seed", "i8"),
    ]
)
_NOWHERE = 1e6
# Places of a grown-up's head, (L, P, S); near enough for what hangs on them.
_OCCIPUT_MM = (0.0, 96.0, 30.0)
_BRAIN_MM, _TONGUE_MM, _TEETH_MM, _NAPE_MM = (0.0, 5.0, 55.0), (0.0, -45.0, -48.0), (0.0, -74.0, -46.0), (0.0, 72.0, -60.0)
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
    size = parameters.anatomy.size
    jaw = size * parameters.anatomy.face_size
    chin = _chin(parameters)
    rng = np.random.default_rng((parameters.seed, 81))
    values = {
        "voxel": scanner.voxel_mm,
        "noise": scanner.noise_value,
        "gain": scanner.gain,
        "bone_gain": scanner.bone_gain,
        "offset": scanner.offset,
        "haze": scanner.haze_value,
        "radius": min(half_l, half_p) if scanner.cylinder else _NOWHERE,
        "margin": scanner.margin_mm,
        "half_l": half_l,
        "half_p": half_p,
        "half_s": half_s,
        "phase": float(parameters.seed % 1000),
        "streaks": scanner.streak_value,
        "moved": scanner.motion_share,
        "moved_a": scanner.motion_mm[0],
        "moved_s": scanner.motion_mm[1],
        "bead_p": 12.0 - half_p if scanner.marker_stage else _NOWHERE,
        "bead_s": half_s * (0.3 * scanner.marker_stage - 0.9),
        "seed": parameters.seed,
        **_head_rest(parameters, rng),
        **_chin_rest(parameters, chin, rng),
        **_borders(parameters, rng),
    }
    for name, value in values.items():
        row[name] = value
    row["arcs"][0] = _arcs(parameters, rng)
    if scanner.streak_value > 0.0:
        for n, place in enumerate(_METAL_MM):
            known = n < 2 and parameters.anatomy.brackets
            strength = float(rng.uniform(0.3, 1.0)) if known or rng.random() < 0.4 else 0.0
            row["metal"][0, n] = (*_placed(parameters, place, jaw), strength)
    place_in_field = Place(
        brain=_placed(parameters, _BRAIN_MM, size),
        tongue=_placed(parameters, _TONGUE_MM, jaw),
        teeth=_placed(parameters, _TEETH_MM, jaw),
        chin=chin,
        base_s=parameters.pose.center_lps_mm[2] + 12.0,
    )
    # A stream of its own: metal must change nothing else.
    slow = np.random.default_rng((parameters.seed, 82))
    row["smooth"][0] = smooth_field(parameters, place_in_field, slow)
    row["rows"][0], row["rings"][0] = rows_and_rings(parameters, place_in_field, slow)
    return row


def _chin(parameters: PhantomParameters) -> npt.NDArray[np.float64]:
    """Lowest point of the chin's skin, LPS mm."""
    outline = make_frame(parameters.anatomy, parameters.seed).outer(CHIN)
    points = np.stack([_placed(parameters, (0.0, -a, s), 1.0) for a, s in outline])
    lowest: npt.NDArray[np.float64] = points[np.argmin(points[:, 2])]
    return lowest


def _head_rest(parameters: PhantomParameters, rng: np.random.Generator) -> dict[str, float]:
    """A rod or a plate behind the occiput, with or without foam; it may end within the field."""
    scanner = parameters.scanner
    half_s = scanner.size_lps_mm[2] / 2
    occiput = _placed(parameters, _OCCIPUT_MM, parameters.anatomy.size)
    rod = rng.random() < 0.5
    foam = rng.random() < 0.4
    gap = float(rng.uniform(3.0, 9.0)) + (5.0 if foam else 0.0)
    return {
        "rest_p": occiput[1] + gap if scanner.head_rest else _NOWHERE,
        "rest_lean": float(rng.normal(0.0, 0.05)),
        "rest_half": 14.0 if rod else 45.0,
        "rest_thick": float(rng.uniform(1.6, 3.0) if rod else rng.uniform(0.9, 2.0)),
        "rest_value": float(rng.uniform(-680.0, 120.0)),
        "rest_top": half_s - float(rng.choice([-20.0, 6.0, 11.0])),
        "rest_low": -half_s + float(rng.choice([-20.0, 5.0, 9.0, 16.0])),
        "foam": float(rng.uniform(70.0, 200.0)) if foam else 0.0,
    }


def _chin_rest(parameters: PhantomParameters, chin: npt.NDArray[np.float64], rng: np.random.Generator) -> dict[str, float]:
    """A plate under the chin on a foot, of many shapes."""
    return {
        "chin_a": -chin[1] if parameters.scanner.chin_rest else _NOWHERE,
        "chin_s": chin[2] + float(rng.uniform(3.4, 5.0)),
        "plate": float(rng.uniform(1.5, 5.0)),
        "plate_value": float(rng.uniform(780.0, 1380.0)),
        "plate_half": float(rng.uniform(12.0, 24.0)),
        "foot_a": float(rng.uniform(0.0, 12.0)),
        "foot_half": float(rng.uniform(5.0, 13.0)),
        "lip": float(rng.random() < 0.3),
    }


def _borders(parameters: PhantomParameters, rng: np.random.Generator) -> dict[str, float]:
    """How the field ends above and below, and hair in the air behind the neck."""
    scanner = parameters.scanner
    nape = _placed(parameters, _NAPE_MM, parameters.anatomy.size)
    straight, crumbs, hair = rng.random() < 0.7, rng.random() < 0.65, rng.random() < (0.25 if parameters.sex == "male" else 0.75)
    wide = scanner.cylinder and scanner.margin_mm > 1.5
    return {
        "bowl": 0.0 if straight else float(rng.uniform(0.15, 0.5)),
        "line": scanner.edge_glow * float(rng.uniform(100.0, 900.0)),
        "crumbs": scanner.edge_glow * float(rng.uniform(1500.0, 5000.0)) if crumbs and wide else 0.0,
        "crumb_mm": float(rng.uniform(8.0, 16.0)),
        "hair": min(scanner.haze_value * float(rng.uniform(2.0, 5.0)), float(rng.uniform(250.0, 650.0))) if hair else 0.0,
        "hair_p": nape[1] - 6.0,
        "hair_s": nape[2] + float(rng.uniform(50.0, 100.0)),
        "hair_lean": float(rng.uniform(-0.15, 0.4)),
    }


def _arcs(parameters: PhantomParameters, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Thin arcs over the lower border: height above it, bend (mm per mm from the axis), lean, width, grey value."""
    strength = parameters.scanner.edge_glow * rng.uniform(300.0, 1700.0, _ARCS) * rng.choice([-1.0, 1.0], _ARCS)
    return np.stack(
        [
            rng.uniform(0.3, 7.0, _ARCS),
            rng.normal(0.0, 0.022, _ARCS),
            rng.normal(0.0, 0.004, _ARCS),
            rng.uniform(0.4, 1.3, _ARCS),
            strength * (rng.random(_ARCS) < 0.75),
        ],
        axis=1,
    )


def noise_of(parameters: PhantomParameters) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int8]]:
    """The two blocks that this machine's noise is read from."""
    scanner = parameters.scanner
    voxel = scanner.voxel_mm
    return noise_blocks(round(scanner.noise_sigma_mm / voxel, 3), round(scanner.noise_rows_mm / voxel, 3))


def _placed(parameters: PhantomParameters, point_mm: tuple[float, float, float], scale: float) -> npt.NDArray[np.float64]:
    lps: npt.NDArray[np.float64] = parameters.pose.lps_from_head @ np.array([*(scale * np.asarray(point_mm)), 1.0])
    return lps[:3]
