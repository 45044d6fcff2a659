"""``sos-studio inspect``: what a source holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sos_studio.cli import faults
from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import emit, emit_json, say
from sos_studio.cli.series import series_line, series_object
from sos_studio.core.scans import SeriesInfo
from sos_studio.messages import Message, message


@click.command("inspect")
@click.argument("source", type=PATH)
@json_option
def command(source: Path, as_json: bool) -> int:
    """List the series in SOURCE with their geometry, values and problems.

    SOURCE is a DICOM file, folder, DICOMDIR or zip, or a NIfTI, NRRD, MHA or VTI file. Exit code 2 if none can be loaded.
    """
    from sos_studio.services import scans

    series = scans.inspect(source)
    loadable = any(info.loadable for info in series)
    refusal = None if loadable else _refusal(series)
    if as_json:
        content: dict[str, Any] = {"series": [series_object(info) for info in series]}
        emit_json(content if refusal is None else content | {"error": faults.error_object(refusal)})
    else:
        for info in series:
            emit(series_line(info))
        if refusal is not None:
            say(str(refusal))
    return faults.DONE if loadable else faults.BAD_INPUT


def _refusal(series: list[SeriesInfo]) -> Message:
    for info in series:
        for problem in info.problems:
            if problem.severity == "error" and len(series) == 1:
                return message(problem.code, problem.values)
    return message("scan.none_loadable")
