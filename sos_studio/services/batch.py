"""A folder of full images staged one after the other: it can be stopped at any moment, goes on where it stopped, and ends in a table.

Beside the table stand the pictures of each answer. Names of files may hold patients' names: they are written only if that was asked for;
else a case is known by the first letters of the hash of its picture.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sos_studio import __version__
from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, CancelledError, ProjectError, SosError
from sos_studio.core.geometry import Facing
from sos_studio.core.predictions import KeptPrediction
from sos_studio.services import captures, full_images
from sos_studio.services.batch_table import WORDS_FILE, BatchRow, table_text, words_text
from sos_studio.services.full_images import PICTURE_SUFFIXES, FullImage
from sos_studio.services.import_crops import looks_like_crop
from sos_studio.services.prediction import HEATMAP_FILE, OVERLAY_FILE, PREDICTION_FILE, Networks, PredictionService, write_prediction

LOG_FILE, TABLE_FILE, PICTURES_DIR = "answers.jsonl", "predictions.csv", "pictures"
# What stands in the way of one picture for a reason that stands in the way of all.
_OF_EVERY_PICTURE = ("prediction.cant_start", "prediction.no_model", "prediction.model_unreadable", "prediction.folder_unwritable")
_ITEM_LENGTH = 16
_ITEM = re.compile(rf"[0-9a-f]{{{_ITEM_LENGTH}}}")


class _Begun(BaseModel):
    """First line of the log: answers of another network do not belong here."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    format: Literal["sos-studio-batch"] = "sos-studio-batch"
    schema_version: Literal[1] = 1
    software: str = f"SOS Studio {__version__}"
    model_id: str
    weights_sha256: str | None
    detector_id: str | None
    facing: Facing


@dataclass(frozen=True)
class BatchReport:
    """How far it came.

    Attributes
    ----------
    rows
        In the order of the folder; of an earlier run too.
    total
        Full images in the folder.
    taken_over
        How many of `rows` an earlier run had made.
    """

    rows: tuple[BatchRow, ...]
    total: int
    taken_over: int
    table: Path

    @property
    def failed(self) -> int:
        """How many could not be staged."""
        return sum(row.said is None for row in self.rows)


def full_images_in(folder: Path) -> list[Path]:
    """Pictures and capture folders below a folder, by name; what lies in a capture folder is that capture.

    What predictions wrote is no full image: a heatmap and an overlay beside their answer, and what a batch made or was making.

    Raises
    ------
    BadInputError
        ``batch.nothing``.
    """
    found: list[Path] = []
    for where, inside, files in os.walk(folder):
        here = Path(where)
        if _of_a_batch(here):
            inside.clear()
            continue
        # Whoever had an answer written among the pictures themselves still has the pictures.
        answers = {HEATMAP_FILE, OVERLAY_FILE} if {HEATMAP_FILE, PREDICTION_FILE} <= set(files) else set()
        inside[:] = sorted(name for name in inside if not name.startswith("."))
        if captures.is_capture_folder(here):
            inside.clear()
            found.append(here)
        else:
            pictures = (name for name in files if Path(name).suffix.lower() in PICTURE_SUFFIXES and not name.startswith("."))
            found += [here / name for name in pictures if name not in answers]
    if not found:
        raise BadInputError("batch.nothing", folder=folder.name)
    return sorted(found, key=lambda path: path.relative_to(folder).parts)


def _of_a_batch(folder: Path) -> bool:
    """Whether a batch wrote into it, be it that it was killed before the answer was whole."""
    results = folder.parent
    return results.name == PICTURES_DIR and bool(_ITEM.fullmatch(folder.name)) and (results.parent / LOG_FILE).is_file()


def predict_folder(
    folder: Path,
    out: Path,
    networks: Networks,
    service: PredictionService,
    *,
    facing: Facing = "right",
    names: bool = False,
    progress: Callable[[int, int], None] | None = None,
    on_row: Callable[[BatchRow, str], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> BatchReport:
    """Stage every full image below a folder; what an earlier run said of the same pixels with the same network is taken over.

    Parameters
    ----------
    out
        Gets `TABLE_FILE`, the pictures of each answer, and the log from which a later run goes on.
    facing
        Where faces look in picture files; captures know it themselves.
    names
        Write the files' names into log and table.
    progress
        Told done and total.
    on_row
        Told each row with the name of its file, for a screen; it is not written for that.

    Raises
    ------
    BadInputError
        ``batch.nothing``, ``batch.other_network``, ``batch.other_way``, ``batch.unreadable``.
    ProjectError
        ``prediction.folder_unwritable``.
    JobFailedError
        If the predictor can't be started; a picture that it fails on becomes a row with the problem.
    CancelledError
        If `cancelled` says so; what was done is in the table.
    """
    paths = full_images_in(folder)
    run = _Run(out, networks, service, facing, cancelled)
    rows: list[BatchRow] = []
    taken_over = 0
    try:
        known = _take_up(out, _begun_with(networks, facing))
        try:
            for n, path in enumerate(paths, start=1):
                if cancelled is not None and cancelled():
                    raise CancelledError
                file = path.relative_to(folder).as_posix()
                row, known_before = run.row_of(n, path, file if names else None, known)
                rows.append(row)
                taken_over += known_before
                if on_row is not None:
                    on_row(row, file)
                if progress is not None:
                    progress(len(rows), len(paths))
        finally:
            _write_table(out, [*rows, *_not_reached(rows, known, len(paths), names=names)])
    except OSError as error:
        raise ProjectError("prediction.folder_unwritable", folder=out.name, reason=error.strerror or type(error).__name__) from error
    return BatchReport(tuple(rows), len(paths), taken_over, out / TABLE_FILE)


def _write_table(out: Path, rows: Sequence[BatchRow]) -> None:
    atomic.write_text(out / TABLE_FILE, table_text(rows))
    atomic.write_text(out / WORDS_FILE, words_text(rows))


def _begun_with(networks: Networks, facing: Facing) -> _Begun:
    return _Begun(
        model_id=networks.model.card.model_id,
        weights_sha256=(networks.model.card.model_extra or {}).get("weights_sha256"),
        detector_id=None if networks.detector is None else networks.detector.card.model_id,
        facing=facing,
    )


def _not_reached(rows: Sequence[BatchRow], known: Mapping[str, BatchRow], total: int, *, names: bool) -> list[BatchRow]:
    """What an earlier run has said of pictures that this one was stopped before: a second run never makes the table shorter."""
    if len(rows) == total:
        return []
    reached = {row.item for row in rows}
    return [row if names else row.model_copy(update={"name": None}) for row in known.values() if row.item not in reached]


def _item_of(path: Path) -> str:
    file = path / captures.FULL_FILE if path.is_dir() else path
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:_ITEM_LENGTH]


@dataclass(frozen=True)
class _Run:
    """What stays the same for all pictures of a run."""

    out: Path
    networks: Networks
    service: PredictionService
    facing: Facing
    cancelled: Callable[[], bool] | None

    def row_of(self, n: int, path: Path, name: str | None, known: Mapping[str, BatchRow]) -> tuple[BatchRow, bool]:
        """What an earlier run said (True), or what is said now of the `n`-th picture, once it is in the log."""
        try:
            item = _item_of(path)
        except OSError:
            # Without its bytes there is no hash, and its name may name a patient.
            row = BatchRow(
                n=n, item=f"unreadable-{n}", name=name, problem="image.unreadable", values={} if name is None else {"file": path.name}
            )
        else:
            before = known.get(item)
            if before is not None and before.said is not None:
                return self._with_shape(before, path).model_copy(update={"n": n, "name": name}), True
            row = self.answer(item, path, name).model_copy(update={"n": n})
        _append(self.out / LOG_FILE, row)
        return row, False

    def answer(self, item: str, path: Path, name: str | None) -> BatchRow:
        """Ask about one picture, and write what is painted of the answer."""
        detector = self.networks.detector
        try:
            picture = self._picture(path)
            result = self.service.predict(
                picture.full8,
                model_dir=self.networks.model.path,
                roi=picture.frame,
                detector_dir=None if detector is None else detector.path,
                cancelled=self.cancelled,
                urgent=False,
            )
        except CancelledError:
            raise
        except SosError as error:
            if error.code in _OF_EVERY_PICTURE or error.code.startswith("model."):
                raise
            # Words among the values of a fault may name a file.
            values = {key: value for key, value in error.values.items() if name is not None or not isinstance(value, str)}
            return BatchRow(item=item, name=name, problem=error.code, values=values)
        write_prediction(result, self.out / PICTURES_DIR / item)
        shape_vu = (picture.full8.shape[0], picture.full8.shape[1])
        return BatchRow(
            item=item,
            name=name,
            said=KeptPrediction.of(result.prediction, result.map, None),
            like_a_crop=not path.is_dir() and looks_like_crop(shape_vu),
            no_frame=detector is not None and result.prediction.roi is None,
            shape_vu=shape_vu,
        )

    def _with_shape(self, row: BatchRow, path: Path) -> BatchRow:
        """A row of an older version learns its picture's shape, by which it is told whether the network looked at the frame."""
        if row.shape_vu is not None:
            return row
        try:
            height, width = self._picture(path).full8.shape[:2]
        except (SosError, OSError):
            return row
        return row.model_copy(update={"shape_vu": (height, width)})

    def _picture(self, path: Path) -> FullImage:
        return full_images.full_image(path) if path.is_dir() else full_images.full_image(path, facing=self.facing)


def _take_up(out: Path, begun: _Begun) -> dict[str, BatchRow]:
    """What an earlier run said, by item; begins the log if there is none."""
    out.mkdir(parents=True, exist_ok=True)
    log = out / LOG_FILE
    if not log.exists():
        atomic.write_text(log, begun.model_dump_json() + "\n")
        return {}
    lines = log.read_bytes().splitlines(keepends=True)
    try:
        first = _Begun.model_validate_json(lines[0])
        if first != begun.model_copy(update={"software": first.software}):
            if first.model_id == begun.model_id:
                raise BadInputError("batch.other_way", folder=out.name)
            raise BadInputError("batch.other_network", folder=out.name, network=first.model_id)
        whole = [line for line in lines if line.endswith(b"\n")]
        rows = [BatchRow.model_validate_json(line) for line in whole[1:]]
    except (ValidationError, IndexError) as error:
        raise BadInputError("batch.unreadable", folder=out.name) from error
    if len(whole) < len(lines):  # the last line was being written when the power went
        atomic.write_bytes(log, b"".join(whole))
    return {row.item: row for row in rows}


def _append(log: Path, row: BatchRow) -> None:
    with open(log, "ab") as stream:
        stream.write(row.model_dump_json().encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
