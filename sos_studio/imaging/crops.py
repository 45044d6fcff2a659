"""The upright crop of a rotated frame, and the frame as a mask. Numpy only: the trainer imports this."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.core.roi import Roi

FloatArray = npt.NDArray[np.float64]
Pixel = TypeVar("Pixel", np.uint8, np.uint16, np.float32)


def bilinear(image_vu: npt.NDArray[Any], u: FloatArray, v: FloatArray) -> FloatArray:
    """Values at pixel coordinates, clamped to the border; computed in float64.

    Parameters
    ----------
    image_vu
        One channel, any number type.
    u, v
        Column and row coordinates of one shape; whole numbers are pixel centres.
    """
    height, width = image_vu.shape
    u, v = np.clip(u, 0, width - 1), np.clip(v, 0, height - 1)
    u0, v0 = np.minimum(u.astype(np.intp), max(width - 2, 0)), np.minimum(v.astype(np.intp), max(height - 2, 0))
    u1, v1 = np.minimum(u0 + 1, width - 1), np.minimum(v0 + 1, height - 1)
    fu, fv = u - u0, v - v0
    top = image_vu[v0, u0] * (1 - fu) + image_vu[v0, u1] * fu
    bottom = image_vu[v1, u0] * (1 - fu) + image_vu[v1, u1] * fu
    result: FloatArray = top * (1 - fv) + bottom * fv
    return result


def crop_image(image_vu: npt.NDArray[Pixel], roi: Roi) -> npt.NDArray[Pixel]:
    """Cut the upright crop of a frame: endocranial end left, sampled at the capture's own spacing.

    Parameters
    ----------
    image_vu
        Full image, one channel, uint8, uint16 or float32.
    roi
        Frame in full-image pixels.

    Returns
    -------
    Array of ``roi.crop_shape_vu`` with the same dtype, bilinear at ``roi.uv_from_crop``.

    Raises
    ------
    BadInputError
        ``roi.outside_image`` if the frame reaches beyond the image.
    """
    if image_vu.ndim != 2:
        raise BadInputError("image.not_grey", shape=list(image_vu.shape))
    height, width = image_vu.shape
    roi.require_inside((height, width))
    rows, columns = roi.crop_shape_vu
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    matrix = roi.uv_from_crop
    u = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2]
    v = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2]
    values = bilinear(image_vu, u, v)
    if np.issubdtype(image_vu.dtype, np.integer):
        values = np.floor(values + 0.5)
    return values.astype(image_vu.dtype)


def roi_mask(roi: Roi, shape_vu: tuple[int, int], supersample: int = 4) -> npt.NDArray[np.float32]:
    """How much of each pixel the frame covers, 0 … 1.

    Parameters
    ----------
    shape_vu
        Rows and columns of the full image; the part of the frame beyond it is cut off.
    supersample
        Points per pixel and direction at which coverage is counted.
    """
    mask = np.zeros(shape_vu, dtype=np.float32)
    corners = roi.corners_uv
    first_u, first_v = np.maximum(np.floor(corners.min(axis=0) - 1), 0).astype(int)
    last_u, last_v = np.minimum(np.ceil(corners.max(axis=0) + 2), [shape_vu[1], shape_vu[0]]).astype(int)
    if first_u >= last_u or first_v >= last_v:
        return mask
    within = (np.arange(supersample) + 0.5) / supersample - 0.5
    du = (np.arange(first_u, last_u)[:, None] + within).reshape(-1) - roi.center_uv[0]
    dv = ((np.arange(first_v, last_v)[:, None] + within).reshape(-1) - roi.center_uv[1])[:, None]
    angle = np.deg2rad(roi.angle_deg)
    c, s = np.cos(angle), np.sin(angle)
    covered = (np.abs(c * du + s * dv) <= roi.width_px / 2) & (np.abs(c * dv - s * du) <= roi.height_px / 2)
    blocks = covered.reshape(last_v - first_v, supersample, last_u - first_u, supersample)
    mask[first_v:last_v, first_u:last_u] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return mask
