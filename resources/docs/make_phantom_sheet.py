"""Draw `resources/docs/results/phantom-sheet.jpg`: twelve phantoms of one cohort as they look on a screen.

``python resources/docs/make_phantom_sheet.py`` from the project's root. Phantoms only: no picture of a patient goes into the project.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sos_studio.phantom import draw_cohort, render_midsagittal  # noqa: E402
from tests.phantom.picture_figures import as_screenshot  # noqa: E402

CASES, SEED, COLUMNS = 12, 20, 3
TILE_W, TILE_H = 480, 380


def main() -> None:
    """Write the sheet."""
    sheet = Image.new("L", (COLUMNS * TILE_W, CASES // COLUMNS * TILE_H))
    for n, case in enumerate(draw_cohort(CASES, SEED)):
        capture = render_midsagittal(case.parameters, orientation=case.orientation)
        tile = Image.fromarray(np.asarray(as_screenshot(capture.values_vu)))
        tile.thumbnail((TILE_W, TILE_H), Image.Resampling.LANCZOS)
        left = n % COLUMNS * TILE_W + (TILE_W - tile.width) // 2
        sheet.paste(tile, (left, n // COLUMNS * TILE_H + (TILE_H - tile.height) // 2))
    sheet.save(ROOT / "resources/docs/results/phantom-sheet.jpg", quality=80)


if __name__ == "__main__":
    main()
