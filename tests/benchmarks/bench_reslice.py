"""Three oblique 512 x 512 planes of a 512³ scan, a new angle each time: ours against SimpleITK in the same run.

Run from the project's root: ``python -m tests.benchmarks.bench_reslice [rounds]``. Not collected as a test: what a busy
machine measures proves nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import SimpleITK

from sos_studio.core.geometry import Orientation, Plane, pane_lps_from_uv
from sos_studio.core.volume import Volume
from sos_studio.imaging import resample

SIDE, SPACING_MM = 512, 0.3


def scan() -> Volume:
    rng = np.random.default_rng(0)
    block = rng.integers(-1000, 3000, (SIDE, SIDE, 64)).astype(np.int16)
    return Volume(np.tile(block, (1, 1, SIDE // 64)), np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0]))


def ours(volume: Volume, grids: list[np.ndarray]) -> None:
    for grid in grids:
        resample.render_slice(volume, grid, (SIDE, SIDE), -500.0, 1500.0)


def ours_in_threads(volume: Volume, grids: list[np.ndarray]) -> None:
    """As the window does it: each pane's request on a thread of the pool."""
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda grid: ours(volume, [grid]), grids))


def ours_float(volume: Volume, grids: list[np.ndarray]) -> None:
    for grid in grids:
        resample.reslice(volume, grid, (SIDE, SIDE))


def simple_itk(image: SimpleITK.Image, grids: list[np.ndarray]) -> None:
    for grid in grids:
        axes = grid[:3, :3] / SPACING_MM
        axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
        plane = SimpleITK.Resample(
            image,
            [SIDE, SIDE, 1],
            SimpleITK.Transform(),
            SimpleITK.sitkLinear,
            grid[:3, 3],
            [SPACING_MM] * 3,
            axes.reshape(-1),
            -1000.0,
        )
        SimpleITK.GetArrayFromImage(plane)


def main(rounds: int) -> None:
    volume = scan()
    resample.warm_up()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    image = SimpleITK.GetImageFromArray(volume.array_kji)
    image.SetSpacing([SPACING_MM] * 3)
    peers: dict[str, Callable[[list[np.ndarray]], None]] = {
        "SOS Studio, windowed": lambda grids: ours(volume, grids),
        "SOS Studio, 2 threads": lambda grids: ours_in_threads(volume, grids),
        "SOS Studio, float": lambda grids: ours_float(volume, grids),
        "SimpleITK, 2 threads": lambda grids: simple_itk(image, grids),
    }
    times: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(rounds):
        orientation = Orientation(volume.center_lps_mm, 3 + number % 17, 5 + number % 11, -4 - number % 13)
        grids = [
            pane_lps_from_uv(orientation, plane, focus_lps_mm=volume.center_lps_mm, spacing_mm=SPACING_MM, shape_vu=(SIDE, SIDE))
            for plane in Plane
        ]
        for name, run in peers.items():
            begin = time.perf_counter()
            run(grids)
            times[name].append((time.perf_counter() - begin) * 1e3)
    base = float(np.median(times["SimpleITK, 2 threads"]))
    for name, measured in times.items():
        median, p95 = np.percentile(measured, [50, 95])
        sys.stdout.write(f"{name:24s} median {median:7.2f} ms   p95 {p95:7.2f} ms   {base / median:5.2f} x SimpleITK\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
