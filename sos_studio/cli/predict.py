"""``sos-studio predict``: stage, probabilities, heatmap; of one full image, or of all in a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sos_studio.cli.options import PATH, Vector, json_option, volume_options
from sos_studio.cli.output import ProgressBar, emit, emit_json, say
from sos_studio.cli.series import say_problem
from sos_studio.core.answer_words import answer_sentence, attention_sentence, certainty_sentence
from sos_studio.core.geometry import Facing
from sos_studio.core.model_card import heat_words
from sos_studio.core.predictions import HEAT_METHODS, HeatMethod, ModelCard

if TYPE_CHECKING:
    from sos_studio.services.prediction import Networks, PredictionResult

PARTLY_DONE = 3


@click.command("predict")
@click.argument("source", type=PATH)
@click.option("--project", "directory", type=PATH, metavar="DIR", help="Use the newest student and detector of this project.")
@click.option("--model", "model_dir", type=PATH, metavar="PATH", help="Folder of a network, or a file of networks (.sosmodel).")
@click.option("--detector", "detector_dir", type=PATH, metavar="PATH", help="Folder of a detector [the one trained with the network].")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="For heatmap.png, overlay.png and prediction.json.")
@click.option("--batch", "in_batch", is_flag=True, help="Stage every picture and capture below SOURCE; goes on where it stopped.")
@click.option("--names", is_flag=True, help="With --batch: write file names into the table (they may name patients).")
@click.option("--stage", "heat_stage", type=click.IntRange(1), help="Whose evidence the heatmap shows [the predicted stage].")
@click.option("--method", type=click.Choice(HEAT_METHODS), default=HEAT_METHODS[0], show_default=True, help="How the heatmap is made.")
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
    in_batch: bool,
    names: bool,
    heat_stage: int | None,
    method: HeatMethod,
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
) -> int | None:
    """Stage the full image, capture folder or volume SOURCE. Research use only — not a medical device."""
    from sos_studio.services import prediction
    from sos_studio.services.full_images import View, full_image

    if (directory is None) == (model_dir is None):
        raise click.UsageError("Name either a project (--project) or a network (--model).", click.get_current_context())
    with contextlib.ExitStack() as stack:
        networks = stack.enter_context(_networks(directory, model_dir, detector_dir))
        if in_batch:
            return _batch(source, out, networks, facing, names=names, as_json=as_json)
        with ProgressBar("Opening") as bar:
            view = View(center, roll, yaw, pitch, spacing, slab, window)
            picture = full_image(source, series, view, facing=facing, progress=bar.update, warn=say_problem)
        service = stack.enter_context(prediction.PredictionService())
        result = service.predict(
            picture.full8,
            model_dir=networks.model.path,
            roi=picture.frame,
            detector_dir=None if networks.detector is None else networks.detector.path,
            stage=heat_stage,
            method=method,
        )
    files = prediction.write_prediction(result, out, opacity=opacity)
    if as_json:
        paths = {name: str(path) for name, path in files.items()}
        emit_json({**result.told(), "mirrored": picture.mirrored, "files": paths})
    else:
        if picture.mirrored:
            say("The picture was mirrored: heatmap and overlay show the face to the right.")
        for line in _lines(result):
            emit(line)
    return None


@contextmanager
def _networks(directory: Path | None, model: Path | None, detector_dir: Path | None) -> Iterator[Networks]:
    """Of a project, a folder, or a file that is unpacked for as long as it is used."""
    from sos_studio.services import model_package, prediction

    if model is None or not model_package.is_package(model):
        yield prediction.choose_networks(directory, model, detector_dir)
        return
    with model_package.opened(model) as folder:
        yield prediction.networks_in(folder, detector_dir, name=model.name)


def _batch(source: Path, out: Path, networks: Networks, facing: Facing, *, names: bool, as_json: bool) -> int:
    from sos_studio.services import batch, prediction

    with ProgressBar("Predicting") as bar, prediction.PredictionService() as service:
        report = batch.predict_folder(
            source,
            out,
            networks,
            service,
            facing=facing,
            names=names,
            progress=lambda done, total: bar.update(done / total, f"{done} of {total}"),
        )
    if as_json:
        rows = [row.model_dump(mode="json", exclude={"said": {"map": True, "prediction": {"model"}}}) for row in report.rows]
        counts = {"total": report.total, "failed": report.failed, "taken_over": report.taken_over}
        emit_json({**counts, "model": networks.model.card.model_dump(mode="json"), "table": str(report.table), "rows": rows})
    else:
        emit(f"{report.total - report.failed} of {report.total} full images staged, {report.taken_over} of them by an earlier run.")
        emit(f"The table is {report.table}")
        for line in _warnings(networks.model.card):
            emit(line)
    return PARTLY_DONE if report.failed else 0


def _lines(result: PredictionResult) -> list[str]:
    prediction = result.prediction
    lines = [answer_sentence(prediction), f"expected stage {prediction.expected_stage:.2f}"]
    lines += [f"  stage {n}: {p:6.1%}" for n, p in enumerate(prediction.probabilities, start=1)]
    near = prediction.familiarity
    lines.append(certainty_sentence(prediction))
    if near is not None and near.unlike:
        lines.append(f"UNLIKE THE TRAINING DATA: {near.distance:.2f} away, where usual pictures reach {near.threshold:.2f}.")
    if prediction.roi is None:
        lines.append("no frame was found")
    elif prediction.attention_in_roi is not None:
        shape_vu = result.heat01_vu.shape[0], result.heat01_vu.shape[1]
        lines.append(attention_sentence(prediction.attention_in_roi, prediction.roi, result.heat_stage, shape_vu))
    lines.append(f"heatmap: {heat_words(result.heat_stage, result.heat_method, prediction.stage)}")
    return lines + _warnings(prediction.model)


def _warnings(card: ModelCard) -> list[str]:
    from sos_studio.core.model_card import RESEARCH_USE, warnings_of

    return [*warnings_of(card), RESEARCH_USE]
