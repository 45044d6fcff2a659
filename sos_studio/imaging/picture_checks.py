"""Whether a picture file is whole, told from its header and its end: a folder of thousands is looked through before an import."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from sos_studio.core.errors import BadInputError
from sos_studio.imaging import images

if TYPE_CHECKING:
    from PIL.Image import Image

# What follows a JPEG's last marker: some cameras and archives append a little.
TAIL_BYTES = 4096
_LAST = {"PNG": b"IEND", "JPEG": b"\xff\xd9"}
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 273, 279, 324, 325
_TURNED = (5, 6, 7, 8)
_ORIENTATION = 274


def shape_of(path: Path, smallest_side_px: int = images.SMALLEST_SIDE_PX) -> tuple[int, int]:
    """Rows and columns of a picture that `images.read_picture` will most likely read.

    Only a file whose end is not what its format ends with is decoded, so that one that was cut off while it was copied is told and a sound
    one never refused. Damage in the middle of a file shows when it is imported.

    Raises
    ------
    BadInputError
        ``image.unreadable``, ``image.too_small``, ``image.too_large``; `file` is the bare name.
    """
    from PIL import Image

    name = path.name
    try:
        with warnings.catch_warnings(), open(path, "rb") as stream:
            warnings.simplefilter("ignore")
            picture = Image.open(stream)
            width, height = picture.size
            if width * height > images.MAX_PIXELS:
                raise BadInputError("image.too_large", file=name, megapixels=images.MAX_PIXELS // 1_000_000)
            if picture.getexif().get(_ORIENTATION) in _TURNED:
                width, height = height, width
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - TAIL_BYTES))
            whole = _is_whole(picture, stream.read(), size)
    except BadInputError:
        raise
    except Image.DecompressionBombError:
        raise BadInputError("image.too_large", file=name, megapixels=images.MAX_PIXELS // 1_000_000) from None
    except Exception as error:
        # Headers raise whatever they like on a damaged file, as decoders do.
        raise BadInputError("image.unreadable", file=name) from error
    if not whole:
        images.read_picture(path, smallest_side_px)
    if min(width, height) < smallest_side_px:
        raise BadInputError("image.too_small", file=name, width=width, height=height, smallest=smallest_side_px)
    return height, width


def _is_whole(picture: Image, tail: bytes, size: int) -> bool:
    """Whether the file's end is where its format has it."""
    if picture.format in _LAST:
        return _LAST[picture.format] in tail
    if picture.format == "TIFF":
        tags = getattr(picture, "tag_v2", {})
        places = [(tags.get(starts, ()), tags.get(counts, ())) for starts, counts in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES))]
        ends = [start + count for starts, counts in places for start, count in zip(starts, counts, strict=False)]
        return bool(ends) and max(ends) <= size
    return False
