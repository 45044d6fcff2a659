"""``sos-studio model``: carry trained networks from one computer to another."""

from __future__ import annotations

from pathlib import Path

import click

from sos_studio.cli import model_compare
from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import emit, emit_json
from sos_studio.messages import message


@click.group("model")
def command() -> None:
    """Export, import and describe trained networks as one file."""


@command.command("export")
@click.option("--project", "directory", type=PATH, metavar="DIR", help="The student in use of this project.")
@click.option("--model", "model_dir", type=PATH, metavar="PATH", help="Folder of a network.")
@click.option("--detector", "detector_dir", type=PATH, metavar="PATH", help="Its detector [the one trained with it].")
@click.option("--out", type=PATH, required=True, metavar="FILE", help="File to write; it ends in .sosmodel by custom.")
@json_option
def export(*, directory: Path | None, model_dir: Path | None, detector_dir: Path | None, out: Path, as_json: bool) -> None:
    """Write a network and its detector into one file, with hashes and a card in words."""
    from sos_studio.services import model_package, prediction

    if (directory is None) == (model_dir is None):
        raise click.UsageError("Name either a project (--project) or a network (--model).", click.get_current_context())
    networks = prediction.choose_networks(directory, model_dir, detector_dir)
    entries = [networks.model, *([] if networks.detector is None else [networks.detector])]
    model_package.export_models(entries, out)
    ids = [entry.card.model_id for entry in entries]
    if as_json:
        emit_json({"file": str(out), "models": ids})
    else:
        emit(message("package.exported", {"count": len(ids), "file": out.name, "models": ids}).text)


@command.command("import")
@click.argument("source", type=PATH, metavar="FILE")
@click.option("--project", "directory", type=PATH, required=True, metavar="DIR", help="Project that takes the networks in.")
@json_option
def import_(*, source: Path, directory: Path, as_json: bool) -> None:
    """Take the networks of FILE into a project, after every hash was checked."""
    from sos_studio.core.errors import ProjectError
    from sos_studio.dataset.upgrade import DATABASE_FILE
    from sos_studio.services import model_list, model_package

    if not (directory / DATABASE_FILE).is_file():
        raise ProjectError("project.not_found", project=directory.name)
    found = model_package.import_models(source, directory / model_list.MODELS_DIR)
    ids = [entry.card.model_id for entry in found]
    if as_json:
        emit_json({"models": ids, "folders": [str(entry.path) for entry in found]})
    else:
        emit(message("package.imported", {"models": ", ".join(ids)}).text)


@command.command("show")
@click.argument("source", type=PATH, metavar="FILE")
@json_option
def show(*, source: Path, as_json: bool) -> None:
    """Check FILE and say what is in it; a folder of a network will do, too."""
    from sos_studio.core.model_card import card_text
    from sos_studio.services import model_list, model_package

    if source.is_dir():
        cards = [model_list.read(source).card]
    else:
        with model_package.opened(source) as folder:
            cards = [entry.card for entry in model_list.models(folder)]
    if as_json:
        emit_json({"models": [card.model_dump(mode="json") for card in cards]})
    else:
        emit("\n".join(card_text(card) for card in cards).rstrip())


for each in (model_compare.list_, model_compare.compare, model_compare.use):
    command.add_command(each)
