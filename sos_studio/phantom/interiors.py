# mypy: disable-error-code="no-any-return"
# ruff: noqa: E741, PLR0917
"""What is inside of the parts: the joint, spongy bone, air cells and sinuses; the nose is in `nasal_kernel`. Compiled into `kernels`.

Lengths are millimetres; (l, a, s) = to the left, towards the face, towards the vertex in the head frame.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from sos_studio.phantom.lattice import both, cell_wall, coverage, noise3, sheet, smooth_noise3
from sos_studio.phantom.nasal_kernel import MUCOSA

Row = Any


@njit(error_model="numpy")
def joint_value(joint: Row, value: float, inside: float, l: float, a: float, s: float, blur: float) -> float:
    """Grey value at a point of the united bone after the joint has been cut into it.

    Parameters
    ----------
    value, inside
        Grey value as if the bone had no joint, and the bone's coverage there.
    """
    da, ds = a - joint.end_a, s - joint.end_s
    across = joint.along_a * ds - joint.along_s * da  # positive towards the sphenoid
    if abs(across) > 7.0:
        return value
    t = (da * joint.along_a + ds * joint.along_s) / joint.length
    seed = joint.seed
    mm = t * joint.length
    # The border: a bow (0 at both ends), waves and fine teeth, slightly different from side to side.
    wave = joint.wave * (smooth_noise3(mm / 3.6, l / 6.0, 0.5, seed + 11) + 0.45 * smooth_noise3(mm / 1.5, l / 3.0, 0.5, seed + 12))
    fade = min(1.0, max(0.0, 12.0 * t * (1.0 - t)))
    offset = across - joint.bow * 4.0 * max(0.0, t * (1.0 - t)) - wave * (0.35 + 0.65 * fade)
    # Open joints widen at their mouths.
    mouth = (2.0 * t - 1.0) ** 2
    gap = joint.gap * (0.85 + 0.3 * min(mouth, 1.6) + 0.22 * smooth_noise3(mm / 2.5, l / 5.0, 7.5, seed + 13))
    rough = joint.rough * (smooth_noise3(l / 4.0, across / 1.6, mm / 2.2, seed + 14) + 0.5 * noise3(0.0, 0.0, 0.0, seed + 18))
    unfused = coverage((joint.front + rough - t) * joint.length, 0.7)
    # Islands of bone in the cartilage, and pits of cartilage in its walls: no border is drawn with a ruler.
    fuzzy = blur + 0.22 + 0.12 * smooth_noise3(mm / 1.7, l / 2.5, 1.5, seed + 19)
    open_gap = sheet(offset, gap, fuzzy) * unfused
    value += (joint.cartilage - value) * open_gap
    endplate = sheet(abs(offset) - 0.5 * gap - 0.3, 0.7, blur) * unfused * inside
    value += joint.endplate * endplate * max(0.0, 0.6 + 0.9 * smooth_noise3(mm / 1.8, l / 3.0, 3.5, seed + 15))
    patch = 0.8 + 0.6 * smooth_noise3(mm / 2.6, l / 4.0, 9.5, seed + 16)
    scar = sheet(offset, joint.scar_mm * (1.0 + 0.35 * smooth_noise3(mm / 2.0, l / 4.0, 5.5, seed + 17)), blur + 0.1)
    return value + joint.scar * scar * max(0.0, patch) * (1.0 - unfused) * inside


@njit(error_model="numpy")
def trabeculae(l: float, a: float, s: float, seed: int) -> float:
    """Meshwork of cancellous bone, about -1 … 1: plates around marrow spaces of some 2 mm, denser here and looser there."""
    n1 = smooth_noise3(l / 2.1, (a + 0.35 * s) / 1.7, s / 2.3, seed + 31)
    n2 = noise3(l / 1.2, (a - 0.4 * s) / 1.15, s / 1.3, seed + 32)
    loose = smooth_noise3(l / 7.0, a / 6.0, s / 6.0, seed + 33)
    plates = 1.0 - 3.2 * abs(n1)
    return 0.5 * max(-1.0, plates) + 0.35 * n2 + 0.6 * loose


@njit(error_model="numpy")
def sinus_value(part: Row, tissue: Row, d: float, l: float, a: float, s: float) -> float:
    """Inside of a sinus: air in rooms with round corners, thin walls between them, lining that may be swollen.

    Parameters
    ----------
    d
        Signed distance to the sinus's outline.
    """
    blur, seed = tissue.blur, tissue.seed
    air = d
    walls, first = 0.0, 0.0
    lean = smooth_noise3(l / 11.0, a / 11.0, s / 11.0, seed + 61)
    for n in range(3):
        thick = part.walls[n, 4]
        # Walls bend, and those after the first end at it: they meet in a Y, never in an X.
        if thick > 0.0 and first >= 0.0:
            q = part.walls[n, 0] * a + part.walls[n, 1] * s + part.walls[n, 2] * l - part.walls[n, 3] + (2.4 - 4.0 * (n % 2)) * lean
            first = q if n == 0 else first
            thick *= 1.0 + 0.4 * smooth_noise3(l / 3.0, a / 3.0, s / 3.0, seed + 62 + n)
            air = both(air, 0.5 * thick - abs(q), 3.0)
            walls = max(walls, sheet(q, thick, blur))
    lining = part.lining * max(0.0, 1.0 + 0.9 * smooth_noise3(l / 7.0, a / 7.0, s / 7.0, seed + 65))
    surface = part.level + 1.6 * smooth_noise3(l / 8.0, a / 8.0, 0.5, seed + 66) + 0.5 * smooth_noise3(l / 3.0, a / 3.0, 0.5, seed + 67)
    air = both(air + lining, surface - s, 2.5)
    inside = coverage(air, blur)
    value = MUCOSA + (tissue.air - MUCOSA) * inside
    return value + (part.wall_value - value) * walls


@njit(error_model="numpy")
def foam_value(tissue: Row, d: float, l: float, a: float, s: float) -> float:
    """Bone that is hollowed by small air cells, as behind the ear."""
    wall, own = cell_wall(l / 4.5, a / 4.5, s / 5.0, tissue.seed + 59)
    bone = 430.0 * tissue.bone
    filled = 0.4 + 0.8 * max(0.0, own)
    return bone + (tissue.air - bone) * coverage(max(filled - 4.5 * wall, d + 1.5), tissue.blur)
