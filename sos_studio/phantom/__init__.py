"""A synthetic head with a spheno-occipital synchondrosis of known stage: drawn from a seed, rendered as captures or scans.

`draw_cohort` makes a study, `render_midsagittal` its captures, `render_volume` its scans, `truth_of` says what is known of one phantom.
Names are fetched when first used: rendering imports numba, which takes half a second.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from sos_studio.core.settings import user_data_dir

if TYPE_CHECKING:
    from sos_studio.phantom.cohort import EVALUATORS, PhantomCase, draw_cohort
    from sos_studio.phantom.drawing import draw_parameters
    from sos_studio.phantom.easy import made_easy
    from sos_studio.phantom.fields import values_at
    from sos_studio.phantom.parameters import PhantomParameters
    from sos_studio.phantom.render import MidsagittalRender, render_midsagittal, render_volume
    from sos_studio.phantom.truth import PhantomTruth, truth_of

if getattr(sys, "frozen", False):
    # A frozen program has no source files for numba to cache beside; numba reads this when it is imported.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(user_data_dir() / "numba"))

__all__ = [
    "EVALUATORS",
    "MidsagittalRender",
    "PhantomCase",
    "PhantomParameters",
    "PhantomTruth",
    "draw_cohort",
    "draw_parameters",
    "made_easy",
    "render_midsagittal",
    "render_volume",
    "truth_of",
    "values_at",
]

_ROOM_OF = {
    "EVALUATORS": "cohort",
    "PhantomCase": "cohort",
    "draw_cohort": "cohort",
    "values_at": "fields",
    "PhantomParameters": "parameters",
    "draw_parameters": "drawing",
    "made_easy": "easy",
    "MidsagittalRender": "render",
    "render_midsagittal": "render",
    "render_volume": "render",
    "PhantomTruth": "truth",
    "truth_of": "truth",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(name)
    return getattr(importlib.import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
