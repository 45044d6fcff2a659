"""``sos-studio report``: what a project's network says of a case, with how far to trust it and who read what, as PDF and DICOM."""

from __future__ import annotations

from pathlib import Path

import click

from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import ProgressBar, emit, emit_json
from sos_studio.messages import message


@click.command("report")
@click.argument("case_id", metavar="CASE")
@click.option("--project", "directory", type=PATH, required=True, metavar="DIR", help="Project that holds the case.")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="Folder for the files.")
@click.option("--dicom", is_flag=True, help="Write secondary captures and a structured report too.")
@click.option("--no-pdf", is_flag=True, help="Write no PDF.")
@click.option("--move-plane", is_flag=True, help="Ask whether the stage holds when the plane is moved.")
@click.option(
    "--evaluator", default="", metavar="NAME", help="Who gets it: their later readings count as made after the AI; without it everybody's."
)
@click.option("--patient", default="", metavar="TEXT", help="Written at the top of the PDF: whoever gets it learns who this is.")
@json_option
def command(
    *,
    case_id: str,
    directory: Path,
    out: Path,
    dicom: bool,
    no_pdf: bool,
    move_plane: bool,
    evaluator: str,
    patient: str,
    as_json: bool,
) -> None:
    """Write a report of CASE (its pseudonym). Research use only — not a medical device.

    It gives the network's answer away, so the project notes that it was shown before anything is written.
    """
    from sos_studio.core.errors import BadInputError
    from sos_studio.core.predictions import KeptPrediction
    from sos_studio.dataset import captures as dataset_captures
    from sos_studio.dataset.project import Project
    from sos_studio.services import captures, case_report, case_report_files, listed_cases, prediction
    from sos_studio.services.revealing import note_shown
    from sos_studio.services.sensitivity import sensitivity

    if no_pdf and not dicom:
        raise click.UsageError("Nothing is left to write: leave --no-pdf out or add --dicom.", click.get_current_context())
    networks = prediction.choose_networks(directory, None)
    with Project.open(directory, fall_back=True) as project, prediction.PredictionService() as service:
        because = project.read_only_because
        if because is not None and because.code != "project.unwritable":
            raise because  # somebody may be reading this very case
        listed = listed_cases.listed_case(project, case_id)
        if listed.capture_id is None:
            raise BadInputError("predict.no_image")
        capture = captures.load_capture(project, listed.capture_id)
        roi = None if listed.roi_n is None else dataset_captures.frame(project, listed.capture_id, listed.roi_n)
        detector = None if networks.detector is None else networks.detector.path
        result = service.predict(capture.full8, model_dir=networks.model.path, roi=roi, detector_dir=detector)
        holding = None
        if move_plane:
            with ProgressBar("Moving the plane") as bar:
                stage = result.prediction.stage
                holding = sensitivity(service, capture, model_dir=networks.model.path, stage=stage, progress=bar.update)
        said = result.prediction
        note_shown(
            project,
            capture.capture_id,
            evaluator.strip(),
            model_id=said.model.model_id,
            stage=said.stage,
            probabilities=said.probabilities,
            kept=KeptPrediction.of(said, result.map, None),
        )
        report = case_report.gather(project, capture, said, result.heat01_vu, roi=roi, holding=holding)
        wish = case_report_files.Wish(not no_pdf, dicom, patient)
        files = case_report_files.write_report(project, report, out, wish)
    if as_json:
        emit_json({"files": [str(out / name) for name in files], "stage": result.prediction.stage})
    else:
        emit(message("predict.report_saved", {"folder": out.name, "files": ", ".join(files)}).text)
