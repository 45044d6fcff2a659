"""Codes of the structured reports that we write: standard ones where the standard has the concept, else our own (``99SOSSTUDIO``).

`resources/docs/dicom.md` lists them for readers of the files.
"""

from __future__ import annotations

from typing import NamedTuple

SCHEME = "99SOSSTUDIO"
SCHEME_NAME = "SOS Studio private codes"
SCHEME_VERSION = "1"


class ConceptCode(NamedTuple):
    """A coded concept as DICOM has it; `meaning` has at most 64 characters."""

    value: str
    scheme: str
    meaning: str


def own(value: str, meaning: str) -> ConceptCode:
    """One of our own."""
    return ConceptCode(value, SCHEME, meaning[:64])


SYNCHONDROSIS = own("SOS", "Spheno-occipital synchondrosis")
REPORT_TITLE = own("REPORT", "Reading of the spheno-occipital synchondrosis")
STAGE = own("STAGE", "Fusion stage of the spheno-occipital synchondrosis")
STAGING_SCHEME = own("SCHEME", "Staging scheme")
CONFIDENCE = own("CONFIDENCE", "Evaluator's confidence")
AMBIGUOUS = own("AMBIGUOUS", "Called ambiguous by the evaluator")
SHOWN = own("SHOWN", "What was shown to the evaluator")
AI_SEEN = own("AI-SEEN", "Prediction of a network shown before the reading")
BLINDED = own("BLINDED", "Other readings, predictions and patient hidden")
SOURCE = own("SOURCE", "Origin of the reading")
INTENDED_USE = own("USE", "Intended use")
RESEARCH_ONLY = own("RESEARCH", "Research use only - not a medical device")

PREDICTED_STAGE = own("AI-STAGE", "Stage that a network predicts")
STAGE_SET_FIRST = own("AI-SET-FIRST", "First stage of the network's stage set")
STAGE_SET_LAST = own("AI-SET-LAST", "Last stage of the network's stage set")
UNSURE = own("AI-UNSURE", "No stage stands out: the most likely one is no answer")
UNLIKE = own("AI-UNLIKE", "Picture unlike the network's training data")
PHANTOM_TRAINED = own("AI-PHANTOM", "Network trained on phantoms, not on patients")
FROM_SCRATCH = own("AI-SCRATCH", "Network trained without learned starting weights")

YES = ConceptCode("373066001", "SCT", "Yes")
NO = ConceptCode("373067005", "SCT", "No")
COMPUTED_TOMOGRAPHY = ConceptCode("77477000", "SCT", "Computed Tomography")
IMAGING_PROCEDURE = ConceptCode("363679005", "SCT", "Imaging procedure")
BASIC_PROFILE = ConceptCode("113100", "DCM", "Basic Application Confidentiality Profile")
KEPT_CHARACTERISTICS = ConceptCode("113108", "DCM", "Retain Patient Characteristics Option")
COMMENT = ConceptCode("121106", "DCM", "Comment")

# Values of the concepts above, by the codes that the dataset has for them.
SHOWN_VALUES = {
    "crop": own("SHOWN-CROP", "Crop alone"),
    "full_image": own("SHOWN-FULL", "Full image alone"),
    "crop_and_full_image": own("SHOWN-BOTH", "Crop and full image"),
}
CONFIDENCE_VALUES = {
    "low": own("CONF-LOW", "Low confidence"),
    "medium": own("CONF-MEDIUM", "Medium confidence"),
    "high": own("CONF-HIGH", "High confidence"),
}
SOURCE_VALUES = {
    "expert": own("SRC-EXPERT", "Read here by a person"),
    "imported": own("SRC-IMPORTED", "Taken over from a table"),
    "phantom": own("SRC-PHANTOM", "Simulated reading of a synthetic case"),
    "adjudication": own("SRC-ADJUDICATION", "Decided by an adjudicator who saw all readings"),
}


def stage_value(scheme_id: str, stage: int, words: str) -> ConceptCode:
    """The code of a stage, such as ``BASSED-5.3``."""
    return own(f"{scheme_id.upper()}.{stage}", f"Stage {stage}: {words}")


def probability_of(stage: int) -> ConceptCode:
    """The concept of a stage's probability."""
    return own(f"AI-P{stage}", f"Probability of stage {stage} by the network")


def scheme_value(scheme_id: str) -> ConceptCode:
    """The code of a staging scheme."""
    return own(scheme_id.upper(), f"Staging scheme {scheme_id}")


def yes_no(value: bool) -> ConceptCode:
    """SNOMED CT's words for it."""
    return YES if value else NO


def own_codes() -> list[ConceptCode]:
    """Ours, without stages and schemes."""
    concepts = (SYNCHONDROSIS, REPORT_TITLE, STAGE, STAGING_SCHEME, CONFIDENCE, AMBIGUOUS, SHOWN, AI_SEEN, BLINDED, SOURCE, INTENDED_USE)
    predicted = (PREDICTED_STAGE, STAGE_SET_FIRST, STAGE_SET_LAST, UNSURE, UNLIKE, PHANTOM_TRAINED, FROM_SCRATCH)
    values = (*SHOWN_VALUES.values(), *CONFIDENCE_VALUES.values(), *SOURCE_VALUES.values(), RESEARCH_ONLY)
    return [*concepts, *predicted, *values, *(probability_of(n) for n in range(1, 6))]
