from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.core.stages import BASSED_5
from sos_studio.dataset.label_table import LabelTable, TableOptions, read_labels
from tests.dataset.test_sheets import workbook


def _read(tmp_path: Path, text: str, encoding: str = "utf-8") -> LabelTable:
    path = tmp_path / "stages.csv"
    path.write_bytes(text.encode(encoding))
    return read_labels(path, BASSED_5)


def test_columns_come_in_any_order_and_case_and_unknown_ones_are_named(tmp_path: Path) -> None:
    table = _read(tmp_path, "Sex,STAGE,Clinic,Image,Age,Patient,Evaluator,Remark\nF,3,Bern,a.png,12.5,4711,Ada,scar?\n")
    (row,) = table.rows
    assert (row.line, row.image, row.stage, row.sex, row.age_years, row.patient) == (2, "a.png", 3, "F", 12.5, "4711")
    assert (row.evaluator, row.remark) == ("Ada", "scar?")
    assert table.ignored_columns == ("Clinic",)
    assert table.faults == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_from_excel_are_read(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = "image,stage,evaluator\r\nmüller.png,2,Jörg\r\n".replace(",", delimiter)
    (row,) = _read(tmp_path, text, encoding).rows
    assert (row.image, row.stage, row.evaluator) == ("müller.png", 2, "Jörg")


def test_decimal_commas_and_words_for_sex_are_understood(tmp_path: Path) -> None:
    rows = _read(tmp_path, "image;stage;age;sex\na.png;2;12,6;Female\nb.png;3.0;;male\nc.png;;;\n").rows
    assert [(row.stage, row.age_years, row.sex) for row in rows] == [(2, 12.6, "F"), (3, None, "M"), (None, None, None)]


def test_bad_rows_are_told_one_by_one_and_the_others_are_taken(tmp_path: Path) -> None:
    table = _read(tmp_path, "image,stage,age,sex\na.png,7,,\nb.png,2,old,\n,3,,\n\nc.png,open,,\nd.png,1,,x\ne.png,5,,\nf.png,2.5,,\n")
    assert [(fault.line, fault.image, fault.code) for fault in table.faults] == [
        (2, "a.png", "stage.unknown"),
        (3, "b.png", "case.bad_age"),
        (4, "", "import.no_image_named"),
        (6, "c.png", "stage.unknown"),
        (7, "d.png", "case.bad_sex"),
        (9, "f.png", "stage.unknown"),
    ]
    assert [(row.line, row.image) for row in table.rows] == [(8, "e.png")]


def test_short_rows_are_not_a_disaster(tmp_path: Path) -> None:
    (row,) = _read(tmp_path, "image,stage,age\na.png,2\n").rows
    assert (row.stage, row.age_years) == (2, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("shoe size,stage\n", "import.columns_missing"),
        ("image,age\n", "import.columns_missing"),
        ("", "import.columns_missing"),
        ("image,stage,Stage\n", "import.column_twice"),
        ("PK\x03\x04 xlsx", "import.table_unreadable"),
        ("image,stage\na\0b,2\n", "import.table_unreadable"),
    ],
)
def test_tables_that_can_not_be_used_are_refused_with_the_reason(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(BadInputError) as caught:
        _read(tmp_path, text)
    assert caught.value.code == code


def test_of_several_sheets_the_one_with_images_and_stages_is_read(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx", Notes=[["Our study"]], Data=[["Datei", "Stadium"], ["a.png", 3]], Old=[["image", "stage"], ["a.png", 1]]
    )
    assert [row.stage for row in read_labels(path, BASSED_5).rows] == [3]
    assert [row.stage for row in read_labels(path, BASSED_5, TableOptions(sheet="Old")).rows] == [1]


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"import\.table_unreadable .*'none\.csv'"):
        read_labels(tmp_path / "none.csv", BASSED_5)
