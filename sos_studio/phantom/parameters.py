"""What one phantom is: every size, angle, stage and setting, drawn from a seed.

Lengths are millimetres and angles degrees of the head frame (L, P, S); grey values look like Hounsfield units but, as in CBCT, are
not calibrated.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Finite

Sex = Literal["female", "male", "unknown"]
Positive = Annotated[Finite, Field(gt=0)]
Fraction = Annotated[Finite, Field(ge=0, le=1)]

# Cases per stage of the paper's final set.
PAPER_STAGE_COUNTS: tuple[int, ...] = (158, 88, 92, 124, 252)
# Maturity runs 0 … 1; stage n lies between thresholds n − 1 and n. Fusion and scar follow from it in `synchondrosis`.
STAGE_THRESHOLDS: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
# Where cases lie within their stage: the first and the last are open-ended, so most lie far from the next stage.
_WITHIN_STAGE: tuple[tuple[float, float], ...] = ((1.0, 1.8), (1.0, 1.0), (1.0, 1.0), (1.0, 1.0), (2.2, 1.0))
# Mean and spread of the age at which a girl is in each stage; boys are later by `_BOYS_LATER_YEARS` up to stage 4.
_STAGE_AGE_YEARS: tuple[tuple[float, float], ...] = ((8.9, 1.2), (10.6, 1.2), (11.7, 1.2), (13.3, 1.4), (22.0, 9.0))
_BOYS_LATER_YEARS = 1.6
_AGE_LIMITS_YEARS: tuple[tuple[float, float], ...] = ((7.0, 13.5), (7.5, 15.0), (8.0, 16.0), (9.5, 20.0), (11.5, 68.0))


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Anatomy(_Frozen):
    """Shape of one head.

    Attributes
    ----------
    size, face_size
        Scale of the whole head, and of the face on top of it; 1 = adult woman.
    basilar_length_mm, clivus_tilt_deg
        Basion to the endocranial end of the SOS: distance, and angle above the horizontal.
    sos_length_mm, sos_tilt_deg
        Endocranial to ectocranial end: distance, and angle below the horizontal (towards the face).
    pneumatisation
        0: no sphenoid sinus; 1: the air reaches behind the sella.
    sinus_septa, mucosa
        Number of septa that cross the midline, and the share of the sinus filled with swollen mucosa.
    neck_tilt_deg, face_tilt_deg
        Turn of the spine and of the face against the cranial base, positive = face up / neck extended.
    adenoid_mm
        Thickness of the soft tissue under the sphenoid.
    brackets
        Whether there is metal on the front teeth.
    bone_density
        Scale of trabecular and cortical grey values above soft tissue.
    """

    size: Positive
    face_size: Positive
    basilar_length_mm: Positive
    clivus_tilt_deg: Finite
    sos_length_mm: Positive
    sos_tilt_deg: Finite
    pneumatisation: Fraction
    sinus_septa: Annotated[int, Field(ge=0, le=2)]
    mucosa: Fraction
    frontal_sinus: Fraction
    neck_tilt_deg: Finite
    face_tilt_deg: Finite
    adenoid_mm: Positive
    airway_width: Positive
    sella_depth_mm: Positive
    vault_thickness_mm: Positive
    overjet_mm: Finite
    bone_density: Positive
    trabecular_contrast: Positive
    septum_deviation_mm: Annotated[Finite, Field(ge=0)]
    brackets: bool


class Cartilage(_Frozen):
    """Shape of the SOS itself: the gap while it is open, the scar once it is closed."""

    gap_mm: Positive
    bow_mm: Finite
    waviness_mm: Annotated[Finite, Field(ge=0)]
    cartilage_value: Finite
    endplate_value: Finite
    scar_value: Finite
    scar_mm: Positive
    front_roughness: Annotated[Finite, Field(ge=0)]


class Scanner(_Frozen):
    """The machine: field of view, voxels and what they do to grey values.

    Attributes
    ----------
    voxel_mm, shape_kji
        Native voxel size and count; the box is centred on the patient origin of the series.
    cylinder
        Whether the field of view is a cylinder inscribed in the box (outside it: the value of air).
    blur_mm
        Standard deviation of the point spread.
    noise_value, noise_grain
        Standard deviation of the noise after interpolation, and its share with a grain of some voxels.
    gain, offset
        Grey value = gain · (value + 1000) − 1000 + offset.
    cupping
        Relative drop of grey values at the centre of the field.
    banding_value
        Standard deviation of the streaks across rows near the teeth.
    """

    voxel_mm: Positive
    shape_kji: tuple[Annotated[int, Field(ge=8)], Annotated[int, Field(ge=8)], Annotated[int, Field(ge=8)]]
    cylinder: bool
    chin_rest: bool
    head_rest: bool
    blur_mm: Positive
    noise_value: Annotated[Finite, Field(ge=0)]
    noise_grain: Fraction
    gain: Positive
    offset: Finite
    cupping: Finite
    banding_value: Annotated[Finite, Field(ge=0)]

    @property
    def size_lps_mm(self) -> tuple[float, float, float]:
        """Distance between the outermost voxel centres along L, P and S."""
        k, j, i = self.shape_kji
        return (i - 1) * self.voxel_mm, (j - 1) * self.voxel_mm, (k - 1) * self.voxel_mm


class PhantomParameters(_Frozen):
    """One head in one scanner. Equal parameters give equal pixels.

    Attributes
    ----------
    seed
        Source of everything random that has no number of its own here: textures, wobbles, noise.
    maturity
        Latent fusion, 0 … 1; `stage` is where it lies between `STAGE_THRESHOLDS`.
    pose
        The true orientation: centre of the basilar part in patient space, and the three angles.
    """

    seed: Annotated[int, Field(ge=0)]
    stage: Annotated[int, Field(ge=1, le=5)]
    maturity: Fraction
    age_years: Positive
    sex: Sex
    anatomy: Anatomy
    cartilage: Cartilage
    scanner: Scanner
    pose: Orientation


def stage_of(maturity: float) -> int:
    """Stage 1 … 5 of a latent maturity; values beyond 0 … 1 count as the ends."""
    return 1 + sum(maturity >= threshold for threshold in STAGE_THRESHOLDS[1:-1])


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
        Scale of the pose spread (±8° roll and yaw, ±15° pitch, ±15 mm); 0 = straight and centred.

    Raises
    ------
    BadInputError
        ``phantom.bad_stage``.
    """
    weights = np.asarray(PAPER_STAGE_COUNTS, dtype=np.float64)
    drawn = int(rng.choice(5, p=weights / weights.sum())) + 1
    stage = drawn if stage is None else stage
    if not 1 <= stage <= 5:
        raise BadInputError("phantom.bad_stage", stage=stage)
    seed = int(rng.integers(2**31))
    drawn_sex: Sex = ("female", "male", "unknown")[int(rng.choice(3, p=np.array([370, 260, 93]) / 723))]
    sex = drawn_sex if sex is None else sex
    low, high = STAGE_THRESHOLDS[stage - 1 : stage + 1]
    maturity = min(low + (high - low) * float(rng.beta(*_WITHIN_STAGE[stage - 1])), math.nextafter(high, 0.0))
    age = _draw_age(rng, stage, sex)
    anatomy = _draw_anatomy(rng, age, sex)
    return PhantomParameters(
        seed=seed,
        stage=stage,
        maturity=maturity,
        age_years=age,
        sex=sex,
        anatomy=anatomy,
        cartilage=_draw_cartilage(rng),
        scanner=_draw_scanner(rng, brackets=anatomy.brackets),
        pose=_draw_pose(rng, pose_scale),
    )


def _clipped(rng: np.random.Generator, mean: float, sd: float, low: float, high: float) -> float:
    return float(np.clip(rng.normal(mean, sd), low, high))


def _draw_age(rng: np.random.Generator, stage: int, sex: Sex) -> float:
    """Age in years with one decimal; the last stage has the long tail of grown-ups."""
    mean, sd = _STAGE_AGE_YEARS[stage - 1]
    low, high = _AGE_LIMITS_YEARS[stage - 1]
    later = _BOYS_LATER_YEARS if sex == "male" else 0.0
    age = low + rng.gamma(1.1, (mean - low) / 1.1) + later if stage == 5 else rng.normal(mean + later, sd)
    return round(float(np.clip(age, low, high)), 1)


def _draw_anatomy(rng: np.random.Generator, age_years: float, sex: Sex) -> Anatomy:
    """Growth is a saturating curve of age; boys end 4 % larger."""
    grown = 1.0 - math.exp(-(min(age_years, 20.0) - 1.0) / 5.5)
    size = (0.82 + 0.18 * grown) * (1.0 + (0.04 * grown if sex == "male" else 0.0)) * _clipped(rng, 1.0, 0.03, 0.92, 1.08)
    pneumatisation = _clipped(rng, 0.30 + 0.38 * grown, 0.20, 0.0, 1.0)
    return Anatomy(
        size=size,
        face_size=(0.80 + 0.20 * grown) * _clipped(rng, 1.0, 0.03, 0.92, 1.08),
        basilar_length_mm=25.0 * size * _clipped(rng, 1.0, 0.06, 0.85, 1.15),
        clivus_tilt_deg=_clipped(rng, 68.0, 5.0, 55.0, 80.0),
        sos_length_mm=15.0 * size * _clipped(rng, 1.0, 0.09, 0.78, 1.25),
        sos_tilt_deg=_clipped(rng, 41.0, 6.0, 25.0, 57.0),
        pneumatisation=pneumatisation,
        sinus_septa=int(rng.choice(3, p=[0.35, 0.45, 0.2])),
        mucosa=float(rng.uniform(0.15, 0.6)) if rng.random() < 0.25 else 0.0,
        frontal_sinus=_clipped(rng, 0.05 + 0.75 * grown, 0.25, 0.0, 1.0),
        neck_tilt_deg=_clipped(rng, 0.0, 7.0, -15.0, 15.0),
        face_tilt_deg=_clipped(rng, 0.0, 2.5, -6.0, 6.0),
        adenoid_mm=_clipped(rng, 13.0 - 5.0 * grown, 3.0, 3.0, 16.0),
        airway_width=_clipped(rng, 1.0, 0.25, 0.5, 1.6),
        sella_depth_mm=_clipped(rng, 8.0, 1.1, 5.5, 10.5),
        vault_thickness_mm=_clipped(rng, 4.6 + 2.0 * grown, 0.9, 3.5, 9.0),
        overjet_mm=_clipped(rng, 3.0, 1.8, -2.0, 8.0),
        bone_density=_clipped(rng, 0.82 + 0.18 * grown, 0.10, 0.6, 1.3),
        trabecular_contrast=_clipped(rng, 1.0, 0.25, 0.5, 1.7),
        septum_deviation_mm=_clipped(rng, 2.2, 1.0, 0.5, 5.0),
        brackets=bool(rng.random() < (0.25 if 9.0 < age_years < 18.0 else 0.04)),
    )


def _draw_cartilage(rng: np.random.Generator) -> Cartilage:
    return Cartilage(
        gap_mm=_clipped(rng, 2.0, 0.35, 1.3, 2.9),
        bow_mm=_clipped(rng, 0.3, 0.9, -1.8, 2.2),
        waviness_mm=_clipped(rng, 0.45, 0.18, 0.1, 0.9),
        cartilage_value=_clipped(rng, 95.0, 30.0, 30.0, 170.0),
        endplate_value=_clipped(rng, 190.0, 70.0, 40.0, 360.0),
        scar_value=_clipped(rng, 430.0, 100.0, 230.0, 680.0),
        scar_mm=_clipped(rng, 1.0, 0.2, 0.6, 1.5),
        front_roughness=_clipped(rng, 0.07, 0.03, 0.02, 0.14),
    )


def _draw_scanner(rng: np.random.Generator, *, brackets: bool) -> Scanner:
    """Extended fields of view (the study's) twice as often as cut-off ones."""
    voxel = float(rng.choice([0.25, 0.3, 0.3, 0.4, 0.4]))
    extended = rng.random() < 0.67
    depth = rng.uniform(205.0, 232.0) if extended else rng.uniform(155.0, 185.0)
    height = rng.uniform(150.0, 180.0) if extended else rng.uniform(118.0, 140.0)
    # A cylinder is as wide as it is deep; a box is cut to the width of a head.
    cylinder = bool(rng.random() < 0.35)
    width = depth if cylinder else rng.uniform(150.0, 170.0)
    shape = tuple(max(8, round(side / voxel)) for side in (height, depth, width))
    return Scanner(
        voxel_mm=voxel,
        shape_kji=(shape[0], shape[1], shape[2]),
        cylinder=cylinder,
        chin_rest=bool(rng.random() < 0.5),
        head_rest=bool(rng.random() < 0.4),
        blur_mm=_clipped(rng, 0.30, 0.07, 0.18, 0.50),
        noise_value=float(np.clip(rng.lognormal(math.log(75.0), 0.33), 38.0, 145.0)),
        noise_grain=_clipped(rng, 0.85, 0.08, 0.6, 0.97),
        gain=_clipped(rng, 1.0, 0.08, 0.8, 1.25),
        offset=_clipped(rng, 0.0, 50.0, -130.0, 130.0),
        cupping=_clipped(rng, 0.03, 0.04, -0.05, 0.13),
        banding_value=abs(float(rng.normal(0.0, 30.0))) + (float(rng.uniform(60.0, 220.0)) if brackets else 0.0),
    )


# Where the middle of the basilar part lies in the box of an extended field of view, LPS mm from the middle of the box.
_MEAN_CENTER_LPS_MM = (0.0, 14.0, 12.0)


def _draw_pose(rng: np.random.Generator, scale: float) -> Orientation:
    """Truncated normal spreads: half of the limit is one standard deviation."""

    def spread(limit: float) -> float:
        return scale * _clipped(rng, 0.0, limit / 2, -limit, limit)

    roll, yaw, pitch = spread(8.0), spread(8.0), spread(15.0)
    x, y, z = (mean + spread(15.0) for mean in _MEAN_CENTER_LPS_MM)
    return Orientation((x, y, z), roll, yaw, pitch)
