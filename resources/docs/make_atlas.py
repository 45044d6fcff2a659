"""Draw the synthetic examples of the reference atlas: crops of phantoms, three per stage, into `resources/atlas/`.

``python resources/docs/make_atlas.py`` from the project's root; run it again when the phantom has changed. Phantoms only: no picture of a
patient goes into the project.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from sos_studio.imaging.crops import crop_image  # noqa: E402
from sos_studio.phantom import draw_cohort, render_midsagittal  # noqa: E402

PER_STAGE, SEED, COHORT = 3, 11, 60
SIZE_PX = (320, 160)
LOW, HIGH = -500.0, 1500.0  # the window of a new scan
BUDGET_BYTES = 600 * 1024


def main() -> None:
    """Write the pictures, and say how large they are together."""
    folder = ROOT / "resources" / "atlas"
    folder.mkdir(exist_ok=True)
    drawn: Counter[int] = Counter()
    for case in draw_cohort(COHORT, SEED):
        stage = case.truth.stage
        if drawn[stage] == PER_STAGE:
            continue
        capture = render_midsagittal(case.parameters)
        shown = np.clip((np.nan_to_num(capture.values_vu, nan=LOW) - LOW) * 255 / (HIGH - LOW), 0, 255).astype(np.uint8)
        crop = crop_image(shown, case.truth.roi(capture.lps_from_uv))
        drawn[stage] += 1
        picture = Image.fromarray(crop).resize(SIZE_PX, Image.Resampling.BICUBIC)
        picture.save(folder / f"stage-{stage}-{drawn[stage]}.png", optimize=True)
    size = sum(path.stat().st_size for path in folder.glob("*.png"))
    if sorted(drawn.values()) != [PER_STAGE] * 5 or size > BUDGET_BYTES:
        sys.exit(f"{dict(drawn)} pictures, {size} bytes of {BUDGET_BYTES}")
    sys.stdout.write(f"{sum(drawn.values())} pictures, {size / 1024:.0f} KB\n")


if __name__ == "__main__":
    main()
