"""Where things are: the mean midsagittal profile, and how one head's differs from it.

Numbers are (a, s) millimetres of a grown-up: towards the face and towards the vertex from the middle of the basilar part.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from sos_studio.phantom.outlines import turned
from sos_studio.phantom.parameters import Anatomy

FloatArray = npt.NDArray[np.float64]
Point = tuple[float, float]
Points = list[Point]

# Mean ends of the basilar part, and the middle of its front (the SOS), from which the sphenoid and the face are placed.
_MEAN_BASION: Point = (-8.9, -10.7)
_MEAN_SOS: Point = (4.8, 5.9)
_FACE_PIVOT: Point = (24.0, 14.0)
_NECK_PIVOT: Point = (-13.0, -17.0)


@dataclass(frozen=True, eq=False)
class Frame:
    """Turns mean landmarks into one head's; also holds the exact ends of its SOS.

    Attributes
    ----------
    basion, endocranial, ectocranial
        (a, s) in the head frame, whose origin is the middle of the box around these three points (mid-height and mid-depth of the
        basilar part).
    """

    anatomy: Anatomy
    seed: int
    basion: Point
    endocranial: Point
    ectocranial: Point

    @property
    def sos_middle(self) -> Point:
        """Half way between the two ends."""
        return (self.endocranial[0] + self.ectocranial[0]) / 2, (self.endocranial[1] + self.ectocranial[1]) / 2

    def cranial(self, points: Points | FloatArray) -> FloatArray:
        """Vault: rides on the basion behind and on the sphenoid in front."""
        return self._wobbled(self._carried(np.asarray(points, dtype=np.float64) * self.anatomy.size))

    def sphenoid(self, points: Points | FloatArray) -> FloatArray:
        """Sphenoid body and what hangs on it: rides on the SOS."""
        size = self.anatomy.size
        return (np.asarray(points, dtype=np.float64) - _MEAN_SOS) * size + self.sos_middle

    def facial(self, points: Points | FloatArray) -> FloatArray:
        """Face: grown by its own size and turned against the base."""
        anatomy = self.anatomy
        p = np.asarray(points, dtype=np.float64)
        scaled = (p - _FACE_PIVOT) * anatomy.face_size + _FACE_PIVOT
        p = turned(scaled, anatomy.face_tilt_deg, _FACE_PIVOT)
        return self._wobbled(self._carried(p * anatomy.size))

    def cervical(self, points: Points | FloatArray) -> FloatArray:
        """Spine: rides on the basion and bends the more, the lower."""
        anatomy = self.anatomy
        p = np.asarray(points, dtype=np.float64)
        bend = anatomy.neck_tilt_deg * np.clip((_NECK_PIVOT[1] - p[:, 1]) / 45.0, 0.0, 1.6)
        bent = np.array([turned(q[None, :], float(b), _NECK_PIVOT)[0] for q, b in zip(p, bend, strict=True)])
        return self._wobbled(self._carried(bent * anatomy.size))

    def outer(self, points: Points | FloatArray) -> FloatArray:
        """Skin and airway: moves as the face in front, as the neck behind and below."""
        p = np.asarray(points, dtype=np.float64)
        share = _eased((p[:, 0:1] - 5.0) / 40.0)
        return share * self.facial(p) + (1.0 - share) * self.cervical(p)

    def _carried(self, p: FloatArray) -> FloatArray:
        """Shift by what the basilar part's own shape moves: its tip behind, its front in front."""
        size = self.anatomy.size
        behind = np.asarray(self.basion) - np.asarray(_MEAN_BASION) * size
        front = np.asarray(self.sos_middle) - np.asarray(_MEAN_SOS) * size
        share = _eased((p[:, 0:1] + 12.0) / 24.0)
        return p + (1.0 - share) * behind + share * front

    @cached_property
    def _waves(self) -> list[tuple[int, float, FloatArray, float]]:
        """Axis, amplitude, wave vector and phase of the individual displacement."""
        rng = np.random.default_rng((self.seed, 71))
        waves = []
        for axis in (0, 1):
            for wavelength_mm in (45.0, 80.0, 140.0):
                direction, phase = rng.uniform(0.0, 2.0 * math.pi, 2)
                vector = 2.0 * math.pi / wavelength_mm * np.array([math.cos(direction), math.sin(direction)])
                waves.append((axis, 0.010 * wavelength_mm * float(rng.normal()), vector, float(phase)))
        return waves

    def _wobbled(self, p: FloatArray) -> FloatArray:
        """A smooth individual displacement of about a millimetre."""
        moved = p.copy()
        for axis, amplitude, vector, phase in self._waves:
            moved[:, axis] += amplitude * np.sin(p @ vector + phase)
        return moved


def make_frame(anatomy: Anatomy, seed: int) -> Frame:
    """Lay out the basilar part and put the origin in the middle of it."""
    clivus, sos = math.radians(anatomy.clivus_tilt_deg), math.radians(anatomy.sos_tilt_deg)
    endocranial = anatomy.basilar_length_mm * np.array([math.cos(clivus), math.sin(clivus)])
    ectocranial = endocranial + anatomy.sos_length_mm * np.array([math.cos(sos), -math.sin(sos)])
    corners = np.array([[0.0, 0.0], endocranial, ectocranial])
    corners -= (corners.min(axis=0) + corners.max(axis=0)) / 2
    basion, endo, ecto = ((float(a), float(s)) for a, s in corners)
    return Frame(anatomy, seed, basion, endo, ecto)


def as_point(points: FloatArray) -> Point:
    """The only row of a 1 x 2 array as a point."""
    return float(points[0, 0]), float(points[0, 1])


def _eased(x: FloatArray) -> FloatArray:
    t = np.clip(x, 0.0, 1.0)
    eased: FloatArray = t * t * (3.0 - 2.0 * t)
    return eased
