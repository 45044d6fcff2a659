# ruff: noqa: PLR0917 - compiled functions take plain numbers, and numba passes by position fastest.
"""The compiled walk of `sos_studio.imaging.jpeg_checks` through a JPEG's data; imported lazily, because numba is slow to import."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

_END, _NONE = 64, 99
# What a file system puts in the place of what it lost, zeros, reads as blocks whose coefficients are all coded alike; no picture has such.
_MOST_ALIKE = 40
_LONGEST_DC, _LONGEST_AC = 11, 10  # bits of a value with 8 bits a sample, ITU-T T.81 F.1.2


@njit(cache=True, nogil=True)
def _more(data: npt.NDArray[np.uint8], place: int, held: np.uint64, count: int) -> tuple[int, np.uint64, int]:
    """More bits, up to the next marker: those that are held, the next one highest of `count`, and the place behind them."""
    while count <= 40 and place < len(data):
        byte = data[place]
        if byte == 0xFF:
            if place + 1 >= len(data) or data[place + 1] != 0:
                break
            place += 1  # a zero is stuffed in behind
        place += 1
        held = (held << np.uint64(8)) | np.uint64(byte)
        count += 8
    return place, held, count


@njit(cache=True, nogil=True)
def _after(k: int, run: int, size: int) -> int:
    """Number of the coefficient behind one of `size` bits that follows `run` zeros; 64 ends a block, more is none."""
    if k == 0:
        return 1 if run == 0 and size <= _LONGEST_DC else _NONE
    if size == 0 and run == 0:
        return _END
    if size > _LONGEST_AC or (size == 0 and run != 15):
        return _NONE
    return k + run + 1


@njit(cache=True, nogil=True)
def walk(
    data: npt.NDArray[np.uint8],
    place: int,
    codes: npt.NDArray[np.uint16],
    dc_of: npt.NDArray[np.int64],
    ac_of: npt.NDArray[np.int64],
    units: int,
    interval: int,
) -> bool:
    """Whether the data hold exactly as many blocks as the picture has, in codes that there are.

    Parameters
    ----------
    data, place
        The file's bytes, and where the entropy-coded data begin.
    codes
        By table and the next 16 bits: length of the code times 256 plus its value; 0 where there is none.
    dc_of, ac_of
        Tables of each block of a unit (MCU).
    units
        How many units the picture has.
    interval
        Units between restart markers; 0: none.
    """
    held, count = np.uint64(0), 0
    expected = 0  # number of the next restart marker
    last, alike = codes[0, 0], 0
    for unit in range(units):
        if interval and unit and unit % interval == 0:
            # Less than a byte of padding, and the marker whose turn it is.
            if count >= 8 or place + 1 >= len(data) or data[place] != 0xFF or data[place + 1] != 0xD0 + expected:
                return False
            place, held, count, expected = place + 2, np.uint64(0), 0, (expected + 1) % 8
        for block in range(len(dc_of)):
            k = 0
            while k < _END:
                place, held, count = _more(data, place, held, count)
                ahead = held << np.uint64(16 - count) if count < 16 else held >> np.uint64(count - 16)
                found = codes[dc_of[block] if k == 0 else ac_of[block], ahead & np.uint64(0xFFFF)]
                used = (found >> 8) + (found & 15)
                alike = alike + 1 if k and found == last else 0
                last = found
                k = _after(k, (found >> 4) & 15, found & 15)
                if found >> 8 == 0 or used > count or k > _END or alike > _MOST_ALIKE:
                    return False
                count -= used
                held &= (np.uint64(1) << np.uint64(count)) - np.uint64(1)
    return count < 8 and place + 1 < len(data) and data[place] == 0xFF and data[place + 1] != 0
