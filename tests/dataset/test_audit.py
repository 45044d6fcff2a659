"""The history tells everything that was done, and nothing about patients."""

from __future__ import annotations

import csv
import io
import json

from sos_studio.core.consensus import Rule
from sos_studio.core.exclusions import REASONS
from sos_studio.core.readings import Reading, utc_now
from sos_studio.dataset import audit, cases, consensus, events, manifests, patient_data, predictions, readings
from sos_studio.dataset.in_use import InUse, use
from sos_studio.dataset.project import Project
from tests.dataset import builders


def _everything(project: Project) -> str:
    for n in range(12):
        builders.staged_case(project, 1 + n % 3, seed=n)
    case_id, capture_id = "case-0001", cases.case(project, "case-0001").capture_id or ""
    reading = Reading(
        reading_id=readings.new_reading_id(),
        case_id=case_id,
        capture_id=capture_id,
        evaluator="=cmd()",
        stage=3,
        remark="SECRET REMARK",
        blinded=True,
    )
    readings.append(project, reading)
    readings.retract(project, reading.reading_id, "=cmd()")
    for stage in (4, None):
        values = {"reading_id": readings.new_reading_id(), "evaluator": "Chair", "stage": stage, "source": "adjudication"}
        values["created_utc"] = utc_now()
        readings.append(project, reading.model_copy(update=values))
    builders.add_roi(project, capture_id)
    use(project, case_id, InUse(capture_id, 1))
    cases.exclude(project, case_id, REASONS[0], "Ada", "SECRET NOTE")
    cases.include(project, case_id, "Ben")
    consensus.choose(project, Rule(name="senior", senior="Ada"), "Ben")
    patient_data.decide(project, keep_age=True, who="Cleo")
    manifests.freeze(project)
    predictions.record_shown(project, capture_id, model_id="m", stage=1, probabilities=[1, 0, 0, 0, 0], evaluator="Ada")
    events.record(project, "backup_made", who="Dora", files=3)
    job = project.path("jobs", "j1")
    job.mkdir()
    (job / "job.json").write_text(json.dumps({"job_id": "j1", "kind": "retrain", "created_utc": "2026-01-01T00:00:00Z", "manifest": "m"}))
    (project.path("jobs", "j2")).mkdir()
    (project.path("jobs", "j2", "job.json")).write_text("not json")
    return case_id


def test_everything_that_is_done_is_told_with_who_did_it(project: Project) -> None:
    case_id = _everything(project)
    entries = audit.history(project)
    told = {entry.what for entry in entries}
    elsewhere = {"readings_shown", "imported", "exported", "restored", "recovered", "repaired"}
    assert told == set(audit.KINDS) - elsewhere - {"facts_filled_in", "pixel_size_given", "patients_joined", "same_patient"}
    assert [entry.when for entry in entries] == sorted(entry.when for entry in entries)

    def who(what: str) -> list[str]:
        return [entry.who for entry in entries if entry.what == what and entry.case_id in (case_id, None)]

    assert who("excluded") == ["Ada"]
    assert who("taken_in") == ["Ben"]
    assert who("rule_chosen") == ["Ben"]
    assert who("decided") == who("left_open") == ["Chair"]
    assert who("patient_data_decided") == ["Cleo"]
    assert who("backup_made") == ["Dora"]
    assert sum(entry.what == "brought_back" for entry in entries) == 1
    assert sum(entry.what == "captured" for entry in entries) == 12


def test_free_text_stays_out_and_no_cell_is_a_formula(project: Project) -> None:
    _everything(project)
    entries = audit.history(project)
    text = audit.as_csv(entries)
    assert "SECRET" not in text + json.dumps(audit.as_objects(entries))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(entries)
    assert list(rows[0]) == list(audit.COLUMNS)
    assert {row["who"] for row in rows} >= {"'=cmd()", "Ada"}
    assert [json.loads(row["details"]) for row in rows] == [entry.details for entry in entries]


def test_a_new_project_has_one_line_of_history(project: Project) -> None:
    (entry,) = audit.history(project)
    assert (entry.what, entry.case_id) == ("project_made", None)
