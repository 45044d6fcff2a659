"""What one phantom is: every size, angle and setting.

Lengths are millimetres and angles degrees of the head frame (L, P, S); grey values look like Hounsfield units but, as in CBCT, are
not calibrated.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from sos_studio.core.geometry import Orientation
from sos_studio.core.roi import Finite

Sex = Literal["female", "male", "unknown"]
Positive = Annotated[Finite, Field(gt=0)]
Fraction = Annotated[Finite, Field(ge=0, le=1)]

# Cases per stage of the paper's final set.
PAPER_STAGE_COUNTS: tuple[int, ...] = (158, 88, 92, 124, 252)
# Maturity runs 0 … 1; stage n lies between thresholds n − 1 and n. Fusion and scar follow from it in `synchondrosis`.
STAGE_THRESHOLDS: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


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
    grown
        How far growth has come: 0 at birth, 1 in grown-ups; decides the shape of vertebrae, sinuses and adenoids.
    upper_cortex
        Thickness and grey value of the cortex of the sphenoid body, relative to the basilar part's.
    marrow_value
        How much brighter cancellous bone is than soft tissue, before `bone_density`.
    lining_mm, cell_mm
        Mucosa on the walls of sinuses, and size of the ethmoid cells.
    septum_shift_mm, meatus_mm
        How far the nasal septum lies from the midline, and the gap between it and the turbinates.
    tooth_shift_mm
        Where the gap between the middle incisors lies from the midline.
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
    sinus_septa: Annotated[int, Field(ge=0, le=3)]
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
    septum_shift_mm: Finite
    meatus_mm: Positive
    lining_mm: Annotated[Finite, Field(ge=0)]
    cell_mm: Positive
    tooth_shift_mm: Finite
    grown: Fraction
    upper_cortex: Positive
    marrow_value: Positive
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
    noise_value
        Standard deviation of the noise in the brain, in grey values before `gain`.
    noise_sigma_mm, noise_rows_mm
        Blur (standard deviation) of that noise within and across the scanner's slices: its power spectrum is Gaussian.
    scatter
        Share by which scattered rays lift the air inside of the head towards soft tissue.
    gain, offset, bone_gain
        Grey value = gain · (value + 1000) − 1000 + offset, after what exceeds soft tissue has been multiplied by `bone_gain`: machines
        differ in how they render bone.
    shading
        Relative unevenness of the field.
    cupping
        Relative drop of grey values at the centre of the field.
    haze_value
        Grey values of the shadows in the air around the head.
    banding_value
        Standard deviation of the streaks across rows.
    margin_mm, edge_glow
        Height of the empty bowl at the top and the bottom of the field, and how much brighter the field becomes towards its borders.
    streak_value
        Amplitude of the rays around metal, if there is any.
    marker_stage
        Stage that a bead in the air tells by its height (`easy`); 0 = no bead.
    motion_share, motion_mm
        For how much of the scan the head lay elsewhere, and how far.
    """

    voxel_mm: Positive
    shape_kji: tuple[Annotated[int, Field(ge=8)], Annotated[int, Field(ge=8)], Annotated[int, Field(ge=8)]]
    cylinder: bool
    chin_rest: bool
    head_rest: bool
    blur_mm: Positive
    noise_value: Annotated[Finite, Field(ge=0)]
    noise_sigma_mm: Positive
    noise_rows_mm: Positive
    scatter: Fraction
    gain: Positive
    bone_gain: Positive
    shading: Annotated[Finite, Field(ge=0)]
    offset: Finite
    cupping: Finite
    haze_value: Annotated[Finite, Field(ge=0)]
    banding_value: Annotated[Finite, Field(ge=0)]
    margin_mm: Annotated[Finite, Field(ge=0)]
    edge_glow: Annotated[Finite, Field(ge=0)]
    streak_value: Annotated[Finite, Field(ge=0)]
    motion_share: Fraction
    motion_mm: tuple[Finite, Finite]
    marker_stage: Annotated[int, Field(ge=0, le=5)] = 0

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
    maturity: Fraction
    age_years: Positive
    sex: Sex
    anatomy: Anatomy
    cartilage: Cartilage
    scanner: Scanner
    pose: Orientation

    @property
    def stage(self) -> int:
        """1 … 5: where `maturity` lies between `STAGE_THRESHOLDS`."""
        return stage_of(self.maturity)


def stage_of(maturity: float) -> int:
    """Stage 1 … 5 of a latent maturity; values beyond 0 … 1 count as the ends."""
    return 1 + sum(maturity >= threshold for threshold in STAGE_THRESHOLDS[1:-1])
