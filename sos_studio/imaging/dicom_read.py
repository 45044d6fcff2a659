"""Pixels of a checked stack of slices: one preallocated volume, filled by several threads."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import psutil

from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.imaging.dicom_headers import ImageSlice
from sos_studio.imaging.dicom_pixels import read_stored
from sos_studio.imaging.fast_path import is_plain, read_plain
from sos_studio.imaging.geometry_checks import Stack

Progress = Callable[[float], None]
Cancelled = Callable[[], bool]
Coarse = Callable[[npt.NDArray[Any], int], None]

# Plain slices wait for the disk, which answers several questions at once; others keep a core busy each, and memory for a slice.
READERS = 4
DECODERS = max(2, min(8, os.cpu_count() or 2))
# Slices that take no time each are read several at a time: so many bytes, or so large a part of the whole.
BATCH_BYTES, FEWEST_BATCHES = 4 << 20, 20
# The first picture: no more slices than these, and none of it where the whole is there at once.
COARSE_SLICES, FEWEST_FOR_COARSE = 64, 16
INT16 = np.iinfo(np.int16)
# Left to the rest of the computer when a volume is allocated.
MEMORY_RESERVE_BYTES = 200_000_000


def warm_up() -> None:
    """Import what careful headers and compressed slices need; takes a quarter of a second, which nobody should wait for."""
    import imagecodecs  # noqa: F401
    import pydicom  # noqa: F401


def _is_integral(image: ImageSlice) -> bool:
    return image.slope == int(image.slope) and image.intercept == int(image.intercept)


def _fits_int16(low: int, high: int) -> bool:
    return low >= INT16.min and high <= INT16.max


def rescaled_int16(stored: npt.NDArray[Any], image: ImageSlice) -> npt.NDArray[np.int16] | None:
    """Values as int16; None if one does not fit.

    Padding (pixels outside the scanner's field) that falls below int16 after rescaling is set to its lowest number: it is
    not a measurement.
    """
    slope, intercept = int(image.slope), int(image.intercept)
    low, high = int(stored.min()), int(stored.max())
    ends = sorted((low * slope + intercept, high * slope + intercept))
    if _fits_int16(*ends):
        if slope == 1 and intercept == 0:
            return stored.astype(np.int16, copy=False)
        if stored.dtype.itemsize <= 2 and slope == 1:
            # Wraps around in 16 bits and comes out right, because both ends fit.
            return stored.astype(np.int16) + np.int16(np.array(intercept).astype(np.int16))
        return (stored.astype(np.int64) * slope + intercept).astype(np.int16)
    values = stored.astype(np.int64) * slope + intercept
    if image.padding is not None:
        beyond = (values < INT16.min) & (stored == image.padding)
        values[beyond] = INT16.min
    return values.astype(np.int16) if _fits_int16(int(values.min()), int(values.max())) else None


def _rescaled_float(stored: npt.NDArray[Any], image: ImageSlice) -> npt.NDArray[np.float32]:
    return (stored.astype(np.float64) * image.slope + image.intercept).astype(np.float32)


def read_values(image: ImageSlice) -> npt.NDArray[Any]:
    """Values of one slice: int16 if slope, intercept and range allow it, else float32."""
    stored = read_stored(image)
    values = rescaled_int16(stored, image) if _is_integral(image) else None
    return _rescaled_float(stored, image) if values is None else values


def _allocate(shape_kji: tuple[int, int, int], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """One array for the whole volume, refused while that is still possible."""
    needed = int(np.prod(shape_kji, dtype=np.int64)) * np.dtype(dtype).itemsize
    if needed + MEMORY_RESERVE_BYTES > psutil.virtual_memory().available:
        raise BadInputError("scan.too_large", gigabytes=round(needed / 1e9, 1))
    try:
        return np.empty(shape_kji, dtype=dtype)
    except MemoryError:
        raise BadInputError("scan.too_large", gigabytes=round(needed / 1e9, 1)) from None


def _batches(order: Sequence[int], size: int) -> list[Sequence[int]]:
    return [order[begin : begin + size] for begin in range(0, len(order), size)]


def _each_read(batches: list[Sequence[int]], load: Callable[[int], None], threads: int, stop: Cancelled | None) -> Iterator[int]:
    """Run `load` for every slice on so many threads; yields how many are done. Stops early on a fault or when asked to."""
    stopped = threading.Event()

    def run(batch: Sequence[int]) -> None:
        for k in batch:
            if not stopped.is_set():
                load(k)

    done = 0
    with ThreadPoolExecutor(threads, thread_name_prefix="slices") as pool:
        pending: list[Future[None]] = [pool.submit(run, batch) for batch in batches]
        try:
            for batch, future in zip(batches, pending, strict=True):
                future.result()
                done += len(batch)
                if stop is not None and stop():
                    raise CancelledError
                yield done
        finally:
            stopped.set()
            for future in pending:
                future.cancel()


class _NeedsFloatError(Exception):
    """A slice has values beyond int16."""


class _Filling:
    """A volume that is being filled slice by slice, from several threads; keeps the ends of its values while they are at hand."""

    def __init__(self, stack: Stack, dtype: npt.DTypeLike) -> None:
        self.array_kji = _allocate(stack.shape_kji, dtype)
        self._stack = stack
        self._whole = self.array_kji.dtype == np.int16
        self._ends: list[tuple[int, int]] = [(0, 0)] * len(stack.slices)

    def load(self, k: int) -> None:
        """Read slice k, the quick way if it is proven right, else carefully."""
        image, plane_ji = self._stack.slices[k], self.array_kji[k]
        shear = self._stack.shear
        ends = read_plain(image, plane_ji) if self._whole and shear is None else None
        if ends is None:
            stored = read_stored(image)
            values = rescaled_int16(stored, image) if self._whole else _rescaled_float(stored, image)
            if values is None:
                raise _NeedsFloatError
            if shear is None:
                plane_ji[...] = values
            else:
                shear.place(values, k, plane_ji)
            ends = (int(plane_ji.min()), int(plane_ji.max())) if self._whole else (0, 0)
        self._ends[k] = ends

    def finished(self) -> Values:
        """The whole, when all slices are there."""
        if self._stack.shear is not None:
            self._stack.shear.fill_outside(self.array_kji)
        if self._stack.shear is not None or not self._whole:
            return Values(self.array_kji, value_range(self.array_kji))
        lows, highs = zip(*self._ends, strict=True)
        return Values(self.array_kji, (float(min(lows)), float(max(highs))))


class Values(NamedTuple):
    """Voxels with their lowest and highest finite value."""

    array_kji: npt.NDArray[Any]
    value_range: tuple[float, float]


def _coarse_step(count: int) -> int:
    """Which slices make the first picture: every n-th, so that at most `COARSE_SLICES` of them are waited for; 0 for none."""
    return 0 if count < FEWEST_FOR_COARSE else max(4, math.ceil(count / COARSE_SLICES))


def read_stack(
    stack: Stack, *, progress: Progress | None = None, cancelled: Cancelled | None = None, coarse: Coarse | None = None
) -> Values:
    """Values of all slices as one array, k ascending as in `stack`.

    Parameters
    ----------
    coarse
        Called at most once, from the calling thread, with a copy of every n-th slice, from the first one on, and n, as soon
        as these are read; not for fewer slices than `FEWEST_FOR_COARSE`.

    Returns
    -------
    int16 where every slope and intercept is whole and every value fits, else float32.

    Raises
    ------
    BadInputError
        As `read_stored`; ``scan.too_large`` if the volume does not fit in memory. `CancelledError` when asked to stop.
    """
    slices = stack.slices
    middle = slices[len(slices) // 2]
    # Decoding one slice first: a header that lies about its size is found out before memory is taken.
    read_stored(middle)
    step = _coarse_step(len(slices)) if coarse is not None else 0
    first = range(0, len(slices), step) if step else range(0)
    rest = [k for k in range(len(slices)) if not step or k % step]
    plain = is_plain(middle)
    size = max(1, min(BATCH_BYTES // middle.layout.frame_bytes, len(slices) // FEWEST_BATCHES)) if plain else 1
    batches = [*_batches(first, size), *_batches(rest, size)]
    dtypes = (np.int16, np.float32) if all(_is_integral(s) for s in slices) else (np.float32,)
    for dtype in dtypes:
        filling = _Filling(stack, dtype)
        try:
            for done in _each_read(batches, filling.load, READERS if plain else DECODERS, cancelled):
                if coarse is not None and done == len(first):
                    coarse(filling.array_kji[::step].copy(), step)
                    coarse = None
                if progress is not None:
                    progress(done / len(slices))
        except _NeedsFloatError:
            continue
        return filling.finished()
    raise AssertionError("float32 takes any value")


def value_range(array_kji: npt.NDArray[Any]) -> tuple[float, float]:
    """Lowest and highest finite value; (0, 0) if there is none."""
    low, high = float(array_kji.min()), float(array_kji.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        finite = array_kji[np.isfinite(array_kji)]
        return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    return low, high


def slice_of_file(path: Path) -> npt.NDArray[Any]:
    """Values of a file's first frame alone, whatever its geometry.

    Raises
    ------
    BadInputError
        As `dicom_headers.image_slices` and `read_stored`.
    """
    from sos_studio.imaging.dicom_headers import image_slices

    return read_values(image_slices(path)[0])
