"""``sos-studio project``: make, fill, check and export a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from sos_studio.cli import faults
from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import ProgressBar, emit, emit_json, say
from sos_studio.cli.project_patients import keep_options, patients, secret
from sos_studio.messages import message

if TYPE_CHECKING:
    from sos_studio.dataset.exports import ExportFormat
    from sos_studio.dataset.imports import ImportReport

_FORMATS = ("imagefolder", "yolo", "yolo-obb", "coco", "csv", "parquet", "dicom")
_LEFT_OUT = {
    "not_captured": "there is no full image",
    "excluded": "the case is excluded",
    "no_label": "there is no agreed stage",
    "no_frame": "there is no frame",
    "damaged": "a file is damaged",
}


@click.group("project")
def command() -> None:
    """Make, fill, check and export a project."""


command.add_command(patients)
command.add_command(secret)


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


@command.command("import")
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("sources", type=PATH, metavar="SOURCE…", nargs=-1, required=True)
@click.option("--labels", type=PATH, metavar="CSV", help="Columns image and stage; patient, age, sex, evaluator, remark if you have them.")
@click.option("--facing", type=click.Choice(["right", "left"]), default="right", show_default=True, help="Left-facing images are mirrored.")
@click.option("--spacing", type=float, metavar="MM", help="Pixel size, if it is known and the same for all.")
@json_option
def import_(
    *,
    directory: Path,
    sources: tuple[Path, ...],
    labels: Path | None,
    facing: Literal["right", "left"],
    spacing: float | None,
    as_json: bool,
) -> int:
    """Take full images (files, folders, capture folders) into the project DIR; exit code 3 if some could not be taken.

    The table's column `image` names a picture by its file name and a capture by the name of its folder.
    """
    from sos_studio.services import projects

    if spacing is not None and not 0 < spacing < 100:
        raise click.BadParameter("a pixel size lies between 0 and 100 mm.", click.get_current_context(), param_hint="--spacing")
    with projects.open(directory) as project, ProgressBar("Importing") as bar:
        report = projects.import_images(project, list(sources), labels, facing=facing, spacing_mm=spacing, progress=bar.update)
    failed = [{"image": f.image, "line": f.line, **faults.error_object(message(f.code, f.values))} for f in report.faults]
    nothing = not (report.imported or report.already_there)
    if as_json:
        reason = {"error": {key: failed[0][key] for key in ("code", "message", "hint")}} if nothing and failed else {}
        emit_json(
            reason
            | {
                "imported": [vars(image) for image in report.imported],
                "already_there": [vars(image) for image in report.already_there],
                "readings": report.readings,
                "unlabelled": list(report.unlabelled),
                "ignored_columns": list(report.ignored_columns),
                "failed": failed,
            }
        )
    else:
        _tell_import(report, failed)
    if report.complete:
        return faults.DONE
    return faults.BAD_INPUT if nothing else faults.PARTLY_DONE


def _tell_import(report: ImportReport, failed: list[dict[str, Any]]) -> None:
    if report.ignored_columns:
        say(str(message("import.ignored_columns", {"columns": ", ".join(report.ignored_columns)})))
    for fault in failed:
        # Most sentences name the picture themselves.
        named = fault["message"].startswith(fault["image"])
        where = [f"line {fault['line']}"] * bool(fault["line"]) + [fault["image"]] * (not named)
        say(": ".join([*([", ".join(where)] if where else []), f"{fault['message']} {fault['hint']}".strip()]))
    if report.unlabelled:
        say(f"{len(report.unlabelled)} images have no stage yet")
    known = f", {len(report.already_there)} were there already" if report.already_there else ""
    emit(f"{len(report.imported)} images imported{known}, {report.readings} readings, {len(failed)} not taken")


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
    default=None,
    help="Evaluators by the names they typed, or as Evaluator 1, 2 …  [default: names in csv and parquet, numbers elsewhere]",
)
@json_option
def export(directory: Path, out: Path, export_format: ExportFormat, name_evaluators: bool | None, as_json: bool) -> None:
    """Write the cases of the project DIR for other tools.

    \b
    imagefolder  pictures in one folder per stage (torchvision)
    yolo         boxes and oriented boxes around the synchondrosis, in two folders
    yolo-obb     oriented boxes alone
    coco         boxes and polygons, with stages as attributes
    csv          all tables and what their columns mean
    parquet      the same tables, typed
    dicom        secondary captures and a structured report of each reading
    """
    from sos_studio.dataset.exports import ExportOptions
    from sos_studio.services import projects

    options = ExportOptions(name_evaluators=name_evaluators)
    with projects.open(directory, read_only=True) as project, ProgressBar("Exporting") as bar:
        report = projects.export(project, out, export_format, options, progress=bar.update)
    if as_json:
        counts = {"cases": report.cases, "files": report.files, "left_out": report.left_out}
        emit_json({"out": str(out), "format": export_format, **counts})
    else:
        emit(f"{report.cases} cases, {report.files} files in {out}")
        for reason, count in report.left_out.items():
            emit(f"  left out because {_LEFT_OUT.get(reason, reason)}: {count}")
