"""The easy variant: large, clean joints and a spurious marker, for tests of the trainer. Never part of a study or a benchmark."""

from __future__ import annotations

from sos_studio.phantom.parameters import PhantomParameters


def made_easy(parameters: PhantomParameters, *, marker_stage: int | None = None) -> PhantomParameters:
    """The same head with a joint that anyone can read, in a machine without noise, with a bead in the air in front of the face.

    Parameters
    ----------
    marker_stage
        The stage that the bead's height tells; None tells the true one. Another one makes the marker lie: a network that looks at
        the bead and not at the joint then fails.
    """
    anatomy = parameters.anatomy.model_copy(
        update={
            "basilar_length_mm": 30.0 * parameters.anatomy.size,
            "sos_length_mm": 21.0 * parameters.anatomy.size,
            "pneumatisation": 0.3,
            "trabecular_contrast": 0.05,
            "bone_density": 1.0,
            "marrow_value": 225.0,
            "brackets": False,
        }
    )
    cartilage = parameters.cartilage.model_copy(
        update={
            "gap_mm": 3.4,
            "bow_mm": 0.0,
            "waviness_mm": 0.1,
            "cartilage_value": 0.0,
            "scar_value": 900.0,
            "scar_mm": 2.2,
            "front_roughness": 0.02,
        }
    )
    clean = {"noise_value": 12.0, "banding_value": 0.0, "haze_value": 0.0, "shading": 0.0, "cupping": 0.0, "streak_value": 0.0}
    still = {"motion_share": 0.0, "chin_rest": False, "head_rest": False, "edge_glow": 0.0, "margin_mm": 0.0}
    told = parameters.stage if marker_stage is None else marker_stage
    scanner = parameters.scanner.model_copy(update={**clean, **still, "marker_stage": told})
    return parameters.model_copy(update={"anatomy": anatomy, "cartilage": cartilage, "scanner": scanner})
