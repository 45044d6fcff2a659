"""What the machine does to grey values: noise, streaks, shading, gain, and the end of its field of view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.parameters import PhantomParameters, Scanner

MACHINE = np.dtype(
    [
        (name, "f8")
        for name in ("voxel", "noise", "grain", "gain", "offset", "cupping", "banding", "teeth_s", "radius", "field_l", "field_p", "half_s")
    ]
    + [("chin_a", "f8"), ("chin_s", "f8"), ("seed", "i8")]
)


def machine(
    parameters: PhantomParameters, teeth_lps_mm: npt.NDArray[np.float64], chin_lps_mm: npt.NDArray[np.float64]
) -> npt.NDArray[np.void]:
    """One-row table of the scanner, for the kernel.

    Parameters
    ----------
    teeth_lps_mm, chin_lps_mm
        Where in the field of view the incisors and the lowest point of the chin lie.
    """
    scanner: Scanner = parameters.scanner
    row = np.zeros(1, dtype=MACHINE)
    size_l, size_p, size_s = scanner.size_lps_mm
    values = {
        "voxel": scanner.voxel_mm,
        "noise": scanner.noise_value,
        "grain": scanner.noise_grain,
        "gain": scanner.gain,
        "offset": scanner.offset,
        "cupping": scanner.cupping,
        "banding": scanner.banding_value,
        "teeth_s": teeth_lps_mm[2],
        "radius": min(size_l, size_p) / 2 if scanner.cylinder else 1e6,
        "half_s": size_s / 2,
        "chin_a": -chin_lps_mm[1] if scanner.chin_rest else 1e6,
        "chin_s": chin_lps_mm[2],
        "seed": parameters.seed,
    }
    for name, value in values.items():
        row[name] = value
    return row
