from __future__ import annotations

import gc

import pytest

from sos_studio.core.collecting import made_to_stay


def test_no_search_for_garbage_happens_inside_and_it_is_on_again_afterwards() -> None:
    with made_to_stay():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_on_again_after_a_fault_too() -> None:
    with pytest.raises(ValueError, match="no"), made_to_stay():
        raise ValueError("no")
    assert gc.isenabled()


def test_what_was_made_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    with made_to_stay():
        kept = [[n] for n in range(1000)]
    assert gc.get_freeze_count() >= before + len(kept)
