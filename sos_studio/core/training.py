"""Settings of the three trainings. Shared by the app (which checks them) and the trainer (which obeys them)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from sos_studio.core.errors import BadInputError
from sos_studio.core.networks import family_of, input_multiple, is_detector
from sos_studio.core.roi import Finite

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Size = Annotated[int, Field(ge=32, le=2048)]
Fraction = Annotated[Finite, Field(ge=0, le=1)]
Weight = Annotated[Finite, Field(ge=0)]
Rate = Annotated[Finite, Field(gt=0, le=1)]
AttentionVariant = Literal["mse", "energy"]
AttentionNormalisation = Literal["max", "none"]
MaskShape = Literal["frame", "box"]
# Ultralytics' detectors halve their input five times.
_DETECTOR_MULTIPLE_PX = 32


def _classifier(name: str) -> str:
    if family_of(name) is None:
        raise ValueError(f"the network {name or '(none)'} is not known")
    return name


def _detector(name: str) -> str:
    if not is_detector(name):
        raise ValueError(f"the detector {name or '(none)'} is not known: yolo11 or yolo26, n to x, with -obb for turned frames")
    return name


def _detector_side(side_px: int) -> int:
    if side_px % _DETECTOR_MULTIPLE_PX:
        raise ValueError(f"must be a multiple of {_DETECTOR_MULTIPLE_PX}")
    return side_px


Classifier = Annotated[str, AfterValidator(_classifier)]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OptimiserSettings(_Settings):
    """AdamW with warm-up and cosine decay.

    Attributes
    ----------
    precision
        ``bf16`` where the device computes in it, else fp32; ``fp16`` with a scaled loss, on CUDA alone.
    """

    epochs: Annotated[int, Field(ge=1, le=10_000)] = 30
    batch_size: Annotated[int, Field(ge=2, le=1024)] = 16
    backbone_rate: Rate = 1e-4
    head_rate: Rate = 1e-3
    weight_decay: Weight = 0.05
    warmup_epochs: Annotated[Finite, Field(ge=0)] = 1.0
    ema_decay: Fraction = 0.99
    label_smoothing: Fraction = 0.0
    class_balance: bool = True
    clip_norm: Annotated[Finite, Field(gt=0)] = 1.0
    patience: Annotated[int, Field(ge=1)] = 1000
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"


class AugmentationSettings(_Settings):
    """Never a flip: the endocranial and ectocranial ends define stages 2 and 3."""

    rotation_deg: Annotated[Finite, Field(ge=0, le=15)] = 8.0
    translation: Fraction = 0.05
    scale: Annotated[Finite, Field(ge=0, le=0.5)] = 0.08
    brightness: Fraction = 0.1
    contrast: Annotated[Finite, Field(ge=0, le=0.9)] = 0.15
    blur_px: Annotated[Finite, Field(ge=0, le=5)] = 0.8
    noise: Fraction = 0.02


class TeacherSettings(_Settings):
    """Classifier on crops."""

    network: Classifier = "convnext_atto"
    input_shape_hw: tuple[Size, Size] = (96, 192)
    channels: Literal[1, 3] = 1
    optimiser: OptimiserSettings = OptimiserSettings()
    augmentation: AugmentationSettings = AugmentationSettings()

    @model_validator(mode="after")
    def _whole_cells(self) -> Self:
        _refuse(_input_faults(self))
        return self


class DetectorSettings(_Settings):
    """YOLO11 or YOLO26 on full images, boxes from the expert's frames. ``auto`` precision is bf16 where the device computes in it.

    Attributes
    ----------
    network
        ``…-obb`` finds turned frames, as the expert draws them; without it the upright boxes about them, as the paper's detector.
    """

    network: Annotated[str, AfterValidator(_detector)] = "yolo11n-obb"
    image_size: Annotated[Size, AfterValidator(_detector_side)] = 320
    epochs: Annotated[int, Field(ge=1, le=10_000)] = 40
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 16
    confidence: Fraction = 0.25
    precision: Literal["auto", "fp32", "bf16"] = "auto"


class StudentSettings(_Settings):
    """Classifier on full images, Eq. (1): α·attention + β·distillation + θ·classification.

    Attributes
    ----------
    attention_sign
        ``evidence``: channels weighted by −∂L_cls/∂A, which points to what speaks for the stage; ``paper-literal``: by ∂L_cls/∂A.
    attention_relu, attention_normalisation
        What is done to the map: keep only what is above zero; ``max``: divide by each sample's maximum, which is not detached. The
        paper's equations name neither.
    attention_variant
        ``mse``: mean squared difference of map and mask, Eq. (5); ``energy``: one minus the map's share inside the mask.
    mask_shape
        ``frame``: the turned frame; ``box``: the upright box about it, as a detector of upright boxes, the paper's, draws it.
    windows
        ``(side in input pixels, epochs)``: before whole full images, that many epochs of the training show windows about the frame.
    windows_when
        ``from-scratch``: not for a student that begins with starting weights, which know already what bone looks like (ADR 12).
    """

    network: Classifier = "convnext_atto"
    input_shape_hw: tuple[Size, Size] = (256, 256)
    channels: Literal[1, 3] = 1
    alpha: Weight = 0.01
    beta: Weight = 0.8
    theta: Weight = 0.2
    temperature: Annotated[Finite, Field(gt=0)] = 3.0
    attention_sign: Literal["evidence", "paper-literal"] = "evidence"
    attention_relu: bool = True
    attention_normalisation: AttentionNormalisation = "max"
    attention_variant: AttentionVariant = "mse"
    attention_grid_stage: Literal["last", "third"] = "last"
    mask_source: Literal["expert-then-detector", "detector", "expert"] = "expert-then-detector"
    mask_shape: MaskShape = "frame"
    teacher_logits: Literal["cross-fitted", "in-sample"] = "cross-fitted"
    cross_fit_folds: Annotated[int, Field(ge=2, le=10)] = 3
    windows: tuple[tuple[Size, Annotated[int, Field(ge=1)]], ...] = ()
    windows_when: Literal["from-scratch", "always"] = "from-scratch"
    optimiser: OptimiserSettings = OptimiserSettings()
    augmentation: AugmentationSettings = AugmentationSettings()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = _input_faults(self)
        family, multiple = family_of(self.network), input_multiple(self.network)
        if family is not None and family.patchify and any(side % multiple for side, _ in self.windows):
            faults.append(f"{self.network} needs windows whose sides are multiples of {multiple}")
        if sum(epochs for _, epochs in self.windows) >= self.optimiser.epochs:
            faults.append("the windows' epochs must leave some of optimiser.epochs for full images")
        if self.alpha + self.beta + self.theta <= 0:
            faults.append("alpha, beta and theta can't all be 0")
        if self.attention_variant == "energy" and not self.attention_relu:
            faults.append("attention_variant energy needs attention_relu: a share is one of something above zero")
        _refuse(faults)
        return self


def _input_faults(settings: TeacherSettings | StudentSettings) -> list[str]:
    multiple = input_multiple(settings.network)
    if any(side % multiple for side in settings.input_shape_hw):
        return [f"{settings.network} needs an input_shape_hw of multiples of {multiple}"]
    return []


def _refuse(faults: list[str]) -> None:
    if faults:
        raise ValueError("; ".join(faults))


_ONE_ARCHITECTURE = "teacher.network and student.network must be the same"


class TrainingSettings(_Settings):
    """One preset file (`resources/presets/<name>.toml`)."""

    inner_validation_fraction: Annotated[Finite, Field(gt=0, lt=0.5)] = 0.15
    teacher: TeacherSettings = TeacherSettings()
    detector: DetectorSettings = DetectorSettings()
    student: StudentSettings = StudentSettings()

    @model_validator(mode="after")
    def _one_architecture(self) -> Self:
        # The paper's teacher and student share one architecture; their inputs need not.
        if self.teacher.network != self.student.network:
            raise ValueError(_ONE_ARCHITECTURE)
        return self

    def starting(self, *, from_scratch: bool) -> Self:
        """The settings as they are obeyed, with starting weights or without: the student's windows depend on it."""
        if from_scratch or self.student.windows_when == "always" or not self.student.windows:
            return self
        return self.model_copy(update={"student": self.student.model_copy(update={"windows": ()})})


def training_settings(preset: dict[str, Any], overrides: dict[str, Any] | None = None) -> TrainingSettings:
    """Validate a preset with ``{"student.alpha": 0.02}``-style overrides, reporting every fault at once.

    Raises
    ------
    BadInputError
        ``training.bad_settings`` with `faults`, a list of ``{"where", "what"}``.
    """
    merged: dict[str, Any] = _deep_copy(preset)
    for key, value in (overrides or {}).items():
        target = merged
        *path, last = key.split(".")
        for name in path:
            inner = target.setdefault(name, {})
            if not isinstance(inner, dict):
                raise BadInputError("training.bad_settings", faults=[{"where": key, "what": "no such setting"}])
            target = inner
        target[last] = value
    try:
        return TrainingSettings.model_validate(merged)
    except ValidationError as error:
        faults = [{"where": ".".join(str(p) for p in e["loc"]), "what": _fault_words(e)} for e in error.errors()]
        networks = [_asked_network(merged, part, kind) for part, kind in (("teacher", TeacherSettings), ("student", StudentSettings))]
        if networks[0] != networks[1] and not any(fault["what"] == _ONE_ARCHITECTURE for fault in faults):
            # Settings that contradict each other are compared only once each of them is sound by itself.
            faults.append({"where": "", "what": _ONE_ARCHITECTURE})
        raise BadInputError("training.bad_settings", faults=faults) from error


def _asked_network(merged: dict[str, Any], part: str, kind: type[TeacherSettings | StudentSettings]) -> Any:
    inner = merged.get(part)
    return inner.get("network", kind().network) if isinstance(inner, dict) else kind().network


def _fault_words(fault: ErrorDetails) -> str:
    """What is wrong with one setting, without the validator's own jargon."""
    words = fault["msg"].removeprefix("Value error, ")
    return "no such setting" if fault["type"] == "extra_forbidden" else words[:1].lower() + words[1:]


def _deep_copy(value: Any) -> Any:
    return {k: _deep_copy(v) for k, v in value.items()} if isinstance(value, dict) else value
