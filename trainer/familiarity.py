"""Is a picture like those that a network learned from? A distance in feature space, and how far the network's own kind lies apart.

Features are the channel means of every stage of the network: early stages know noise and grey values, late ones shapes. They are far
more than cases, so their covariance is that of probabilistic principal components (Tipping and Bishop 1999): the strongest directions as
measured, one common variance for the rest; the distance is Mahalanobis' in it, as in Lee et al. 2018. Cases that nothing was fitted to
say how far the usual ones lie. Shape suffixes: N cases, D features, K components.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

LEVEL = 0.95
_MOST_COMPONENTS = 32
_CASES_PER_COMPONENT = 4
_LEAST_CASES = 8
_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class Familiarity:
    """What is stored beside a network.

    Attributes
    ----------
    mean_D, spread_D
        Of the features of the cases that were fitted to.
    basis_KD, variance_K
        Orthonormal directions of the standardised features, and their variances.
    rest
        Variance of each remaining direction.
    threshold
        At most so far lie 95 % of the network's own kind.
    cases
        How many cases that nothing was fitted to the threshold comes from.
    """

    mean_D: FloatArray
    spread_D: FloatArray
    basis_KD: FloatArray
    variance_K: FloatArray
    rest: float
    threshold: float
    cases: int

    def distance(self, features_ND: npt.NDArray[np.floating]) -> FloatArray:
        """Mahalanobis distance of each case, divided by √D: about 1 for a case that was fitted to."""
        z_ND = (np.asarray(features_ND, dtype=np.float64) - self.mean_D) / self.spread_D
        along_NK = z_ND @ self.basis_KD.T
        beside_N = np.maximum((z_ND**2).sum(axis=1) - (along_NK**2).sum(axis=1), 0.0)
        squared: FloatArray = (along_NK**2 / self.variance_K).sum(axis=1) + beside_N / self.rest
        distance: FloatArray = np.sqrt(squared / z_ND.shape[1])
        return distance

    def tensors(self) -> dict[str, npt.NDArray[np.float32]]:
        """For a safetensors file; the numbers stand on the card."""
        return {
            name: np.ascontiguousarray(getattr(self, name), dtype=np.float32) for name in ("mean_D", "spread_D", "basis_KD", "variance_K")
        }

    def figures(self) -> dict[str, float | int]:
        """For the card."""
        return {"rest": self.rest, "threshold": self.threshold, "cases": self.cases, "level": LEVEL}


def fit_familiarity(fitted_ND: npt.NDArray[np.floating], judges_ND: npt.NDArray[np.floating]) -> Familiarity | None:
    """From the features of the cases that were fitted to and of those that were not; None if there are too few for a distance.

    The threshold is the ⌈(n + 1) · 0.95⌉-th smallest distance of the judges, of fewer than 19 the largest.
    """
    if len(fitted_ND) < _LEAST_CASES or len(judges_ND) == 0:
        return None
    fitted = np.asarray(fitted_ND, dtype=np.float64)
    cases, features = fitted.shape
    mean_D, spread_D = fitted.mean(axis=0), fitted.std(axis=0)
    # A feature that is always the same must not turn rounding into distance.
    spread_D = np.maximum(spread_D, max(_TINY, float(np.median(spread_D)) * 1e-3))
    _, singular, directions = np.linalg.svd((fitted - mean_D) / spread_D, full_matrices=False)
    variance = singular**2 / (cases - 1)
    kept = min(max(cases // _CASES_PER_COMPONENT, 1), _MOST_COMPONENTS, features - 1)
    rest = max(float(variance[kept:].sum()) / (features - kept), _TINY)
    found = Familiarity(mean_D, spread_D, directions[:kept], np.maximum(variance[:kept], rest), rest, math.inf, len(judges_ND))
    distances = np.sort(found.distance(judges_ND))
    rank = min(math.ceil((len(distances) + 1) * LEVEL - 1e-9), len(distances))
    return Familiarity(mean_D, spread_D, found.basis_KD, found.variance_K, rest, float(distances[rank - 1]), len(distances))
