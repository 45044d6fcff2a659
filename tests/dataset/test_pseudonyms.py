from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import pseudonyms
from sos_studio.dataset.project import Project


def test_the_same_patient_has_the_same_pseudonym_however_it_is_typed(project: Project) -> None:
    assert pseudonyms.pseudonym(project, "Müller^Jane") == pseudonyms.pseudonym(project, "  mu\u0308ller^JANE ")
    assert pseudonyms.pseudonym(project, "4711") != pseudonyms.pseudonym(project, "4712")
    pseudonyms.require_pseudonym(pseudonyms.pseudonym(project, "4711"))


def test_two_projects_of_one_user_have_unrelated_pseudonyms(project: Project, tmp_path: Path) -> None:
    with Project.create(tmp_path / "other") as other:
        assert pseudonyms.pseudonym(other, "4711") != pseudonyms.pseudonym(project, "4711")


@pytest.mark.parametrize("name", ["Jane", "4711", "P-jane-doe", "P12", ""])
def test_what_might_be_a_name_is_no_pseudonym(name: str) -> None:
    with pytest.raises(BadInputError, match=r"case\.not_a_pseudonym"):
        pseudonyms.require_pseudonym(name)
