"""Oblique planes and slabs of a 512³ scan, a new angle each time: ours against SimpleITK and VTK in one run, interleaved.

Run from the project's root: ``python -m tests.benchmarks.bench_reslice [SECTION …] [--rounds N] [--write]``; VTK comes with the extra
`bench` and is left out and named where it is missing. Sections: ``planes512`` (three 512² planes, as one frame of the window takes
them) and ``slab512`` (the maximum through one 512² plane of ten samples). ``--write`` puts each table into
`resources/docs/results/performance.md`. Not collected as a test: what a busy machine measures proves nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable

import numpy as np
import SimpleITK

from sos_studio.core.geometry import Orientation, Plane, pane_lps_from_uv
from sos_studio.core.slabs import Slab
from sos_studio.core.volume import Volume
from sos_studio.imaging import resample, slabs
from tests.benchmarks.bench_open import write

SIDE, SPACING_MM, SAMPLES = 512, 0.3, 10
LOW, HIGH = -500.0, 1500.0
# Ours adds the plane itself to an even number of samples: eleven.
SLAB = Slab((SAMPLES - 1) * SPACING_MM, "max")
BASES = {"planes512": "SimpleITK, 2 threads", "slab512": "VTK, 2 threads"}

Grids = list[np.ndarray]
Peers = dict[str, Callable[[Grids], object]]


def scan() -> Volume:
    rng = np.random.default_rng(0)
    block = rng.integers(-1000, 3000, (SIDE, SIDE, 64)).astype(np.int16)
    return Volume(np.tile(block, (1, 1, SIDE // 64)), np.diag([SPACING_MM, SPACING_MM, SPACING_MM, 1.0]))


def right_handed(grid: np.ndarray) -> np.ndarray:
    axes: np.ndarray = grid[:3, :3] / SPACING_MM
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    return axes


def simple_itk(image: SimpleITK.Image, grids: Grids, samples: int) -> None:
    for grid in grids:
        axes = right_handed(grid)
        begin = grid[:3, 3] - (samples - 1) / 2 * SPACING_MM * axes[:, 2]
        size, spacing = [SIDE, SIDE, samples], [SPACING_MM] * 3
        block = SimpleITK.Resample(image, size, SimpleITK.Transform(), SimpleITK.sitkLinear, begin, spacing, axes.reshape(-1), -1000.0)
        if samples > 1:
            block = SimpleITK.MaximumProjection(block, 2)
        SimpleITK.GetArrayFromImage(block)


class Vtk:
    """`vtkImageReslice`, which is also what `vtkImageResliceMapper` makes its picture with, before it is drawn."""

    def __init__(self, volume: Volume, samples: int, threads: int) -> None:
        from vtkmodules.util.numpy_support import numpy_to_vtk
        from vtkmodules.vtkCommonDataModel import vtkImageData
        from vtkmodules.vtkCommonMath import vtkMatrix4x4
        from vtkmodules.vtkImagingCore import vtkImageReslice

        image = vtkImageData()
        image.SetDimensions(SIDE, SIDE, SIDE)
        image.SetSpacing(*[SPACING_MM] * 3)
        image.GetPointData().SetScalars(numpy_to_vtk(volume.array_kji.reshape(-1)))
        self.axes, self.reslice = vtkMatrix4x4(), vtkImageReslice()
        self.reslice.SetInputData(image)
        self.reslice.SetInterpolationModeToLinear()
        self.reslice.SetOutputDimensionality(2)
        self.reslice.SetOutputSpacing(*[SPACING_MM] * 3)
        self.reslice.SetOutputOrigin(0, 0, 0)
        self.reslice.SetOutputExtent(0, SIDE - 1, 0, SIDE - 1, 0, 0)
        self.reslice.SetBackgroundLevel(-1000)
        self.reslice.SetResliceAxes(self.axes)
        # Its own threads: with the back end as shipped (Sequential) the other way of sharing the work is slower still.
        self.reslice.SetEnableSMP(threads == 1)
        self.reslice.SetNumberOfThreads(threads)
        if samples > 1:
            self.reslice.SetSlabModeToMax()
            self.reslice.SetSlabNumberOfSlices(samples)
            self.reslice.SetSlabSliceSpacingFraction(1.0)

    def __call__(self, grids: Grids) -> None:
        for grid in grids:
            axes = right_handed(grid)
            for row in range(3):
                for column in range(3):
                    self.axes.SetElement(row, column, axes[row, column])
                self.axes.SetElement(row, 3, grid[row, 3])
            self.axes.Modified()
            self.reslice.Update()


def vtk_peers(volume: Volume, samples: int) -> Peers:
    try:
        return {"VTK, 2 threads": Vtk(volume, samples, 2), "VTK, as shipped": Vtk(volume, samples, 1)}
    except ImportError:
        return {}


def plane_peers(volume: Volume, image: SimpleITK.Image) -> Peers:
    return {
        "SOS Studio, windowed, 2 threads": lambda grids: [resample.render_slice(volume, g, (SIDE, SIDE), LOW, HIGH) for g in grids],
        "SOS Studio, values": lambda grids: [resample.reslice(volume, grid, (SIDE, SIDE)) for grid in grids],
        "SimpleITK, 2 threads": lambda grids: simple_itk(image, grids, 1),
        **vtk_peers(volume, 1),
    }


def slab_peers(volume: Volume, image: SimpleITK.Image) -> Peers:
    return {
        "SOS Studio, windowed, 2 threads": lambda grids: [slabs.render_slab(volume, g, (SIDE, SIDE), LOW, HIGH, slab=SLAB) for g in grids],
        "SimpleITK, 2 threads": lambda grids: simple_itk(image, grids, SAMPLES),
        **vtk_peers(volume, SAMPLES),
    }


def timed(peers: Peers, volume: Volume, rounds: int, planes: int) -> dict[str, list[float]]:
    """Milliseconds of each peer and round; one round more is run first and not counted."""
    times: dict[str, list[float]] = {name: [] for name in peers}
    for number in range(rounds + 1):
        head = Orientation(volume.center_lps_mm, 3 + number % 17, 5 + number % 11, -4 - number % 13)
        grids = [
            pane_lps_from_uv(head, plane, focus_lps_mm=volume.center_lps_mm, spacing_mm=SPACING_MM, shape_vu=(SIDE, SIDE))
            for plane in Plane
        ]
        # One plane a round, each in turn: which one it is decides how the voxels lie in the cache.
        grids = grids if planes == 3 else [grids[number % 3]]
        names = list(peers)
        # Everybody comes after everybody else in turn: who is first after another has the cache full of foreign voxels.
        names = names[number % len(names) :] + names[: number % len(names)]
        for name in names:
            run = peers[name]
            begin = time.perf_counter()
            run(grids)
            if number:
                times[name].append((time.perf_counter() - begin) * 1e3)
    return times


def table(times: dict[str, list[float]], base: str) -> list[str]:
    base = base if base in times else "SimpleITK, 2 threads"
    reference = float(np.median(times[base]))
    lines = [f"| | median ms | p95 | × {base} |", "|---|---|---|---|"]
    for name, measured in times.items():
        median, p95 = np.percentile(measured, [50, 95])
        lines.append(f"| {name} | {median:.1f} | {p95:.1f} | {reference / median:.1f} |")
    return lines


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=" ".join(BASES))
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--write", action="store_true", help="put the tables into the report")
    chosen = parser.parse_args(arguments)
    volume = scan()
    slabs.warm_up()
    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    image = SimpleITK.GetImageFromArray(volume.array_kji)
    image.SetSpacing([SPACING_MM] * 3)
    for name in chosen.sections or BASES:
        peers, planes = (plane_peers, 3) if name == "planes512" else (slab_peers, 1)
        lines = table(timed(peers(volume, image), volume, chosen.rounds, planes), BASES[name])
        sys.stdout.write(f"\n{name}\n" + "\n".join(lines) + "\n")
        sys.stdout.flush()
        if chosen.write:
            write(name, lines, chosen.rounds)


if __name__ == "__main__":
    main(sys.argv[1:])
