"""From age and sex to the latent maturity of the joint.

Maturity 0 … 1 is continuous; the five stages are thresholds on it (`parameters.STAGE_THRESHOLDS`). It follows a *biological age*: years
lived, less what this person is behind others, less what boys are behind girls. Mean ages per degree of fusion are those that CBCT
studies report: open 9.8 / 11.1, partly fused 11.7 / 13.0, mostly fused 13.3 / 14.4, fused 15.3 / 16.4 years in girls / boys aged 6-20
(Alhazmi et al. 2017, PMC5565182); a year or two earlier in another population (Hasani et al. 2022, doi 10.5812/iranjradiol-111729).
"""

from __future__ import annotations

import math

import numpy as np

from sos_studio.phantom.parameters import PAPER_STAGE_COUNTS, STAGE_THRESHOLDS, Sex, stage_of

# Biological age (years of an average girl) at which maturity passes these values; the scar goes on fading for years.
_MATURITY_AT = ((5.0, 0.0), (8.0, 0.05), (9.2, 0.12), (9.9, 0.2), (10.9, 0.4), (12.0, 0.6), (14.0, 0.8), (16.5, 0.92), (24.0, 1.0))
BOYS_LATER_YEARS = 1.4
TEMPO_SD_YEARS = 1.15
LOWEST_AGE, HIGHEST_AGE = 7.0, 68.0
# The paper: 260 men and boys, 370 women and girls, 93 unknown of 723.
PAPER_SEX_COUNTS: tuple[tuple[Sex, int], ...] = (("female", 370), ("male", 260), ("unknown", 93))
# Patients of an orthodontic clinic: most are children and adolescents, the rest grown-ups of all ages.
_GROWN_UPS = 0.26


def draw_age(rng: np.random.Generator) -> float:
    """Age in years, one decimal, of a patient of the clinic; 7 … 68 as in the paper."""
    while True:
        age = 18.0 + rng.gamma(1.3, 10.5) if rng.random() < _GROWN_UPS else rng.normal(11.6, 3.1)
        if LOWEST_AGE <= age <= HIGHEST_AGE:
            return round(float(age), 1)


def draw_sex(rng: np.random.Generator) -> Sex:
    """As often as in the paper."""
    counts = np.array([count for _, count in PAPER_SEX_COUNTS], dtype=np.float64)
    return PAPER_SEX_COUNTS[int(rng.choice(len(counts), p=counts / counts.sum()))][0]


def maturity_of(age_years: float, *, male: bool, tempo_years: float) -> float:
    """Latent maturity of one person.

    Parameters
    ----------
    tempo_years
        How much later than others this person matures.
    """
    biological = age_years - tempo_years - (BOYS_LATER_YEARS if male else 0.0)
    years, values = zip(*_MATURITY_AT, strict=True)
    return min(float(np.interp(biological, years, values)), math.nextafter(STAGE_THRESHOLDS[-1], 0.0))


def draw_person(rng: np.random.Generator, stage: int | None, sex: Sex | None) -> tuple[float, Sex, bool, float]:
    """Age, recorded sex, whether male, and maturity of a patient whose joint is in that stage.

    Patients are drawn from the clinic until one fits, so that ages and sexes belong to stages as nature has it. Without a stage, one
    is drawn as often as the paper's set has it.
    """
    shares = np.asarray(PAPER_STAGE_COUNTS, dtype=np.float64)
    drawn_stage = int(rng.choice(5, p=shares / shares.sum())) + 1
    drawn_sex = draw_sex(rng)
    sex = drawn_sex if sex is None else sex
    male = sex == "male" or (sex == "unknown" and rng.random() < 0.41)
    while True:
        age, tempo = draw_age(rng), TEMPO_SD_YEARS * float(rng.normal())
        maturity = maturity_of(age, male=male, tempo_years=tempo)
        if stage_of(maturity) == (drawn_stage if stage is None else stage):
            return age, sex, male, maturity
