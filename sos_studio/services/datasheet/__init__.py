"""The datasheet of a dataset: what is in it and how it came about, as HTML, PDF, plain words and plots."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from sos_studio import __version__
from sos_studio.core.errors import BadInputError
from sos_studio.dataset.export_facts import Facts, gather
from sos_studio.dataset.export_files import Writer
from sos_studio.dataset.export_people import evaluator_names
from sos_studio.dataset.exports import ExportOptions
from sos_studio.dataset.project import Project
from sos_studio.services.datasheet import details, html, methods, pdf, sections
from sos_studio.services.datasheet.parts import Plot

SOFTWARE = f"SOS Studio {__version__}"


def write(project: Project, writer: Writer, options: ExportOptions, progress: Callable[[float], None]) -> None:
    """``datasheet.html``, ``datasheet.pdf``, ``methods.txt``, ``facts.json`` and each plot as SVG.

    Errors of `details.checked`, and ``export.nothing_to_export`` where there is no case.
    """
    filled = details.read(project) | details.checked(options.details)
    people = evaluator_names(project, by_name=options.name_evaluators)
    facts = gather(project, people, writer, lambda fraction: progress(0.8 * fraction))
    if not facts.flow.screened:
        raise BadInputError("export.nothing_to_export")
    progress(0.8)
    title, parts = sections.title(filled), sections.sections(facts, filled, SOFTWARE)
    footer = f"{SOFTWARE} · {sections.RESEARCH_USE}"
    writer.go_on()
    progress(0.9)
    writer.text("datasheet.html", html.render(title, parts, footer))
    writer.data("datasheet.pdf", pdf.render(title, parts, footer))
    writer.text("methods.txt", methods.paragraph(facts) + "\n")
    writer.text("facts.json", json.dumps(_plain(facts), indent=1, ensure_ascii=False) + "\n")
    for part in parts:
        if isinstance(part, Plot):
            writer.data(f"plots/{part.name}.svg", part.svg)
    progress(1.0)


def _plain(value: Any) -> Any:
    """Facts as JSON has them; keys become text."""
    if isinstance(value, Facts):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {"unknown" if key in (None, "") else str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
