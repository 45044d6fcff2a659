"""A whole study of phantoms: cases, who read them as what, and where the expert put plane and clicks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Orientation, Plane
from sos_studio.core.roi import Roi
from sos_studio.phantom.drawing import draw_parameters
from sos_studio.phantom.easy import made_easy
from sos_studio.phantom.maturity import PAPER_SEX_COUNTS
from sos_studio.phantom.parameters import PAPER_STAGE_COUNTS, PhantomParameters, Sex, stage_of
from sos_studio.phantom.truth import LpsPoint, PhantomTruth, truth_of, uv_of

HIGHEST_CASES = 20_000
EVALUATORS: tuple[str, ...] = ("orthodontist-1", "orthodontist-2", "radiologist")
# How far one reading of the maturity may lie from the truth (evenly spread): two evaluators of 97 cases then reach the paper's mean
# Cronbach's alpha of 0.945, and nobody is more than one stage off.
READING_REACH = 0.2
# How well an expert finds the plane and the ends of the SOS (standard deviations).
_ANGLE_SD_DEG = {Plane.CORONAL: 0.8, Plane.AXIAL: 0.8}
_MIDLINE_SD_MM = 0.4
_CLICK_SD_MM = 0.6


@dataclass(frozen=True)
class PhantomCase:
    """One phantom patient with one scan, as a study would know it.

    Attributes
    ----------
    patient
        Pseudonym.
    orientation
        The expert's orientation: the true one, a little off.
    clicked_lps_mm
        Where the expert clicked the endocranial and the ectocranial end.
    readings
        Stage that each evaluator read, by name of the evaluator.
    """

    parameters: PhantomParameters
    truth: PhantomTruth
    patient: str
    age_years: float
    sex: Sex
    orientation: Orientation
    clicked_lps_mm: tuple[LpsPoint, LpsPoint]
    readings: Mapping[str, int]

    def clicked_uv(self, lps_from_uv: npt.NDArray[np.float64]) -> tuple[tuple[float, float], tuple[float, float]]:
        """The two clicks in pixels of a capture of this case."""
        endocranial, ectocranial = self.clicked_lps_mm
        return uv_of(lps_from_uv, endocranial), uv_of(lps_from_uv, ectocranial)

    def clicked_roi(self, lps_from_uv: npt.NDArray[np.float64]) -> Roi:
        """The expert's frame on a capture of this case."""
        return Roi.from_ends(*self.clicked_uv(lps_from_uv))


def draw_cohort(cases: int, seed: int, *, pose_scale: float = 1.0, easy: bool = False, marker_tells: float = 1.0) -> list[PhantomCase]:
    """Draw a study; stages and sexes occur as often as in the paper's set, in random order. 714 cases are the paper's cohort.

    A case depends on the seed and its place alone once its stage and sex are given, so that a longer study begins differently but a
    repeated one is the same to the last pixel.

    Parameters
    ----------
    pose_scale
        Scale of the natural spread of poses; 2 = extreme.
    easy
        Large, clean joints, and a bright bead in front of the face whose height tells a stage: for tests of the trainer only (see
        `easy.made_easy`).
    marker_tells
        Share of the easy cases, 0 … 1, whose bead tells their own stage; the others' tells one that is drawn evenly from the five. At 0
        the bead says nothing. Joints and heads are the same for every share.

    Raises
    ------
    BadInputError
        ``phantom.bad_cases`` for fewer than 1 or more than `HIGHEST_CASES`.
    """
    if not 1 <= cases <= HIGHEST_CASES:
        raise BadInputError("phantom.bad_cases", cases=cases, highest=HIGHEST_CASES)
    stages = np.repeat(np.arange(1, 6), stage_counts(cases))
    np.random.default_rng((seed, 1)).shuffle(stages)
    sexes = np.repeat(np.arange(len(PAPER_SEX_COUNTS)), shared_out(cases, [count for _, count in PAPER_SEX_COUNTS]))
    np.random.default_rng((seed, 3)).shuffle(sexes)
    markers = np.random.default_rng((seed, 4))
    cohort = []
    for n, (stage, sex) in enumerate(zip(stages, sexes, strict=True)):
        rng = np.random.default_rng((seed, 2, n))
        parameters = draw_parameters(rng, int(stage), sex=PAPER_SEX_COUNTS[sex][0], pose_scale=pose_scale)
        if easy:
            tells, other = float(markers.random()) < marker_tells, int(markers.integers(1, 6))
            parameters = made_easy(parameters, marker_stage=None if tells else other)
        cohort.append(_case(rng, parameters, f"P{n + 1:04d}"))
    return cohort


def stage_counts(cases: int) -> list[int]:
    """How many cases of each stage: the paper's shares."""
    return shared_out(cases, PAPER_STAGE_COUNTS)


def shared_out(cases: int, counts: Sequence[int]) -> list[int]:
    """Cases in the proportion of counts, rounded so that they add up (largest remainders)."""
    shares = np.asarray(counts, dtype=np.float64) * cases / sum(counts)
    whole = np.floor(shares).astype(int)
    for n in np.argsort(whole - shares, kind="stable")[: cases - int(whole.sum())]:
        whole[n] += 1
    return [int(count) for count in whole]


def read_stage(rng: np.random.Generator, maturity: float) -> int:
    """The stage that an evaluator reads: the truth as seen through a noisy eye."""
    return stage_of(maturity + READING_REACH * float(rng.uniform(-1.0, 1.0)))


def _case(rng: np.random.Generator, parameters: PhantomParameters, patient: str) -> PhantomCase:
    known = truth_of(parameters)
    clicked = _clicked(rng, known)
    return PhantomCase(
        parameters=parameters,
        truth=known,
        patient=patient,
        age_years=parameters.age_years,
        sex=parameters.sex,
        orientation=expert_orientation(rng, parameters.pose),
        clicked_lps_mm=clicked,
        readings=MappingProxyType({name: read_stage(rng, parameters.maturity) for name in EVALUATORS}),
    )


def expert_orientation(rng: np.random.Generator, true: Orientation) -> Orientation:
    """The true orientation as an expert finds it: roll, yaw and midline a little off, pitch left as the head lay.

    The protocol fixes no pitch, and captures of the study are as upright as the scanner.
    """
    found = true
    for plane, sd in _ANGLE_SD_DEG.items():
        found = found.turned_about(plane, sd * float(rng.normal()))
    found = found.moved(Plane.SAGITTAL, _MIDLINE_SD_MM * float(rng.normal()))
    return replace(found, pitch_deg=0.0)


def _clicked(rng: np.random.Generator, known: PhantomTruth) -> tuple[LpsPoint, LpsPoint]:
    """The two ends with the hand's error within the midsagittal plane."""
    rotation = known.true_orientation.rotation
    points: list[LpsPoint] = []
    for end in (known.endocranial_lps_mm, known.ectocranial_lps_mm):
        error = rotation[:, 1:] @ (_CLICK_SD_MM * rng.normal(size=2))
        x, y, z = (float(e + d) for e, d in zip(end, error, strict=True))
        points.append((x, y, z))
    return points[0], points[1]
