"""``sos-studio queue``: the trainings that wait for a device of this computer."""

from __future__ import annotations

import click

from sos_studio.cli.options import json_option
from sos_studio.cli.output import emit, emit_json


@click.command("queue")
@click.option("--run", "keeps", is_flag=True, hidden=True, help="Start them one after the other; ends when nobody waits.")
@json_option
def command(*, keeps: bool, as_json: bool) -> None:
    """List the trainings that wait until another one has ended, the next one first."""
    from sos_studio.services import job_queue, waiting

    if keeps:
        job_queue.keep()
        return
    names = [entry.path.name for entry in waiting.line()]
    if as_json:
        emit_json({"waiting": names})
    else:
        for n, name in enumerate(names, start=1):
            emit(f"{n}. {name}")
        if not names:
            emit("No training waits.")
