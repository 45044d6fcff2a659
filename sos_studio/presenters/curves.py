"""What a training measured, sorted into curves: losses that should fall, and rates that should rise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sos_studio.core.jobs import Metric

RATES = ("accuracy", "kappa", "hit_rate", "map50")


@dataclass(frozen=True)
class Curve:
    """One line: `points` are (step, value), in the order of steps."""

    name: str
    split: str
    points: tuple[tuple[int, float], ...]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


@dataclass(frozen=True)
class Curves:
    """Everything one part of a training measured so far."""

    losses: tuple[Curve, ...] = ()
    rates: tuple[Curve, ...] = ()


def curves(metrics: Iterable[Metric], part: str) -> Curves:
    """The curves of one part; a step that was measured again after a resume counts with its newest value."""
    values: dict[tuple[str, str], dict[int, float]] = {}
    for metric in metrics:
        if metric.part == part:
            values.setdefault((metric.name, metric.split), {})[metric.step] = metric.value
    made = [Curve(name, split, tuple(sorted(points.items()))) for (name, split), points in values.items()]
    losses = [curve for curve in made if curve.name.endswith("loss")]
    rates = [curve for curve in made if curve.name in RATES]
    # The total comes first: it is what the eye looks for.
    return Curves(
        tuple(sorted(losses, key=lambda c: (c.name != "loss", c.split != "train"))),
        tuple(sorted(rates, key=lambda c: RATES.index(c.name))),
    )


def parts_measured(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """Parts with any number, in the order in which they began."""
    return tuple(dict.fromkeys(metric.part for metric in metrics))
