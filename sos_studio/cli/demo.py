"""``sos-studio demo``: a phantom project, and with ``--journey`` everything on it without a display."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import ProgressBar, emit, emit_json, say
from sos_studio.messages import message

if TYPE_CHECKING:
    from sos_studio.services.demo import DemoResult
    from sos_studio.services.jobs import JobHandle


@click.command("demo")
@click.argument("directory", type=PATH, metavar="DIR")
@click.option("--cases", type=click.IntRange(1, 5000), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option(
    "--scans", type=click.IntRange(0, 5000), default=3, show_default=True, help="So many of the cases also as DICOM series, in DIR/scans."
)
@click.option("--journey", is_flag=True, help="Then train all three networks (preset quick) and predict the held-out cases.")
@json_option
def command(directory: Path, cases: int, seed: int, *, scans: int, journey: bool, as_json: bool) -> None:
    """Make a phantom project in a new or empty folder DIR: synthetic captures with readings by three evaluators.

    714 cases are a cohort like the paper's: its stages, sexes and range of ages.
    """
    from sos_studio.services import demo

    if journey:
        result = _journey(directory, cases, seed, scans)
        if as_json:
            emit_json({"project": str(directory), **result.as_dict()})
        else:
            emit(result.table())
        return
    with (
        ProgressBar("Making phantoms") as bar,
        demo.make_demo(directory, cases=cases, seed=seed, progress=bar.update, with_scans=scans) as project,
    ):
        folders = sorted(str(path) for path in demo.scans_dir(project.directory).glob("*"))
    if as_json:
        emit_json({"project": str(directory), "cases": cases, "scans": folders})
    else:
        emit(f"{cases} phantom cases are in {directory}; open it with: sos-studio {directory}")


def _journey(directory: Path, cases: int, seed: int, scans: int) -> DemoResult:
    from sos_studio.services import demo

    if demo.starts_from_scratch():
        say(str(message("weights.from_scratch")))
    started: list[JobHandle] = []
    with ProgressBar("Demo") as bar:
        try:
            return demo.headless_demo(directory, cases=cases, seed=seed, with_scans=scans, progress=bar.update, on_job=started.append)
        except KeyboardInterrupt:
            if started:
                say("Stopping …")
                tail = started[0].tail()
                tail.cancel()
                tail.wait()
            raise
