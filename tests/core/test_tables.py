"""Tables of figures as text, CSV and LaTeX."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from sos_studio.core.tables import Table, as_csv, latex

TABLE = Table("t", "Title", ("Model", "Acc. (%)"), (("ConvNeXt_tiny", "83.75 ± 1.20"), ("κ & co", "–")), ("A note.",))


def test_columns_line_up_in_text() -> None:
    lines = TABLE.as_text().splitlines()
    assert lines[0] == "Title"
    assert lines[-1] == "A note."
    assert {line.index(cell) for line, cell in zip(lines[2:3] + lines[4:6], ("Acc.", "83.75", "–"), strict=True)} == {15}


def test_it_comes_back_from_json() -> None:
    assert Table.of_data(TABLE.as_data()) == TABLE


def test_latex_takes_no_figure_for_a_command() -> None:
    text = TABLE.as_latex()
    assert r"ConvNeXt\_tiny & 83.75 $\pm$ 1.20 \\" in text
    assert r"$\kappa$ \& co & -- \\" in text
    assert r"\caption{Title. A note.}" in text
    assert text.count("{") == text.count("}")
    assert latex("a\\b{c}") == r"a\textbackslash{}b\{c\}"


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\r\0", exclude_categories=("Cs",))), min_size=2, max_size=2)))
def test_csv_comes_back_as_it_was(rows: list[list[str]]) -> None:
    assert list(csv.reader(io.StringIO(as_csv(["a", "b"], rows)))) == [["a", "b"], *rows]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_in_csv_are_exact(value: float) -> None:
    _, row = csv.reader(io.StringIO(as_csv(["a", "b"], [[value, None]])))
    assert float(row[0]) == value
    assert row[1] == ""
