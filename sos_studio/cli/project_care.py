"""``sos-studio project repair | backup | restore | audit | replay | rule``: keeping a project sound, and knowing what was done in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from sos_studio.cli import faults
from sos_studio.cli.options import PATH, json_option
from sos_studio.cli.output import ProgressBar, emit, emit_json, say
from sos_studio.messages import message

if TYPE_CHECKING:
    from sos_studio.services.repairing import Mended

_DONE = {"restored": "restored", "taken_in": "taken in", "set_aside": "set aside", "lost": "can't be restored"}
_SOURCE = {
    "backup": "from the backup",
    "copy": "from a sync program's copy",
    "database": "from the database",
    "full16": "from the 16-bit image",
    "full": "from the full image",
    "scan": "from the scan",
}


def _who(command: Any) -> Any:
    return click.option("--who", default="", metavar="NAME", help="Whose doing it is, for the project's history.")(command)


@click.command("repair")
@click.argument("directory", type=PATH, metavar="DIR")
@click.option("--from", "backup_file", type=PATH, metavar="FILE", help="A backup from which missing and damaged files are taken too.")
@_who
@json_option
def repair(directory: Path, backup_file: Path | None, who: str, as_json: bool) -> int:
    """Mend the project DIR: its database first, then file by file; exit code 3 if something can't be mended.

    What can't be used is moved to the project's folder set-aside; nothing is deleted.
    """
    from sos_studio.services import repairing

    with ProgressBar("Repairing") as bar:
        mended = repairing.mend(directory, backup_file=backup_file, who=who, progress=bar.update)
    left = [problem for problem in mended.report.left if problem.severity == "error"]
    if as_json:
        emit_json(_mended_object(mended))
    else:
        _tell_mended(mended)
        emit(f"{mended.report.count('restored')} restored, {mended.report.count('taken_in')} taken in, {len(left)} problems left")
    return faults.PARTLY_DONE if left else faults.DONE


def _mended_object(mended: Mended) -> dict[str, Any]:
    recovered = mended.recovered
    database = None
    if recovered is not None:
        database = {
            "copy": recovered.copy,
            "saved": recovered.saved,
            "unreadable": recovered.unreadable,
            "certain": recovered.certain,
            "set_aside": recovered.set_aside,
        }
    findings = [{"case": f.case_id, "file": f.file, "action": f.action, "source": f.source} for f in mended.report.findings]
    left = [
        {"case": p.case_id, "file": p.file, "code": p.code, "severity": p.severity, "message": str(message(p.code, p.values))}
        for p in mended.report.left
    ]
    return {"database": database, "findings": findings, "left": left}


def _tell_mended(mended: Mended) -> None:
    recovered = mended.recovered
    if recovered is not None:
        alone = "by making its indexes again; " + ("nothing was lost" if recovered.certain else "which bytes changed no copy tells")
        origin = f"from {recovered.copy}" if recovered.copy else alone
        emit(f"The database was damaged and brought back {origin}. The damaged one is in {recovered.set_aside}.")
        if recovered.saved:
            emit("  newer rows saved: " + ", ".join(f"{count} of {table}" for table, count in recovered.saved.items()))
        if recovered.unreadable or (recovered.copy and not recovered.certain):
            emit(f"  newer rows that could not be read: {recovered.unreadable}{'' if recovered.certain else ' or more'}")
    for finding in mended.report.findings:
        source = f" {_SOURCE[finding.source]}" if finding.source else ""
        emit(f"{finding.case_id or 'project'}: {finding.file} {_DONE[finding.action]}{source}")
    for problem in mended.report.left:
        say(f"{problem.case_id or 'project'}, {problem.severity}: {message(problem.code, problem.values)}")


@click.command("backup")
@click.argument("directory", type=PATH, metavar="DIR")
@click.option("--out", type=PATH, required=True, metavar="FILE", help="A new file; .sosbackup is added if it has no ending.")
@_who
@json_option
def backup(directory: Path, out: Path, who: str, as_json: bool) -> int:
    """Write the project DIR into one file and read it again to prove it; exit code 3 if files of the project were damaged.

    Scans are not in it, nor the secret of the pseudonyms (project secret export), nor checkpoints of trainings.
    """
    from sos_studio.dataset import backup as backups
    from sos_studio.services import projects

    with projects.open(directory, fall_back=True) as project, ProgressBar("Backing up") as bar:
        made = backups.back_up(project, out, who=who, progress=bar.update)
    contents = made.contents
    if as_json:
        emit_json(
            {
                "file": str(made.file),
                "cases": contents.cases,
                "files": len(contents.files),
                "bytes": contents.size,
                "not_included": list(contents.not_included),
                "damaged": list(made.damaged),
            }
        )
    else:
        emit(f"{contents.cases} cases, {len(contents.files)} files in {made.file}, written and read again")
        emit(f"Not in it: {', '.join(contents.not_included)}")
        for file in made.damaged:
            say(f"damaged before: {file}")
    return faults.PARTLY_DONE if made.damaged else faults.DONE


@click.command("restore")
@click.argument("file", type=PATH, metavar="FILE")
@click.argument("directory", type=PATH, metavar="DIR", required=False)
@click.option("--check", "only_check", is_flag=True, help="Only read the file and compare all hashes.")
@_who
@json_option
def restore(file: Path, directory: Path | None, only_check: bool, who: str, as_json: bool) -> None:
    """Make the project of a backup FILE in a new or empty folder DIR."""
    from sos_studio.dataset import backup as backups

    if only_check == (directory is not None):
        raise click.UsageError("Name the folder to restore into, or --check.", click.get_current_context())
    with ProgressBar("Checking" if only_check else "Restoring") as bar:
        if directory is None:
            contents = backups.verify(file, progress=bar.update)
        else:
            contents = backups.restore(file, directory, who=who, progress=bar.update)
    if as_json:
        where = None if directory is None else str(directory)
        emit_json(
            {"project": where, "cases": contents.cases, "files": len(contents.files), "created_utc": contents.created_utc.isoformat()}
        )
    else:
        what = "all as they were written" if directory is None else f"restored to {directory}"
        emit(f"{contents.cases} cases, {len(contents.files)} files of {contents.created_utc:%Y-%m-%d %H:%M} UTC, {what}")


@click.command("audit")
@click.argument("directory", type=PATH, metavar="DIR")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--out", type=PATH, metavar="FILE", help="Write a new file instead of printing.")
@click.option("--case", "case_id", metavar="CASE", help="Only what is about this case.")
@click.option("--who", metavar="NAME", help="Only what this person did.")
@click.option("--what", metavar="CODE", help="Only this kind, such as read or excluded.")
@json_option
def audit(
    *,
    directory: Path,
    form: Literal["csv", "json"],
    out: Path | None,
    case_id: str | None,
    who: str | None,
    what: str | None,
    as_json: bool,
) -> None:
    """Who did what when in the project DIR: captures, readings, decisions, exclusions, rules, imports, exports, trainings, repairs."""
    from sos_studio.dataset import audit as history
    from sos_studio.services import projects

    with projects.open(directory, read_only=True) as project:
        entries = history.history(project)
    wanted = [entry for entry in entries if case_id in (None, entry.case_id) and who in (None, entry.who) and what in (None, entry.what)]
    if out is not None:
        if out.exists():
            raise click.BadParameter("there is a file of this name already.", click.get_current_context(), param_hint="--out")
        history.write(out, history.as_csv(wanted)) if form == "csv" else history.write_json(out, wanted)
    if as_json:
        emit_json({"entries": history.as_objects(wanted)} if out is None else {"file": str(out), "entries": len(wanted)})
    elif out is not None:
        emit(f"{len(wanted)} entries in {out}")
    else:
        emit((history.as_csv(wanted) if form == "csv" else json.dumps(history.as_objects(wanted), indent=1)).rstrip("\n"))


@click.command("replay")
@click.argument("folder", type=PATH, metavar="CAPTURE")
@click.argument("source", type=PATH, metavar="SOURCE")
@click.option("--series", metavar="UID", help="Which series, where the source holds several.")
@json_option
def replay(folder: Path, source: Path, series: str | None, as_json: bool) -> int:
    """Make the capture folder CAPTURE again from the scan in SOURCE and compare all pixels; exit code 3 if any differ."""
    from sos_studio.services import replaying

    with ProgressBar("Opening the scan") as bar:
        told = replaying.replay_folder_from(folder, source, series, progress=bar.update)
    crops = {f"crop-{n}.png": same for n, same in sorted(told.crops.items())}
    pictures = {"full16.png": told.full16, "full.png": told.full, **crops}
    if as_json:
        emit_json({"capture": told.capture_id, "same": told.same, "pictures": pictures})
    else:
        for name, same in pictures.items():
            emit(f"{name}: {'the same, bit for bit' if same else 'differs'}")
    return faults.DONE if told.same else faults.PARTLY_DONE


@click.command("rule")
@click.argument("directory", type=PATH, metavar="DIR")
@click.argument("name", type=click.Choice(["majority", "median", "senior"]), required=False)
@click.option("--senior", default="", metavar="NAME", help="The evaluator who counts under the rule senior.")
@click.option("--who", default="", metavar="NAME", help="Who chooses; needed for a choice.")
@json_option
def rule(*, directory: Path, name: Literal["majority", "median", "senior"] | None, senior: str, who: str, as_json: bool) -> None:
    """Show or choose how the readings of several evaluators become labels in the project DIR."""
    from sos_studio.core.consensus import Rule
    from sos_studio.dataset import consensus
    from sos_studio.services import projects

    if name is not None and (name == "senior") != bool(senior.strip()):
        raise click.BadParameter("needed with the rule senior, and only there.", click.get_current_context(), param_hint="--senior")
    with projects.open(directory, read_only=name is None) as project:
        if name is not None:
            consensus.choose(project, Rule(name=name, senior=senior.strip()), who)
        now, choices = consensus.rule(project), consensus.choices(project)
    chosen = [
        {"rule": choice.rule.name, "senior": choice.rule.senior, "who": choice.who, "when_utc": choice.created_utc.isoformat()}
        for choice in choices
    ]
    if as_json:
        emit_json({"rule": now.name, "senior": now.senior, "choices": chosen})
    else:
        emit(f"{now.name}{f' ({now.senior})' if now.senior else ''}")
        for choice in choices:
            emit(
                f"  {choice.created_utc:%Y-%m-%d %H:%M} {choice.rule.name} {choice.rule.senior}, chosen by {choice.who}".replace(" ,", ",")
            )


CARE_COMMANDS = (repair, backup, restore, audit, replay, rule)
