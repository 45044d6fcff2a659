"""The README's picture of two networks with and without the paper's framework, as *Predict ▸ Networks side by side* saves it.

``python resources/docs/make_figure_3.py PROJECT WITHOUT WITH`` with a phantom project and two of its students, the second trained
as usual, the first by ``sos-studio train student --set student.alpha=0 --set student.beta=0 --set student.theta=1``. Nobody chooses the
case: it is the one in the middle of all that neither was trained on, by how much more the second looks into the frame. Prints the
figures of both.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

from PIL import Image

from sos_studio.core.held_out import HeldOutRecord, read_records
from sos_studio.dataset.project import Project
from sos_studio.services import captures, figures, listed_cases, model_list
from sos_studio.services.contenders import ask_contender, contenders
from sos_studio.services.figures import Panel
from sos_studio.services.prediction import PredictionService

OUT = Path(__file__).parent / "screenshots" / "figure-3.jpg"
WIDTH_PX = 1500
TITLES = ("Without the framework", "With the framework")


def held_out(project_dir: Path, model_id: str) -> dict[str, HeldOutRecord]:
    """What a student said of the held-out cases that have a frame; its figures are printed."""
    found = read_records(project_dir / "models" / model_id)
    of = {case.case_id: case for case in found.cases if case.attention_in_roi is not None} if found is not None else {}
    if not of:
        raise SystemExit(f"{model_id} has no held-out cases with a frame")
    right = sum(case.predicted == case.stage for case in of.values())
    print(f"{model_id}: {right} of {len(of)} right, attention inside the frame {fmean(attention(case) for case in of.values()):.1%}")  # noqa: T201 - for whoever writes the caption
    return of


def attention(case: HeldOutRecord) -> float:
    """Share of the heatmap inside the frame."""
    return case.attention_in_roi or 0.0


def middle_case(without: Mapping[str, HeldOutRecord], framework: Mapping[str, HeldOutRecord]) -> str:
    """The case of median gain; of an even number the lower of the two in the middle."""
    gains = sorted((attention(framework[case_id]) - attention(without[case_id]), case_id) for case_id in without.keys() & framework.keys())
    gain, case_id = gains[(len(gains) - 1) // 2]
    print(f"{case_id}: gain {gain:.1%}, the middle of {len(gains)}")  # noqa: T201 - for whoever writes the caption
    return case_id


def main(project_dir: Path, *model_ids: str) -> None:
    """Choose the case, ask both about its full image and draw the figure."""
    case_id = middle_case(*(held_out(project_dir, model_id) for model_id in model_ids))
    with Project.open(project_dir, read_only=True) as project, PredictionService() as service:
        listed = listed_cases.listed_case(project, case_id)
        if not project.phantom or listed.capture_id is None:
            raise SystemExit("a captured phantom, please: pictures of patients are not for a README")
        capture = captures.load_capture(project, listed.capture_id)
        roi = captures.latest_frame(capture)
        offered = {one.key: one for one in contenders(model_list.models(project), framed=roi is not None)}
        answers = [ask_contender(service, offered[model_id], capture.full8, roi) for model_id in model_ids]
    panels = [Panel(title, answer) for title, answer in zip(TITLES, answers, strict=True)]
    picture = Image.open(io.BytesIO(figures.draw_figure(capture.full8, panels))).convert("RGB")
    picture.thumbnail((WIDTH_PX, WIDTH_PX), Image.Resampling.LANCZOS)
    picture.save(OUT, quality=88)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
