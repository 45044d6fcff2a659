"""The user's own settings: on this computer, never in a project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from sos_studio.core import atomic

DATA_DIR_VARIABLE = "SOS_STUDIO_DATA_DIR"
SCREENSHOTS_VARIABLE = "SOS_STUDIO_SCREENSHOTS"

CutSide = Literal["off", "left", "right"]

_hidden_while: set[str] = set()


class Visit(BaseModel):
    """Where the user was in a project when they left it (`seen_utc`). Pseudonyms only."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    case_id: str | None = None
    step: Literal["orient", "crop", "stage", "predict"] = "orient"
    seen_utc: AwareDatetime


class ChosenNetwork(BaseModel):
    """A network that the user chose in Predict, and which one the project predicted with then."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model_id: str
    instead_of: str | None = None


class ImportMemory(BaseModel):
    """What people like done to pictures, and what headers of their tables meant: the field, or nothing where it is empty.

    What holds of one set of pictures only (that they are crops, face left, have pixels of a size) is asked anew at each import.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    headers: dict[str, str] = {}
    names: str = ""
    cut_borders: bool = True
    cover_overlays: bool = True
    keep_originals: bool = True


def user_data_dir() -> Path:
    """Where settings, keys and caches of this user live; `SOS_STUDIO_DATA_DIR` moves it (tests, kiosks)."""
    chosen = os.environ.get(DATA_DIR_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir("sos-studio", appauthor=False))


def names_hidden() -> bool:
    """Whether names of files and folders, which may be patients', are kept from the screen.

    So it is while pictures are taken of the window (`SOS_STUDIO_SCREENSHOTS=1`) and while somebody reads blinded.
    """
    return bool(_hidden_while) or os.environ.get(SCREENSHOTS_VARIABLE, "0") not in ("", "0")


def hide_names(why: str, *, hidden: bool) -> None:
    """Keep names from the screen for as long as this reason holds."""
    (_hidden_while.add if hidden else _hidden_while.discard)(why)


class Settings(BaseModel):
    """Unknown keys of a newer version are kept out of the way, never an error."""

    model_config = ConfigDict(extra="ignore")

    evaluator: str = ""
    facing: Literal["right", "left"] = "right"
    # Which half of the head the volume pane takes away.
    volume_cut: CutSide = "off"
    theme: Literal["system", "dark", "light", "contrast"] = "system"
    # Keys of actions (by id) that differ from the default ones; none for an action that shall have no key.
    keys: dict[str, tuple[str, ...]] = {}
    # Where scans and projects were opened from, the latest first.
    recent_scans: tuple[str, ...] = ()
    recent_projects: tuple[str, ...] = ()
    weights: dict[str, str] = {}
    from_scratch_told: bool = False
    # Trainings whose end this user has been told of, so that one that ended while no window was open is told of once.
    told_jobs: tuple[str, ...] = ()
    # By project id, the project left last first.
    visits: dict[str, Visit] = {}
    # By project id, the last choice first.
    networks: dict[str, ChosenNetwork] = {}
    preset: str = "quick"
    # Evaluators who read blinded, by project id.
    blinded: dict[str, tuple[str, ...]] = {}
    # Whether the slices beside the captured plane are shown below it.
    beside_shown: bool = True
    window_geometry: str = ""
    imports: ImportMemory = ImportMemory()

    @classmethod
    def load(cls) -> Settings:
        """Read the settings; broken or missing ones are the defaults, because they hold nothing of worth."""
        try:
            return cls.model_validate(json.loads((user_data_dir() / "settings.json").read_bytes()))
        except (OSError, ValueError, ValidationError):
            return cls()

    def save(self) -> None:
        """Write atomically."""
        directory = user_data_dir()
        directory.mkdir(parents=True, exist_ok=True)
        atomic.write_json(directory / "settings.json", self.model_dump(mode="json"))
