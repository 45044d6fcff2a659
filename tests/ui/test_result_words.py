"""Words for figures of networks claim no more than the figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from sos_studio.core.staging_statistics import McNemar
from sos_studio.presenters.judging import JudgingState
from sos_studio.services import model_list
from sos_studio.ui import result_words
from tests.presenters.models import add_model


@pytest.mark.parametrize(
    ("test", "told"),
    [
        (McNemar(3, 11, 0.0574, 0.0352), "(McNemar: exact p = 0.057, mid-p = 0.035). That may well be chance."),
        (McNemar(0, 20, 0.0000019, 0.000001), "(McNemar: exact p < 0.001, mid-p < 0.001). Chance alone would rarely do that."),
    ],
)
def test_a_difference_counts_only_if_the_exact_test_says_so_and_both_figures_are_named(test: McNemar, told: str) -> None:
    assert result_words.mcnemar_line(test).endswith(told)


def test_words_about_a_network_call_it_as_the_choice_does(tmp_path: Path) -> None:
    model_id = add_model(tmp_path, "student")
    state = JudgingState(models=tuple(model_list.models(tmp_path / "models")))
    told = result_words.named(f"Nobody can tell which cases {model_id} was trained on: it comes from elsewhere.", state)
    assert told.startswith("Nobody can tell which cases Student (2026-11-20")
    assert model_id not in told
