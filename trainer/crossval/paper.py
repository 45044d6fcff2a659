"""The figures of the paper's two tables, to stand beside ours (Halimi Milani et al., 714 patients' images, five folds).

Accuracies are whole numbers of 714 to rounding, so they read as pooled over the folds; recall equals accuracy, so averages are weighted.
"""

from __future__ import annotations

from dataclasses import dataclass

from sos_studio.core.crossval import CONVNEXT, CONVNEXT_ATTN, Arm, Method

CASES = 714
DETECTOR_MAP50 = 72.8


@dataclass(frozen=True)
class PaperRow:
    """A row of the paper, in per cent; None where it says nothing."""

    method: Method
    network: str
    model: str
    version: str
    accuracy: float
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


TABLE_1: tuple[PaperRow, ...] = (
    PaperRow("teacher", "efficientnet_b0", "EfficientNet_b0", "", 78.57, 78.48, 78.57, 77.73),
    PaperRow("teacher", "resnet18", "ResNet18", "", 84.87, 84.51, 84.87, 84.34),
    PaperRow("teacher", "resnet34", "ResNet34", "", 84.59, 84.40, 84.59, 84.14),
    PaperRow("teacher", "resnet50", "ResNet50", "", 84.03, 83.95, 84.03, 83.33),
    PaperRow("teacher", CONVNEXT, "ConvNeXt", "", 87.39, 87.48, 87.39, 87.24),
    PaperRow("teacher", CONVNEXT_ATTN, "ConvNeXt+Attn", "", 88.24, 88.93, 88.24, 88.09),
)
TABLE_2: tuple[PaperRow, ...] = (
    PaperRow("full-image", "efficientnet_b0", "EfficientNet-b0", "Baseline", 70.58, 69.52, 70.58, 69.13),
    PaperRow("full-image", "resnet18", "ResNet18", "Baseline", 72.55, 72.12, 72.55, 70.84),
    PaperRow("full-image", "resnet34", "ResNet34", "Baseline", 75.07, 75.01, 75.07, 74.05),
    PaperRow("full-image", "resnet50", "ResNet50", "Baseline", 74.79, 74.08, 74.79, 73.79),
    PaperRow("full-image", "vit_large_patch16_224", "ViT_Large", "Baseline", 64.42, 63.40, 64.42, 63.03),
    PaperRow("full-image", CONVNEXT, "ConvNeXt", "Baseline", 78.99, 78.57, 78.99, 78.35),
    PaperRow("full-image", CONVNEXT_ATTN, "ConvNeXt + Attn", "Baseline", 79.97, 80.65, 79.97, 78.87),
    PaperRow("framework", CONVNEXT_ATTN, "ConvNeXt + Attn", "Proposed Framework", 83.75, 84.01, 83.75, 83.29),
    # From the paper's text, not from its table.
    PaperRow("two-stage", CONVNEXT_ATTN, "ConvNeXt + Attn", "Two-stage (in the text)", 82.5),
)

_VERSIONS: dict[Method, str] = {
    "teacher": "Expert's crop (oracle)",
    "detector": "Frame",
    "two-stage": "Two-stage",
    "full-image": "Baseline",
    "windows-only": "Baseline with windows",
    "kd-only": "Distillation only",
    "attention-only": "Attention only",
    "framework": "Framework",
}


def version(arm: Arm) -> str:
    """What an arm that the paper has no row for is called in a table."""
    return _VERSIONS[arm.method] + (f", {arm.setting} = {arm.value}" if arm.setting else "")
