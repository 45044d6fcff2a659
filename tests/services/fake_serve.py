"""A predictor without torch.

``fake_serve.py MODE``: ``good``, ``die-once FLAG`` (dies at its first question), ``die-while FLAG`` (as long as that file is there),
``die``, ``slow-once FLAG`` (thinks for a minute about its first question and says so by the file), ``mute``, ``refuse [CODE]``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np


def answer(request: dict[str, object]) -> dict[str, object]:
    if request["op"] == "detect":
        return {"roi": {"center_uv": [60.0, 48.0], "angle_deg": 20.0, "width_px": 40.0, "height_px": 20.0, "confidence": 0.8}}
    if request["op"] == "warm_up":
        return {}
    stage = request["stage"] or 2
    coarse = np.zeros((4, 5), dtype=np.float32)
    coarse[2, 2] = 1.0
    path = Path(str(request["out"])) / "map.npy"
    np.save(path, coarse)
    height, width = np.load(str(request["image"]), allow_pickle=False).shape
    du, dv = width / 5, height / 4
    matrix = [[du, 0.0, du / 2 - 0.5], [0.0, dv, dv / 2 - 0.5], [0.0, 0.0, 1.0]]
    return {
        "probabilities": [0.1, 0.6, 0.1, 0.1, 0.1],
        "map": {"path": str(path), "shape_hw": [4, 5], "uv_from_cell": matrix},
        "stage_of_map": stage,
        "image": request["image"],
    }


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    mode = sys.argv[1]
    _write("libraries talk on stdout before anything else")
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "shutdown":
            return 0
        there = len(sys.argv) > 2 and Path(sys.argv[2]).exists()
        if mode == "die" or (mode == "die-once" and not there) or (mode == "die-while" and there):
            if mode == "die-once":
                Path(sys.argv[2]).touch()
            os._exit(9)
        if mode == "slow-once" and not there:
            Path(sys.argv[2]).touch()
            time.sleep(60)
        if mode == "mute":
            time.sleep(60)
        if mode == "refuse":
            code, name = (sys.argv[2], "model") if len(sys.argv) > 2 else ("image.unreadable", "file")
            reply = {"id": request["id"], "ok": False, "code": code, "values": {name: "full.png"}}
        else:
            reply = {"id": request["id"], "ok": True, **answer(request)}
        _write(json.dumps({"id": -1, "ok": True}))  # an answer to an older question
        _write(json.dumps(reply))
    return 0


if __name__ == "__main__":
    sys.exit(main())
