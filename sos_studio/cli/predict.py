"""``sos-studio predict``: stage, probabilities, heatmap."""

from __future__ import annotations

from pathlib import Path

import click

from sos_studio.cli.options import PATH, Vector, json_option, volume_options
from sos_studio.cli.output import ProgressBar, emit, emit_json, say
from sos_studio.cli.series import say_problem
from sos_studio.core.geometry import Facing
from sos_studio.core.predictions import Prediction


@click.command("predict")
@click.argument("source", type=PATH)
@click.option("--project", "directory", type=PATH, metavar="DIR", help="Use the newest student and detector of this project.")
@click.option("--model", "model_dir", type=PATH, metavar="PATH", help="Folder of a network.")
@click.option("--detector", "detector_dir", type=PATH, metavar="PATH", help="Folder of a detector [the one trained with the network].")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="For heatmap.png, overlay.png and prediction.json.")
@click.option("--opacity", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Of the heatmap in overlay.png.")
@click.option("--facing", type=click.Choice(["right", "left"]), default="right", show_default=True, help="Of the face in a picture file.")
@volume_options
@json_option
def command(
    *,
    source: Path,
    directory: Path | None,
    model_dir: Path | None,
    detector_dir: Path | None,
    out: Path,
    opacity: float,
    facing: Facing,
    series: str | None,
    center: Vector | None,
    roll: float,
    yaw: float,
    pitch: float,
    spacing: float | None,
    slab: float,
    window: tuple[float, float] | None,
    as_json: bool,
) -> None:
    """Stage the full image, capture folder or volume SOURCE. Research use only — not a medical device."""
    from sos_studio.services import prediction
    from sos_studio.services.full_images import View, full_image

    if (directory is None) == (model_dir is None):
        raise click.UsageError("Name either a project (--project) or a network (--model).", click.get_current_context())
    networks = prediction.choose_networks(directory, model_dir, detector_dir)
    with ProgressBar("Opening") as bar:
        view = View(center, roll, yaw, pitch, spacing, slab, window)
        picture = full_image(source, series, view, facing=facing, progress=bar.update, warn=say_problem)
    with prediction.PredictionService() as service:
        detector = None if networks.detector is None else networks.detector.path
        result = service.predict(picture.full8, model_dir=networks.model.path, roi=picture.frame, detector_dir=detector)
    files = prediction.write_prediction(result, out, opacity=opacity)
    if as_json:
        paths = {name: str(path) for name, path in files.items()}
        emit_json({**result.prediction.model_dump(mode="json"), "mirrored": picture.mirrored, "files": paths})
    else:
        if picture.mirrored:
            say("The picture was mirrored: heatmap and overlay show the face to the right.")
        for line in _lines(result.prediction):
            emit(line)


def _lines(prediction: Prediction) -> list[str]:
    lines = [f"stage {prediction.stage} (expected {prediction.expected_stage:.2f})"]
    lines += [f"  stage {n}: {p:6.1%}" for n, p in enumerate(prediction.probabilities, start=1)]
    if prediction.roi is None:
        lines.append("no frame was found")
    elif prediction.attention_in_roi is not None:
        whose = {"expert": "expert's", "detector": "detector's"}[prediction.roi.source]
        lines.append(f"{prediction.attention_in_roi:.0%} of the attention lies inside the {whose} frame")
    if prediction.model.phantom:
        lines.append("This network was trained on phantoms: it means nothing for a patient.")
    lines.append("Research use only — not a medical device.")
    return lines
