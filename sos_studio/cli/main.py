"""``sos-studio``: one command per module; without a command it opens the window."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from sos_studio import __version__
from sos_studio.cli import faults

OpenWindow = Callable[[list[Path]], int]


class _Lazy(NamedTuple):
    """Where a command lives; its module is imported when it is called, so that no command pays for another."""

    module: str
    help: str


COMMANDS: dict[str, _Lazy] = {
    "inspect": _Lazy("sos_studio.cli.inspect", "What a DICOM folder or volume file holds."),
    "capture": _Lazy("sos_studio.cli.capture", "Make the midsagittal capture of an orientation."),
    "demo": _Lazy("sos_studio.cli.demo", "Make a phantom project to try everything on."),
    "project": _Lazy("sos_studio.cli.project", "Make, fill, check and export a project."),
    "train": _Lazy("sos_studio.cli.train", "Train teacher, detector, student or all three."),
    "crossval": _Lazy("sos_studio.cli.crossval", "Compare all methods in every fold; the paper's tables."),
    "job": _Lazy("sos_studio.cli.job", "Trainings of a project: list, cancel, resume, name, move, delete."),
    "queue": _Lazy("sos_studio.cli.queue", "Which trainings wait for this computer."),
    "deidentify": _Lazy("sos_studio.cli.deidentify", "Copy a scan without its patient."),
    "predict": _Lazy("sos_studio.cli.predict", "Stage a full image, an oriented volume, or a folder of full images."),
    "report": _Lazy("sos_studio.cli.report", "A case on paper: the network's answer, readings, orientation; PDF and DICOM."),
    "model": _Lazy("sos_studio.cli.model", "Carry trained networks to another computer."),
}


class _StudioGroup(click.Group):
    """Commands by name; anything else is a path to open in the window."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  Click's signature
        """In the order of the journey."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command's module and take its ``command``."""
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        command = importlib.import_module(lazy.module).command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """A word that is no command is a path for the window."""
        if args[0] in COMMANDS:
            return super().resolve_command(ctx, args)
        if not Path(args[0]).exists():
            raise click.UsageError(f"There is neither a command nor a file named {Path(args[0]).name}.", ctx)
        return "window", _window, args


@click.command("window", hidden=True)
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def _window(open_window: OpenWindow, paths: tuple[Path, ...]) -> int:
    """Open the window on a project or a scan."""
    return open_window(list(paths))


@click.group(
    cls=_StudioGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
    subcommand_metavar="[PATH… | COMMAND …]",
)
@click.version_option(__version__, prog_name="SOS Studio")
# Taken out of the arguments before Click sees them (`faults.run`); here for the help page.
@click.option("--debug", is_flag=True, help="Show tracebacks and logs; may stand anywhere.")
@click.pass_context
def studio(ctx: click.Context, debug: bool) -> int | None:  # noqa: ARG001
    """Stage the spheno-occipital synchondrosis in CBCT head scans.

    Without a command, open the window on a project folder or a scan. Research use only — not a medical device.
    """
    if ctx.invoked_subcommand is None:
        open_window: OpenWindow = ctx.obj
        return open_window([])
    return None


def _no_window(_paths: list[Path]) -> int:
    raise click.UsageError("There is no window here; name a command.")


def main(arguments: Sequence[str] | None = None, *, open_window: OpenWindow = _no_window) -> int:
    """Run one command; the exit code is the contract's.

    Parameters
    ----------
    arguments
        None: those of the process.
    open_window
        Shows the window on some paths and returns when it is closed. Handed in, because the command line knows nothing of Qt.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    return faults.run(lambda rest: studio.main(args=rest, prog_name="sos-studio", standalone_mode=False, obj=open_window), given)
