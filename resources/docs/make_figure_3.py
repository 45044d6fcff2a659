"""The README's picture of two networks with and without the paper's framework, as *Predict ▸ Networks side by side* saves it.

``python resources/docs/make_figure_3.py PROJECT CASE WITHOUT WITH`` with a phantom project and two of its students, the second trained as
usual, the first by ``sos-studio train student --set student.alpha=0 --set student.beta=0 --set student.theta=1``.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image

from sos_studio.dataset.project import Project
from sos_studio.services import captures, figures, listed_cases, model_list
from sos_studio.services.contenders import ask_contender, contenders
from sos_studio.services.figures import Panel
from sos_studio.services.prediction import PredictionService

OUT = Path(__file__).parent / "screenshots" / "figure-3.jpg"
WIDTH_PX = 1500
TITLES = ("Without the framework", "With the framework")


def main(project_dir: Path, case_id: str, *model_ids: str) -> None:
    """Ask both about the case's full image and draw the figure."""
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
