"""``sos-studio model list | compare | use``: the networks of a project, how two compare, and which one predicts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import emit, emit_json
from sos_studio.core.errors import BadInputError

if TYPE_CHECKING:
    from sos_studio.core.staging_statistics import Interval
    from sos_studio.services.model_list import ModelEntry
    from sos_studio.services.model_results import Comparison

_PROJECT = click.option("--project", "directory", type=PATH, required=True, metavar="DIR", help="Project folder.")


@click.command("list")
@_PROJECT
@json_option
def list_(*, directory: Path, as_json: bool) -> None:
    """All networks of a project, the newest first; the student in use is marked."""
    from sos_studio.services import model_list, projects

    with projects.open(directory, read_only=True) as project:
        entries, used = model_list.models(project), model_list.current(project, "student")
    rows = [
        {"model": e.card.model_id, "kind": e.card.kind, "network": e.card.network, "created": e.card.created_utc, "in_use": e == used}
        for e in entries
    ]
    if as_json:
        emit_json({"models": rows})
    else:
        for row in rows:
            emit(f"{'*' if row['in_use'] else ' '} {row['model']}  {row['network']}")


@click.command("use")
@click.argument("model_id", metavar="MODEL")
@_PROJECT
@json_option
def use(*, model_id: str, directory: Path, as_json: bool) -> None:
    """Predict with this student from now on; `model list` shows the way back."""
    from sos_studio.services import model_choice, model_list, projects

    with projects.open(directory) as project:
        entry = _found(model_list.models(project), model_id)
        if entry.card.kind != "student":
            raise BadInputError("model.wrong_kind", model=model_id, kind=entry.card.kind, wanted="student")
        model_list.settle(project)
        model_choice.choose(project.directory / model_list.MODELS_DIR, model_id)
        before = model_list.before_current(project)
    content = {"in_use": model_id, "before": None if before is None else before.card.model_id}
    if as_json:
        emit_json(content)
    else:
        emit(f"In use: {model_id}" + (f" (before: {content['before']})" if content["before"] else ""))


@click.command("compare")
@click.argument("first", metavar="FIRST")
@click.argument("second", metavar="SECOND")
@_PROJECT
@click.option("--ask", is_flag=True, help="First ask both about all cases that neither was trained on.")
@click.option("--wait", "waits", is_flag=True, help="With --ask: while a training has the device, wait in line for it.")
@json_option
def compare(*, first: str, second: str, directory: Path, ask: bool, waits: bool, as_json: bool) -> None:
    """Two networks on the same cases that neither was trained on, with 95 % intervals by patient and McNemar's test."""
    from sos_studio.cli.train import raise_unless_done, watch
    from sos_studio.services import jobs, model_list, model_results, projects

    with projects.open(directory, read_only=not ask) as project:
        if ask:
            raise_unless_done(watch(jobs.judge_models(project, (first, second), wait=waits).tail(), "Asking"))
        models = model_list.models(project)
        found = model_results.compare(_found(models, first), _found(models, second), model_results.labelled(project))
    if as_json:
        emit_json(_content(found))
    else:
        for line in _lines(found):
            emit(line)


def _found(models: list[ModelEntry], model_id: str) -> ModelEntry:
    for entry in models:
        if entry.card.model_id == model_id:
            return entry
    raise BadInputError("model.missing", model=model_id)


def _content(found: Comparison) -> dict[str, Any]:
    def told(of: Interval) -> dict[str, float | None]:
        return {"value": of.value, "low": of.low, "high": of.high}

    return {
        "first": found.first,
        "second": found.second,
        "n": found.n,
        "patients": found.patients,
        "unjudged": found.unjudged,
        "correct": list(found.correct),
        "figures": [{name: told(of) for name, of in figures.items()} for figures in found.figures],
        "differences": {name: told(of) for name, of in found.differences.items()},
        "mcnemar": {
            "only_first": found.mcnemar.only_first,
            "only_second": found.mcnemar.only_second,
            "p_exact": found.mcnemar.p_exact,
            "p_mid": found.mcnemar.p_mid,
        },
        "per_stage": [{"stage": s, "n": n, "first": a, "second": b} for s, n, a, b in found.stage_shares],
    }


def _lines(found: Comparison) -> list[str]:
    lines = [f"{found.n} cases of {found.patients} patients that neither was trained on"]
    if found.unjudged:
        lines.append(f"{found.unjudged} more could judge them (--ask)")
    for name, of in found.differences.items():
        values = [_number(figures[name].value) for figures in found.figures]
        lines.append(
            f"  {name:<11} {values[0]:>7} {values[1]:>7}   difference {_number(of.value)} ({_number(of.low)} to {_number(of.high)})"
        )
    test = found.mcnemar
    lines.append(f"only the first right: {test.only_first}, only the second: {test.only_second}; McNemar p = {test.p_mid:.3g} (mid-p)")
    return lines


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
