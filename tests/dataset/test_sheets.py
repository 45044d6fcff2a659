from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.errors import BadInputError
from sos_studio.dataset import sheets
from sos_studio.dataset.sheets import read_sheet


def workbook(path: Path, **tabs: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in tabs.items():
        tab = book.create_sheet(name)
        for row in rows:
            tab.append(row)
    book.save(path)
    return path


def text(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def test_the_first_sheet_that_holds_anything_is_read_as_people_see_it(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        Empty=[],
        Data=[["image", "stage", "age", "on"], ["a.png", 3, 12.6, date(2020, 1, 2)], [None], [7, 3.0, None, True]],
    )
    sheet = read_sheet(path)
    assert (sheet.names, sheet.name) == (("Empty", "Data"), "Data")
    assert sheet.lines == ((1, ("image", "stage", "age", "on")), (2, ("a.png", "3", "12.6", "2020-01-02")), (4, ("7", "3", "", "TRUE")))


def test_a_sheet_is_chosen_by_name_and_an_unknown_one_is_refused_with_the_names(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", One=[["x"]], Zwei=[["y"]])
    assert read_sheet(path, "zwei").lines == ((1, ("y",)),)
    with pytest.raises(BadInputError) as caught:
        read_sheet(path, "Drei")
    assert (caught.value.code, caught.value.values["sheets"]) == ("import.sheet_unknown", "One, Zwei")
    with pytest.raises(BadInputError, match=r"import\.sheet_unknown"):
        read_sheet(text(tmp_path / "a.csv", "a,b\n"), "One")


def test_numbers_of_excel_lose_the_digits_that_excel_does_not_show(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", A=[[0.1 + 0.2, 1e20, 4711.0, datetime(2020, 1, 2, 3, 4)]])
    assert read_sheet(path).lines[0][1] == ("0.3", "1e+20", "4711", "2020-01-02 03:04")


@pytest.mark.parametrize("separator", sheets.SEPARATORS)
def test_any_separator_is_found_although_cells_have_commas(tmp_path: Path, separator: str) -> None:
    rows = [["image", "age", "remark"], ["a.png", "12,6", "wide"], ["b.png", "13,1", "thin; twice"], ["c.png", "9,0", ""]]
    quoted = "\r\n".join(separator.join(f'"{cell}"' if "," in cell or ";" in cell else cell for cell in row) for row in rows)
    sheet = read_sheet(text(tmp_path / "a.csv", quoted))
    assert sheet.separator == separator
    assert [list(cells) for _, cells in sheet.lines] == rows


def test_decimal_commas_without_quotes_do_not_win_over_semicolons(tmp_path: Path) -> None:
    sheet = read_sheet(text(tmp_path / "a.csv", "image;age;height\na.png;12,6;1,5\nb.png;9,1;1,4\n"))
    assert (sheet.separator, sheet.lines[1][1]) == (";", ("a.png", "12,6", "1,5"))


def test_excels_own_line_for_the_separator_is_obeyed_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    sheet = read_sheet(text(tmp_path / "a.csv", "sep=;\nimage;a,b,c\n\nx.png;1,2,3\n"))
    assert sheet.lines == ((2, ("image", "a,b,c")), (4, ("x.png", "1,2,3")))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_are_guessed(tmp_path: Path, encoding: str) -> None:
    sheet = read_sheet(text(tmp_path / "a.csv", "image,reader\nmüller.png,Jörg\n", encoding))
    assert sheet.lines == ((1, ("image", "reader")), (2, ("müller.png", "Jörg")))


def test_other_encodings_and_separators_can_be_told(tmp_path: Path) -> None:
    path = text(tmp_path / "a.csv", "image,пол|x\na.png,ж|y\n", "cp1251")
    assert read_sheet(path, encoding="cp1251", separator=",").lines[1][1] == ("a.png", "ж|y")
    with pytest.raises(BadInputError, match=r"import\.encoding_unknown"):
        read_sheet(path, encoding="klingon")


def test_workbooks_of_other_kinds_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    old = tmp_path / "old.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    odf = tmp_path / "a.ods"
    with zipfile.ZipFile(odf, "w") as archive:
        archive.writestr("content.xml", "<office/>")
    for path in (old, odf):
        with pytest.raises(BadInputError, match=r"import\.table_is_spreadsheet"):
            read_sheet(path)
    whole = workbook(tmp_path / "whole.xlsx", A=[["image", "stage"]]).read_bytes()
    for n in (10, len(whole) // 2, len(whole) - 3):
        cut = tmp_path / "cut.xlsx"
        cut.write_bytes(whole[:n])
        with pytest.raises(BadInputError, match=r"import\.table_unreadable"):
            read_sheet(cut)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", A=[["image"]])
    monkeypatch.setattr(sheets, "MAX_UNPACKED_BYTES", 100)
    with pytest.raises(BadInputError, match=r"import\.table_too_long"):
        read_sheet(path)


@given(st.binary(max_size=300), st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", b"sep=;\n"]))
def test_whatever_the_bytes_are_there_are_cells_or_a_reason(tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(start + data)
    try:
        sheet = read_sheet(path)
    except BadInputError:
        return
    assert all(any(cells) for _, cells in sheet.lines)


_CELL = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="\ufeff\"'"), min_size=1, max_size=8)


@given(st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=5))
def test_what_excel_was_given_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]) -> None:
    safe = [tuple(f"x{cell}" for cell in row) for row in rows]  # "=…" would be a formula
    path = workbook(tmp_path_factory.getbasetemp() / "any.xlsx", A=[list(row) for row in safe])
    assert [cells for _, cells in read_sheet(path).lines] == [tuple(cell.strip() for cell in row) for row in safe]
