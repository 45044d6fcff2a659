"""The table of a folder that was staged at once, as CSV, and the words beside it that say what its columns mean.

It never sounds surer than the screen: `answer` is what the window says, and a stage that must not be read as one is called so there.
A column that no row of a table has is left out, and the words say why.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from sos_studio.core.answer_words import FRAMES, JUDGE_YOURSELF
from sos_studio.core.model_card import RESEARCH_USE
from sos_studio.core.predictions import UNSURE_BELOW, KeptPrediction, Prediction
from sos_studio.messages import catalogue

WORDS_FILE = "predictions-columns.txt"


class BatchRow(BaseModel):
    """One full image.

    Attributes
    ----------
    n
        Its place in the folder, from 1 (`batch.full_images_in`); 0 in rows of an older version.
    item
        First letters of the hash of its file; of one that can't be read its place in the folder.
    name
        Its path below the folder, if names may be written.
    said, problem
        What was said of it, or the code of why nothing was.
    like_a_crop
        It is twice as wide as high, as crops are and hardly any full image is.
    no_frame
        A detector looked for the synchondrosis and found none.
    shape_vu
        Of the picture; None in rows of an older version.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    n: int = 0
    item: str
    name: str | None = None
    said: KeptPrediction | None = None
    problem: str | None = None
    values: dict[str, object] = {}
    like_a_crop: bool = False
    no_frame: bool = False
    shape_vu: tuple[int, int] | None = None

    @property
    def overlooked(self) -> bool:
        """Whether the network did not look at the synchondrosis, as the Predict panel says it."""
        return self.said is not None and self.shape_vu is not None and self.said.prediction.overlooked(self.shape_vu)

    @property
    def marks_nothing(self) -> bool:
        """Whether its heatmap is empty: there is a frame, and no attention to measure in it."""
        said = None if self.said is None else self.said.prediction
        return said is not None and said.roi is not None and said.attention_in_roi is None


def table_text(rows: Sequence[BatchRow]) -> str:
    """The table as CSV; one line per full image."""
    columns, lines = _filled(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([line.get(name, "") for name in columns] for line in lines)
    return text.getvalue()


def words_text(rows: Sequence[BatchRow]) -> str:
    """What each column of the table means, and why those that might be there are not."""
    columns, _ = _filled(rows)
    lines = ["Columns of predictions.csv", RESEARCH_USE, ""]
    lines += [f"{name}: {_meaning(name)}" for name in columns]
    missing = [name for name in _MEANINGS if name not in columns and name not in _ALWAYS]
    if missing:
        lines += ["", "Left out, because no row has it:"]
        lines += [f"{name}: {_WHY_NOT.get(name, 'nothing to tell of any picture')}" for name in missing]
    return "\n".join(lines) + "\n"


_ALWAYS = ("n", "item", "answer", "most_likely_stage", "expected_stage", "model_id", "phantom_trained", "from_scratch")
_NO_SETS = "the network was trained without stage sets, or every picture is unlike its training data"
_NO_DISTANCE = "the network was trained without this measure"
_NO_FRAME = "no frame was found or drawn on any picture"
_WHY_NOT: Mapping[str, str] = {
    "file": "names of files may name patients, and were not asked for; n tells which picture a row is of",
    **dict.fromkeys(("certainty", "set_first", "set_last", "set_coverage"), _NO_SETS),
    **dict.fromkeys(("unlike_training_data", "distance", "usual_up_to"), _NO_DISTANCE),
    **dict.fromkeys(("frame_source", "frame_confidence", "attention_in_frame"), _NO_FRAME),
    **dict.fromkeys(("problem", "problem_code"), "every picture was staged"),
}
_MEANINGS: Mapping[str, str] = {
    "n": "place of the picture in the folder, by name from 1, folders within included; the window shows it beside the picture's name",
    "file": "path of the picture below the folder",
    "item": "first letters of the SHA-256 of the picture's file; its heatmap is in pictures/<item>",
    "answer": (
        f"what the window says: a stage; 'unsure' if no stage reaches {UNSURE_BELOW:.0%}; 'not reliable' for a picture unlike the training "
        f"data; 'no answer'. Of an answer that is no stage: {JUDGE_YOURSELF}"
    ),
    "most_likely_stage": "the stage with the highest probability, also where it must not be read as an answer",
    "expected_stage": "mean of the stages, each weighted by its probability",
    "certainty": "the stages that hold the true one with the promised certainty",
    "set_first": "first of these stages",
    "set_last": "last of these stages",
    "set_coverage": "the promised certainty, 0 to 1",
    "unlike_training_data": "1 if the picture is unlike those that the network learned from, else 0",
    "distance": "how far the picture lies from those that the network learned from, about 1 for one of them",
    "usual_up_to": "distance within which 95 of 100 usual pictures lie",
    "frame_source": "whose frame the attention was measured in: evaluator's or detector's",
    "frame_confidence": "how sure the detector is of its frame, 0 to 1",
    "attention_in_frame": "share of the network's attention for the most likely stage inside the frame, 0 to 1",
    "model_id": "the network that was asked",
    "phantom_trained": "1 if it was trained on phantoms, not on patients: its answers mean nothing for a patient",
    "from_scratch": "1 if it was trained without learned starting weights",
    "to_be_noted": "what a person should know of this row, in words",
    "problem": "why there is no answer",
    "problem_code": "the same as a code",
}


def _meaning(name: str) -> str:
    return _MEANINGS.get(name) or f"probability of stage {name.removeprefix('p')}, 0 to 1"


def _filled(rows: Sequence[BatchRow]) -> tuple[list[str], list[dict[str, object]]]:
    """Names of the columns that any row has something in, in order, and the rows by name."""
    stages = max((len(row.said.prediction.probabilities) for row in rows if row.said is not None), default=5)
    names = list(_MEANINGS)
    after = names.index("most_likely_stage") + 1
    names[after:after] = [f"p{n}" for n in range(1, stages + 1)]
    lines = [{**_cells(row), **({} if row.said is None else _answer_cells(row.said.prediction))} for row in rows]
    there = {*_ALWAYS, *(f"p{n}" for n in range(1, stages + 1)), *(name for line in lines for name in line)}
    return [name for name in names if name in there], lines


def _cells(row: BatchRow) -> dict[str, object]:
    cells: dict[str, object] = {"item": row.item, "answer": "no answer"}
    if row.n:
        cells["n"] = row.n
    if row.name is not None:
        cells["file"] = _safe(row.name)
    if row.problem is not None and row.said is None:
        template = catalogue().get(row.problem)
        # Without its values: they may name a file.
        told = "" if template is None or "{" in template.text else template.text
        cells |= {"problem": told or _IN_SHORT.get(row.problem, "It could not be staged."), "problem_code": row.problem}
    if notes := notes_of(row):
        cells["to_be_noted"] = "; ".join(notes)
    return cells


_IN_SHORT: Mapping[str, str] = {
    "image.unreadable": "The file can't be read as a picture.",
    "image.too_small": "The picture is too small.",
    "capture.unreadable": "The capture is damaged.",
}


def notes_of(row: BatchRow) -> list[str]:
    """What a person should know of a row, in English; the window has the same in its language."""
    told = ["looks like a crop, not like a full image"] if row.like_a_crop else []
    if row.said is not None and row.said.prediction.unlike:
        told.append("unlike the training data")
    if row.no_frame:
        told.append("the detector found no synchondrosis")
    frame = None if row.said is None else row.said.prediction.roi
    if frame is not None and frame.doubtful and frame.confidence is not None:
        told.append(f"the detector is only {frame.confidence:.0%} sure of its frame")
    if row.overlooked:
        told.append("the network did not look at the synchondrosis")
    if row.marks_nothing:
        told.append("the heatmap is empty")
    return told


def _answer_cells(said: Prediction) -> dict[str, object]:
    cells: dict[str, object] = {
        "answer": "not reliable" if said.unlike else "unsure" if said.unsure else f"stage {said.stage}",
        "most_likely_stage": said.stage,
        **{f"p{n}": f"{p:.4f}" for n, p in enumerate(said.probabilities, start=1)},
        "expected_stage": f"{said.expected_stage:.3f}",
        "model_id": said.model.model_id,
        "phantom_trained": int(said.model.phantom),
        "from_scratch": int(said.model.from_scratch),
    }
    held, near = said.promised, said.familiarity
    if held is not None:
        which = f"stage {held.first}" if held.first == held.last else f"stage {held.first} to {held.last}"
        which = "no stage ruled out" if (held.first, held.last) == (1, len(said.probabilities)) else which
        cells |= {"certainty": which, "set_first": held.first, "set_last": held.last, "set_coverage": held.coverage}
    if near is not None:
        cells |= {"unlike_training_data": int(near.unlike), "distance": f"{near.distance:.3f}", "usual_up_to": f"{near.threshold:.3f}"}
    if said.roi is not None:
        cells["frame_source"] = FRAMES[said.roi.source].removesuffix(" frame")
        if said.roi.confidence is not None:
            cells["frame_confidence"] = f"{said.roi.confidence:.3f}"
        if said.attention_in_roi is not None:
            cells["attention_in_frame"] = f"{said.attention_in_roi:.4f}"
    return cells


def _safe(text: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
