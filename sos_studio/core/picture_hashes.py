"""A short description of a picture's look by which nearly alike pictures are found, whatever their size, brightness or file format.

A difference hash (Krawetz, *Kind of like that*, 2013) of 16 x 16 steps to the right and as many down: each bit says on which side of a
step the picture is brighter. 512 bits, because all midsagittal slices look alike: the usual 64 don't tell two heads apart.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

SIDE = 16
BITS = 2 * SIDE * SIDE
# Less is noise of air, which compression changes.
STEP = 1.0
# Measured (ADR on importing): the same picture cut, scaled, brightened or compressed again stays below, other heads above.
NEAR_BITS = 80


def picture_hash(image_vu: npt.NDArray[np.uint8]) -> str:
    """The hash of a grey picture (v, u), as 128 hexadecimal digits."""
    return picture_hashes(image_vu)[0]


def picture_hashes(image_vu: npt.NDArray[np.uint8]) -> tuple[str, str]:
    """The hash of a grey picture, and of the same picture facing the other way."""
    small = _small(image_vu)
    return _hash(small), _hash(small[:, ::-1])


def _hash(small_vu: npt.NDArray[np.float64]) -> str:
    return np.packbits(_bits(small_vu)).tobytes().hex()


def distances(hashes: npt.NDArray[np.uint64], others: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint16]:
    """In how many bits each of the hashes (n, 8) differs from each of the others (m, 8); shape (n, m)."""
    shape = (len(hashes), len(others))
    total = np.zeros(shape, dtype=np.uint16)
    differing, bits = np.empty(shape, dtype=np.uint64), np.empty(shape, dtype=np.uint8)
    for word in range(hashes.shape[1]):
        np.bitwise_xor(hashes[:, word, None], others[None, :, word], out=differing)
        total += np.bitwise_count(differing, out=bits)
    return total


def words(hashes: list[str]) -> npt.NDArray[np.uint64]:
    """Hashes as rows of eight 64-bit words, for `distances`."""
    if not hashes:
        return np.zeros((0, BITS // 64), dtype=np.uint64)
    return np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint64).reshape(len(hashes), BITS // 64)


def _bits(small_vu: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    right = small_vu[:SIDE, 1:] > small_vu[:SIDE, :-1] + STEP
    down = small_vu[1:, :SIDE] > small_vu[:-1, :SIDE] + STEP
    return np.concatenate((right.ravel(), down.ravel()))


def _small(image_vu: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """17 x 17 means of areas that cover the picture: exact for every size."""
    count = SIDE + 1
    return _area_means(_area_means(image_vu, count).T, count).T


def _area_means(values: npt.NDArray[np.uint8 | np.float64], count: int) -> npt.NDArray[np.float64]:
    """Means over `count` equal parts along the first axis; parts may begin between samples."""
    at = np.linspace(0.0, len(values), count + 1)
    low = np.minimum(at.astype(int), len(values) - 1)
    # Part by part, and bytes as whole numbers: a running sum of all rows takes fifty times as long, which ten thousand pictures feel.
    kind = np.uint32 if values.dtype == np.uint8 else np.float64
    parts = [values[start:stop].sum(axis=0, dtype=kind) for start, stop in pairwise(low)]
    sums = np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(parts, axis=0, dtype=np.float64)))
    inside = sums + (at - low)[:, None] * values[low]
    means: npt.NDArray[np.float64] = np.diff(inside, axis=0) / (len(values) / count)
    return means
