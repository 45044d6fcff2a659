# mypy: disable-error-code="no-any-return"
# ruff: noqa: E741, PLR0917
"""Cortex and marrow: how they vary from place to place. Compiled into `kernels`.

Cortex is never drawn with one pen: it runs thick or thin over a centimetre, breaks off, and where its surface lies askew to the plane
its border is soft. Lengths are millimetres; (l, a, s) = to the left, towards the face, towards the vertex in the head frame.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from sos_studio.phantom.lattice import coverage, noise3, smooth_noise3

Row = Any
SYNCHONDROSIS = 1  # feature of the bone that holds the joint


@njit(error_model="numpy")
def cortex(
    part: Row, seed: int, across: tuple[float, float], blur: float, d: float, l: float, a: float, s: float
) -> tuple[float, float, float, float, float]:
    """Distance, depth of the marrow, outward reach, grey value and blur of a part's shell at one place.

    Parameters
    ----------
    across
        How the surface faces: along the part's direction (-1 … 1), and the square of it.
    """
    run, uneven = part.run, part.uneven
    slow = smooth_noise3(l / run, a / run, s / run, seed + part.noise)
    other = smooth_noise3(l / (0.7 * run) + 7.3, a / (0.7 * run), s / (0.7 * run), seed + part.noise + 1)
    fine = smooth_noise3(l / 2.3, a / 2.0, s / 2.0, seed + part.noise + 2)
    d += uneven * 0.14 * fine
    thick = 1.0 + uneven * (0.85 * slow + 0.45 * other + 0.15 * fine)
    thick = max(0.15, thick * (1.0 + part.lean * across[0] + part.ends * (2.0 * across[1] - 1.0)))
    if part.thin_low < 1.0:
        thick *= min(1.0, max(part.thin_low, part.thin_0 + part.thin_a * a + part.thin_s * s))
    shell = part.shell * max(0.25, 1.0 + uneven * (0.35 * slow - 0.45 * other + 0.10 * fine))
    soft = blur * (1.0 + part.oblique * min(1.0, max(0.0, 0.35 + 1.3 * other)))
    if part.shell_in > 0.0:
        # Plates run into the cortex, and away from the vault there are places where it cannot be told from the marrow.
        grit = noise3(l / 1.2, a / 1.1, s / 1.1, seed + part.noise + 3)
        thick += uneven * 0.45 * grit
        if part.run < 15.0:
            weak = min(1.0, max(0.0, 3.0 * uneven - 1.8)) * min(0.9, max(0.0, 0.1 - 1.6 * (0.6 * slow + 0.4 * fine)))
            shell += weak * (part.fill + 0.7 * part.grain * grit - shell)
    return d, d + part.shell_in * thick, part.shell_out * thick, shell, soft


@njit(error_model="numpy")
def steady_cortex(part: Row, joint: Row, seed: int, d: float, l: float, a: float, s: float) -> tuple[float, float, float, float]:
    """Distance, depth of the marrow, outward reach and grey value of a shell that varies alike everywhere, over some millimetres.

    The bone that holds the joint has such a one: nothing may give the joint away or hide it. Only beyond 10 mm it fades and thickens
    as cortex does elsewhere.
    """
    uneven = smooth_noise3(l / 3.5, a / 3.5, s / 3.5, seed + 21 + part.noise)
    patchy = smooth_noise3(l / 9.0, a / 8.0, s / 8.0, seed + 121 + part.noise)
    fine = noise3(l / 1.3, a / 1.3, s / 1.3, seed + 22)
    d += part.uneven * 0.16 * fine
    shell, shell_in = part.shell, part.shell_in
    thick = 1.0 + part.uneven * (0.5 * uneven + 0.45 * patchy)
    bright = 1.0 + part.uneven * (0.15 * fine + 0.25 * uneven + 0.35 * patchy)
    if part.feature == SYNCHONDROSIS:
        # Thick at the basion, thin towards the dorsum sellae.
        across = joint.along_a * (s - joint.end_s) - joint.along_s * (a - joint.end_a)
        shell_in *= min(1.8, max(joint.upper_cortex, 1.0 - 0.035 * (across + 2.0)))
        shell *= 1.0 - (1.0 - joint.upper_cortex) * 0.7 * coverage(2.0 - across, 1.2)
        far = min(1.0, max(0.0, (abs(across) - 10.5) / 5.0))
        if far > 0.0:
            slow = smooth_noise3(l / 13.0, a / 12.0, s / 12.0, seed + 321 + part.noise)
            thick *= max(0.1, 1.0 - 0.35 * far + 0.9 * far * slow)
            bright *= 1.0 + 0.5 * far * slow
    return d, d + shell_in * thick, part.shell_out * (1.0 + part.uneven * 0.4 * uneven), shell * max(0.25, bright)


@njit(error_model="numpy")
def marrow(part: Row, seed: int, l: float, a: float, s: float) -> float:
    """What a part's marrow adds to its mean: plates and rods of its own size and direction, and patches where there are few or many."""
    size = part.mesh
    far = 4.5 + 0.5 * part.run
    loose = smooth_noise3(l / far, a / far, s / far, seed + part.noise + 33)
    wide, high = size * (1.0 + 0.9 * max(0.0, part.flat)), size * (1.0 + 0.9 * max(0.0, -part.flat))
    # Bent, so that no plate runs straight.
    bend = 1.1 * loose
    n1 = smooth_noise3(l / (2.1 * size), (a + 0.35 * s) / (1.8 * wide) + bend, (s - 0.25 * a) / (1.8 * high) - bend, seed + part.noise + 31)
    n2 = noise3(l / 1.3, (a - 0.4 * s) / (1.15 * size), s / (1.25 * size), seed + part.noise + 32)
    # Plates: bright ridges with dark spaces between them.
    plates = max(-0.8, 1.0 - 3.6 * abs(n1)) * max(0.0, 0.55 + 1.0 * loose)
    # No ridge runs on unbroken.
    return part.grain * (0.6 * plates * (0.7 + 0.7 * n2) + 0.4 * n2) + part.patch * loose
