"""Ask a trained network about a full image: stage, probabilities, frame, attention."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, JobFailedError, ProjectError
from sos_studio.core.predictions import HEAT_METHODS, CoarseMap, HeatMethod, KeptMap, ModelCard, PredictedRoi, Prediction
from sos_studio.core.roi import Roi
from sos_studio.dataset.upgrade import DATABASE_FILE
from sos_studio.imaging import crops, heatmaps, images
from sos_studio.services import model_list
from sos_studio.services.model_list import ModelEntry
from sos_studio.services.serve_process import ServeProcess

HEATMAP_FILE, OVERLAY_FILE, PREDICTION_FILE = "heatmap.png", "overlay.png", "prediction.json"
DEFAULT_OPACITY = 0.5

Gray = npt.NDArray[np.uint8]
FloatMap = npt.NDArray[np.float32]

models, current = model_list.models, model_list.current


@dataclass(frozen=True)
class Networks:
    """What a prediction is made with; without a detector only the expert's frame can be used."""

    model: ModelEntry
    detector: ModelEntry | None


def choose_networks(project_dir: Path | None, model_dir: Path | None, detector_dir: Path | None = None) -> Networks:
    """The newest student of a project, or the network in a folder, each with its detector.

    Parameters
    ----------
    project_dir, model_dir
        One of them; both for a network of a project, so that any detector of the project may find the frame.
    detector_dir
        None: the detector trained on the same manifest, else (in a project) the newest.

    Raises
    ------
    BadInputError
        ``prediction.no_student``, ``prediction.no_model``, ``prediction.model_unreadable``, ``model.newer``,
        ``prediction.not_a_classifier``.
    ProjectError
        ``project.not_found``.
    """
    if model_dir is not None:
        model = model_list.read(model_dir)
        beside = model.path.parent
    else:
        if project_dir is None or not (project_dir / DATABASE_FILE).is_file():
            raise ProjectError("project.not_found", project="" if project_dir is None else project_dir.name)
        beside = project_dir / model_list.MODELS_DIR
        newest = current(beside, "student")
        if newest is None:
            # One that a newer version made, or whose files are damaged, says more than that there is none.
            raise next(iter(model_list.left_out(beside)), BadInputError("prediction.no_student"))
        model = newest
    if model.card.kind == "detector":
        raise BadInputError("prediction.not_a_classifier", model=model.card.model_id)
    if detector_dir is not None:
        return Networks(model, model_list.read(detector_dir))
    partner = current(beside, "detector", manifest_id=model.card.manifest_id)
    return Networks(model, partner or (current(beside, "detector") if project_dir is not None else None))


def networks_in(folder: Path, detector_dir: Path | None = None, *, name: str = "") -> Networks:
    """The student, or else the teacher, that a folder of models holds, with its detector.

    Raises
    ------
    BadInputError
        ``prediction.no_model`` (with `name`) if it holds neither.
    """
    model = current(folder, "student") or current(folder, "teacher")
    if model is None:
        raise BadInputError("prediction.no_model", model=name or folder.name)
    detector = model_list.read(detector_dir) if detector_dir is not None else current(folder, "detector")
    return Networks(model, detector)


@dataclass(frozen=True, eq=False)
class PredictionResult:
    """A prediction and what is painted of it.

    Attributes
    ----------
    heat01_vu
        Attention of the network for the stage, 0 … 1, size of the full image.
    full8
        The full image it was made from.
    map
        What `heat01_vu` was drawn from, to be kept.
    chosen_stage, heat_method
        Whose evidence `heat01_vu` shows (1-based; None: the predicted stage's), and how it was made.
    """

    prediction: Prediction
    heat01_vu: FloatMap
    full8: Gray
    map: KeptMap | None = None
    chosen_stage: int | None = None
    heat_method: HeatMethod = HEAT_METHODS[0]

    @property
    def heat_stage(self) -> int:
        """Whose evidence the heatmap shows."""
        return self.prediction.stage if self.chosen_stage is None else self.chosen_stage

    def told(self) -> dict[str, Any]:
        """As JSON: the prediction, and what its heatmap and `attention_in_roi` are of."""
        return self.prediction.model_dump(mode="json") | {"heatmap": {"stage": self.heat_stage, "method": self.heat_method}}


class PredictionService:
    """Predictions through a process that is kept warm. Close it, or use it as a context manager.

    Safe to use from several threads. Nothing is started before the first question or `warm_up`.

    Parameters
    ----------
    serve
        The process to ask instead of the trainer's own (tests).
    """

    def __init__(self, serve: ServeProcess | None = None) -> None:
        self._serve = serve if serve is not None else ServeProcess()

    def warm_up(self, model_dir: Path | None = None) -> None:
        """Start the process while nobody waits for it, and let it load this classifier; a question that comes meanwhile waits for that.

        Raises
        ------
        BadInputError, JobFailedError
            As `predict`.
        """
        self._serve.start()
        if model_dir is not None:
            self._serve.ask("warm_up", model=str(model_dir.resolve()))

    def close(self) -> None:
        """Stop the process."""
        self._serve.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def predict(
        self,
        picture: Gray | Path,
        *,
        model_dir: Path,
        roi: Roi | None = None,
        detector_dir: Path | None = None,
        stage: int | None = None,
        method: HeatMethod = "grad-cam",
        cancelled: Callable[[], bool] | None = None,
        urgent: bool = True,
    ) -> PredictionResult:
        """Stage a full image.

        Parameters
        ----------
        picture
            Full image, uint8 ``[v, u]`` face right, or a picture file.
        model_dir
            Folder of a student, or of a teacher (which looks at the crop and therefore needs a frame).
        roi
            The expert's frame, if there is one; it goes before the detector's.
        detector_dir
            Folder of the detector that looks for the frame if there is none.
        stage
            Whose evidence the map shows; None: the predicted stage.
        method
            How the map is made.
        urgent
            Somebody waits for this very answer: all cores; else the interface keeps one.

        Raises
        ------
        BadInputError
            ``image.unreadable``, ``image.too_small``, ``prediction.no_model``, ``prediction.not_a_classifier``,
            ``prediction.needs_frame`` (a teacher without a frame), and what the predictor says.
        JobFailedError
            ``prediction.cant_start``, ``prediction.worker_died``, ``prediction.timeout``, ``prediction.bad_answer``.
        ProjectError
            ``prediction.folder_unwritable`` if there is no room for temporary files.
        """
        full8 = images.read_gray(picture) if isinstance(picture, Path) else picture
        model = model_list.read(model_dir)
        if model.card.kind == "detector":
            raise BadInputError("prediction.not_a_classifier", model=model.card.model_id)
        with _workplace() as out:
            full_file = _hand_over(full8, out / "full.npy")
            frame = PredictedRoi.of(roi, "expert") if roi is not None else None
            if frame is None and detector_dir is not None:
                frame = self._find_frame(full_file, detector_dir, cancelled, urgent=urgent)
            seen = self._what_it_sees(full8, full_file, model, frame, out)
            places: dict[str, Any] = {"model": str(model.path), "image": str(seen), "out": str(out.resolve())}
            answer = self._serve.ask("predict", cancelled=cancelled, **places, stage=stage, method=method, urgent=urgent)
            said = _prediction(answer, model.card, frame)
            kept = _kept_map(answer, model, frame, said.stage if stage is None else stage, method)
        heat01_vu = heat_of(kept, frame, (full8.shape[0], full8.shape[1]))
        inside = None if frame is None else heatmaps.attention_inside(heat01_vu, frame.roi())
        return PredictionResult(said.model_copy(update={"attention_in_roi": inside}), heat01_vu, full8, kept, stage, method)

    def find_frame(self, picture: Gray | Path, *, detector_dir: Path, cancelled: Callable[[], bool] | None = None) -> PredictedRoi | None:
        """The detector's proposal of a frame, None if it sees nothing; errors as `predict`."""
        full8 = images.read_gray(picture) if isinstance(picture, Path) else picture
        with _workplace() as folder:
            return self._find_frame(_hand_over(full8, folder / "full.npy"), detector_dir, cancelled, urgent=True)

    def _find_frame(
        self, full_file: Path, detector_dir: Path, cancelled: Callable[[], bool] | None, *, urgent: bool
    ) -> PredictedRoi | None:
        detector = model_list.read(detector_dir)
        asked: dict[str, Any] = {"model": str(detector.path), "image": str(full_file.resolve())}
        answer = self._serve.ask("detect", cancelled=cancelled, **asked, urgent=urgent)
        found = answer.get("roi")
        if found is None:
            return None
        try:
            roi = Roi.of((float(found["center_uv"][0]), float(found["center_uv"][1])), float(found["angle_deg"]), float(found["width_px"]))
            return PredictedRoi.of(roi, "detector", float(found["confidence"]))
        except (KeyError, TypeError, ValueError) as error:
            raise JobFailedError("prediction.bad_answer") from error

    @staticmethod
    def _what_it_sees(full8: Gray, full_file: Path, model: ModelEntry, frame: PredictedRoi | None, out: Path) -> Path:
        if model.card.kind == "student":
            return full_file.resolve()
        if frame is None:
            raise BadInputError("prediction.needs_frame", model=model.card.model_id)
        return _hand_over(crops.crop_image(full8, frame.roi()), out / "crop.npy").resolve()


@contextmanager
def _workplace() -> Iterator[Path]:
    """A folder for what is handed to the predictor and back; ``prediction.folder_unwritable`` if there is no room for it."""
    try:
        with tempfile.TemporaryDirectory(prefix="sos-studio-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
    except OSError as error:
        where = Path(tempfile.gettempdir()).name
        raise ProjectError("prediction.folder_unwritable", folder=where, reason=error.strerror or type(error).__name__) from error


def _hand_over(pixels: Gray, path: Path) -> Path:
    """As an array: coding a PNG would take longer than the whole of a small network."""
    np.save(path, np.ascontiguousarray(pixels), allow_pickle=False)
    return path


def write_prediction(result: PredictionResult, out: Path, *, opacity: float = DEFAULT_OPACITY) -> dict[str, Path]:
    """Write ``heatmap.png`` (8 bit), ``overlay.png`` and ``prediction.json`` into a folder; files of those names are replaced.

    Raises
    ------
    ProjectError
        ``prediction.folder_unwritable``.
    """
    files = {"heatmap": out / HEATMAP_FILE, "overlay": out / OVERLAY_FILE, "prediction": out / PREDICTION_FILE}
    try:
        out.mkdir(parents=True, exist_ok=True)
        images.write_png(files["heatmap"], heatmaps.to_grey(result.heat01_vu))
        images.write_png(files["overlay"], heatmaps.overlay(result.full8, result.heat01_vu, opacity))
        atomic.write_json(files["prediction"], result.told())
    except OSError as error:
        raise ProjectError("prediction.folder_unwritable", folder=out.name, reason=error.strerror or type(error).__name__) from error
    return files


def heat_of(kept: KeptMap, frame: PredictedRoi | None, shape_vu: tuple[int, int]) -> FloatMap:
    """A map at the full image's size, 0 … 1; that of a network which saw the crop is nothing outside of its frame."""
    heat01_vu = heatmaps.upsample(kept.map_hw(), kept.uv_from_cell, shape_vu)
    if kept.in_frame and frame is not None:
        return np.asarray(heat01_vu * crops.roi_mask(frame.roi(), shape_vu), dtype=np.float32)
    return heat01_vu


def _kept_map(answer: dict[str, Any], model: ModelEntry, frame: PredictedRoi | None, stage: int, method: HeatMethod) -> KeptMap:
    """The coarse map of an answer, aligned to the full image."""
    try:
        coarse_map = CoarseMap.model_validate(answer["map"])
        coarse = np.load(coarse_map.path, allow_pickle=False)
        if coarse.shape != coarse_map.shape_hw:
            raise ValueError("the map has another shape than was said")
        uv_from_cell = np.asarray(coarse_map.uv_from_cell, dtype=np.float64)
        in_frame = model.card.kind == "teacher" and frame is not None
        if in_frame and frame is not None:
            uv_from_cell = frame.roi().uv_from_crop @ uv_from_cell
        return KeptMap.of(coarse, uv_from_cell, stage=stage, method=method, in_frame=in_frame)
    except (KeyError, OSError, ValueError, ValidationError) as error:
        raise JobFailedError("prediction.bad_answer") from error


def _prediction(answer: dict[str, Any], card: ModelCard, frame: PredictedRoi | None) -> Prediction:
    try:
        probabilities = np.asarray(answer["probabilities"], dtype=np.float64)
        if probabilities.shape != (card.stages,):
            raise ValueError("one probability per stage")
        numbers = np.arange(1, card.stages + 1)
        return Prediction(
            scheme=card.scheme,
            stage=int(numbers[int(np.argmax(probabilities))]),
            probabilities=tuple(float(p) for p in probabilities),
            expected_stage=float(probabilities @ numbers),
            roi=frame,
            stage_set=answer.get("stage_set"),
            familiarity=answer.get("familiarity"),
            model=card,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise JobFailedError("prediction.bad_answer") from error
