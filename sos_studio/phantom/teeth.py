"""Incisors: crowns, roots and pulp, as far as they have grown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sos_studio.phantom.landmarks import FloatArray, Frame, Points
from sos_studio.phantom.outlines import smooth
from sos_studio.phantom.parts import Fade, Look, Part, Teeth
from sos_studio.phantom.soft_tissue import SOFT
from sos_studio.phantom.solids import ARCH

_METAL, _WIRE_METAL = Look(4200.0, oblique=1.0), Look(2600.0, oblique=1.2)
# Bright crowns bloom: their border is softer than the scanner's blur.
_ENAMEL = Look(2900.0, oblique=0.8)
Arch = tuple[float, float, float]

# A middle upper incisor: (mm from the tip of its root, mm towards the lip). The crown is bent towards the tongue and hollow behind.
_LENGTH, _NECK = 22.5, 12.0
_WHOLE_LIP: Points = [(0.0, 0.2), (1.2, 1.0), (4.0, 1.9), (8.0, 2.7), (12.0, 3.2)]
_WHOLE_TONGUE: Points = [(12.2, -3.0), (8.0, -2.7), (4.0, -1.9), (1.2, -1.0)]
_DENTINE_CROWN: Points = [(13.6, 2.9), (16.4, 1.9), (18.6, 0.7), (19.4, 0.2), (18.4, -0.2), (16.2, -0.8), (13.8, -2.3)]
_CROWN: Points = [
    (12.3, 3.2), (13.4, 3.75), (15.0, 3.95), (18.0, 3.4), (20.6, 2.5), (22.0, 1.8), (22.6, 1.0), (22.4, 0.1), (20.6, -0.4), (17.4, -1.4),
    (15.0, -2.9), (13.5, -3.4), (12.5, -3.0), (12.9, 0.0),
]  # fmt: skip
# A bracket on the crown's face, and the wire that runs through it.
_BRACKET: Points = [(15.2, 3.4), (15.3, 4.9), (16.4, 5.1), (16.8, 4.5), (17.5, 4.4), (17.8, 4.8), (18.8, 4.4), (18.9, 2.8)]
_WIRE: Points = [(16.5, 4.1), (16.5, 4.8), (17.6, 4.6), (17.6, 3.9)]
_PULP: Points = [(1.0, 0.2), (5.0, 0.35), (11.0, 0.6), (15.0, 0.45), (16.6, 0.1), (14.6, -0.25), (11.0, -0.5), (5.0, -0.3), (1.0, -0.2)]
# Place of the edge and turn of the axis (0 = upright), mean of grown-ups.
_UPPER_EDGE, _UPPER_TURN = (79.9, -50.2), 24.0
_LOWER_EDGE, _LOWER_TURN = (74.2, -46.6), 25.0


@dataclass(frozen=True)
class Incisor:
    """How one jaw's middle incisors stand, in coordinates of the face."""

    edge: tuple[float, float]
    turn_deg: float
    upper: bool
    scale: tuple[float, float]  # along the tooth, across it
    root: float  # share of the root that has grown
    sunk_mm: float  # how far the tooth has still to come out

    def placed(self, points: Points) -> FloatArray:
        """Points of the pattern in the head's profile."""
        p = np.asarray(points, dtype=np.float64)
        along, across = p[:, 0] - _LENGTH, p[:, 1] * self.scale[1]
        # A root that grows is shorter and wide open.
        grown = along + _LENGTH - _NECK
        along = np.where(grown < 0.0, _NECK - _LENGTH + grown * self.root, along) * self.scale[0]
        across = np.where(grown < 0.0, across * (1.0 - 0.06 * (1.0 - self.root) * grown), across)
        t = np.radians(self.turn_deg)
        way = np.array([np.sin(t), -np.cos(t)]) if self.upper else np.array([np.sin(t), np.cos(t)])
        lip = np.array([np.cos(t), np.sin(t)]) if self.upper else np.array([np.cos(t), -np.sin(t)])
        placed: FloatArray = np.asarray(self.edge) + (along - self.sunk_mm)[:, None] * way + across[:, None] * lip
        return placed


def _drawn(frame: Frame, rng: np.random.Generator, *, upper: bool) -> Incisor:
    """Sizes and angles of one jaw; in children of seven the incisors have just come out, or not yet."""
    grown = frame.anatomy.grown
    edge, turn = (_UPPER_EDGE, _UPPER_TURN) if upper else (_LOWER_EDGE, _LOWER_TURN)
    at = np.asarray(edge) + rng.normal(0.0, (0.7, 0.5))
    tilt = float(np.clip(rng.normal(0.0, 6.5), -15.0, 15.0))
    # Teeth tilt about their necks: roots stay in the bone.
    above = _LENGTH - _NECK + 1.0
    begun, end = np.radians(turn), np.radians(turn + tilt)
    at += above * np.array([np.sin(end) - np.sin(begun), (np.cos(begun) - np.cos(end)) * (1.0 if upper else -1.0)])
    turn += tilt
    ready = (grown - (0.66 if upper else 0.62)) / 0.12 + float(rng.normal(0.0, 0.25))
    root = float(np.clip(0.5 + 0.5 * (ready - 0.1), 0.45, 1.0))
    sunk = float(np.clip(13.0 * (0.3 - ready), 0.0, 10.0))
    size = float(np.clip(rng.normal(1.0, 0.07), 0.85, 1.15))
    slim = 0.9 if upper else 0.78
    scale = (size * (1.0 if upper else 0.9), size * slim * float(rng.uniform(0.9, 1.08)))
    return Incisor((float(at[0]), float(at[1])), turn, upper, scale, root, sunk)


def teeth(frame: Frame, rng: np.random.Generator, back: FloatArray, upper_arch: Arch, lower_arch: Arch) -> list[Part]:
    """Single teeth: which of them, and how much of it, the midline cuts depends on where the gap between the middle ones lies."""
    anatomy = frame.anatomy
    jaw = anatomy.size * anatomy.face_size
    child = max(0.0, 1.0 - anatomy.grown - 0.1)
    parts: list[Part] = []
    for upper in (True, False):
        incisor = _drawn(frame, rng, upper=upper)
        moved = 0.0 if upper else back
        shift = anatomy.tooth_shift_mm + (0.0 if upper else float(rng.normal(0.0, 1.2)))
        heights = frame.facial(incisor.placed([(0.0, 0.0), (17.5, 0.0), (_LENGTH, 0.0)])) - moved
        whole_tooth = Teeth(
            (8.4 if upper else 5.5) * jaw,
            shift,
            root_s=float(heights[0, 1]),
            crown_s=float(heights[1, 1]),
            edge_s=float(heights[2, 1]),
            seed=int(rng.integers(1 << 30)),
            loose_mm=float(rng.uniform(0.1, 0.9)),
            gap_mm=0.04 + (float(rng.exponential(2.5 * child + 0.05)) if rng.random() < 0.5 else 0.0),
            missing=float(rng.choice([-1.0, 0.0])) if rng.random() < 0.03 else 1e9,
        )
        arch, reach, end = (upper_arch, 30.0, 14.0) if upper else (lower_arch, 40.0, 18.0)
        name = "upper" if upper else "lower"
        tip, neck = frame.facial(incisor.placed([(0.0, 0.0), (_NECK, 0.0)])) - moved
        # Roots of a grey value near the bone's that vanish in it.
        root_look = Look(1480.0 * (0.75 + 0.25 * anatomy.bone_density), shell=180.0, shell_out_mm=0.3, uneven=1.0, run_mm=4.0, oblique=0.9)
        fade = Fade(tuple(neck), tuple(tip), float(rng.uniform(0.4, 0.9)))
        # The dark line about the root ends where the crown begins.
        bare = Fade(tuple(tip + 0.8 * (neck - tip)), tuple(neck))
        whole = _WHOLE_LIP + _DENTINE_CROWN + _WHOLE_TONGUE
        pulp_look = Look(SOFT + 340.0, oblique=0.5)
        drawn: list[tuple[str, Look, Points, float, Fade | None]] = [
            ("crowns", _ENAMEL, _CROWN, 1.0, None),
            ("teeth", root_look, whole, 0.94, fade),
            ("pulp", pulp_look, _PULP, 0.28 + 0.25 * (1.0 - incisor.root), Fade(tuple(neck), tuple(tip), 0.3)),
        ]
        if anatomy.brackets:
            drawn += [("brackets", _METAL, _BRACKET, 0.55, None), ("wire", _WIRE_METAL, _WIRE, 2.0, None)]
        for what, look, pattern, share, seen in drawn:
            outline = smooth(frame.facial(incisor.placed(pattern)) - moved, 4)
            parts.append(
                Part(
                    f"{name} {what}",
                    look,
                    outline,
                    ARCH,
                    half_width=reach * jaw,
                    arch=arch,
                    rounding=end,
                    step_mm=0.3,
                    fade=seen,
                    thins=bare,
                    teeth=replace(whole_tooth, share=share),
                )
            )
    return parts
