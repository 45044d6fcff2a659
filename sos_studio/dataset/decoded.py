"""A picture file as it will be stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sos_studio import __version__
from sos_studio.core.captures import CaptureRecord
from sos_studio.core.preparation import Preparation
from sos_studio.dataset.near_duplicates import Look

Doubts = tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True)
class DecodedImage:
    """A picture as it will be stored: 8-bit grey PNG, face right.

    Attributes
    ----------
    mirrored
        Whether the original faced left and was flipped.
    spacing_mm
        Pixel size if it is known.
    preparation
        What was done to the file's picture, if anything was; `original_png` and `mask_png` are kept where it names their hashes.
    look
        By which nearly alike pictures are found.
    doubts
        Codes and values of what a person should know of it, though it is taken.
    """

    png: bytes
    shape_vu: tuple[int, int]
    mirrored: bool = False
    spacing_mm: float | None = None
    preparation: Preparation | None = None
    original_png: bytes | None = None
    mask_png: bytes | None = None
    look: Look | None = None
    doubts: Doubts = ()

    def record(self, case_id: str, capture_id: str, source_sha256: str) -> CaptureRecord:
        """What is written of it as a capture of a case."""
        return CaptureRecord(
            software=f"SOS Studio {__version__}",
            case=case_id,
            capture_id=capture_id,
            series_hash=None,
            orientation=None,
            lps_from_uv=None,
            shape_vu=self.shape_vu,
            spacing_mm=self.spacing_mm,
            interpolation="none",
            window=None,
            value_from_png=None,
            mirrored=self.mirrored,
            prepared=self.preparation,
            source_sha256=source_sha256,
        )
