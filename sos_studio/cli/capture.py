"""``sos-studio capture``: the midsagittal full image of an orientation."""

from __future__ import annotations

from pathlib import Path

import click

from sos_studio.cli.options import PATH, Vector, json_option, volume_options
from sos_studio.cli.output import ProgressBar, emit, emit_json
from sos_studio.cli.series import say_problem


@click.command("capture")
@click.argument("source", type=PATH)
@click.option("--out", type=PATH, required=True, metavar="DIR", help="A new or empty folder for full.png, full16.png, capture.json.")
@volume_options
@json_option
def command(
    *,
    source: Path,
    out: Path,
    series: str | None,
    center: Vector | None,
    roll: float,
    yaw: float,
    pitch: float,
    spacing: float | None,
    slab: float,
    window: tuple[float, float] | None,
    as_json: bool,
) -> None:
    """Capture the midsagittal slice of the volume in SOURCE.

    Without angles and centre: the middle of the volume as it lies. The face is to the right.
    """
    from sos_studio.services import captures
    from sos_studio.services.full_images import View, capture_of

    view = View(center, roll, yaw, pitch, spacing, slab, window)
    with ProgressBar("Opening the scan") as bar:
        capture = capture_of(source, series, view, progress=bar.update, warn=say_problem)
    stored = captures.write_capture_folder(capture, out)
    files = {name: str(out / name) for name in (captures.FULL_FILE, captures.FULL16_FILE, captures.RECORD_FILE)}
    if as_json:
        emit_json({**stored.record.model_dump(mode="json"), "files": files})
    else:
        height, width = stored.shape_vu
        emit(f"{width} × {height} pixels of {capture.spacing_mm:g} mm in {out}")
