"""Stored numbers of one frame: from packed bytes or a compressed stream to integers with their sign.

imagecodecs does all decompression: it lets go of the GIL, so that two threads gain, and it is exact where SimpleITK is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.imaging.dicom_headers import BIG_ENDIAN, PixelLayout

RLE = "1.2.840.10008.1.2.5"


@dataclass(frozen=True)
class CodestreamFormat:
    """What a JPEG 2000 stream says of its own numbers; it may differ from the DICOM header."""

    bits: int
    signed: bool


def unpacked(data: bytes | memoryview, layout: PixelLayout) -> npt.NDArray[Any]:
    """An uncompressed frame as rows x columns unsigned numbers, as stored (no copy)."""
    order = ">" if layout.transfer_syntax == BIG_ENDIAN else "<"
    return np.frombuffer(data, dtype=f"{order}u{layout.bits_allocated // 8}").reshape(layout.rows, layout.columns)


def _codestream_format(data: bytes) -> CodestreamFormat | None:
    """Precision and sign from the SIZ segment of a JPEG 2000 codestream; None if it is none."""
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(data) < start + 43:
        return None
    ssiz = data[start + 42]
    return CodestreamFormat(bits=(ssiz & 0x7F) + 1, signed=bool(ssiz & 0x80))


def _check_complete(data: bytes, name: str) -> None:
    """JPEG streams end with a marker of their own; decoders fill what is missing with grey and say nothing."""
    if data[:2] in (b"\xff\xd8", b"\xff\x4f") and b"\xff\xd9" not in data[-16:]:
        raise BadInputError("scan.truncated", file=name)


def _decode_stream(data: bytes, layout: PixelLayout) -> npt.NDArray[Any]:
    """Choose the decoder by the stream's own signature: headers name the wrong syntax more often than streams do."""
    import imagecodecs

    decoded: Any
    if layout.transfer_syntax == RLE:
        dtype = f"<u{layout.bits_allocated // 8}"
        return np.frombuffer(imagecodecs.dicomrle_decode(data, dtype=dtype), dtype=dtype).reshape(layout.rows, layout.columns)
    if data[:4] == b"\xff\xd8\xff\xf7" or _is_jpeg_ls(data):
        decoded = imagecodecs.jpegls_decode(data)
    elif data[:2] == b"\xff\xd8":
        decoded = imagecodecs.jpeg8_decode(data)
    elif data[:2] == b"\xff\x4f" or data[4:8] == b"jP  ":
        decoded = imagecodecs.jpeg2k_decode(data)
    else:
        raise BadInputError("scan.unknown_syntax", syntax=layout.transfer_syntax)
    return np.asarray(decoded)


def _is_jpeg_ls(data: bytes) -> bool:
    """Whether the frame header of a JPEG stream is that of JPEG-LS (marker FFF7), behind any application segments."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xF7:
            return True
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return False
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return False


def decompressed(data: bytes, layout: PixelLayout, name: str) -> npt.NDArray[Any]:
    """A compressed frame as rows x columns numbers, as the decoder gives them.

    Parameters
    ----------
    name
        Bare file name for messages.

    Raises
    ------
    BadInputError
        ``scan.truncated``, ``scan.cannot_decode``, ``scan.unknown_syntax``, ``scan.size_mismatch``.
    """
    # A frame is padded to an even length with one zero byte.
    trimmed = data.rstrip(b"\x00") if layout.transfer_syntax != RLE else data
    _check_complete(trimmed, name)
    try:
        decoded = _decode_stream(data, layout)
    except BadInputError:
        raise
    except Exception:
        # Decoders raise their own error types for damaged streams.
        raise BadInputError("scan.cannot_decode", file=name, syntax=layout.transfer_syntax) from None
    if decoded.shape != (layout.rows, layout.columns):
        raise BadInputError("scan.size_mismatch", file=name)
    if data[:2] == b"\xff\x4f" or data[4:8] == b"jP  ":
        return _reconciled(decoded, _codestream_format(data), layout)
    return decoded


def _reconciled(decoded: npt.NDArray[Any], stream: CodestreamFormat | None, layout: PixelLayout) -> npt.NDArray[Any]:
    """Settle who is right about the sign: a signed stream is; an unsigned one of a signed image gets it at its own precision."""
    if stream is None:
        return decoded
    if stream.signed and not layout.signed:
        return decoded.astype(np.int32)
    if stream.signed or not layout.signed or stream.bits >= layout.bits_stored:
        return decoded
    half = 1 << (stream.bits - 1)
    wide = decoded.astype(np.int32)
    return np.where(wide >= half, wide - 2 * half, wide)


def stored_values(packed: npt.NDArray[Any], layout: PixelLayout) -> npt.NDArray[Any]:
    """Numbers of `bits_stored` bits with their sign, garbage in the unused bits cleared.

    Returns
    -------
    int8 … int32 or uint8 … uint32; a view where nothing has to change.
    """
    size = layout.bits_allocated // 8
    if packed.dtype.itemsize != size:
        if packed.dtype.itemsize > size:
            # The decoder's own numbers, wider than the header says: nothing to unpack.
            return packed
        packed = packed.astype(f"u{size}")
    shift, unused = layout.high_bit + 1 - layout.bits_stored, layout.bits_allocated - layout.bits_stored
    if shift == 0 and unused == 0:
        wanted = np.dtype(f"{'i' if layout.signed else 'u'}{size}").newbyteorder(packed.dtype.byteorder)
        return packed.view(wanted)
    unsigned = packed.view(np.dtype(f"u{size}").newbyteorder(packed.dtype.byteorder)).astype(f"u{size}")
    # Move the sign bit to the top, then back: the arithmetic shift fills in the sign.
    at_top = unsigned << (layout.bits_allocated - 1 - layout.high_bit)
    return at_top.view(f"{'i' if layout.signed else 'u'}{size}") >> unused
