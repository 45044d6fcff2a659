"""Picture files: reading what people have, writing what the project keeps."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError

if TYPE_CHECKING:
    from PIL.Image import Image

# Smaller pictures hold no synchondrosis and break the networks' strides.
SMALLEST_SIDE_PX = 32
# A capture of a head at 0.05 mm; anything larger is a mistake or a decompression bomb.
MAX_PIXELS = 64_000_000


def _open(path: Path) -> Image:
    """Decode the first frame of a picture, turned upright by its EXIF tag."""
    from PIL import Image, ImageOps

    try:
        # Read and decoded apart: libraries that open paths themselves fail on non-ASCII names on Windows.
        data = Path(path).read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data))
            if picture.width * picture.height > MAX_PIXELS:
                raise BadInputError("image.too_large", file=Path(path).name, megapixels=MAX_PIXELS // 1_000_000)
            picture.load()
            ImageOps.exif_transpose(picture, in_place=True)
            return picture
    except BadInputError:
        raise
    except Image.DecompressionBombError:
        raise BadInputError("image.too_large", file=Path(path).name, megapixels=MAX_PIXELS // 1_000_000) from None
    except MemoryError:
        raise BadInputError("image.unreadable", file=Path(path).name) from None
    except Exception as error:
        # Decoders raise whatever they like (struct.error, SyntaxError, zlib.error …) on a damaged file.
        raise BadInputError("image.unreadable", file=Path(path).name) from error


def _to_8_bit(values_vu: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Deep grey values scaled by their own range: 12 bits stored in 16 would be black otherwise."""
    finite = np.where(np.isfinite(values_vu), values_vu, 0).astype(np.float64)
    low, high = float(finite.min()), float(finite.max())
    if high <= low:
        return np.zeros(values_vu.shape, dtype=np.uint8)
    return np.floor((finite - low) * (255.0 / (high - low)) + 0.5).astype(np.uint8)


def read_gray(path: Path, smallest_side_px: int = SMALLEST_SIDE_PX) -> npt.NDArray[np.uint8]:
    """The grey picture of `read_picture`."""
    return read_picture(path, smallest_side_px)[0]


def read_picture(path: Path, smallest_side_px: int = SMALLEST_SIDE_PX) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]:
    """Any PNG, JPEG, TIFF or BMP as 8-bit grey.

    Colours become luma (Rec. 601), transparency black; deeper pictures are scaled from their lowest to their highest value.

    Parameters
    ----------
    smallest_side_px
        The default is for full images; a crop may rightly be smaller.

    Returns
    -------
    Grey (v, u), and the colours (v, u, 3) if the file has any to speak of.

    Raises
    ------
    BadInputError
        ``image.unreadable``, ``image.too_small`` (a side under `smallest_side_px`), ``image.too_large``; `file` is the bare name.
    """
    from PIL import Image

    picture = _open(path)
    if min(picture.size) < smallest_side_px:
        raise BadInputError("image.too_small", file=Path(path).name, width=picture.width, height=picture.height, smallest=smallest_side_px)
    if picture.mode.startswith("I") or picture.mode == "F":
        return _to_8_bit(np.asarray(picture)), None
    if "A" in picture.mode or "transparency" in picture.info:
        with_alpha = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, (0, 0, 0, 255)), with_alpha).convert("RGB")
    gray = np.array(picture.convert("L"), dtype=np.uint8)
    return gray, None if picture.mode in ("1", "L", "LA") else np.asarray(picture if picture.mode == "RGB" else picture.convert("RGB"))


def read_png16(path: Path) -> npt.NDArray[np.uint16]:
    """A 16-bit grey PNG exactly as it was written by `write_png`.

    Raises
    ------
    BadInputError
        ``image.unreadable`` if it is damaged or not 16-bit grey.
    """
    picture = _open(path)
    if picture.mode not in ("I;16", "I;16B", "I;16L", "I"):
        raise BadInputError("image.unreadable", file=Path(path).name)
    return np.asarray(picture).astype(np.uint16)


def encode_png(array: npt.NDArray[Any], *, quick: bool = False) -> bytes:
    """PNG bytes of a uint8 grey (v, u), uint16 grey (v, u) or uint8 RGB (v, u, 3) array; no metadata, no time stamp.

    Parameters
    ----------
    quick
        Only runs are packed: half the time and the same size for pictures with noise. Other bytes, so not for files that a repair makes
        again and knows by their hash.
    """
    import zlib

    from PIL import Image

    if not (array.dtype == np.uint8 and (array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3))) and not (
        array.dtype == np.uint16 and array.ndim == 2
    ):
        raise ValueError(f"no PNG for {array.dtype} of shape {array.shape}")
    stream = io.BytesIO()
    strategy = zlib.Z_RLE if quick else zlib.Z_DEFAULT_STRATEGY
    Image.fromarray(np.ascontiguousarray(array)).save(stream, format="PNG", compress_level=4, compress_type=strategy)
    return stream.getvalue()


def write_png(path: Path, array: npt.NDArray[Any]) -> None:
    """`encode_png` to a file, atomically.

    Raises
    ------
    OSError
        As the system says; an old file of that name is untouched then.
    """
    atomic.write_bytes(path, encode_png(array))


def thumbnails(image_vu: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """A small version, area-averaged, whose longer side has `size` pixels; never enlarged."""
    from PIL import Image

    height, width = image_vu.shape[:2]
    factor = min(1.0, size / max(height, width))
    target = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.array(Image.fromarray(image_vu).resize(target, Image.Resampling.BOX), dtype=np.uint8)
