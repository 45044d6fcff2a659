"""Stored numbers of one frame: from packed bytes or a compressed stream to integers with their sign.

imagecodecs does all decompression: it lets go of the GIL, so that two threads gain, and it is exact where SimpleITK is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.imaging.codestreams import JPEG, JPEG_2000, JPEG_LS, StreamFormat, stream_format
from sos_studio.imaging.dicom_headers import ENCAPSULATED_UNCOMPRESSED, PixelLayout
from sos_studio.imaging.encapsulation import RLE

# A header and a stream may agree on a size that no stream of this length holds. Black slices compress best, and small ones cost
# nothing to try.
MAX_EXPANSION, SMALL_BYTES = 4096, 32 << 20
# Two bytes of DICOM's RLE make at most 128.
MAX_RLE_EXPANSION = 64


def unpacked(data: bytes | memoryview, layout: PixelLayout) -> npt.NDArray[Any]:
    """An uncompressed frame as rows x columns unsigned numbers, as stored (no copy)."""
    return np.frombuffer(data, dtype=f"{layout.byte_order}u{layout.bits_allocated // 8}").reshape(layout.rows, layout.columns)


def _check_complete(data: bytes, name: str) -> None:
    """JPEG streams end with a marker of their own; decoders fill what is missing with grey and say nothing."""
    if data[:2] in (b"\xff\xd8", b"\xff\x4f") and b"\xff\xd9" not in data[-16:]:
        raise BadInputError("scan.truncated", file=name)


def _check_size(data: bytes, stream: StreamFormat | None, layout: PixelLayout, name: str) -> None:
    """What the stream says of its size is what the header says, and it is long enough to hold so much."""
    most = len(data) * (MAX_RLE_EXPANSION if layout.transfer_syntax == RLE else MAX_EXPANSION)
    if layout.frame_bytes > (most if layout.transfer_syntax == RLE else max(most, SMALL_BYTES)):
        raise BadInputError("scan.truncated", file=name)
    if stream is not None and (stream.rows, stream.columns, stream.components) != (layout.rows, layout.columns, 1):
        raise BadInputError("scan.size_mismatch", file=name)


def _check_rle(data: bytes, layout: PixelLayout, name: str) -> None:
    """One segment for each byte of a pixel, all within the stream: the decoder believes the offsets and would read anywhere."""
    header = np.frombuffer(data[:64].ljust(64, b"\0"), "<u4").astype(np.int64)
    count = layout.bits_allocated // 8
    offsets = header[1 : 1 + count]
    if header[0] != count or offsets[0] != 64 or np.any(np.diff(offsets) <= 0) or offsets[-1] >= len(data) or np.any(header[1 + count :]):
        raise BadInputError("scan.cannot_decode", file=name, syntax=layout.transfer_syntax)


def _decode_stream(data: bytes, stream: StreamFormat | None, layout: PixelLayout) -> npt.NDArray[Any]:
    """Choose the decoder by the stream's own signature: headers name the wrong syntax more often than streams do."""
    import imagecodecs

    if layout.transfer_syntax == ENCAPSULATED_UNCOMPRESSED:
        return unpacked(data[: layout.frame_bytes], layout)
    if layout.transfer_syntax == RLE:
        dtype = f"<u{layout.bits_allocated // 8}"
        return np.frombuffer(imagecodecs.dicomrle_decode(data, dtype=dtype), dtype=dtype).reshape(layout.rows, layout.columns)
    if stream is None:
        raise BadInputError("scan.unknown_syntax", syntax=layout.transfer_syntax)
    # OpenJPEG for high throughput too: imagecodecs' own decoder of it passes over faults and returns what memory held before.
    decoders = {JPEG_LS: imagecodecs.jpegls_decode, JPEG: imagecodecs.jpeg8_decode, JPEG_2000: imagecodecs.jpeg2k_decode}
    return np.asarray(decoders[stream.kind](data))


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
    raw = layout.transfer_syntax in (RLE, ENCAPSULATED_UNCOMPRESSED)
    stream = None if raw else stream_format(data)
    _check_complete(data if raw else data.rstrip(b"\x00"), name)
    _check_size(data, stream, layout, name)
    if layout.transfer_syntax == RLE:
        _check_rle(data, layout, name)
    try:
        decoded = _decode_stream(data, stream, layout)
    except BadInputError:
        raise
    except Exception:
        # Decoders raise their own error types for damaged streams.
        raise BadInputError("scan.cannot_decode", file=name, syntax=layout.transfer_syntax) from None
    if decoded.shape != (layout.rows, layout.columns):
        raise BadInputError("scan.size_mismatch", file=name)
    return _reconciled(decoded, stream, layout) if stream is not None and stream.kind == JPEG_2000 else decoded


def _reconciled(decoded: npt.NDArray[Any], stream: StreamFormat, layout: PixelLayout) -> npt.NDArray[Any]:
    """Settle who is right about the sign: a signed stream is; an unsigned one of a signed image gets it at its own precision."""
    if stream.signed and not layout.signed:
        return decoded.astype(np.int32)
    if stream.signed or not layout.signed or stream.bits >= layout.bits_stored:
        return decoded
    half = 1 << (stream.bits - 1)
    wide = decoded.astype(np.int32)
    return np.where(wide >= half, wide - 2 * half, wide)


def stored_values(packed: npt.NDArray[Any], layout: PixelLayout, name: str) -> npt.NDArray[Any]:
    """Numbers of `bits_stored` bits with their sign, overlays and garbage in the unused bits cleared.

    Returns
    -------
    int8 … int32 or uint8 … uint32; a view where nothing has to change.

    Raises
    ------
    BadInputError
        ``scan.bad_header`` if the header says that numbers lie in the upper bits and there are some in the lower ones.
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
    if shift and np.any(packed & packed.dtype.type((1 << shift) - 1)):
        raise BadInputError("scan.bad_header", file=name, attribute="HighBit")
    unsigned = packed.view(np.dtype(f"u{size}").newbyteorder(packed.dtype.byteorder)).astype(f"u{size}")
    # Move the sign bit to the top, then back: the arithmetic shift fills in the sign.
    at_top = unsigned << (layout.bits_allocated - 1 - layout.high_bit)
    return at_top.view(f"{'i' if layout.signed else 'u'}{size}") >> unused
