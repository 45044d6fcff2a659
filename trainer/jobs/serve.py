"""Predictions from a process that is kept warm: one JSON line in, one out, arrays as files.

``{"id", "op": "predict", "model", "image", "stage", "method", "out", "urgent"}`` →
``{"id", "ok": true, "probabilities", "stage_set", "familiarity", "map", "model"}`` (`stage`, `method` and `urgent` may be left out);
``{"id", "op": "detect", "model", "image", "urgent"}`` → ``{"id", "ok": true, "roi": {…, "confidence"} or null}``;
``{"id", "op": "warm_up", "model"}`` → ``{"id", "ok": true}`` once that classifier is in memory and has looked at a picture;
``{"id", "op": "shutdown"}`` → ``{"id", "ok": true}`` and the end; a fault → ``{"id", "ok": false, "code", "values"}``.

What is urgent, because a person who has pressed a key waits for it, takes all cores for its tenth of a second; all else (a folder, a
project) leaves the interface one. The number of threads changes the last bits of an answer.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
import numpy.typing as npt

from sos_studio.core.errors import BadInputError
from sos_studio.core.predictions import HEAT_METHODS
from sos_studio.imaging.images import SMALLEST_SIDE_PX, read_gray
from trainer import environment, model_store
from trainer.failures import explain

_log = logging.getLogger(__name__)

_MODELS_IN_MEMORY = 6
_PATHS = ("model", "image", "out")
Loaded = TypeVar("Loaded")
Hide = Callable[[Iterable[str]], None]


def serve(models_root: Path | None = None, hide: Hide = lambda _names: None) -> int:
    """Answer until the input ends or ``shutdown`` is asked for.

    Parameters
    ----------
    models_root
        Models elsewhere are refused; None: any folder.
    hide
        Told which names the log must not hold while a question is answered.
    """
    requests, answers = _claim_channels()
    with requests, answers:
        server = Server(models_root, hide)
        for line in requests:
            answer, go_on = server.answer(line)
            answers.write(answer_line(answer))
            answers.flush()
            if not go_on:
                break
    return 0


def answer_line(answer: Mapping[str, Any]) -> bytes:
    """One line of JSON; an answer with a number that is none (a damaged network's) becomes a fault, because no reader takes NaN."""
    try:
        return json.dumps(answer, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError):
        _log.exception("an answer can't be told")
        number = answer.get("id")
        fault: dict[str, Any] = {
            "id": number if isinstance(number, int) else None,
            "ok": False,
            "code": "prediction.bad_answer",
            "values": {},
        }
        return json.dumps(fault).encode() + b"\n"


def _claim_channels() -> tuple[IO[bytes], IO[bytes]]:
    """Take stdin and stdout for the protocol; what libraries print goes to stderr, which is the app's log, and they read nothing."""
    sys.stdout.flush()
    requests, answers = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.stdout = sys.stderr
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb")


class Server:
    """Answers requests; keeps the networks that were asked last."""

    def __init__(self, models_root: Path | None = None, hide: Hide = lambda _names: None) -> None:
        # Imported while the app is idle, not when somebody waits for an answer.
        from trainer import predictor
        from trainer.jobs import detector

        self._root, self._hide = models_root, hide
        self._device = environment.choose_device("auto")
        self._cores = environment.cores()
        environment.limit_threads(self._cores)
        self._predictor, self._detector = predictor, detector
        self._loaded: OrderedDict[tuple[str, str, int], Any] = OrderedDict()

    def answer(self, line: bytes) -> tuple[dict[str, Any], bool]:
        """The answer to a line, and whether to go on. Never raises for a bad request or a damaged file."""
        request_id: Any = None
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise BadInputError("prediction.bad_request")
            request_id = request.get("id")
            self._hide([Path(value).name for key in _PATHS if isinstance(value := request.get(key), str)])
            operation = request.get("op")
            if operation == "shutdown":
                return {"id": request_id, "ok": True}, False
            known: dict[Any, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
                "predict": self._predict,
                "detect": self._detect,
                "warm_up": self._warm_up,
            }
            if operation not in known:
                raise BadInputError("prediction.bad_request")
            environment.limit_threads(self._cores if request.get("urgent") is True else max(1, self._cores - 1))
            return {"id": request_id, "ok": True, **known[operation](request)}, True
        except Exception as error:
            code, values = explain(error)
            if isinstance(error, json.JSONDecodeError | KeyError | TypeError | ValueError):
                code, values = "prediction.bad_request", {}
            elif code == "system.out_of_memory":
                code = "prediction.out_of_memory"
            elif code == "internal":
                code, values = "prediction.failed", {}
            _log.exception("a request failed: %s", code)
            return {"id": request_id, "ok": False, "code": code, "values": values}, True

    def _predict(self, request: Mapping[str, Any]) -> dict[str, Any]:
        stage, method, out = request.get("stage"), request.get("method", HEAT_METHODS[0]), Path(request["out"])
        if method not in HEAT_METHODS:
            raise BadInputError("prediction.bad_request")
        predictor = self._network("classifier", request, self._predictor.Predictor)
        # A crop may be smaller than a full image.
        image_vu = _pixels(Path(request["image"]), 1 if predictor.model.card.kind == "teacher" else SMALLEST_SIDE_PX)
        said = predictor.predict(image_vu, None if stage is None else int(stage), method)
        out.mkdir(parents=True, exist_ok=True)
        coarse = said.write_map(out.resolve() / "attention.npy")
        return {
            "probabilities": list(said.probabilities),
            "stage_set": None if said.stage_set is None else said.stage_set.model_dump(mode="json"),
            "familiarity": None if said.familiarity is None else said.familiarity.model_dump(mode="json"),
            "map": coarse.model_dump(mode="json"),
            "model": predictor.model.card.model_dump(mode="json"),
        }

    def _detect(self, request: Mapping[str, Any]) -> dict[str, Any]:
        image_vu = _pixels(Path(request["image"]))
        network, confidence = self._network(
            "detector", request, lambda model, device: (self._detector.load_detector(model, device), self._detector.shown_confidence(model))
        )
        found = network.detect(image_vu, confidence)
        return {"roi": {**found[0].roi.model_dump(mode="json"), "confidence": found[0].confidence} if found else None}

    def _warm_up(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The first picture takes several times as long as those after it: kernels are chosen and buffers made for its shape."""
        predictor = self._network("classifier", request, self._predictor.Predictor)
        predictor.predict(np.zeros(predictor.model.card.input_shape_hw, dtype=np.uint8))
        return {}

    def _network(self, kind: str, request: Mapping[str, Any], load: Callable[[Any, Any], Loaded]) -> Loaded:
        """From memory if its card is still the same file, else loaded; the one that was not asked for longest makes room."""
        directory = Path(request["model"]).resolve()
        if self._root is not None and not directory.is_relative_to(self._root):
            raise BadInputError("model.missing", model=directory.name)
        card_file = directory / model_store.CARD_FILE
        changed = card_file.stat().st_mtime_ns if card_file.is_file() else 0
        key = (kind, str(directory), changed)
        if key not in self._loaded:
            self._loaded[key] = load(model_store.read(directory), self._device)
            while len(self._loaded) > _MODELS_IN_MEMORY:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(key)
        network: Loaded = self._loaded[key]
        return network


def _pixels(path: Path, smallest_side_px: int = SMALLEST_SIDE_PX) -> npt.NDArray[np.uint8]:
    """A picture file's, or an array's as the application hands it over; ``image.unreadable`` if it is none."""
    if path.suffix != ".npy":
        return read_gray(path, smallest_side_px)
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BadInputError("image.unreadable", file=path.name) from error
    if found.ndim != 2 or found.dtype != np.uint8 or min(found.shape) < smallest_side_px:
        raise BadInputError("image.unreadable", file=path.name)
    pixels: npt.NDArray[np.uint8] = found
    return pixels
