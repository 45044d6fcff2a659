from __future__ import annotations

import ast
import re
import string
from pathlib import Path

import pytest

from sos_studio.messages import catalogue, message

ROOT = Path(__file__).resolve().parents[2]
RAISING = {"BadInputError", "ProjectError", "JobFailedError", "SosError", "Problem", "TrainingError", "warning", "failed"}


def _codes_in_source() -> set[str]:
    """First string argument of everything that raises or reports a code."""
    codes: set[str] = set()
    for folder in ("sos_studio", "trainer"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                    continue
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                value = node.args[0].value
                if name in RAISING and isinstance(value, str) and "." in value and " " not in value:
                    codes.add(value)
    return codes


def test_every_code_that_is_raised_has_words() -> None:
    missing = sorted(_codes_in_source() - set(catalogue()))
    assert not missing, f"no words for {missing}"


@pytest.mark.parametrize("code", sorted(catalogue()))
def test_words_are_one_clear_text_that_fills_without_an_error(code: str) -> None:
    template = catalogue()[code]
    fields = {name for text in (template.text, template.hint) for _, name, _, _ in string.Formatter().parse(text) if name}
    filled = message(code, {field.partition(".")[0].partition("[")[0]: 3 for field in fields})
    assert filled.text
    assert "?" not in filled.text.rstrip("?") or "?" in template.text
    assert "Traceback" not in str(filled)
    assert "{" not in str(filled)


def test_an_unknown_code_still_gives_words() -> None:
    assert "no.such.code" in message("no.such.code").text


def test_a_missing_value_does_not_hide_the_message() -> None:
    assert message("stage.unknown", {}).text


def test_one_case_is_no_plural() -> None:
    assert message("training.too_few_cases", {"count": 1, "least": 10}).text.startswith("There is 1 labelled case with")
    assert message("training.too_few_cases", {"count": 2, "least": 10}).text.startswith("There are 2 labelled cases with")


def test_attributes_of_headers_are_named_in_plain_words() -> None:
    missing = "PixelSpacing, ImagePositionPatient, ImageOrientationPatient"
    assert "Missing: pixel size, slice position, slice direction." in message("scan.no_geometry", {"missing": missing, "file": "a"}).text
    assert "value: number of pictures." in message("scan.bad_header", {"file": "a", "attribute": "NumberOfFrames"}).text
    assert "value: SomethingNew." in message("scan.bad_header", {"file": "a", "attribute": "SomethingNew"}).text


def test_faults_in_a_list_are_told_one_by_one() -> None:
    text = message("training.bad_settings", {"faults": [{"where": "student.alpha", "what": "too small"}, {"where": "x", "what": "y"}]}).text
    assert "student.alpha: too small; x: y" in text


def test_clinicians_read_what_a_network_is_for_before_what_papers_call_it() -> None:
    """The glossary's words follow in brackets; a code meant for the command line's settings is left alone."""
    for code, template in catalogue().items():
        words = f"{template.text} {template.hint}".replace("student.alpha", "")
        outside = re.sub(r"\([^)]*\)", "", words).lower()
        assert not re.search(r"\b(student|teacher|detector|held[- ]out|kappa|map 50)\b", outside), code


def test_one_and_two_have_words_of_their_own() -> None:
    assert message("scan.same_position", {"slices": 2}).text == "Both slices lie at the same position."
    assert message("scan.same_position", {"slices": 3}).text == "All 3 slices lie at the same position."
    assert message("scan.unreadable_files", {"files": 1, "file": "IM7"}).text.startswith(
        "A further file in this folder could not be read (IM7)"
    )


@pytest.mark.parametrize("code", sorted(code for code, template in catalogue().items() if template.counts))
def test_words_for_one_and_two_count_a_value_of_the_sentence(code: str) -> None:
    template = catalogue()[code]
    assert f"{{{template.counts}}}" in template.text
    assert template.one or template.two


def test_while_pictures_are_taken_no_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"file": "Doe_John.dcm"}
    assert "Doe" in str(message("scan.truncated", values))
    monkeypatch.setenv("SOS_STUDIO_SCREENSHOTS", "1")
    assert "Doe" not in str(message("scan.truncated", values))
    assert "•••" in str(message("scan.truncated", values))
