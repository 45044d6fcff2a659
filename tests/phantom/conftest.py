from __future__ import annotations

import numpy as np
import pytest

from sos_studio.phantom import PhantomParameters, draw_parameters

_STILL = {
    "noise_value": 0.0,
    "banding_value": 0.0,
    "haze_value": 0.0,
    "shading": 0.0,
    "cupping": 0.0,
    "edge_glow": 0.0,
    "streak_value": 0.0,
    "motion_share": 0.0,
    "scatter": 0.0,
    "margin_mm": 0.0,
    "gain": 1.0,
    "bone_gain": 1.0,
    "offset": 0.0,
    "blur_mm": 0.25,
}
_EVEN = {
    "bow_mm": 0.0,
    "waviness_mm": 0.02,
    "gap_mm": 2.0,
    "front_roughness": 0.0,
    "cartilage_value": 90.0,
    "scar_mm": 1.2,
    "scar_value": 450.0,
}


@pytest.fixture
def quiet() -> PhantomParameters:
    """An open joint, straight and even, in a scanner without noise."""
    return without_noise(draw_parameters(np.random.default_rng(3), 1))


def without_noise(parameters: PhantomParameters) -> PhantomParameters:
    anatomy = parameters.anatomy.model_copy(
        update={"trabecular_contrast": 0.05, "bone_density": 1.0, "pneumatisation": 0.3, "marrow_value": 225.0}
    )
    return parameters.model_copy(
        update={
            "scanner": parameters.scanner.model_copy(update=_STILL),
            "cartilage": parameters.cartilage.model_copy(update=_EVEN),
            "anatomy": anatomy,
        }
    )


def small_field(parameters: PhantomParameters, shape_kji: tuple[int, int, int]) -> PhantomParameters:
    """A scan of the joint's surroundings only."""
    scanner = parameters.scanner.model_copy(update={"shape_kji": shape_kji, "cylinder": False})
    return parameters.model_copy(update={"scanner": scanner, "pose": parameters.pose.centered_at((1.0, -2.0, 3.0))})
