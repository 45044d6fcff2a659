"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
Vector = tuple[float, float, float]

# Not looked at by Click, which would tell of one that can't be read with its whole path, patients' names included.
PATH = click.Path(path_type=Path, readable=False)

if TYPE_CHECKING:
    _NumbersType = click.ParamType[tuple[float, ...]]
else:
    _NumbersType = click.ParamType  # generic only in newer versions


class _Numbers(_NumbersType):
    """Comma-separated finite numbers."""

    def __init__(self, names: str) -> None:
        self.name = names
        self._count = len(names.split(","))

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Parse, or say what was expected."""
        if isinstance(value, tuple):
            return value
        try:
            numbers = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != self._count or not all(map(math.isfinite, numbers)):
            self.fail(f"'{value}' is not {self.name} in numbers, for example {','.join(['-1.5', '2', '3'][: self._count])}.", param, ctx)
        return numbers


def json_option(command: Command) -> Command:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")(command)


def volume_options(command: Command) -> Command:
    """Which series of a source, and how it is oriented and sampled."""
    for option in reversed(
        (
            click.option("--series", metavar="UID", help="Which series, where the source holds several."),
            click.option("--center", type=_Numbers("X,Y,Z"), metavar="X,Y,Z", help="Where the planes cross, LPS mm [volume centre]."),
            click.option("--roll", type=float, default=0.0, metavar="R", help="Degrees; + tilts the vertex to the patient's left."),
            click.option("--yaw", type=float, default=0.0, metavar="Y", help="Degrees; + turns the face to the patient's left."),
            click.option("--pitch", type=float, default=0.0, metavar="P", help="Degrees; + turns the face down."),
            click.option("--spacing", type=float, default=None, metavar="MM", help="Pixel size [0.25]."),
            click.option("--slab", type=float, default=0.0, metavar="MM", help="Thickness of the mean [0]."),
            click.option("--window", type=_Numbers("LOW,HIGH"), metavar="LOW,HIGH", help="Grey values of black and white [automatic]."),
        )
    ):
        command = option(command)
    return command


def training_options(command: Command) -> Command:
    """With which settings, on what, and by which labels networks are trained."""
    for option in reversed(
        (
            click.option("--preset", default="quick", show_default=True, metavar="NAME", help="quick, clinic, paper or paper-literal."),
            click.option("--set", "assignments", multiple=True, metavar="K=V", help="Change one setting, for example student.alpha=0.02."),
            click.option("--weights", type=PATH, metavar="FILE", help="Starting weights of the preset's network (safetensors)."),
            click.option(
                "--device",
                type=click.Choice(["auto", "cpu", "cuda", "mps"]),
                default="auto",
                show_default=True,
                help="auto: a graphics card with CUDA if there is one, else the processor; mps: an Apple GPU.",
            ),
            click.option("--threads", type=click.IntRange(1, 256), help="Computing threads [cores − 1]."),
            click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True),
            click.option("--resume", "resumed", metavar="JOB", help="Go on with an interrupted, cancelled or failed job instead."),
            click.option("--wait", "waits", is_flag=True, help="While another training has the device, wait in line for it."),
            click.option("--consensus", type=click.Choice(["majority", "median"]), help="Another rule than the project's, this time only."),
        )
    ):
        command = option(command)
    return command
