"""Draw one phantom: a head and a machine.

Sizes follow published measurements of the midline: sella 11.0 ± 1.7 mm long and 7.1 ± 1.3 mm deep, clivus (dorsum sellae to basion)
39.9 ± 3.5 mm (Anthropometric study of sella and clivus, doi 10.1055/s-0042-1743855; similar in Ruiz et al., Eur J Anat 8:47); the vault,
the palate and the vertebrae those of common anatomy tables. Noise, blur, scatter and the margins of the field were measured on real
captures (`resources/docs/results/phantom.md`), before any network was trained.
"""

from __future__ import annotations

import math

import numpy as np

from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Orientation
from sos_studio.phantom.machines import draw_scanner
from sos_studio.phantom.maturity import draw_person
from sos_studio.phantom.parameters import Anatomy, Cartilage, PhantomParameters, Sex

# Where the middle of the basilar part lies in the box of an extended field of view, LPS mm from the middle of the box.
_MEAN_CENTER_LPS_MM = (0.0, 14.0, 12.0)


def draw_parameters(
    rng: np.random.Generator, stage: int | None = None, *, sex: Sex | None = None, pose_scale: float = 1.0
) -> PhantomParameters:
    """Draw one phantom.

    Parameters
    ----------
    rng
        Everything comes from it, in a fixed order.
    stage
        1 … 5; None draws one as often as the paper's set has it.
    sex
        None draws one as often as the paper's set has it.
    pose_scale
        Scale of the pose spread (±8° roll and yaw, ±15° pitch, ±15 mm); 0 = straight and centred, 2 = extreme.

    Raises
    ------
    BadInputError
        ``phantom.bad_stage``.
    """
    if stage is not None and not 1 <= stage <= 5:
        raise BadInputError("phantom.bad_stage", stage=stage)
    seed = int(rng.integers(2**31))
    age, sex, male, maturity = draw_person(rng, stage, sex)
    anatomy = _draw_anatomy(rng, age, male=male)
    return PhantomParameters(
        seed=seed,
        maturity=maturity,
        age_years=age,
        sex=sex,
        anatomy=anatomy,
        cartilage=_draw_cartilage(rng),
        scanner=draw_scanner(rng, metal=anatomy.brackets or (age > 16.0 and rng.random() < 0.35)),
        pose=_draw_pose(rng, pose_scale),
    )


def clipped(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    """A normal number, cut to limits."""
    return float(np.clip(rng.normal(mean, sd), low, high))


def _draw_anatomy(rng: np.random.Generator, age_years: float, *, male: bool) -> Anatomy:
    """Growth is a saturating curve of age; men end 5 % larger."""
    grown = 1.0 - math.exp(-(min(age_years, 20.0) - 1.0) / 5.5)
    size = (0.84 + 0.16 * grown) * (1.0 + (0.05 * grown if male else 0.0)) * clipped(rng, 1.0, 0.03, 0.92, 1.08)
    return Anatomy(
        size=size,
        face_size=(0.80 + 0.20 * grown) * clipped(rng, 1.0, 0.03, 0.92, 1.08),
        basilar_length_mm=23.5 * size * clipped(rng, 1.0, 0.07, 0.82, 1.18),
        clivus_tilt_deg=clipped(rng, 66.0, 5.0, 53.0, 79.0),
        sos_length_mm=12.6 * size * clipped(rng, 1.0, 0.10, 0.76, 1.28),
        sos_tilt_deg=clipped(rng, 49.0, 6.0, 33.0, 64.0),
        pneumatisation=clipped(rng, 0.36 + 0.44 * grown, 0.22, 0.0, 1.0),
        sinus_septa=int(rng.choice(4, p=[0.46, 0.40, 0.12, 0.02])),
        mucosa=float(rng.uniform(0.15, 0.6)) if rng.random() < 0.22 else 0.0,
        frontal_sinus=clipped(rng, 0.75 * (age_years - 5.0) / 10.0 if age_years < 15.0 else 0.75, 0.22, 0.0, 1.0),
        neck_tilt_deg=clipped(rng, 0.0, 7.0, -15.0, 15.0),
        face_tilt_deg=clipped(rng, 0.0, 3.0, -7.0, 7.0),
        adenoid_mm=clipped(rng, 14.0 - 7.5 * grown, 3.2, 3.0, 17.0),
        airway_width=clipped(rng, 1.0, 0.25, 0.5, 1.6),
        sella_depth_mm=clipped(rng, 7.6, 1.2, 5.0, 10.5),
        vault_thickness_mm=clipped(rng, 4.2 + 2.2 * grown, 0.9, 3.2, 9.0),
        overjet_mm=clipped(rng, 3.0, 1.8, -2.0, 8.0),
        bone_density=clipped(rng, 0.82 + 0.18 * grown, 0.11, 0.6, 1.3),
        trabecular_contrast=clipped(rng, 1.0, 0.28, 0.45, 1.8),
        septum_deviation_mm=clipped(rng, 2.6, 1.2, 0.6, 6.0),
        septum_shift_mm=clipped(rng, 0.0, 0.9, -2.0, 2.0),
        meatus_mm=clipped(rng, 1.5, 0.6, 0.5, 3.2),
        lining_mm=float(np.clip(rng.lognormal(math.log(0.5), 0.7), 0.1, 2.4)),
        cell_mm=clipped(rng, 8.6, 1.3, 6.0, 12.0),
        tooth_shift_mm=clipped(rng, 0.0, 1.6, -3.8, 3.8),
        grown=grown,
        upper_cortex=clipped(rng, 0.50, 0.16, 0.25, 0.95),
        marrow_value=clipped(rng, 95.0 + 45.0 * grown, 45.0, 30.0, 260.0),
        brackets=bool(rng.random() < (0.22 if 9.0 < age_years < 18.0 else 0.04)),
    )


def _draw_cartilage(rng: np.random.Generator) -> Cartilage:
    return Cartilage(
        gap_mm=clipped(rng, 2.1, 0.45, 1.2, 3.3),
        bow_mm=clipped(rng, 0.2, 0.9, -1.9, 2.2),
        waviness_mm=clipped(rng, 0.5, 0.2, 0.1, 1.0),
        cartilage_value=clipped(rng, 90.0, 35.0, 20.0, 180.0),
        endplate_value=clipped(rng, 130.0, 90.0, 0.0, 380.0),
        scar_value=clipped(rng, 400.0, 130.0, 170.0, 720.0),
        scar_mm=clipped(rng, 1.0, 0.25, 0.5, 1.6),
        front_roughness=clipped(rng, 0.07, 0.03, 0.02, 0.15),
    )


def _draw_pose(rng: np.random.Generator, scale: float) -> Orientation:
    """Truncated normal spreads: half of the limit is one standard deviation."""

    def spread(limit: float) -> float:
        return scale * clipped(rng, 0.0, limit / 2, -limit, limit)

    roll, yaw, pitch = spread(8.0), spread(8.0), spread(15.0)
    x, y, z = (mean + spread(15.0) for mean in _MEAN_CENTER_LPS_MM)
    return Orientation((x, y, z), roll, yaw, pitch)
