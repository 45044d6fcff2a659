"""``sos-studio project``: make, fill, check and export a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sos_studio.cli import faults
from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import ProgressBar, emit, emit_json
from sos_studio.cli.project_care import CARE_COMMANDS
from sos_studio.cli.project_import import import_
from sos_studio.cli.project_leaks import leaks
from sos_studio.cli.project_patients import keep_options, patients, secret
from sos_studio.messages import message

if TYPE_CHECKING:
    from sos_studio.dataset.exports import ExportFormat

_FORMATS = ("imagefolder", "yolo", "yolo-obb", "coco", "csv", "parquet", "dicom", "datasheet")


@click.group("project")
def command() -> None:
    """Make, fill, check, mend, back up and export a project."""


command.add_command(import_)
command.add_command(leaks)
command.add_command(patients)
command.add_command(secret)
for care in CARE_COMMANDS:
    command.add_command(care)


@command.command("new")
@click.argument("directory", type=PATH, metavar="DIR")
@keep_options
@json_option
def new(directory: Path, keep_age: bool | None, keep_sex: bool | None, as_json: bool) -> None:
    """Make an empty project in a new or empty folder DIR."""
    from sos_studio.services import patients as patients_service
    from sos_studio.services import projects

    with projects.create(directory) as project:
        if keep_age is not None or keep_sex is not None:
            patients_service.decide(project, keep_age=keep_age, keep_sex=keep_sex)
        if as_json:
            emit_json({"project": str(directory), "project_id": project.project_id})
        else:
            emit(f"An empty project is in {directory}")


@command.command("check")
@click.argument("directory", type=PATH, metavar="DIR")
@json_option
def check(directory: Path, as_json: bool) -> int:
    """Look for missing and damaged files in the project DIR, case by case; exit code 3 if there are any."""
    from sos_studio.services import projects

    with projects.open(directory, read_only=True) as project:
        with ProgressBar("Checking") as bar:
            problems = projects.check(project, progress=bar.update)
        cases = len(projects.overview(project).cases)
    found = [
        {
            "case": p.case_id,
            "capture": p.capture_id,
            "file": p.file,
            "code": p.code,
            "severity": p.severity,
            "message": str(message(p.code, {"file": p.file, **p.values})),
        }
        for p in problems
    ]
    errors = sum(p.severity == "error" for p in problems)
    if as_json:
        emit_json({"cases": cases, "errors": errors, "problems": found})
    else:
        for problem in found:
            emit(f"{problem['case'] or 'project'}, {problem['severity']}: {problem['message']}")
        emit(f"{cases} cases, {errors} damaged or missing files")
    return faults.PARTLY_DONE if errors else faults.DONE


@command.command("export")
@click.argument("directory", type=PATH, metavar="DIR")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="A new or empty folder.")
@click.option("--format", "export_format", type=click.Choice(_FORMATS), required=True, help="What it is for; see above.")
@click.option(
    "--name-evaluators/--number-evaluators",
    default=False,
    help="Evaluators by the names they typed, or as Evaluator 1, 2 …  [default: numbers]",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="KEY=TEXT",
    help="Fill in a field of the datasheet, such as licence, ethics or scanner; a wrong one names all.",
)
@json_option
def export(
    *, directory: Path, out: Path, export_format: ExportFormat, name_evaluators: bool, fields: tuple[str, ...], as_json: bool
) -> None:
    """Write the cases of the project DIR for other tools.

    \b
    imagefolder  pictures in one folder per stage (torchvision)
    yolo         boxes and oriented boxes around the synchondrosis, in two folders
    yolo-obb     oriented boxes alone
    coco         boxes and polygons, with stages as attributes
    csv          all tables and what their columns mean
    parquet      the same tables, typed
    dicom        secondary captures and a structured report of each reading
    datasheet    what the dataset is, as HTML and PDF with plots, and a methods paragraph
    """
    from sos_studio.dataset.exports import ExportOptions
    from sos_studio.services import projects

    if any("=" not in field for field in fields):
        raise click.BadParameter("write it as KEY=TEXT.", click.get_current_context(), param_hint="--field")
    details = dict(field.split("=", 1) for field in fields)
    options = ExportOptions(name_evaluators=name_evaluators, details=details)
    # For writing if it can be, so that the project's history tells of it.
    with projects.open(directory, fall_back=True) as project, ProgressBar("Exporting") as bar:
        report = projects.export(project, out, export_format, options, progress=bar.update)
    if as_json:
        counts = {"cases": report.cases, "files": report.files, "left_out": report.left_out, "planned_folds": report.planned_folds}
        emit_json({"out": str(out), "format": export_format, **counts})
    else:
        emit(f"{report.cases} of {report.asked} cases, {report.files} files in {out}")
        for reason, count in report.left_out.items():
            emit(f"  left out: {message(f'export.left_out.{reason}', {'count': count})}")
        for code, count in (("export.marked_excluded", report.marked_excluded), ("export.planned_folds", report.planned_folds)):
            if count:
                emit(f"  {message(code, {'count': count}).text.strip()}")
