"""``sos-studio deidentify``: a copy of a scan without its patient."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from sos_studio.cli import faults
from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import ProgressBar, emit, emit_json, say
from sos_studio.messages import message


@click.command("deidentify")
@click.argument("source", type=PATH)
@click.option("--out", type=PATH, required=True, metavar="DIR", help="A new or empty folder for the copy.")
@click.option("--project", type=PATH, metavar="DIR", help="Use this project's pseudonyms, so that repeat scans fit together.")
@click.option("--keep-age", is_flag=True, help="Keep the age in whole years, 90 and over as one.")
@click.option("--keep-sex", is_flag=True, help="Keep the sex.")
@json_option
def command(*, source: Path, out: Path, project: Path | None, keep_age: bool, keep_sex: bool, as_json: bool) -> int:
    """Copy the DICOM images in SOURCE (file, folder, DICOMDIR or zip) without their patients.

    By DICOM PS3.15's basic profile: pseudonym for name and number, new UIDs, no dates, no private elements, no free text. Exit code 3 if
    some objects could not be copied, such as pictures of screens. The grey values are not changed: a head shows a face.
    """
    from sos_studio.services import projects
    from sos_studio.services.deidentification import deidentify

    with ExitStack() as stack:
        opened = stack.enter_context(projects.open(project, fall_back=True)) if project is not None else None
        bar = stack.enter_context(ProgressBar("Copying"))
        report = deidentify(source, out, project=opened, keep_age=keep_age, keep_sex=keep_sex, progress=bar.update)
    left_out = [{"count": count, **faults.error_object(message(code))} for code, count in report.left_out.items()]
    face = message("deidentify.face")
    if as_json:
        content = {"out": str(out), "patients": report.patients, "images": report.images, "series": report.series, "left_out": left_out}
        emit_json({**content, "profile": "PS3.15 basic", "warnings": [faults.error_object(face)]})
    else:
        emit(f"{report.images} images in {len(report.series)} series of {report.patients} patients in {out}")
        for reason in left_out:
            say(f"not copied ({reason['count']}): {reason['message']} {reason['hint']}")
        say(str(face))
    return faults.PARTLY_DONE if left_out else faults.DONE
