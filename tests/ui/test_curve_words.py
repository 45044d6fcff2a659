from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sos_studio.core.job_state import JobState
from sos_studio.core.jobs import JobSpec, Metric
from sos_studio.core.training import training_settings
from sos_studio.presenters.curves import Curve, Curves, curves
from sos_studio.presenters.training_state import Followed
from sos_studio.services.job_data import JobData
from sos_studio.services.jobs import JobHandle
from sos_studio.ui import curve_words, training_words

NAMES = ("loss", "classification_loss", "distillation_loss", "attention_loss", "box_loss", "accuracy", "kappa", "hit_rate", "map50")


def curve(name, split="train", value=0.4375, weight=1.0):
    return Curve(name, split, ((1, value),), weight)


def followed(kind="retrain"):
    settings = training_settings({"inner_validation_fraction": 0.15}, {"student.windows": [(64, 20)]})
    spec = JobSpec(job_id="j", kind=kind, manifest="manifests/m.json", preset="quick", settings=settings)
    data = JobData("m", datetime(2026, 11, 20, tzinfo=UTC), "bassed-5", "majority", 200, 200, 200, 160, 40, 1, 5, ((1, 160, 40),))
    return Followed(JobHandle(Path("j"), "j"), spec, JobState(), data=data)


def test_shares_are_told_in_percent_and_what_a_training_is_checked_by_has_a_name_of_its_own():
    assert curve_words.text(curve("accuracy", "inner")) == "staged rightly 44\u00a0%"
    assert curve_words.text(curve("kappa", "inner", -0.15)) == "agreement with labels −0.15"
    assert curve_words.text(curve("classification_loss", "inner", 0.3)) == "stage, check cases 0.3"


def test_staged_cases_that_were_left_out_are_told():
    job = followed()
    assert "left out" not in training_words.facts(job)
    left_out = replace(job, data=replace(job.data, without_agreement=9))
    assert "9 staged cases are left out: their readers have not agreed on a stage." in training_words.facts(left_out)


@pytest.mark.parametrize("name", NAMES)
def test_every_curve_is_explained_in_plain_words(name):
    assert " " in curve_words.term(curve(name))


def test_a_term_says_what_was_measured_and_how_much_it_counts():
    assert curve_words.term(curve("attention_loss", value=0.03, weight=0.3)).endswith("(0.1 measured, counted 0.3 times)")
    assert "counted" not in curve_words.term(curve("attention_loss", value=0.0, weight=0.0))


def test_check_cases_are_told_from_test_cases_below_the_curves():
    job = followed()
    metrics = [Metric(n=n, name=name, split="train", step=1, value=1.0, part="student") for n, name in enumerate(NAMES[:4])]
    shown = curves(metrics, "student", job.spec)
    told = curve_words.about(job, shown)
    assert "add up to the total" in told
    assert "about 23 of the 160 to learn from" in told
    assert "test cases" in told
    assert curve_words.begins_late(shown) == "Checked from epoch 21 on: before, it learns from windows about the frame"
    assert curve_words.begins_late(Curves()) == ""
    assert curve_words.about(followed("crossval"), shown) == "", "its curves are of test cases"
