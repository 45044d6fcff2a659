"""Turning the skull of the volume pane: our ray caster beside VTK's fixed-point mapper, off screen, in one run, interleaved.

Run from the project's root with the extra `bench` installed: ``python -m tests.benchmarks.bench_volume [--rounds N] [--write]
[--pictures DIR]``. A phantom head of at most 256 voxels a side, another direction each time, 400 x 400 pixels; both shade bone from the
same threshold in parallel projection with a step of about a voxel. Not collected as a test: what a busy machine measures proves nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sos_studio.core.captures import Window
from sos_studio.core.volume import Volume
from sos_studio.imaging import raycast
from sos_studio.imaging.raycast import Camera, CutFace, RenderVolume, ShownPlane, camera_rotation
from sos_studio.phantom import draw_cohort, render_volume
from tests.benchmarks import report

SIDE_PX, ZOOM = 400, 1.45
BASE = "VTK fixed point, 2 threads"
Draw = Callable[[float], np.ndarray]


def head(scratch: Path) -> Volume:
    """A phantom of about 256 voxels along its longest side, made once."""
    kept = scratch / "volume-256.npz"
    if not kept.is_file():
        scratch.mkdir(parents=True, exist_ok=True)
        made = render_volume(draw_cohort(3, 0)[0].parameters, spacing_mm=0.8)
        np.savez(kept, array_kji=made.array_kji, lps_from_ijk=made.lps_from_ijk)
    with np.load(kept) as stored:
        return Volume(stored["array_kji"], stored["lps_from_ijk"])


def ours(prepared: RenderVolume, scan: Volume, *, threads: int, cut: bool = False, smooth: bool = False, side: int = SIDE_PX) -> Draw:
    """As the pane draws it: with its planes' lines, and shadows in pits."""
    center = scan.center_lps_mm
    normals = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    planes = [ShownPlane(normal, center, (255, 200, 60)) for normal in normals]
    face = CutFace((-1.0, 0.0, 0.0), center, Window(low=-500.0, high=1500.0), scan if smooth else None) if cut else None

    def draw(azimuth: float) -> np.ndarray:
        camera = Camera(camera_rotation(azimuth, 8.0), ZOOM)
        picture = raycast.render(prepared, camera, side, planes=planes, cut=face, threads=threads, smooth=smooth)
        assert picture is not None
        return picture

    return draw


def transfer(vtk: Any, threshold: float) -> Any:
    """Opaque bone from the threshold on, lit as a surface."""
    opacity, colour = vtk.vtkPiecewiseFunction(), vtk.vtkColorTransferFunction()
    for value, alpha in ((threshold - 60.0, 0.0), (threshold + 60.0, 1.0)):
        opacity.AddPoint(value, alpha)
    colour.AddRGBPoint(threshold, 0.98, 0.93, 0.84)
    made = vtk.vtkVolumeProperty()
    made.SetScalarOpacity(opacity)
    made.SetColor(colour)
    made.SetInterpolationTypeToLinear()
    made.ShadeOn()
    made.SetAmbient(0.22)
    made.SetDiffuse(0.78)
    made.SetSpecular(0.18)
    return made


def vtks(prepared: RenderVolume, *, threads: int, cut: bool = False, coarse: float = 1.0) -> Draw:
    """VTK's CPU mapper in a window that is never shown."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

    small = prepared.copy
    nk, nj, ni = small.shape_kji
    image = vtk.vtkImageData()
    image.SetDimensions(ni, nj, nk)
    image.SetSpacing(small.spacing_mm_ijk)
    image.GetPointData().SetScalars(numpy_to_vtk(small.array_kji.reshape(-1), deep=True))
    mapper = vtk.vtkFixedPointVolumeRayCastMapper()
    mapper.SetInputData(image)
    mapper.SetNumberOfThreads(threads)
    mapper.AutoAdjustSampleDistancesOff()
    mapper.SetSampleDistance(min(small.spacing_mm_ijk))
    mapper.SetImageSampleDistance(coarse)
    middle = np.array([(n - 1) / 2 * s for n, s in zip((ni, nj, nk), small.spacing_mm_ijk, strict=True)])
    if cut:
        plane = vtk.vtkPlane()
        plane.SetOrigin(middle)
        plane.SetNormal(1.0, 0.0, 0.0)
        mapper.AddClippingPlane(plane)
    volume, renderer, window = vtk.vtkVolume(), vtk.vtkRenderer(), vtk.vtkRenderWindow()
    volume.SetMapper(mapper)
    volume.SetProperty(transfer(vtk, prepared.threshold))
    renderer.AddVolume(volume)
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(SIDE_PX, SIDE_PX)
    window.AddRenderer(renderer)
    camera = renderer.GetActiveCamera()
    camera.ParallelProjectionOn()
    camera.SetParallelScale(prepared.diagonal_mm / 2 / ZOOM)
    grabbed = vtk.vtkUnsignedCharArray()

    def draw(azimuth: float) -> np.ndarray:
        axes = camera_rotation(azimuth, 8.0)
        camera.SetFocalPoint(middle)
        camera.SetPosition(middle - prepared.diagonal_mm * axes[:, 2])
        camera.SetViewUp(-axes[:, 1])
        renderer.ResetCameraClippingRange()
        window.Render()
        window.GetPixelData(0, 0, SIDE_PX - 1, SIDE_PX - 1, 0, grabbed, 0)
        return np.asarray(vtk_to_numpy(grabbed)).reshape(SIDE_PX, SIDE_PX, 3)[::-1]

    return draw


def contestants(scan: Volume) -> dict[str, Draw]:
    """By name; VTK's only where it is installed."""
    prepared = raycast.prepare(scan)
    # The scan lies straight: the copy's axes are those of LPS, as VTK has them.
    aligned = np.diag([*scan.spacing_mm_ijk, 1.0])
    aligned[:3, 3] = 0.0
    prepared = replace(prepared, copy=Volume(prepared.copy.array_kji, np.diag([*prepared.copy.spacing_mm_ijk, 1.0])))
    scan = Volume(scan.array_kji, aligned)
    half = SIDE_PX // 2
    found = {
        "SOS Studio, 2 threads": ours(prepared, scan, threads=2),
        "SOS Studio, 1 thread": ours(prepared, scan, threads=1),
        "SOS Studio, half resolution, 2 threads": ours(prepared, scan, threads=2, side=half),
        "SOS Studio, cut open, 2 threads": ours(prepared, scan, threads=2, cut=True),
        "SOS Studio, at rest (smooth edges), cut open, 2 threads": ours(prepared, scan, threads=2, cut=True, smooth=True),
    }
    try:
        import vtk  # noqa: F401
    except ImportError:
        sys.stdout.write("VTK is not installed\n")
        return found
    return found | {
        BASE: vtks(prepared, threads=2),
        "VTK fixed point, 1 thread": vtks(prepared, threads=1),
        "VTK fixed point, half resolution, 2 threads": vtks(prepared, threads=2, coarse=2.0),
        "VTK fixed point, clipped, 2 threads": vtks(prepared, threads=2, cut=True),
    }


def timed(draws: dict[str, Draw], rounds: int) -> dict[str, list[float]]:
    """Milliseconds; one round more is run first and not counted."""
    times: dict[str, list[float]] = {name: [] for name in draws}
    for number in range(rounds + 1):
        for name, draw in draws.items():
            # Cut faces are looked at from their own side.
            azimuth = 200.0 + 140.0 * (number * 0.618 % 1.0)
            begin = time.perf_counter()
            draw(azimuth)
            if number:
                times[name].append((time.perf_counter() - begin) * 1e3)
    return times


def table(times: dict[str, list[float]]) -> list[str]:
    """Rows of the report."""
    base = float(np.median(times[BASE])) if BASE in times else float("nan")
    lines = [f"| 400 × 400, 256 voxels a side | median ms | p95 | pictures a second | × {BASE} |", "|---|---|---|---|---|"]
    for name, measured in times.items():
        median, p95 = np.percentile(measured, [50, 95])
        lines.append(f"| {name} | {median:.1f} | {p95:.1f} | {1e3 / median:.0f} | {base / median:.1f} |")
    return lines


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--scratch", type=Path, default=Path("/tmp/sos-studio-bench"), help="where the phantom is kept")
    parser.add_argument("--write", action="store_true", help="put the table into the report")
    parser.add_argument("--pictures", type=Path, help="also keep a picture of each there (PNG)")
    chosen = parser.parse_args(arguments)
    raycast.warm_up()
    draws = contestants(head(chosen.scratch))
    if chosen.pictures is not None:
        import imagecodecs

        chosen.pictures.mkdir(parents=True, exist_ok=True)
        for name, draw in draws.items():
            (chosen.pictures / f"{name}.png").write_bytes(imagecodecs.png_encode(np.ascontiguousarray(draw(290.0))))
    times = timed(draws, chosen.rounds)
    lines = table(times)
    sys.stdout.write("\n".join(lines) + "\n")
    if chosen.write:
        version = ""
        if BASE in times:
            import vtk

            version = f"vtk {vtk.vtkVersion.GetVTKVersion()}"
        report.write("volume", lines, report.circumstances(chosen.rounds, version))


if __name__ == "__main__":
    main(sys.argv[1:])
