from sos_studio.core.jobs import Metric
from sos_studio.presenters.curves import curves, parts_measured


def metric(n, name, split, step, value, *, part="student"):
    return Metric(n=n, name=name, split=split, step=step, value=value, part=part)


def test_losses_and_rates_of_one_part_are_sorted_with_the_total_first():
    metrics = [
        metric(1, "attention_loss", "train", 1, 0.4),
        metric(2, "loss", "inner", 1, 1.1),
        metric(3, "loss", "train", 1, 1.0),
        metric(4, "kappa", "inner", 1, 0.2),
        metric(5, "accuracy", "inner", 1, 0.3),
        metric(6, "loss", "train", 1, 9.0, part="teacher"),
        metric(7, "iou", "inner", 1, 0.3),
    ]
    shown = curves(metrics, "student")
    assert [(c.name, c.split) for c in shown.losses] == [("loss", "train"), ("loss", "inner"), ("attention_loss", "train")]
    assert [c.name for c in shown.rates] == ["accuracy", "kappa"]
    assert parts_measured(metrics) == ("student", "teacher")


def test_a_step_measured_again_after_a_resume_counts_once_with_its_newest_value():
    metrics = [metric(1, "loss", "train", 1, 1.0), metric(2, "loss", "train", 2, 0.9), metric(3, "loss", "train", 2, 0.8)]
    assert curves(metrics, "student").losses[0].points == ((1, 1.0), (2, 0.8))
