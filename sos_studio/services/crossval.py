"""What a cross-validation is to compare, and the starting weights of its networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sos_studio.core.crossval import (
    Arm,
    CrossvalSettings,
    Method,
    Table,
    ablation_arms,
    in_order,
    main_arms,
    parse_arm,
    settings_of,
    table_arms,
)
from sos_studio.core.errors import BadInputError
from sos_studio.core.manifests import FOLDS
from sos_studio.core.training import TrainingSettings
from sos_studio.services import weights as starting_weights


def plan(
    settings: TrainingSettings,
    *,
    tables: Sequence[Table] = (),
    ablation: bool = False,
    arms: Sequence[str] = (),
    folds: int = FOLDS,
    weights: Path | None = None,
) -> CrossvalSettings:
    """What is compared.

    Parameters
    ----------
    tables
        The paper's tables that are wanted: their networks are trained.
    ablation
        The framework with one thing changed at a time.
    arms
        Names of arms: these alone. Without arms, tables and ablation: teacher, detector, student and every baseline of the
        preset's network.
    folds
        How many of the project's folds are judged, from the first on; fewer than all are a quick look.
    weights
        Starting weights of the preset's network, if they were chosen by hand.

    Raises
    ------
    BadInputError
        ``crossval.unknown_arm``, ``training.bad_settings``, ``weights.not_found``, ``weights.unreadable``.
    """
    from_scratch = starting_weights.find(settings.student.network, weights) is None
    chosen = [parse_arm(text, settings) for text in arms]
    if not chosen:
        chosen = [arm for table in tables for arm in table_arms(table, settings)]
        if ablation:
            chosen += ablation_arms(settings)
        if not chosen:
            chosen = main_arms(settings, from_scratch=from_scratch)
    for arm in chosen:
        settings_of(settings, arm)
    asked = CrossvalSettings(arms=in_order(chosen), tables=tuple(sorted(set(tables))), ablation=ablation, folds=tuple(range(folds)))
    found = weights_files(asked, settings.student.network, weights)
    return asked.model_copy(update={"weights": {network: path.name for network, path in found.items()}})


def weights_files(asked: CrossvalSettings, main_network: str, chosen: Path | None) -> dict[str, Path]:
    """Starting weights that this computer has for the networks of a cross-validation.

    Parameters
    ----------
    main_network, chosen
        The network that a file was chosen for by hand, and the file.
    """
    networks = dict.fromkeys(arm.network for arm in asked.arms if arm.stages)
    found = {network: starting_weights.find(network, chosen if network == main_network else None) for network in networks}
    return {network: path for network, path in found.items() if path is not None}


@dataclass(frozen=True)
class Wish:
    """What a person ticks: methods of the preset's network, the paper's tables, the ablation; together.

    Attributes
    ----------
    folds
        How many of the project's folds are judged.
    """

    methods: tuple[Method, ...] = ()
    tables: tuple[Table, ...] = ()
    ablation: bool = False
    folds: int = FOLDS

    def arms(self, settings: TrainingSettings) -> tuple[Arm, ...]:
        """Each once, in the order in which a fold does them."""
        wanted = [parse_arm(method, settings) for method in self.methods]
        wanted += [arm for table in self.tables for arm in table_arms(table, settings)]
        return in_order([*wanted, *(ablation_arms(settings) if self.ablation else ())])

    def plan(self, settings: TrainingSettings, weights: Path | None = None) -> CrossvalSettings:
        """As `plan`; raises ``crossval.nothing_to_compare`` if nothing was ticked."""
        names = [arm.name for arm in self.arms(settings)]
        if not names:
            raise BadInputError("crossval.nothing_to_compare")
        return plan(settings, tables=self.tables, ablation=self.ablation, arms=names, folds=self.folds, weights=weights)


def methods_of(settings: TrainingSettings) -> tuple[Method, ...]:
    """The methods that a preset can compare with its own network."""
    from_scratch = starting_weights.find(settings.student.network) is None
    return tuple(arm.method for arm in main_arms(settings, from_scratch=from_scratch))
