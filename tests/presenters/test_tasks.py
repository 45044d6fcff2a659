"""Long work behind the window: all of it is known as long as it runs, and each can be stopped."""

from __future__ import annotations

from sos_studio.presenters.ports import ImmediateBackground
from sos_studio.presenters.tasks import Tasks


def test_one_that_ends_does_not_take_another_from_sight() -> None:
    tasks = Tasks(ImmediateBackground())
    long, short = tasks.begin("export", "dicom"), tasks.begin("export", "csv")
    tasks.end(short)
    assert tasks.running == (long,)
    tasks.end(long)
    assert tasks.running == ()


def test_each_is_stopped_alone_or_all_together_and_tells_how_far_it_is() -> None:
    tasks = Tasks(ImmediateBackground())
    heard: list[float] = []
    one, other = tasks.begin("export"), tasks.begin("import")
    tasks.changed.connect(lambda: heard.append(one.fraction))
    tasks.progress_of(one)(0.25)
    assert heard == [0.25]
    one.cancel()
    assert (one.cancelled, other.cancelled) == (True, False)
    tasks.cancel_all()
    assert other.cancelled
