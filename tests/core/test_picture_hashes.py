from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sos_studio.core.picture_hashes import BITS, NEAR_BITS, distances, picture_hash, picture_hashes, words
from tests.imaging import screenshots


def apart(a: np.ndarray, b: np.ndarray) -> int:
    return int(distances(words([picture_hash(a)]), words([picture_hash(b)]))[0, 0])


def scaled(image: np.ndarray, factor: float) -> np.ndarray:
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))


@pytest.mark.parametrize(
    "change",
    [
        lambda image: scaled(image, 0.5),
        lambda image: scaled(image, 1.37),
        lambda image: np.clip(image * 1.3 + 20.0, 0, 255).astype(np.uint8),
        lambda image: screenshots.as_jpeg(np.repeat(image[..., None], 3, axis=2), 30)[..., 0],
        lambda image: image[4:, 4:-6],
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_same_picture_changed_is_near(change, seed: int) -> None:
    image = screenshots.head(seed)
    assert apart(image, change(image)) <= NEAR_BITS


def test_other_heads_are_far_and_chance_is_half() -> None:
    heads = words([picture_hash(screenshots.head(seed)) for seed in range(12)])
    table = distances(heads, heads)
    assert (np.diag(table) == 0).all()
    assert table[~np.eye(12, dtype=bool)].min() > NEAR_BITS
    noise = [np.random.default_rng(seed).integers(0, 256, (200, 300), dtype=np.uint8) for seed in range(2)]
    assert abs(apart(*noise) - BITS / 2) < 60


def test_a_mirrored_picture_is_found_by_its_mirrored_hash() -> None:
    image = screenshots.head(1)
    assert picture_hashes(image[:, ::-1]) == picture_hashes(image)[::-1]
    assert apart(image, image[:, ::-1]) > NEAR_BITS


@pytest.mark.parametrize("shape", [(32, 32), (17, 400), (1, 1), (33, 70)])
def test_every_size_has_a_hash(shape: tuple[int, int]) -> None:
    assert len(picture_hash(np.full(shape, 7, dtype=np.uint8))) == BITS // 4


def test_no_hashes_are_no_words() -> None:
    assert distances(words([]), words(["00" * 64])).shape == (0, 1)
