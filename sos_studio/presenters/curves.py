"""What a training measured, sorted into curves: losses that should fall, and rates that should rise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sos_studio.core.jobs import JobSpec, Metric

RATES = ("accuracy", "kappa", "hit_rate", "map50")
# The total comes first: it is what the eye looks for. Then what it is made of.
_LOSSES = ("loss", "classification_loss", "distillation_loss", "attention_loss")


@dataclass(frozen=True)
class Curve:
    """One line: `points` are (step, value), in the order of steps.

    Attributes
    ----------
    weight
        What was measured was multiplied by it: a term of a sum as it counts in the sum.
    """

    name: str
    split: str
    points: tuple[tuple[int, float], ...]
    weight: float = 1.0

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


@dataclass(frozen=True)
class Curves:
    """Everything one part of a training measured so far.

    Attributes
    ----------
    whole_from
        The first epoch of whole full images, before which the cases that a training checks itself by are not looked at; 1 if that is all.
    """

    losses: tuple[Curve, ...] = ()
    rates: tuple[Curve, ...] = ()
    whole_from: int = 1

    @property
    def span(self) -> tuple[int, int]:
        """First and last step of all of them, so that what stands side by side has one axis."""
        steps = [step for curve in (*self.losses, *self.rates) for step, _ in curve.points]
        return (min(steps), max(steps)) if steps else (1, 1)


def curves(metrics: Iterable[Metric], part: str, spec: JobSpec | None = None) -> Curves:
    """The curves of one part; a step that was measured again after a resume counts with its newest value.

    Parameters
    ----------
    spec
        What was asked: it knows how much a student's terms count. Without it they are shown as they were measured.
    """
    values: dict[tuple[str, str], dict[int, float]] = {}
    for metric in metrics:
        if metric.part == part:
            values.setdefault((metric.name, metric.split), {})[metric.step] = metric.value
    student = spec.settings.starting(from_scratch=spec.from_scratch).student if spec is not None and part == "student" else None
    weights = {}
    if student is not None:
        weights = {"attention_loss": student.alpha, "distillation_loss": student.beta, "classification_loss": student.theta}
    made = []
    for (measured, split), points in values.items():
        # A student is checked by the stages alone: the same term as in its training, not its total.
        name = "classification_loss" if (measured, split, part) == ("loss", "inner", "student") else measured
        weight = weights.get(name, 1.0)
        made.append(Curve(name, split, tuple((step, weight * value) for step, value in sorted(points.items())), weight))
    losses = [curve for curve in made if curve.name.endswith("loss")]
    rates = [curve for curve in made if curve.name in RATES]
    return Curves(
        tuple(sorted(losses, key=lambda c: (_LOSSES.index(c.name) if c.name in _LOSSES else len(_LOSSES), c.split != "train"))),
        tuple(sorted(rates, key=lambda c: RATES.index(c.name))),
        1 if student is None else 1 + sum(epochs for _, epochs in student.windows),
    )


def parts_measured(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Parts with any number, in the order in which they began."""
    return tuple(dict.fromkeys(metric.part for metric in metrics))
