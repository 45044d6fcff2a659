from __future__ import annotations

import threading

import pytest

from sos_studio.imaging.bands import Bands


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("rows", [1, 23, 24, 25, 100])
def test_each_row_is_drawn_once(threads: int, rows: int) -> None:
    drawn: list[int] = []
    assert Bands(threads).share(rows, lambda band: drawn.extend(range(*band)))
    assert sorted(drawn) == list(range(rows))


def test_threads_draw_side_by_side() -> None:
    together = threading.Barrier(2, timeout=10)
    assert Bands(2, rows=1).share(2, lambda _: together.wait())


def test_a_fault_in_any_thread_reaches_the_caller() -> None:
    together = threading.Barrier(2, timeout=10)
    caller = threading.get_ident()

    def draw(_: tuple[int, int]) -> None:
        together.wait()
        if threading.get_ident() != caller:
            raise ValueError("beside")

    with pytest.raises(ValueError, match="beside"):
        Bands(2, rows=1).share(2, draw)


def test_what_nobody_wants_is_given_up() -> None:
    drawn: list[tuple[int, int]] = []
    assert not Bands(2, lambda: False).share(100, drawn.append)
    assert drawn == []
