from __future__ import annotations

import sqlite3

import pytest

from sos_studio.core.consensus import MAJORITY, Rule
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.dataset import consensus
from sos_studio.dataset.project import Project

MEDIAN = Rule(name="median")
SENIOR = Rule(name="senior", senior="Ada")


def test_the_majority_counts_until_somebody_chooses(project: Project) -> None:
    assert consensus.rule(project) == MAJORITY
    assert consensus.choices(project) == []


def test_every_choice_is_kept_with_who_made_it(project: Project) -> None:
    for chosen, who in ((MEDIAN, "Ada"), (SENIOR, "Ben"), (SENIOR, "Cleo"), (MAJORITY, " Ada ")):
        consensus.choose(project, chosen, who)
    assert [(choice.rule, choice.who) for choice in consensus.choices(project)] == [(MEDIAN, "Ada"), (SENIOR, "Ben"), (MAJORITY, "Ada")]
    assert consensus.rule(project) == MAJORITY


def test_nobody_chooses_without_a_name(project: Project) -> None:
    with pytest.raises(BadInputError, match=r"consensus\.no_name"):
        consensus.choose(project, MEDIAN, "  ")


def test_who_only_looks_chooses_nothing(project: Project) -> None:
    with Project.open(project.directory, read_only=True) as other, pytest.raises(ProjectError, match=r"project\.read_only"):
        consensus.choose(other, MEDIAN, "Ada")


@pytest.mark.parametrize("statement", ["UPDATE consensus_rules SET who = 'x'", "DELETE FROM consensus_rules"])
def test_the_database_refuses_to_change_a_choice(project: Project, statement: str) -> None:
    consensus.choose(project, MEDIAN, "Ada")
    connection = sqlite3.connect(project.directory / "project.sqlite")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
