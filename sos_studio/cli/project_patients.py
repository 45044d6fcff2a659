"""``sos-studio project patients`` and ``project secret``: what a project keeps of its patients, and the secret of its pseudonyms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import emit, emit_json
from sos_studio.messages import message

if TYPE_CHECKING:
    from sos_studio.services.patients import Privacy

_STATE = {
    "here": "the secret of the pseudonyms is on this computer",
    "unused": "no pseudonym was made yet, so there is no secret",
    "missing": "the secret of the pseudonyms is not on this computer: repeat scans are not recognised",
}


def keep_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--keep-age`` and ``--keep-sex`` with their opposites."""
    for what, words in (
        ("sex", "Keep the patient's sex."),
        ("age", "Keep the patient's age at the scan, in whole years, 90 and over as one."),
    ):
        command = click.option(f"--keep-{what}/--no-keep-{what}", default=None, help=words)(command)
    return command


@click.command("patients")
@click.argument("directory", type=PATH, metavar="DIR")
@keep_options
@json_option
def patients(directory: Path, keep_age: bool | None, keep_sex: bool | None, as_json: bool) -> None:
    """Show or decide what the project DIR keeps of its patients beside a pseudonym.

    What may no longer be kept is taken out of all cases at once.
    """
    from sos_studio.services import patients as service
    from sos_studio.services import projects

    decides = keep_age is not None or keep_sex is not None
    with projects.open(directory, read_only=not decides) as project:
        state = service.decide(project, keep_age=keep_age, keep_sex=keep_sex) if decides else service.privacy(project)
    if as_json:
        emit_json(privacy_object(state))
    else:
        for what, keep, count in (("age", state.data.keep_age, state.kept.ages), ("sex", state.data.keep_sex, state.kept.sexes)):
            emit(f"{what}: {_words(keep)}; {count} cases have one")
        emit(_STATE[state.secret])


def privacy_object(state: Privacy) -> dict[str, Any]:
    """The settings as JSON; null: nobody has decided."""
    data, kept = state.data, state.kept
    return {"keep_age": data.keep_age, "keep_sex": data.keep_sex, "ages": kept.ages, "sexes": kept.sexes, "secret": state.secret}


def _words(keep: bool | None) -> str:
    if keep is None:
        return "not decided (kept from a table of labels, not from a scan)"
    return "kept" if keep else "not kept"


@click.group("secret")
def secret() -> None:
    """Take the secret of a project's pseudonyms to a second workstation.

    Without it a repeat scan is not recognised there. Whoever has it can test names against the pseudonyms: keep it like patient data.
    """


@secret.command("export")
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("file", type=PATH, metavar="FILE")
@json_option
def export(directory: Path, file: Path, as_json: bool) -> None:
    """Write the secret of the project DIR into FILE."""
    from sos_studio.services import patients as service
    from sos_studio.services import projects

    with projects.open(directory, fall_back=True) as project:
        service.export_secret(project, file)
    _done("secret.exported", file, as_json)


@secret.command("import")
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("file", type=PATH, metavar="FILE")
@json_option
def import_(directory: Path, file: Path, as_json: bool) -> None:
    """Use the secret in FILE for the project DIR."""
    from sos_studio.services import patients as service
    from sos_studio.services import projects

    with projects.open(directory, read_only=True) as project:
        service.import_secret(project, file)
    _done("secret.imported", file, as_json)


def _done(code: str, file: Path, as_json: bool) -> None:
    if as_json:
        emit_json({"file": str(file)})
    else:
        emit(str(message(code, {"file": file.name})))
