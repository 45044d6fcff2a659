"""What a cross-validation trains and compares: methods, networks, and one change at a time.

An *arm* is one way to stage (or to find the frame), trained and judged in every fold. Its name is written as
``method:network[setting=value]``, for example ``framework:convnext_tiny+attn[alpha=0.1]``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import FOLDS
from sos_studio.core.networks import family_of, input_multiple
from sos_studio.core.roi import Finite
from sos_studio.core.training import StudentSettings, TrainingSettings

# In the order in which a fold does them: what others need comes first.
Method = Literal["teacher", "detector", "two-stage", "full-image", "windows-only", "kd-only", "attention-only", "framework"]
METHODS: tuple[Method, ...] = get_args(Method)
# The oracle crop is the teacher judged on the expert's crop, which is how every teacher is judged.
_ALIASES: dict[str, Method] = {"oracle-crop": "teacher", "student": "framework"}
_STUDENTS: frozenset[Method] = frozenset({"full-image", "windows-only", "kd-only", "attention-only", "framework"})
_TAUGHT: frozenset[Method] = frozenset({"kd-only", "attention-only", "framework"})
_NAME = re.compile(r"(?P<method>[a-z-]+)(?::(?P<network>[\w.+-]+))?(?:\[(?P<setting>[a-z_]+)=(?P<value>[\w.-]+)\])?")
_ABLATED = (
    *("alpha", "beta", "theta", "temperature", "teacher_logits"),
    *("attention_sign", "attention_relu", "attention_normalisation", "attention_variant", "attention_grid_stage"),
    *("mask_source", "mask_shape"),
)

Table = Literal[1, 2]
# The paper names no size of its ConvNeXt; ours is the tiny one.
CONVNEXT, CONVNEXT_ATTN = "convnext_tiny", "convnext_tiny+attn"
CROP_NETWORKS = ("efficientnet_b0", "resnet18", "resnet34", "resnet50", CONVNEXT, CONVNEXT_ATTN)
FULL_IMAGE_NETWORKS = ("efficientnet_b0", "resnet18", "resnet34", "resnet50", "vit_large_patch16_224", CONVNEXT, CONVNEXT_ATTN)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Arm(_Frozen):
    """One way to stage.

    Attributes
    ----------
    method
        ``teacher``: the expert's crop (also the oracle crop: what staging would be with a perfect detector). ``detector``: the frame.
        ``two-stage``: the detector's frame, cut and turned upright, staged by the teacher. ``full-image``: the full image by
        cross-entropy alone. ``windows-only``: the same, beginning with windows about the frame where the preset has them.
        ``kd-only`` and ``attention-only``: the framework without the other term. ``framework``: all of Eq. (1).
    setting, value
        The one setting of the student that differs from the preset's, in an ablation.
    """

    method: Method
    network: str
    setting: str = ""
    value: str | Finite = ""

    @property
    def name(self) -> str:
        """As in the module's docstring; `parse_arm` reads it."""
        return f"{self.method}:{self.network}" + (f"[{self.setting}={self.value}]" if self.setting else "")

    @property
    def slug(self) -> str:
        """The name as a file may have it."""
        return re.sub(r"[^\w.+-]+", "-", self.name).strip("-")

    @property
    def stages(self) -> bool:
        """Whether it gives probabilities of stages; the detector gives frames."""
        return self.method != "detector"

    @property
    def is_student(self) -> bool:
        """Whether a network on full images is trained."""
        return self.method in _STUDENTS

    @property
    def uses_frames(self) -> bool:
        """Whether its training looks at frames, in windows or in the attention term."""
        return self.method in _TAUGHT or self.method == "windows-only"


class CrossvalSettings(_Frozen):
    """What is asked of a ``crossval`` job beyond the settings of its trainings.

    Attributes
    ----------
    folds
        Of the manifest's folds, those that are judged.
    tables
        The paper's tables that are made.
    repeats
        Resamples of every interval.
    coverage
        Promised by the stage sets.
    weights
        Name of the file of starting weights by network; a network that is not listed begins from scratch.
    """

    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    folds: Annotated[tuple[Annotated[int, Field(ge=0, lt=FOLDS)], ...], Field(min_length=1)] = tuple(range(FOLDS))
    tables: tuple[Table, ...] = ()
    ablation: bool = False
    repeats: Annotated[int, Field(ge=100, le=100_000)] = 2000
    coverage: Annotated[Finite, Field(gt=0, lt=1)] = 0.9
    weights: dict[str, str] = {}

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names = [arm.name for arm in self.arms]
        if len(set(names)) < len(names) or len(set(self.folds)) < len(self.folds):
            raise ValueError("arms and folds must be named once")
        return self


def parse_arm(text: str, settings: TrainingSettings) -> Arm:
    """An arm by its name; without a network it is of the preset's.

    Raises
    ------
    BadInputError
        ``crossval.unknown_arm`` with the methods that there are.
    """
    found = _NAME.fullmatch(text.strip())
    method = found["method"] if found is not None else ""
    method = _ALIASES.get(method, method)
    setting = (found["setting"] or "") if found is not None else ""
    known = next((m for m in METHODS if m == method), None)
    if found is None or known is None or (setting and (setting not in _ABLATED or known not in _TAUGHT)):
        raise BadInputError("crossval.unknown_arm", arm=text.strip(), methods=", ".join(METHODS))
    value: str | float = found["value"] or ""
    with contextlib.suppress(ValueError):
        value = float(value)
    return Arm(method=known, network=found["network"] or _network(known, settings), setting=setting, value=value)


def settings_of(base: TrainingSettings, arm: Arm) -> TrainingSettings:
    """The settings that an arm is trained with.

    Raises
    ------
    BadInputError
        ``training.bad_settings`` if its one change can't be made.
    """
    changed: dict[str, Any] = {}
    student = base.student.model_dump() | {"network": arm.network}
    if arm.method in ("full-image", "windows-only"):
        student |= {"alpha": 0.0, "beta": 0.0, "theta": 1.0}
    student["windows"] = () if arm.method == "full-image" else _whole_cells(arm.network, base.student.windows)
    if arm.method == "kd-only":
        student["alpha"] = 0.0
    if arm.method == "attention-only":
        student["beta"] = 0.0
    if arm.setting:
        student[arm.setting] = arm.value
    if arm.method == "detector":
        changed["detector"] = base.detector.model_dump() | {"network": arm.network}
    else:
        changed |= {"teacher": base.teacher.model_dump() | {"network": arm.network}, "student": student}
    try:
        return TrainingSettings.model_validate(base.model_dump() | changed)
    except ValidationError as error:
        faults = [{"where": f"{arm.name}", "what": e["msg"].removeprefix("Value error, ")} for e in error.errors()]
        raise BadInputError("training.bad_settings", faults=faults) from error


def _whole_cells(network: str, windows: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Windows that another network's cells fill: a side that its patches don't divide is rounded up."""
    family, multiple = family_of(network), input_multiple(network)
    if family is None or not family.patchify:
        return tuple(windows)
    return tuple((-(-side_px // multiple) * multiple, epochs) for side_px, epochs in windows)


def main_arms(settings: TrainingSettings, *, from_scratch: bool) -> list[Arm]:
    """Teacher, detector, student and every baseline, of the preset's network."""
    windows = settings.starting(from_scratch=from_scratch).student.windows
    return [Arm(method=method, network=_network(method, settings)) for method in METHODS if method != "windows-only" or windows]


def table_arms(table: Table, settings: TrainingSettings) -> list[Arm]:
    """The rows of one of the paper's tables, and for the second what it is compared with in the paper's text."""
    if table == 1:
        return [Arm(method="teacher", network=network) for network in CROP_NETWORKS]
    rows = [Arm(method="full-image", network=network) for network in FULL_IMAGE_NETWORKS]
    others: tuple[Method, ...] = ("teacher", "two-stage", "framework")
    detector = Arm(method="detector", network=settings.detector.network)
    return [*rows, detector, *(Arm(method=method, network=CONVNEXT_ATTN) for method in others)]


def ablation_arms(settings: TrainingSettings) -> list[Arm]:
    """The framework, each of its terms off, and one setting changed at a time."""
    student = settings.student
    tried: dict[str, Sequence[str | float]] = {
        "alpha": (0.01, 0.1, 1.0),
        "beta": (0.4, 0.8, 1.6),
        "theta": (0.0, 0.2, 1.0),
        "temperature": (1.0, 3.0, 6.0),
        "teacher_logits": ("cross-fitted", "in-sample"),
    }
    arms = [Arm(method=method, network=student.network) for method in ("framework", "kd-only", "attention-only")]
    for setting, values in tried.items():
        now = getattr(student, setting)
        arms += [Arm(method="framework", network=student.network, setting=setting, value=v) for v in values if v != now]
    return [arm for arm in arms if _trainable(student, arm)]


def in_order(arms: Iterable[Arm]) -> tuple[Arm, ...]:
    """Each once, what others need first."""
    return tuple(sorted(dict.fromkeys(arms), key=lambda arm: METHODS.index(arm.method)))


def _network(method: Method, settings: TrainingSettings) -> str:
    return settings.detector.network if method == "detector" else settings.student.network


def _trainable(student: StudentSettings, arm: Arm) -> bool:
    """Not all three terms are off, as they would be without θ in a preset that has no other."""
    weights = {name: float(getattr(student, name)) for name in ("alpha", "beta", "theta")}
    if arm.setting in weights:
        weights[arm.setting] = float(arm.value)
    return sum(weights.values()) > 0
