"""Staging schemes as data; the default is Bassed's five stages."""

from __future__ import annotations

from dataclasses import dataclass

from sos_studio.core.errors import BadInputError


@dataclass(frozen=True)
class Stage:
    """One stage: a 1-based number, a short code for its name and its definition (words in `sos_studio.messages`)."""

    number: int
    code: str


@dataclass(frozen=True)
class StageScheme:
    """An ordered list of stages under a stable id that is stored with every label."""

    id: str
    stages: tuple[Stage, ...]

    @property
    def count(self) -> int:
        """Number of stages K; stages run 1 … K."""
        return len(self.stages)

    def check(self, stage: int) -> int:
        """Return `stage` if the scheme has it.

        Raises
        ------
        BadInputError
            ``stage.unknown``.
        """
        if not 1 <= stage <= self.count:
            raise BadInputError("stage.unknown", stage=stage, highest=self.count, scheme=self.id)
        return stage


BASSED_5 = StageScheme(
    "bassed-5",
    (
        Stage(1, "stage.bassed-5.open"),
        Stage(2, "stage.bassed-5.endocranial_fused"),
        Stage(3, "stage.bassed-5.half_fused"),
        Stage(4, "stage.bassed-5.fused_with_scar"),
        Stage(5, "stage.bassed-5.scar_obliterated"),
    ),
)

SCHEMES: dict[str, StageScheme] = {BASSED_5.id: BASSED_5}


def scheme(scheme_id: str) -> StageScheme:
    """Look a scheme up by id; ``stage.unknown_scheme`` if there is none."""
    try:
        return SCHEMES[scheme_id]
    except KeyError:
        raise BadInputError("stage.unknown_scheme", scheme=scheme_id) from None
