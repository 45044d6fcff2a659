"""Which consensus rule a project uses: chosen by a named person, changed by a new row, never silently."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sos_studio.core.consensus import MAJORITY, Rule
from sos_studio.core.errors import BadInputError
from sos_studio.core.readings import utc_now
from sos_studio.dataset import sql
from sos_studio.dataset.project import Project


@dataclass(frozen=True)
class RuleChoice:
    """A rule that somebody chose."""

    rule: Rule
    who: str
    created_utc: datetime


def rule(project: Project) -> Rule:
    """The rule that counts now; the majority while nobody chose."""
    with project.reading() as session:
        return rule_in(session)


def rule_in(session: sql.Session) -> Rule:
    """`rule` within a session that is open."""
    row = session.scalars(sql.select(sql.ConsensusRuleRow).order_by(sql.ConsensusRuleRow.number.desc()).limit(1)).first()
    return MAJORITY if row is None else _rule(row)


def choose(project: Project, chosen: Rule, who: str) -> None:
    """Let a rule count from now on; labels follow at once, manifests that were frozen keep theirs.

    Choosing the rule that counts already writes nothing.

    Raises
    ------
    BadInputError
        ``consensus.no_name`` if nobody says who chose.
    ProjectError
        ``project.read_only`` and other refusals of the disk.
    """
    name = who.strip()[:80]
    if not name:
        raise BadInputError("consensus.no_name")
    with project.writing() as session:
        if rule_in(session) != chosen:
            session.add(sql.ConsensusRuleRow(name=chosen.name, senior=chosen.senior, who=name, created_utc=utc_now()))


def choices(project: Project) -> list[RuleChoice]:
    """Every choice, oldest first; empty while the first rule still counts."""
    with project.reading() as session:
        rows = session.scalars(sql.select(sql.ConsensusRuleRow).order_by(sql.ConsensusRuleRow.number)).all()
    return [RuleChoice(_rule(row), row.who, row.created_utc) for row in rows]


def _rule(row: sql.ConsensusRuleRow) -> Rule:
    return Rule.model_validate({"name": row.name, "senior": row.senior})
