"""Which networks there are to choose from, known without the libraries that make them."""

from __future__ import annotations

import re
from dataclasses import dataclass

# A convolutional attention of ours after a ConvNeXt's last stage.
ATTENTION_SUFFIX = "+attn"
# How timm calls the smallest network of a family, made for tests: test_<family>.
_SMALLEST = "test_"
# Pixels from one cell of the last stage to the next; a transformer of plain patches has its patch's side instead.
_LAST_STRIDE_PX = 32
_SMALLEST_PATCH_PX = 16


@dataclass(frozen=True)
class Family:
    """Networks that are built alike.

    Attributes
    ----------
    pattern
        Begins its timm names.
    patchify
        Strides are unpadded patches, so that a cell's centre is its patch's; else strides are odd kernels, padded on both sides,
        whose output n is centred on input pixel n · stride.
    tokens
        Transformers of plain patches, with a class token.
    windowed
        Transformers of shifted windows.
    """

    pattern: str
    patchify: bool = False
    tokens: bool = False
    windowed: bool = False

    @property
    def takes_attention(self) -> bool:
        """Whether `ATTENTION_SUFFIX` may follow."""
        return self.patchify and not self.tokens and not self.windowed


_FAMILIES = (
    Family("convnext", patchify=True),
    Family("resnet"),
    Family("efficientnet"),
    # The plain ones: others have other tokens, or places that can't be scaled to another input.
    Family(r"vit(_(tiny|small|base|large|huge)_patch\d+_\d+)?$", patchify=True, tokens=True),
    Family(r"swin_((tiny|small|base|large)_patch\d+_window\d+|s3_(tiny|small|base))_\d+$", patchify=True, windowed=True),
)
# Ultralytics' detectors: oriented boxes, or upright ones as the paper's.
_DETECTOR = re.compile(r"yolo(11|26)[nsmlx](-obb)?")


def base_of(name: str) -> str:
    """The published architecture under a variant of ours (``convnext_tiny+attn`` → ``convnext_tiny``)."""
    return name.removesuffix(ATTENTION_SUFFIX)


def family_of(name: str) -> Family | None:
    """The family of a classifier, None if it is of none that is offered; whether timm knows the very name is another matter."""
    family = next((f for f in _FAMILIES if re.match(f.pattern, base_of(name).removeprefix(_SMALLEST))), None)
    return None if family is None or (name.endswith(ATTENTION_SUFFIX) and not family.takes_attention) else family


def input_multiple(name: str) -> int:
    """Of how many pixels the sides of a known classifier's input must be multiples."""
    family = family_of(name)
    if family is None or not family.tokens:
        return _LAST_STRIDE_PX
    patch = re.search(r"patch(\d+)", name)
    return _SMALLEST_PATCH_PX if patch is None else int(patch[1])


def is_detector(name: str) -> bool:
    """Whether a detector of that name is offered."""
    return _DETECTOR.fullmatch(name) is not None


def is_oriented(detector: str) -> bool:
    """Whether a detector's boxes are turned as the expert's frame is."""
    return detector.endswith("-obb")
