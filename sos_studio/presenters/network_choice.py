"""Which network this user last chose in Predict, of each project: their own settings know it, the project is not touched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sos_studio.core.settings import ChosenNetwork

if TYPE_CHECKING:
    from sos_studio.presenters.session import Session
    from sos_studio.services.model_list import ModelEntry

REMEMBERED = 50


def note_choice(session: Session, chosen: ModelEntry, used: str | None) -> None:
    """Remember that `chosen` was asked for while the project predicted with `used`; choosing that one itself forgets the choice."""
    project, settings = session.project, session.settings
    if project is None:
        return
    others = {key: other for key, other in settings.networks.items() if key != project.project_id}
    mine = {} if chosen.card.model_id == used else {project.project_id: ChosenNetwork(model_id=chosen.card.model_id, instead_of=used)}
    settings.networks = dict(list((mine | others).items())[:REMEMBERED])
    session.save_settings()


def forget_choice(session: Session) -> None:
    """Begin with the network in use from now on, also where the one that was in use before comes back."""
    settings = session.settings
    if session.project is not None and settings.networks.pop(session.project.project_id, None) is not None:
        session.save_settings()


def chosen_last(session: Session, students: Sequence[ModelEntry], used: ModelEntry | None) -> ModelEntry | None:
    """The network to begin with: what this user chose last, unless it is gone or another was taken into use since; else the one in use."""
    last = None if session.project is None else session.settings.networks.get(session.project.project_id)
    if last is None or last.instead_of != (None if used is None else used.card.model_id):
        return used
    return next((entry for entry in students if entry.card.model_id == last.model_id), used)
