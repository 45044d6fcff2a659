import pytest

from sos_studio.core.jobs import JobSpec, Metric
from sos_studio.core.training import training_settings
from sos_studio.presenters.curves import curves, parts_measured


def metric(n, name, split, step, value, *, part="student"):
    return Metric(n=n, name=name, split=split, step=step, value=value, part=part)


def test_losses_and_rates_of_one_part_are_sorted_with_the_total_first():
    metrics = [
        metric(1, "attention_loss", "train", 1, 0.4),
        metric(2, "loss", "inner", 1, 1.1, part="teacher"),
        metric(3, "loss", "train", 1, 1.0),
        metric(8, "classification_loss", "train", 1, 0.4),
        metric(4, "kappa", "inner", 1, 0.2),
        metric(5, "accuracy", "inner", 1, 0.3),
        metric(6, "loss", "train", 1, 9.0, part="teacher"),
        metric(7, "iou", "inner", 1, 0.3),
    ]
    shown = curves(metrics, "student")
    assert [(c.name, c.split) for c in shown.losses] == [("loss", "train"), ("classification_loss", "train"), ("attention_loss", "train")]
    assert [(c.name, c.split) for c in curves(metrics, "teacher").losses] == [("loss", "train"), ("loss", "inner")]
    assert [c.name for c in shown.rates] == ["accuracy", "kappa"]
    assert parts_measured(metrics) == ("student", "teacher")


def test_a_step_measured_again_after_a_resume_counts_once_with_its_newest_value():
    metrics = [metric(1, "loss", "train", 1, 1.0), metric(2, "loss", "train", 2, 0.9), metric(3, "loss", "train", 2, 0.8)]
    assert curves(metrics, "student").losses[0].points == ((1, 1.0), (2, 0.8))


def spec(weights=None, **student):
    settings = training_settings({}, {f"student.{name}": value for name, value in student.items()})
    return JobSpec(job_id="j", kind="retrain", manifest="manifests/m.json", preset="quick", settings=settings, weights=weights)


def test_a_students_terms_are_shown_as_they_count_so_that_they_add_up_to_the_total():
    terms = {"attention_loss": 0.5, "distillation_loss": 0.2, "classification_loss": 1.5}
    asked = spec(alpha=0.3, beta=0.8, theta=0.2)
    total = 0.3 * 0.5 + 0.8 * 0.2 + 0.2 * 1.5
    metrics = [
        metric(1, "loss", "train", 1, total),
        *(metric(2 + n, name, "train", 1, value) for n, (name, value) in enumerate(terms.items())),
    ]
    whole, *parts = curves(metrics, "student", asked).losses
    assert whole.last == pytest.approx(total)
    assert sum(curve.last for curve in parts) == pytest.approx(total)
    assert [(curve.name, curve.weight) for curve in parts] == [
        ("classification_loss", 0.2), ("distillation_loss", 0.8), ("attention_loss", 0.3)
    ]  # fmt: skip
    assert [curve.last for curve in curves(metrics, "student").losses[1:]] == [1.5, 0.2, 0.5], "nobody knows the weights"


def test_what_a_student_is_checked_by_is_the_same_term_as_in_its_training():
    metrics = [metric(1, "classification_loss", "train", 1, 1.0), metric(2, "loss", "inner", 1, 1.5)]
    learned, checked = curves(metrics, "student", spec(theta=0.2)).losses
    assert (learned.name, checked.name, checked.split) == ("classification_loss", "classification_loss", "inner")
    assert checked.last == pytest.approx(0.3)


def test_curves_side_by_side_have_one_axis_and_tell_when_whole_pictures_begin():
    metrics = [metric(n, "loss", "train", n, 1.0) for n in range(1, 6)] + [metric(9, "kappa", "inner", 4, 0.5)]
    shown = curves(metrics, "student", spec(windows=((64, 2), (96, 1))))
    assert shown.span == (1, 5)
    assert shown.whole_from == 4
    assert curves(metrics, "student", spec(weights="w.safetensors", windows=((64, 3),))).whole_from == 1, "no windows with starting weights"
    assert curves([], "student").span == (1, 1)
