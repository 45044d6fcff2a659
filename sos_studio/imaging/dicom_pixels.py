"""Stored numbers of one slice, out of its file: native, deflated or compressed."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.imaging import dicom_codecs, encapsulation, modality_lut
from sos_studio.imaging.deflated import DEFLATED, inflated
from sos_studio.imaging.dicom_headers import UNCOMPRESSED, ImageSlice


def _pixel_bytes(image: ImageSlice) -> bytes:
    """The frame's bytes: uncompressed, or its compressed stream.

    Raises
    ------
    BadInputError
        ``scan.truncated``, ``scan.syntax_mismatch``, ``scan.more_frames``, ``scan.cannot_parse``, ``scan.unreadable_file``.
    """
    layout, name = image.layout, image.file.name
    if (layout.transfer_syntax in UNCOMPRESSED) == (layout.length is None):
        # Undefined length is how compressed streams are stored, whatever the header calls itself.
        raise BadInputError("scan.syntax_mismatch", file=name, syntax=layout.transfer_syntax)
    begin = image.frame * layout.frame_bytes
    try:
        if layout.length is None:
            return encapsulation.frame_bytes(image.file, layout.offset, layout.frames, image.frame)
        if layout.length < begin + layout.frame_bytes:
            raise BadInputError("scan.truncated", file=name)
        if layout.transfer_syntax == DEFLATED:
            whole = inflated(image.file)
            return whole[layout.offset + begin : layout.offset + begin + layout.frame_bytes]
        with open(image.file, "rb") as stream:
            stream.seek(layout.offset + begin)
            data = stream.read(layout.frame_bytes)
    except OSError:
        raise BadInputError("scan.unreadable_file", file=name) from None
    if len(data) < layout.frame_bytes:
        raise BadInputError("scan.truncated", file=name)
    return data


def read_stored(image: ImageSlice) -> npt.NDArray[Any]:
    """Numbers of one slice, rows x columns, before slope and intercept and behind a look-up table.

    Raises
    ------
    BadInputError
        If the pixels are incomplete, damaged, of an unknown transfer syntax or of another size than the header says.
    """
    layout, name = image.layout, image.file.name
    data = _pixel_bytes(image)
    if layout.transfer_syntax in UNCOMPRESSED:
        packed = dicom_codecs.unpacked(data, layout)
    else:
        packed = dicom_codecs.decompressed(data, layout, name)
    return modality_lut.applied(dicom_codecs.stored_values(packed, layout, name), image)
