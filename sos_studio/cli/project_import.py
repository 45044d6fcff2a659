"""``sos-studio project import``: pictures that people already have, with a table of their stages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from sos_studio.cli import faults
from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import ProgressBar, emit, emit_json, say
from sos_studio.messages import message

if TYPE_CHECKING:
    from sos_studio.dataset.imports import ImportReport
    from sos_studio.dataset.project import Project
    from sos_studio.services.import_pictures import ImportOptions
    from sos_studio.services.import_preview import ImportPreview

_PREVIEW_LINES = 10


@click.command("import")
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("sources", type=PATH, metavar="SOURCE…", nargs=-1, required=True)
@click.option("--labels", type=PATH, metavar="TABLE", help="CSV or Excel workbook with a column for the images' names and one for stages.")
@click.option("--sheet", metavar="NAME", help="Of the workbook [the first that holds anything].")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=HEADER",
    help="Which column is image, stage, patient, age, sex, evaluator or remark, where the guess is wrong; without HEADER: none.",
)
@click.option("--separator", metavar="CHARACTER", help="Of the CSV file, where the guess is wrong; tab is a word for one.")
@click.option("--encoding", metavar="NAME", help="Of the CSV file, where the guess is wrong, for example cp1250.")
@click.option(
    "--names", metavar="PATTERN", help='What the files\' names say, for example "{sex} {age}_{stage}"; guess tries known patterns.'
)
@click.option("--facing", type=click.Choice(["right", "left"]), default="right", show_default=True, help="Left-facing images are mirrored.")
@click.option("--spacing", type=float, metavar="MM", help="Pixel size, if it is known and the same for all.")
@click.option(
    "--ruler", "ruler_mm", type=float, metavar="MM", help="Between neighbouring ticks of the pictures' ruler: gives the pixel size."
)
@click.option("--crops", is_flag=True, help="The pictures are crops, endocranial end left: frame all of each.")
@click.option("--keep-borders", is_flag=True, help="Don't cut uniform borders away.")
@click.option("--keep-overlays", is_flag=True, help="Don't cover letters, rulers and coloured lines.")
@click.option(
    "--cover", "boxes", default="", metavar="BOXES", help='Cover in every picture: "left, top, width, height" in pixels; several with ";".'
)
@click.option("--no-originals", is_flag=True, help="Don't keep the untouched pictures of those that are changed.")
@click.option("--take-unmended", is_flag=True, help="Take pictures too whose row or name needs mending, without what it says.")
@click.option("--preview", is_flag=True, help="Only say what would become of rows and files; nothing is written.")
@json_option
def import_(
    *,
    directory: Path,
    sources: tuple[Path, ...],
    labels: Path | None,
    sheet: str | None,
    columns: tuple[str, ...],
    separator: str | None,
    encoding: str | None,
    names: str | None,
    facing: Literal["right", "left"],
    spacing: float | None,
    ruler_mm: float | None,
    crops: bool,
    keep_borders: bool,
    keep_overlays: bool,
    boxes: str,
    no_originals: bool,
    take_unmended: bool,
    preview: bool,
    as_json: bool,
) -> int:
    """Take full images (files, folders, capture folders) into the project DIR; exit code 3 if some could not be taken.

    The table's column for images names a picture by its file name and a capture by the name of its folder. A picture whose row needs
    mending waits for that, so that it never becomes a case without stage and patient.
    """
    from sos_studio.dataset.label_table import TableOptions
    from sos_studio.services import import_preview, projects
    from sos_studio.services.import_pictures import ImportOptions, PictureOptions, boxes_of

    _require_size(spacing, "--spacing", 100)
    _require_size(ruler_mm, "--ruler", 1000)
    separator = {"tab": "\t"}.get(separator or "", separator)
    if separator is not None and len(separator) != 1:
        raise click.BadParameter("give one character, or the word tab.", click.get_current_context(), param_hint="--separator")
    options = ImportOptions(
        PictureOptions(facing, spacing, ruler_mm, not keep_borders, not keep_overlays, not no_originals, crops, boxes_of(boxes)),
        TableOptions(sheet, _fields(columns), separator, encoding),
        names or "",
        take_unmended,
    )
    with projects.open(directory, read_only=preview) as project:
        if names == "guess":
            options = _guessed(options, import_preview.preview(project.scheme, sources, labels, _without_names(options)))
        if preview:
            return _tell_preview(import_preview.thorough(project.scheme, sources, labels, options), as_json)
        with ProgressBar("Importing") as bar:
            all_of_them: list[int] = []

            def told(done: float) -> None:
                bar.update(done, f"{round(done * all_of_them[-1])} of {all_of_them[-1]}" if all_of_them else "")

            report = projects.import_images(project, list(sources), labels, options, progress=told, total=all_of_them.append)
        unread = "" if labels is not None or options.names else _pattern_of(report, project)
    return _tell(report, unread, as_json)


def _require_size(value: float | None, option: str, most: float) -> None:
    if value is not None and not 0 < value < most:
        raise click.BadParameter(f"a size lies between 0 and {most} mm.", click.get_current_context(), param_hint=option)


def _fields(columns: tuple[str, ...]) -> dict[str, str]:
    chosen = {}
    for text in columns:
        field, equals, header = text.partition("=")
        if not equals:
            raise click.BadParameter(f"'{text}' is not FIELD=HEADER.", click.get_current_context(), param_hint="--column")
        chosen[field.strip().casefold()] = header.strip()
    return chosen


def _without_names(options: ImportOptions) -> ImportOptions:
    from dataclasses import replace

    return replace(options, names="")


def _guessed(options: ImportOptions, seen: ImportPreview) -> ImportOptions:
    from dataclasses import replace

    if not seen.suggested_names:
        raise click.BadParameter("the files' names are of no known pattern; give one.", click.get_current_context(), param_hint="--names")
    say(f"The files' names are taken as {seen.suggested_names}")
    return replace(options, names=seen.suggested_names)


def _pattern_of(report: ImportReport, project: Project) -> str:
    """What the names of pictures without a stage seem to say; empty if they are of no known pattern."""
    from sos_studio.dataset.name_patterns import suggested

    found = suggested(report.unlabelled, project.scheme)
    return "" if found is None else found.text


def _fault(fault: Any) -> dict[str, Any]:
    return {"image": fault.image, "line": fault.line, **faults.error_object(message(fault.code, fault.values))}


def _tell_preview(seen: ImportPreview, as_json: bool) -> int:
    if seen.problem is not None:
        raise seen.problem
    if seen.names_problem is not None:
        raise seen.names_problem
    columns = {field: seen.headers[index] for field, index in seen.columns if index is not None}
    failed = [_fault(row.fault) for row in seen.faults]
    rows = [
        {
            "line": row.line,
            "image": row.image,
            "found": row.path is not None,
            **({name: getattr(row.row, name) for name in ("stage", "age_years", "sex", "evaluator", "remark")} if row.row else {}),
            "patient": "pseudonym" if row.row and row.row.patient else None,
            "taken": row.taken and row.path is not None,
        }
        for row in seen.rows
    ]
    notices = [faults.error_object(message(code, values)) for code, values in (*seen.notices, *seen.question)]
    if as_json:
        emit_json({"columns": columns, "suggested_names": seen.suggested_names, "rows": rows, "notices": notices, "failed": failed})
    else:
        for field, header in columns.items():
            emit(f"{field} = {header}")
        for row in rows[:_PREVIEW_LINES]:
            facts = ", ".join(
                f"{name} {row[name]}" for name in ("stage", "age_years", "sex", "evaluator", "remark") if row.get(name) is not None
            )
            emit(f"{row['image']}: {facts or 'no stage'}{', patient as a pseudonym' if row['patient'] else ''}")
        if len(rows) > _PREVIEW_LINES:
            emit(f"… and {len(rows) - _PREVIEW_LINES} more")
        _say_faults(failed)
        for notice in notices:
            say(f"{notice['message']} {notice['hint']}".strip())
        emit(f"{len(seen.pictures)} images, {len(failed)} rows or files to mend; nothing was written")
    return faults.PARTLY_DONE if failed else faults.DONE


def _tell(report: ImportReport, unread_names: str, as_json: bool) -> int:
    failed = [_fault(fault) for fault in report.faults]
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
                "suggested_names": unread_names,
                "ignored_columns": list(report.ignored_columns),
                "columns": dict(report.columns),
                "near_duplicates": [vars(pair) for pair in report.near],
                "prepared": report.prepared,
                "filled_in": [{"image": row.image, "line": row.line, **row.values} for row in report.filled_in],
                "doubts": [_fault(doubt) for doubt in report.doubts],
                "waiting": list(report.waiting),
                "failed": failed,
            }
        )
    else:
        _tell_import(report, unread_names, failed)
    if report.complete:
        return faults.DONE
    return faults.BAD_INPUT if nothing else faults.PARTLY_DONE


def _tell_import(report: ImportReport, unread_names: str, failed: list[dict[str, Any]]) -> None:
    guessed = {field: header for field, header in report.columns.items() if header.casefold() != field}
    if guessed:
        say("Columns: " + ", ".join(f"{field} = {header}" for field, header in guessed.items()))
    if report.ignored_columns:
        say(str(message("import.ignored_columns", {"columns": ", ".join(report.ignored_columns)})))
    _say_faults(failed)
    _say_faults([_fault(doubt) for doubt in report.doubts])
    _say_faults([_fault(row) for row in report.filled_in])
    name_of = {image.case_id: image.name for image in report.imported}
    for pair in report.near:
        one, other = (f"{case} ({name_of[case]})" if case in name_of else case for case in (pair.case_id, pair.other_case_id))
        say(f"{one} and {other} look nearly alike{', mirrored' if pair.mirrored else ''}: both were taken")
    if report.unlabelled:
        say(f"{len(report.unlabelled)} images have no stage yet")
    if unread_names:
        say(f"The files' names look like {unread_names}: import them again with --names guess to take what they say")
    if report.prepared:
        say(f"{report.prepared} images were cut, covered or measured by their ruler; their records say how")
    if report.waiting:
        say(f"{len(report.waiting)} images wait until their rows or names are mended")
    known = f", {len(report.already_there)} were there already" if report.already_there else ""
    emit(f"{len(report.imported)} images imported{known}, {report.readings} readings, {len(failed)} not taken")


def _say_faults(failed: list[dict[str, Any]]) -> None:
    for fault in failed:
        # Most sentences name the picture themselves.
        named = fault["message"].startswith(fault["image"])
        where = [f"line {fault['line']}"] * bool(fault["line"]) + [fault["image"]] * (not named)
        say(": ".join([*([", ".join(where)] if where else []), f"{fault['message']} {fault['hint']}".strip()]))
