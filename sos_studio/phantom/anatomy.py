"""The parts of one head in painting order."""

from __future__ import annotations

import numpy as np

from sos_studio.phantom.jaws import jaws
from sos_studio.phantom.landmarks import Frame, make_frame
from sos_studio.phantom.nose import nasal_bones
from sos_studio.phantom.parameters import PhantomParameters
from sos_studio.phantom.parts import Part
from sos_studio.phantom.skull import beside_the_midline, clinoids, frontal_cell, lateral_extras, midline_base, vault
from sos_studio.phantom.soft_tissue import soft_tissue
from sos_studio.phantom.spine import spine


def build_parts(parameters: PhantomParameters) -> tuple[list[Part], Frame]:
    """All parts of one head in painting order, and its frame."""
    frame = make_frame(parameters.anatomy, parameters.seed)
    # Each group has its own stream, so that a change in one leaves the others as they are.
    streams = [np.random.default_rng((parameters.seed, 72, n)) for n in range(6)]
    parts = [
        *soft_tissue(frame, streams[0]),
        *beside_the_midline(frame),
        *nasal_bones(frame),
        *vault(frame, streams[1]),
        *frontal_cell(frame, streams[5]),
        *midline_base(frame, streams[2]),
        *jaws(frame, streams[3]),
        *spine(frame, streams[4]),
        *clinoids(frame),
        *lateral_extras(frame),
    ]
    return parts, frame
