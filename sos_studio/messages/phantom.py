"""Words of the synthetic head."""

from __future__ import annotations

from sos_studio.messages import Template

MESSAGES: dict[str, Template] = {
    "phantom.bad_stage": Template("There is no stage {stage} to make a phantom of.", "Stages run from 1 to 5."),
    "phantom.bad_cases": Template("A phantom project can't have {cases} cases.", "Ask for 1 to {highest} cases."),
    "phantom.bad_spacing": Template("A phantom can't be rendered with voxels of {spacing_mm} mm.", "Use 0.1 to 5 mm."),
}
