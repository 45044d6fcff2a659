from __future__ import annotations

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import columns


def _guessed(*headers: str) -> dict[str, str]:
    return {field: headers[index] for field, index in columns.guess(headers).items() if index is not None}


@pytest.mark.parametrize(
    "headers",
    [
        ("Dateiname", "Stadium", "Patientennr.", "Alter (Jahre)", "Geschlecht", "Untersucher", "Bemerkung"),
        ("Fichier", "Stade de fusion", "Numéro du patient", "Âge", "Sexe", "Évaluateur", "Commentaire"),
        ("Archivo", "Estadio", "Paciente", "Edad", "Sexo", "Evaluador", "Observaciones"),
        ("Nome file", "Stadio", "Paziente", "Età", "Sesso", "Valutatore", "Commento"),
        ("文件名", "分期", "患者编号", "年龄", "性别", "评价者", "备注"),
        ("Dosya", "Evre", "Hasta No", "Yaş", "Cinsiyet", "Değerlendirici", "Açıklama"),
        ("File_Name", "SOS_stage", "Patient-ID", "Patient age", "Patient's gender", "Scored by", "Notes"),
        ("Bild-Nr.", "SOS Stadium (BS)", "Pat.-Nr.", "Alter [J]", "Geschl.", "Untersucher", "Bem."),
        ("IMG", "Grade", "Pt. ID", "Age (y)", "M/F", "Rater", "Comments"),
        ("Имя файла", "Стадия", "Пациент", "Возраст", "Пол", "Эксперт", "Примечание"),
    ],
)
def test_headers_of_many_languages_are_understood(headers: tuple[str, ...]) -> None:
    expected = dict(zip(columns.FIELDS, headers, strict=True))
    if headers[0] == "Имя файла":
        del expected["image"]
    assert expected.items() <= _guessed(*headers).items()


def test_the_contracts_names_win_over_guesses() -> None:
    assert _guessed("File", "Image", "Grade", "STAGE") == {"image": "Image", "stage": "STAGE"}


@pytest.mark.parametrize(
    "headers",
    [
        ("my stage", "her stage"),
        ("score", "CVM stage"),  # of the cervical vertebrae
        ("SOS", "Fusion"),
        ("SOS", "SOS", "class"),
    ],
)
def test_two_columns_that_could_be_it_are_left_to_the_person(headers: tuple[str, ...]) -> None:
    assert "stage" not in _guessed("image", *headers)


@pytest.mark.parametrize("told", ["SOS fusion stage (Bassed)", "SOS", "Fusion stage", "Spheno-occipital synchondrosis stage"])
@pytest.mark.parametrize("other", ["Class", "Angle class", "Score", "Grade", "Label", "CVM stage"])
def test_a_column_that_names_the_joint_is_the_stage_and_not_one_that_grades_something(told: str, other: str) -> None:
    assert _guessed("image", other, told)["stage"] == told
    assert _guessed("image", told, other)["stage"] == told


def test_of_two_columns_of_one_meaning_none_is_taken_and_no_lesser_one_either() -> None:
    assert "patient" not in _guessed("image", "stage", "Patient ID", "Patient-ID", "number of the patient")


def test_what_a_person_chose_is_taken_and_not_guessed_for_another_field() -> None:
    found = columns.resolve(["image", "Age", "Grade"], {"stage": "age", "age": ""}, file="t.csv")
    assert (found["image"], found["stage"], found["age"]) == (0, 1, None)
    assert columns.resolve(["a", "b", "c"], {"image": "2", "stage": "c"}, file="t.csv")["image"] == 1


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"bone": "a"}, "import.field_unknown"),
        ({"stage": "z"}, "import.column_unknown"),
        ({"stage": "twin"}, "import.column_twice"),
    ],
)
def test_a_choice_that_can_not_be_followed_is_refused_with_the_reason(chosen: dict[str, str], code: str) -> None:
    with pytest.raises(BadInputError) as caught:
        columns.resolve(["image", "a", "twin", "twin"], chosen, file="t.csv")
    assert caught.value.code == code


def test_the_header_is_found_below_titles() -> None:
    lines = [(1, ("Our study",)), (2, ("Stage of 2021",)), (4, ("Image", "Stage", "Age")), (5, ("a.png", "1", "9"))]
    assert columns.header_line(lines) == 2
    assert columns.header_line([(1, ("x", "y")), (2, ("a", "b"))]) == 0
