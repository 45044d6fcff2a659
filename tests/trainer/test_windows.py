from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.windows import cut_windows, frame_boxes


def test_the_box_of_a_frame_and_of_none() -> None:
    masks = torch.zeros(2, 20, 30, dtype=torch.uint8)
    masks[0, 4:9, 10:25] = 255
    masks[0, 0, 0] = 100  # hardly covered
    assert frame_boxes(masks).tolist() == [[4, 10, 8, 24], [0, 0, 19, 29]]


@settings(max_examples=80)
@given(
    top=st.integers(0, 50),
    left=st.integers(0, 70),
    rows=st.integers(1, 14),
    columns=st.integers(1, 26),
    side=st.integers(32, 120),
    seed=st.integers(0, 100),
)
def test_a_window_holds_the_whole_frame_and_cuts_picture_and_mask_alike(
    *, top: int, left: int, rows: int, columns: int, side: int, seed: int
) -> None:
    images = torch.arange(64 * 96, dtype=torch.int32).reshape(1, 64, 96)
    masks = torch.zeros(1, 64, 96, dtype=torch.uint8)
    masks[0, top : top + rows, left : left + columns] = 255
    cut, mask = cut_windows(images, masks, side, torch.Generator().manual_seed(seed))
    assert cut.shape == mask.shape == (1, min(side, 64), min(side, 96))
    assert torch.equal(mask.sum(), masks.sum())
    # The picture's numbers say where each pixel came from.
    assert torch.equal(cut[mask > 0].sort().values, images[masks > 0].sort().values)


def test_a_frame_larger_than_the_window_fills_it() -> None:
    masks = torch.zeros(1, 64, 96, dtype=torch.uint8)
    masks[0, 5:60, 5:90] = 255
    for seed in range(20):
        _, mask = cut_windows(masks, masks, 32, torch.Generator().manual_seed(seed))
        assert int(mask.min()) == 255


def test_windows_differ_from_draw_to_draw_and_not_from_seed_to_seed() -> None:
    images = torch.rand(4, 64, 96)
    masks = torch.zeros(4, 64, 96, dtype=torch.uint8)
    masks[:2, 30:36, 40:50] = 255
    first, _ = cut_windows(images, masks, 40, torch.Generator().manual_seed(1))
    again, _ = cut_windows(images, masks, 40, torch.Generator().manual_seed(1))
    other, _ = cut_windows(images, masks, 40, torch.Generator().manual_seed(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
