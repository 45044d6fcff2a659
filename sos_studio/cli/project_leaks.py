"""``sos-studio project leaks``: cases alike in different folds, and how they are settled."""

from __future__ import annotations

from pathlib import Path

import click

from sos_studio.cli import faults
from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import ProgressBar, emit, emit_json
from sos_studio.messages import message

DUPLICATE = "duplicate"


@click.command("leaks")
@click.argument("directory", type=PATH, metavar="DIR")
@click.option("--same-patient", nargs=2, metavar="CASE CASE", default=None, help="Say that two cases are of one patient.")
@click.option("--exclude", "excluded", metavar="CASE", default=None, help="Exclude a case (reason: duplicate); needs --evaluator.")
@click.option("--evaluator", default="", metavar="NAME", help="Who says so.")
@json_option
def leaks(directory: Path, same_patient: tuple[str, str] | None, excluded: str | None, evaluator: str, as_json: bool) -> int:
    """List the pairs of cases in different folds that are one patient, one scan or nearly one picture: they keep a training from starting.

    Exit code 3 while there are any.
    """
    from sos_studio.services import exclusions, projects
    from sos_studio.services import leaks as service

    writes = same_patient is not None or excluded is not None
    said: list[str] = []
    with projects.open(directory, read_only=not writes) as project, ProgressBar("Comparing pictures") as bar:
        if same_patient is not None:
            joined = service.say_same(project, *same_patient, evaluator)
            said.append(str(message("leak.joined" if joined else "leak.folds_differ", {"case": same_patient[0], "other": same_patient[1]})))
        if excluded is not None:
            exclusions.put(project, excluded, exclusions.Wish(DUPLICATE), evaluator)
            said.append(str(message("exclusion.done", {"case": excluded})))
        found = service.find(project, progress=bar.update)
    pairs = [
        {"kind": leak.kind, "cases": [leak.case_id, leak.other_case_id], "folds": list(leak.folds), "mergeable": leak.mergeable}
        for leak, _, _ in found
    ]
    if as_json:
        emit_json({"leaks": pairs})
    else:
        for line in said:
            emit(line)
        for leak, _, _ in found:
            first, second = leak.folds
            who = f"{leak.case_id} (fold {first + 1}), {leak.other_case_id} (fold {second + 1})"
            emit(f"{who}: {message(f'leak.{leak.kind}')}")
        if not found:
            emit(str(message("leak.none")))
    return faults.PARTLY_DONE if found else faults.DONE
