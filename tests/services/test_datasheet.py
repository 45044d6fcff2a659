from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from sos_studio.core.consensus import Rule
from sos_studio.core.errors import BadInputError, CancelledError, ProjectError
from sos_studio.dataset import captures, cases, consensus, exports, splits
from sos_studio.dataset.export_facts import Facts, gather
from sos_studio.dataset.export_files import Writer
from sos_studio.dataset.export_people import evaluator_names
from sos_studio.dataset.exports import ExportOptions
from sos_studio.dataset.label_table import IMPORTED_EVALUATOR
from sos_studio.dataset.project import Project
from sos_studio.services import adjudication, exporting, import_crops
from sos_studio.services.datasheet import details, methods, pdf
from sos_studio.services.datasheet.parts import Heading, Paragraph, Part, Table
from tests.dataset import builders

PLANTED = "Dr Planted"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.create(tmp_path / "study") as made:
        yield made


@pytest.fixture
def filled(project: Project) -> Project:
    """Twelve included cases with readings by two, two excluded, one of each other kind."""
    for n in range(12):
        age, sex = (None, None) if n == 11 else (10.0 + n, "FM"[n % 2])
        case_id = cases.add_case(project, None, age, sex)  # type: ignore[arg-type]
        capture_id = builders.add_capture(project, case_id, n, series_hash=f"{n // 2}" if n < 4 else None)
        builders.add_roi(project, capture_id)
        builders.read(project, case_id, capture_id, 1 + n % 5, PLANTED)
        if n < 6:
            builders.read(project, case_id, capture_id, 1 + n % 5, "Bea")
    cases.exclude(project, builders.staged_case(project, 1), "motion", "Bea", note="Mrs Secret moved")
    cases.exclude(project, builders.staged_case(project, 1), "metal", "Bea")
    cases.add_case(project)
    builders.staged_case(project, None)
    doubtful = builders.staged_case(project, None)
    builders.read(project, doubtful, cases.case(project, doubtful).capture_id or "", 3, ambiguous=True)
    contested = builders.staged_case(project, 1)
    builders.read(project, contested, cases.case(project, contested).capture_id or "", 5, "Bea")
    splits.assign(project, {s.case_id: s.label for s in cases.cases(project) if s.label is not None})
    return project


def facts_of(project: Project) -> Facts:
    return gather(project, evaluator_names(project, by_name=False), Writer(project, project.directory))


class _Page(HTMLParser):
    """Text, and what a page would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.fetched += [value for key, value in attrs if key in ("src", "href", "action", "data") and value]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_facts_count_what_is_in_the_project(filled: Project) -> None:
    facts = facts_of(filled)
    flow = facts.flow
    assert (flow.screened, flow.excluded, flow.included) == (18, {"motion": 1, "metal": 1}, 12)
    assert (flow.not_captured, flow.unread, flow.ambiguous, flow.open) == (1, 1, 1, 1)
    assert sum(len(ages) for ages in facts.ages_by_stage.values()) == 11
    assert {sex: sum(count[sex] for count in facts.sexes_by_stage.values()) for sex in ("F", "M", "")} == {"F": 6, "M": 5, "": 1}
    assert (facts.images.captured, facts.images.imported, facts.images.framed, facts.images.spacings_mm) == (4, 8, 12, {0.25: 12})
    assert facts.evaluators_per_case == {1: 6, 2: 6}
    (pair,) = facts.pairs
    assert (pair.cases, pair.within(0), pair.within(1)) == (6, 6, 6)
    assert facts.same_scan == 2
    assert (facts.same_picture, facts.near_pictures) == (0, 0)
    assert facts.leaks == 2  # of the scans that two cases share
    assert sum(count.total() for count in facts.folds.values()) == 12


def test_the_sheet_says_counts_reasons_and_fields_and_fetches_nothing(filled: Project, tmp_path: Path) -> None:
    report = exporting.export(filled, tmp_path / "out", "datasheet", ExportOptions(details={"licence": "CC BY 4.0 <b>&"}))
    assert report.cases == 12
    files = builders.files_below(tmp_path / "out")
    assert {"datasheet.html", "datasheet.pdf", "methods.txt", "facts.json", "SHA256SUMS", "plots/flow.svg"} <= set(files)
    page = _Page(files["datasheet.html"].decode())
    words = re.sub(r"\s+", " ", " ".join(page.words))
    for said in ("CC BY 4.0 <b>&", "Evaluator 1", "Fold 1", "Fold 5", "Research use only", "12 cases", "Ethics approval and consent"):
        assert said in words
    assert page.fetched
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.fetched)
    assert not {"script", "link", "iframe", "form"} & set(page.tags)
    facts = json.loads(files["facts.json"])
    assert (facts["flow"]["included"], facts["rule"]["name"]) == (12, "majority")


def test_nobody_is_named_and_notes_stay_at_home(filled: Project, tmp_path: Path) -> None:
    exporting.export(filled, tmp_path / "numbers", "datasheet")
    exporting.export(filled, tmp_path / "names", "datasheet", ExportOptions(name_evaluators=True))
    assert PLANTED.encode() not in b"".join(builders.files_below(tmp_path / "numbers").values())
    named = builders.files_below(tmp_path / "names")
    assert PLANTED.encode() in named["datasheet.html"]
    for name, content in named.items():
        assert b"Secret" not in content, name
        assert b"case-00" not in content, name
        assert not re.search(rb"\bP\d{4}\b", content), name


@pytest.mark.parametrize("senior", [PLANTED, "Somebody Absent"])
def test_not_even_the_senior_reader_of_the_rule_is_named(filled: Project, tmp_path: Path, senior: str) -> None:
    consensus.choose(filled, Rule(name="senior", senior=senior), "Bea")
    exporting.export(filled, tmp_path / "sheet", "datasheet")
    assert senior.encode() not in b"".join(builders.files_below(tmp_path / "sheet").values())
    told = json.loads((tmp_path / "sheet" / "facts.json").read_text("utf-8"))["rule"]["senior"]
    assert re.fullmatch("Evaluator 1" if senior == PLANTED else r"Evaluator \d+", told)
    exporting.export(filled, tmp_path / "named", "datasheet", ExportOptions(name_evaluators=True))
    assert senior in (tmp_path / "named" / "facts.json").read_text("utf-8")


def test_the_same_dataset_makes_the_same_sheet(filled: Project, tmp_path: Path) -> None:
    exporting.export(filled, tmp_path / "one", "datasheet")
    exporting.export(filled, tmp_path / "two", "datasheet")
    assert builders.files_below(tmp_path / "one") == builders.files_below(tmp_path / "two")


def test_the_methods_paragraph_says_what_is_so(filled: Project) -> None:
    words = methods.paragraph(facts_of(filled))
    for said in (
        "We screened 18 cases of 18 patients.",
        "2 cases were excluded: motion (1) and metal artefact (1).",
        "1 case without a midsagittal image",
        "1 case on whose stage the evaluators did not agree",
        "Ages were 10 to 20 years (mean 15.0, known of 11).",
        "6 were female and 5 male; unknown in 1.",
        "In 4 cone-beam CT scans",
        "pixels of 0.25 mm",
        "2 evaluators staged",
        "1 reading in 6 cases and 2 readings in 6 cases",
        "more than half of the evaluators",
        "the same in 6 (100\u202f%) of 6 comparisons",
        "5 folds",
    ):
        assert said in words, said
    assert "phantom" not in words
    assert "prediction" not in words
    assert "blinded" not in words


def test_the_methods_paragraph_claims_nothing_that_did_not_happen(project: Project) -> None:
    assert methods.paragraph(facts_of(project)) == ""
    builders.staged_case(project, 3, frame=False)
    words = methods.paragraph(facts_of(project))
    for unsaid in ("Ages", "female", "cone-beam", "cropped", "folds", "comparisons", "excluded", "adjudicator", "label was"):
        assert unsaid not in words, unsaid


def test_the_projects_own_rule_is_told(filled: Project) -> None:
    consensus.choose(filled, Rule(name="senior", senior=PLANTED), "Bea")
    words = methods.paragraph(facts_of(filled))
    assert "the stage that the senior evaluator gave" in words
    assert PLANTED not in words


def test_a_phantom_is_called_one(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study", phantom=True) as project:
        builders.staged_case(project, 3)
        exporting.export(project, tmp_path / "out", "datasheet")
    assert "synthetic" in (tmp_path / "out" / "methods.txt").read_text()
    assert "phantom" in (tmp_path / "out" / "datasheet.html").read_text()


def test_imported_pictures_and_stages_are_told_from_what_a_phantom_project_drew_and_people_read(tmp_path: Path) -> None:
    with Project.create(tmp_path / "study", phantom=True) as project:
        for n in range(4):
            builders.staged_case(project, 1 + n)
        for shape_vu, roi in (((60, 90), None), ((20, 40), import_crops.frame_around((20, 40)))):
            case_id = cases.add_case(project, imported=True)
            capture_id = captures.add_capture(
                project,
                case_id,
                record_for=lambda made, case_id=case_id, shape_vu=shape_vu: builders.record(case_id, made, shape_vu=shape_vu),
                full_png=builders.png(shape_vu, seed=90),
                full16_png=None,
            )
            if roi is not None:
                builders.add_roi(project, capture_id, roi)
            builders.read(project, case_id, capture_id, 2, IMPORTED_EVALUATOR)
            builders.read(project, case_id, capture_id, 2)
        splits.assign(project, {f"case-000{n}": n for n in (1, 2, 3, 4)})
        facts = facts_of(project)
        report = exporting.export(project, tmp_path / "out", "datasheet")
        exporting.export(project, tmp_path / "dicom", "dicom")
    images = facts.images
    assert (images.drawn, images.imported, images.crops_alone) == (4, 2, 1)
    assert (images.heights_px, images.crop_heights_px, images.crop_widths_px) == ((60, 90), (20, 20), (40, 40))
    assert ([person.name for person in facts.people], facts.pairs) == (["Evaluator 1"], ())
    assert facts.unnamed is not None
    assert facts.unnamed.readings == 2
    words = methods.paragraph(facts)
    for said in (
        "synthetic (phantom) and imported ones",
        "4 synthetic midsagittal images were drawn",
        "2 midsagittal images had been made before and were imported, 1 of them as crops without a full image.",
        "1 evaluator staged",
        "2 cases that came later have no fold yet.",
    ):
        assert said in words, said
    page = re.sub(r"<[^>]*>", " ", (tmp_path / "out" / "datasheet.html").read_text("utf-8"))
    assert "From tables, nobody named" in page
    assert "2 included cases have no fold yet" in page
    assert report.asked == 6
    origins = [path.read_bytes() for path in sorted((tmp_path / "dicom").glob("case-*/full-1.dcm"))]
    assert [b"Synthetic midsagittal" in content for content in origins] == [True] * 4 + [False] * 2


def test_an_adjudicator_who_calls_a_case_ambiguous_is_no_evaluator_who_does(project: Project) -> None:
    case_id = builders.staged_case(project, 2)
    capture_id = cases.case(project, case_id).capture_id or ""
    builders.read(project, case_id, capture_id, 4, "Bea")
    builders.staged_case(project, 3)
    adjudication.decide(project, case_id, "Chair", None, ambiguous=True)
    assert facts_of(project).ambiguous_decided == 1
    assert "We left out 1 case called ambiguous by an adjudicator." in methods.paragraph(facts_of(project))


def test_a_datasheets_sum_is_all_cases(filled: Project, tmp_path: Path) -> None:
    report = exporting.export(filled, tmp_path / "out", "datasheet")
    assert (report.cases, report.asked) == (12, 18)
    assert report.left_out == {"excluded": 2, "no_label": 3, "not_captured": 1}


def test_what_a_person_filled_in_is_kept_and_can_be_changed_for_once(filled: Project, tmp_path: Path) -> None:
    details.keep(filled, {"licence": "  CC0 ", "title": "", "ethics": "2026-17"})
    assert details.read(filled) == {"licence": "CC0", "ethics": "2026-17"}
    exporting.export(filled, tmp_path / "out", "datasheet", ExportOptions(details={"licence": "MIT"}))
    page = (tmp_path / "out" / "datasheet.html").read_text()
    assert "MIT</dd>" in page
    assert "2026-17</dd>" in page
    assert details.read(filled)["licence"] == "CC0"
    filled.path(details.FILE).write_text("{no json")
    assert details.read(filled) == {}


def test_fields_that_are_none_or_too_long_are_refused(filled: Project, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"datasheet\.unknown_field"):
        exporting.export(filled, tmp_path / "out", "datasheet", ExportOptions(details={"licene": "x"}))
    with pytest.raises(BadInputError, match=r"datasheet\.too_long"):
        details.keep(filled, {"title": "x" * 1001})
    with Project.open(filled.directory, read_only=True) as second, pytest.raises(ProjectError, match=r"project\.read_only"):
        details.keep(second, {"title": "x"})
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_an_empty_project_has_no_sheet_and_a_stop_leaves_nothing(project: Project, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"export\.nothing_to_export"):
        exporting.export(project, tmp_path / "out", "datasheet")
    builders.staged_case(project, 3)
    asked = iter([False] * 3)
    with pytest.raises(CancelledError):
        exporting.export(project, tmp_path / "out", "datasheet", cancelled=lambda: next(asked, True))
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


def test_a_project_without_any_label_has_a_sheet_of_its_flow(project: Project, tmp_path: Path) -> None:
    cases.add_case(project)
    exporting.export(project, tmp_path / "out", "datasheet")
    assert {path.name for path in (tmp_path / "out" / "plots").iterdir()} == {"flow.svg"}


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_an_independent_reader_finds_the_words_of_the_pdf(filled: Project, tmp_path: Path) -> None:
    exporting.export(filled, tmp_path / "out", "datasheet", ExportOptions(details={"creators": "Žofie Nováková → Praha"}))
    told = subprocess.run(["pdftotext", "-layout", tmp_path / "out" / "datasheet.pdf", "-"], check=True, capture_output=True, text=True)
    for said in ("Methods paragraph", "We screened 18 cases", "Žofie Nováková → Praha", "to be filled in", "Research use only"):
        assert said in told.stdout
    assert "datasheet" in exports.FORMATS


def _pages(parts: Sequence[Part], tmp_path: Path) -> list[str]:
    (tmp_path / "d.pdf").write_bytes(pdf.render("Title", parts, "foot"))
    told = subprocess.run(["pdftotext", "-layout", tmp_path / "d.pdf", "-"], check=True, capture_output=True, text=True)
    return told.stdout.split("\f")[:-1]


def _rows(count: int, name: str) -> Table:
    return Table((name, "cases"), tuple((f"{name} {n}", "1") for n in range(count)))


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
@pytest.mark.parametrize("before", range(8, 32, 3))
def test_a_heading_and_its_sentence_stay_with_the_table_that_follows(before: int, tmp_path: Path) -> None:
    parts: list[Part] = [
        Heading("Cases"),
        _rows(15, "first"),
        _rows(before, "second"),
        Heading("Splits"),
        Paragraph("Led in."),
        _rows(6, "fold"),
    ]
    for page in _pages(parts, tmp_path):
        there = ["Splits" in page, "Led in." in page, "fold 0" in page, "fold 5" in page]
        assert len(set(there)) == 1, page


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_a_long_table_begins_under_its_heading_and_goes_on_on_the_next_page(tmp_path: Path) -> None:
    first, *_, last = _pages([Heading("Cases"), _rows(60, "row")], tmp_path)
    assert "Title" in first
    assert "row 0" in first
    assert "row 59" in last


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler")
def test_no_page_is_made_for_a_last_line_that_narrower_margins_take_in(tmp_path: Path) -> None:
    for count in range(30, 60):
        parts: list[Part] = [_rows(count, "row"), Heading("Software"), Paragraph("SOS Studio")]
        pages = _pages(parts, tmp_path)
        _, plain, used = pdf._build("Title", parts, "foot", 20.0)
        if len(pages) < plain:
            assert used < 0.2
            assert "Software" in pages[-1]
            return
    pytest.fail("the margins never changed")
