"""``sos-studio crossval``: every method in every fold, and the paper's tables beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

import click

from sos_studio.cli.options import PATH, json_option, training_options
from sos_studio.cli.output import emit, emit_json, say
from sos_studio.cli.train import raise_unless_done, resume_as, watch
from sos_studio.core.consensus import Rule
from sos_studio.core.crossval import METHODS
from sos_studio.core.crossval import Table as PaperTable
from sos_studio.core.job_state import JobStatus
from sos_studio.core.jobs import Device
from sos_studio.core.manifests import FOLDS
from sos_studio.core.tables import Table
from sos_studio.messages import message


@click.command("crossval")
@click.option("--project", "directory", type=PATH, required=True, metavar="DIR")
@click.option("--table", "tables", type=click.Choice(["1", "2"]), multiple=True, help="One of the paper's tables, with its networks.")
@click.option("--ablation", is_flag=True, help="The framework with one setting changed at a time, and each term off.")
@click.option(
    "--arms",
    multiple=True,
    metavar="NAMES",
    help=f"These only, separated by commas: {', '.join(METHODS)}; METHOD:NETWORK, METHOD[alpha=0.1].",
)
@click.option("--folds", type=click.IntRange(1, FOLDS), default=FOLDS, show_default=True, help="Fewer are a quick look.")
@training_options
@json_option
def command(
    *,
    directory: Path,
    tables: tuple[str, ...],
    ablation: bool,
    arms: tuple[str, ...],
    folds: int,
    preset: str,
    assignments: tuple[str, ...],
    weights: Path | None,
    device: Device,
    threads: int | None,
    seed: int,
    resumed: str | None,
    waits: bool,
    consensus: Literal["majority", "median"] | None,
    as_json: bool,
) -> None:
    """Train and judge teacher, detector, student and every baseline in each fold; no patient is judged by what learned from them.

    Without --table, --ablation and --arms: all methods of the preset's network. What a stopped one has finished is never trained again.
    """
    from sos_studio.services import crossval, jobs, presets, projects

    if resumed is not None:
        job = resume_as(directory, resumed, "crossval", weights, wait=waits)
    else:
        overrides = presets.parse_overrides(assignments)
        wanted = [cast(PaperTable, int(table)) for table in tables]
        names = [name for given in arms for name in given.split(",") if name.strip()]
        settings = presets.settings(preset, overrides)
        compared = crossval.plan(settings, tables=wanted, ablation=ablation, arms=names, folds=folds, weights=weights)
        with projects.open(directory) as project:
            job = jobs.start_training(
                project,
                "crossval",
                preset=preset,
                overrides=overrides,
                weights=weights,
                device=device,
                threads=threads,
                seed=seed,
                rule=None if consensus is None else Rule(name=consensus),
                wait=waits,
                compared=compared,
            )
        if job.spec().from_scratch:
            say(str(message("weights.from_scratch")))
    state = watch(job.tail(), "Cross-validation")
    if state.status is not JobStatus.SUCCEEDED:
        say(f"The same command with --resume {job.job_id} goes on with it.")
    raise_unless_done(state)
    content: dict[str, Any] = {"job": job.job_id, "folder": str(job.job_dir), "status": str(state.status), **(job.result() or {})}
    if as_json:
        emit_json(content)
        return
    for table in content.get("tables", []):
        emit(Table.of_data(table).as_text() + "\n")
    emit(f"Tables (CSV, LaTeX), plots and out-of-fold predictions: {job.job_dir / 'crossval'}")
