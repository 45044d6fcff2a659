"""What was done to a picture that people already had before it became a full image; the untouched one stays beside it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=0)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class RulerRecord(BaseModel):
    """The ruler from which the pixel size comes: neighbouring ticks are `tick_px` pixels and, a person says, `tick_mm` apart."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tick_px: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    tick_mm: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Preparation(BaseModel):
    """From the file's grey pixels to ``full.png``: overlays filled from around, borders cut away, mirrored if the face looked left.

    Attributes
    ----------
    original_shape_vu
        Of the file's picture.
    origin_vu
        Row and column of the original that is the full image's first, before mirroring; its size is the record's `shape_vu`.
        Rows beyond the original's last (of a crop that is lower than 32 pixels) repeat that one.
    masked_px
        How many pixels of the original were covered by letters, rulers and lines, and filled.
    original_sha256, mask_sha256
        Of ``original.png`` (the file's grey pixels) and ``mask.png`` (255 where filled) beside ``full.png``; None where not kept.
    spacing_from
        Where the pixel size comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    original_shape_vu: tuple[Count, Count]
    origin_vu: tuple[Count, Count] = (0, 0)
    masked_px: Count = 0
    original_sha256: Sha256 | None = None
    mask_sha256: Sha256 | None = None
    spacing_from: Literal["typed", "ruler"] | None = None
    ruler: RulerRecord | None = None
