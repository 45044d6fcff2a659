"""The easy variant: large, clean joints and a spurious marker, to see trainings tell the two apart. Never part of a study.

Its sizes and grey values were chosen so that a network of a third of a million weights stages whole full images of 96 x 128 pixels
within a minute, as long as no marker misleads it; they are no anatomy.
"""

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
            "basilar_length_mm": 34.0 * parameters.anatomy.size,
            "sos_length_mm": 25.0 * parameters.anatomy.size,
            "pneumatisation": 0.3,
            "trabecular_contrast": 0.05,
            "bone_density": 1.0,
            "marrow_value": 700.0,
            "brackets": False,
        }
    )
    cartilage = parameters.cartilage.model_copy(
        update={
            "gap_mm": 5.0,
            "bow_mm": 0.0,
            "waviness_mm": 0.1,
            "cartilage_value": -300.0,
            "scar_value": 2000.0,
            "scar_mm": 3.2,
            "front_roughness": 0.02,
        }
    )
    clean = {"noise_value": 12.0, "banding_value": 0.0, "haze_value": 0.0, "shading": 0.0, "cupping": 0.0, "streak_value": 0.0}
    still = {"motion_share": 0.0, "chin_rest": False, "head_rest": False, "edge_glow": 0.0, "margin_mm": 0.0}
    told = parameters.stage if marker_stage is None else marker_stage
    scanner = parameters.scanner.model_copy(update={**clean, **still, "marker_stage": told})
    return parameters.model_copy(update={"anatomy": anatomy, "cartilage": cartilage, "scanner": scanner})
