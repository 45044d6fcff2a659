"""Cone-beam machines: a few models with settings of their own, and what varies from scan to scan.

The models are made up. Their noise, blur and scatter span what was measured on real captures: noise of 9-26 % of the step from air to
soft tissue, blurred by 0.2-0.4 mm; air inside of the head lifted by 15-35 % of that step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sos_studio.phantom.parameters import Scanner

Span = tuple[float, float]


@dataclass(frozen=True)
class Model:
    """One kind of machine: what all scans of it share (a span is drawn from per scan)."""

    share: float
    voxel_mm: tuple[float, ...]
    blur_mm: float
    noise_sigma_mm: float
    noise_value: float
    scatter: Span
    gain: float
    bone_gain: float
    offset: float
    cupping: Span
    cylinder: bool
    margin_mm: Span
    chin_rest: float
    head_rest: float
    depth_mm: Span
    height_mm: Span


_WIDE, _TALL = (212.0, 248.0), (158.0, 185.0)
_DEEP, _LOW = (150.0, 178.0), (110.0, 138.0)
MODELS = (
    Model(0.34, (0.3, 0.4), 0.28, 0.31, 72.0, (0.18, 0.34), 1.0, 1.0, 0.0, (0.00, 0.06), True, (2.0, 4.5), 0.9, 0.85, _WIDE, _TALL),
    Model(0.22, (0.3,), 0.25, 0.25, 92.0, (0.10, 0.26), 0.9, 1.2, 40.0, (-0.02, 0.05), False, (0.0, 2.0), 0.4, 0.4, _WIDE, _TALL),
    Model(0.18, (0.25,), 0.23, 0.22, 130.0, (0.08, 0.22), 0.72, 1.5, -60.0, (0.02, 0.12), True, (0.0, 1.0), 0.2, 0.2, _DEEP, _LOW),
    Model(0.14, (0.2, 0.25), 0.20, 0.20, 150.0, (0.06, 0.18), 0.62, 1.85, 60.0, (0.00, 0.10), True, (0.0, 1.5), 0.3, 0.1, _DEEP, _LOW),
    Model(0.12, (0.4,), 0.33, 0.36, 66.0, (0.15, 0.30), 1.04, 1.05, 0.0, (0.01, 0.08), False, (1.0, 4.0), 0.6, 0.6, _WIDE, _TALL),
)  # fmt: skip


def draw_scanner(rng: np.random.Generator, *, metal: bool) -> Scanner:
    """One scan on one of the machines."""
    shares = np.array([model.share for model in MODELS])
    model = MODELS[int(rng.choice(len(MODELS), p=shares / shares.sum()))]
    voxel = float(rng.choice(model.voxel_mm))
    depth, height = rng.uniform(*model.depth_mm), rng.uniform(*model.height_mm)
    # A cylinder is as wide as it is deep; a box is cut to the width of a head.
    width = depth if model.cylinder else rng.uniform(150.0, 170.0)
    shape = tuple(max(8, round(side / voxel)) for side in (height, depth, width))
    sigma = model.noise_sigma_mm
    moved = rng.random() < 0.16
    return Scanner(
        voxel_mm=voxel,
        shape_kji=(shape[0], shape[1], shape[2]),
        cylinder=model.cylinder,
        chin_rest=bool(rng.random() < model.chin_rest),
        head_rest=bool(rng.random() < model.head_rest),
        blur_mm=float(np.clip(rng.normal(model.blur_mm, 0.03), 0.18, 0.5)),
        noise_value=float(np.clip(rng.lognormal(math.log(model.noise_value), 0.24), 45.0, 330.0)),
        noise_sigma_mm=sigma,
        noise_rows_mm=round(1.15 * sigma, 4),
        scatter=float(rng.uniform(*model.scatter)),
        gain=model.gain * float(np.clip(rng.normal(1.0, 0.03), 0.9, 1.1)),
        bone_gain=model.bone_gain * float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.15)),
        shading=float(np.clip(rng.lognormal(math.log(0.055), 0.5), 0.01, 0.16)),
        offset=model.offset + float(rng.normal(0.0, 15.0)),
        cupping=float(rng.uniform(*model.cupping)),
        haze_value=float(rng.uniform(30.0, 330.0)),
        banding_value=abs(float(rng.normal(0.0, 26.0))),
        margin_mm=float(rng.uniform(*model.margin_mm)),
        edge_glow=float(rng.uniform(0.03, 0.34)) if model.cylinder else float(rng.uniform(0.0, 0.15)),
        streak_value=float(rng.uniform(90.0, 420.0)) if metal else 0.0,
        motion_share=float(rng.uniform(0.15, 0.45)) if moved else 0.0,
        motion_mm=(float(rng.normal(0.0, 0.45)), float(rng.normal(0.0, 0.6))) if moved else (0.0, 0.0),
    )
