"""Plain slices straight from their files into the volume: one system call fills a slice, two looks at its values prove it right.

Nothing is decided here about what a number means. A slice for which anything is left to decide (another size of pixel, bits without
a meaning, values that leave 16 bits, a file that ends early) is refused, and the careful path of `dicom_read` reads it or says what is
wrong with it.
"""

from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.imaging.dicom_headers import EXPLICIT, IMPLICIT, ImageSlice

_INT16 = np.iinfo(np.int16)


def is_plain(image: ImageSlice) -> bool:
    """Whether a slice's header leaves nothing to do but to add a whole number to 16-bit pixels that lie in the file as they are."""
    layout = image.layout
    return (
        sys.byteorder == "little"
        and layout.transfer_syntax in (EXPLICIT, IMPLICIT)
        and layout.bits_allocated == 16
        and layout.high_bit == layout.bits_stored - 1
        and layout.samples == 1
        and layout.photometric == "MONOCHROME2"
        and layout.length is not None
        and layout.length >= (image.frame + 1) * layout.frame_bytes
        and layout.offset > 0
        and image.lut is None
        and image.high_padding is None
        and image.slope == 1.0
        and image.intercept == int(image.intercept)
        and abs(image.intercept) < 1 << 16
    )


def read_plain(image: ImageSlice, plane_ji: npt.NDArray[Any]) -> tuple[int, int] | None:
    """Fill a plane of the volume with a slice's values.

    Parameters
    ----------
    image
        Any slice.
    plane_ji
        int16, C-contiguous, rows x columns of the slice.

    Returns
    -------
    Lowest and highest value; None if the slice needs the careful path. The plane holds anything then.
    """
    if not is_plain(image) or not _filled(image, plane_ji):
        return None
    layout, intercept = image.layout, int(image.intercept)
    stored = plane_ji if layout.signed else plane_ji.view(np.uint16)
    low, high = int(stored.min()), int(stored.max())
    # Numbers within these hold nothing in their unused bits, and their sign is that of all 16.
    ends = (-(1 << layout.bits_stored - 1), (1 << layout.bits_stored - 1) - 1) if layout.signed else (0, (1 << layout.bits_stored) - 1)
    if low < ends[0] or high > ends[1] or low + intercept < _INT16.min or high + intercept > _INT16.max:
        return None
    if intercept:
        # Wraps around in 16 bits and comes out right, because both ends fit.
        plane_ji += np.array(intercept).astype(np.int16)
    return low + intercept, high + intercept


def _filled(image: ImageSlice, plane_ji: npt.NDArray[Any]) -> bool:
    target = memoryview(plane_ji.data).cast("B")
    try:
        with io.FileIO(image.file) as stream:
            stream.seek(image.layout.offset + image.frame * image.layout.frame_bytes)
            done = 0
            while done < len(target):
                got = stream.readinto(target[done:])
                if not got:
                    return False
                done += got
    except OSError:
        return False
    return True
