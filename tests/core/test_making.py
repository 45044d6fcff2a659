from __future__ import annotations

import dataclasses

import pytest

from sos_studio.core.making import made
from sos_studio.dataset.cases import CaseSummary
from sos_studio.services.listed_cases import ListedCase


@dataclasses.dataclass(frozen=True)
class Point:
    x: int
    y: int = 2


def test_what_is_made_quickly_is_what_its_constructor_makes() -> None:
    point = made(Point, x=1, y=2)
    assert point == Point(1)
    assert hash(point) == hash(Point(1))
    assert dataclasses.replace(point, x=3) == Point(3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 5  # type: ignore[misc]


@pytest.mark.parametrize("kind", [CaseSummary, ListedCase])
def test_what_is_made_by_the_ten_thousand_does_nothing_in_its_constructor(kind: type) -> None:
    assert not hasattr(kind, "__post_init__")
    assert not hasattr(kind, "__slots__")
