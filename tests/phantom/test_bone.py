"""Bone and teeth: cortex that varies, shapes that follow age, and a joint that none of it touches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from sos_studio.phantom import PhantomParameters, draw_parameters
from sos_studio.phantom.fields import head_field, values_at
from sos_studio.phantom.jaws import jaws
from sos_studio.phantom.landmarks import make_frame
from sos_studio.phantom.parts import Fade, Look, Part, pack
from sos_studio.phantom.spine import spine
from tests.phantom.conftest import without_noise

FloatArray = npt.NDArray[np.float64]


def changed(parameters: PhantomParameters, **anatomy: float | bool) -> PhantomParameters:
    return parameters.model_copy(update={"anatomy": parameters.anatomy.model_copy(update=anatomy)})


def around_the_joint(parameters: PhantomParameters, reach_mm: float = 10.0) -> npt.NDArray[np.float32]:
    """Grey values of the midsagittal plane within so many millimetres of the line between the joint's ends."""
    frame = make_frame(parameters.anatomy, parameters.seed)
    e, f = np.asarray(frame.endocranial), np.asarray(frame.ectocranial)
    along = (f - e) / np.linalg.norm(f - e)
    v, u = np.meshgrid(np.arange(-reach_mm, reach_mm, 0.5), np.arange(0.0, float(np.linalg.norm(f - e)), 0.5), indexing="ij")
    a, s = (e + u[..., None] * along + v[..., None] * [-along[1], along[0]]).transpose(2, 0, 1)
    return values_at(parameters, np.stack([np.zeros_like(a), -a, s], axis=-1))


def outline(parts: list[Part], name: str) -> FloatArray:
    found = next(part.outline for part in parts if part.name == name)
    assert found is not None
    return found


@pytest.mark.parametrize("seed", [0, 4, 9])
def test_vault_jaws_and_teeth_leave_the_joint_alone(seed: int) -> None:
    parameters = draw_parameters(np.random.default_rng(seed), 3)
    other = changed(parameters, vault_thickness_mm=8.5, overjet_mm=-1.0, tooth_shift_mm=3.0, frontal_sinus=0.9, brackets=True)
    assert np.array_equal(around_the_joint(parameters), around_the_joint(other))


def test_the_vaults_cortex_is_thick_here_and_thin_there() -> None:
    """Dense bone along lines through the vault, as a share of its thickness, in one head."""
    parameters = without_noise(draw_parameters(np.random.default_rng(5), 4))
    frame = make_frame(parameters.anatomy, parameters.seed)
    shares = []
    for angle in np.radians(np.linspace(60.0, 200.0, 80)):
        middle = frame.cranial([(-5.0, 30.0)])[0]
        r = np.arange(55.0, 100.0, 0.1)
        a, s = middle[0] + r * np.cos(angle), middle[1] + r * np.sin(angle)
        line = values_at(parameters, np.stack([np.zeros_like(a), -a, s], axis=-1))
        shares.append(float(np.sum(line > 900.0)) / max(1.0, float(np.sum(line > 200.0))))
    low, high = np.percentile(shares, [10, 90])
    assert high > 1.5 * low


def test_childrens_vertebrae_are_wedges_and_grown_ups_are_boxes() -> None:
    """Height in front against height behind, mean of bodies C3-C5 of twelve heads."""

    def front_to_back(grown: float) -> float:
        ratios = []
        for seed in range(12):
            parameters = changed(draw_parameters(np.random.default_rng(seed), 3), grown=grown, neck_tilt_deg=0.0)
            parts = spine(make_frame(parameters.anatomy, parameters.seed), np.random.default_rng(seed))
            for body in ("body 3", "body 4", "body 5"):
                curve = outline(parts, body)
                low, high = curve[:, 0].min(), curve[:, 0].max()
                sides = (curve[:, 0] > high - 0.3 * (high - low), curve[:, 0] < low + 0.3 * (high - low))
                front, behind = (float(np.ptp(curve[side, 1])) for side in sides)
                ratios.append(front / behind)
        return float(np.mean(ratios))

    assert front_to_back(0.66) < 0.9 * front_to_back(1.0)


def test_roots_of_incisors_grow_with_age() -> None:
    def length(grown: float) -> float:
        lengths = []
        for seed in range(8):
            parameters = changed(draw_parameters(np.random.default_rng(seed), 3), grown=grown, size=1.0, face_size=1.0)
            tooth = outline(jaws(make_frame(parameters.anatomy, parameters.seed), np.random.default_rng(seed)), "upper teeth")
            lengths.append(float(np.ptp(tooth[:, 1])))
        return float(np.mean(lengths))

    assert length(0.66) < 0.85 * length(1.0)


def test_a_plane_between_the_incisors_cuts_less_enamel_than_one_through_a_tooth() -> None:
    def enamel(shift_mm: float) -> int:
        parameters = changed(without_noise(draw_parameters(np.random.default_rng(8), 5)), tooth_shift_mm=shift_mm)
        a, s = make_frame(parameters.anatomy, parameters.seed).facial([(78.0, -47.0)])[0]
        da, ds = np.meshgrid(np.arange(-9.0, 9.0, 0.25), np.arange(-9.0, 9.0, 0.25))
        return int(np.count_nonzero(values_at(parameters, np.stack([0.0 * da, -(a + da), s + ds], axis=-1)) > 2000.0))

    through, between = enamel(4.2), enamel(0.0)
    assert 0 < between < 0.7 * through


def test_a_fading_part_is_whole_at_one_end_and_gone_at_the_other() -> None:
    square = np.array([(0.0, 0.0), (10.0, 0.0), (10.0, 4.0), (0.0, 4.0)])
    table = pack([Part("plate", Look(500.0), square, fade=Fade((2.0, 2.0), (9.0, 3.0), 0.25))])
    row = table.rows[0]
    seen = [float(row["fade_0"] + row["fade_a"] * a + row["fade_s"] * s) for a, s in ((2.0, 2.0), (9.0, 3.0))]
    assert seen == pytest.approx([1.0, 0.25])
    assert row["fade_low"] == 0.25


def test_the_joints_bone_keeps_its_noise_whatever_else_a_head_has() -> None:
    """The stream of its cortex is its own: a head with a suture or a frontal sinus more has the same basilar part."""
    streams = set()
    for seed in range(6):
        table = head_field(draw_parameters(np.random.default_rng(seed))).table
        streams.add(int(table.rows["noise"][table.names.index("clivus")]))
    assert len(streams) == 1
