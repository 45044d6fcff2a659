"""How other libraries open a folder of DICOM slices, for `bench_open`; those that are not installed are left out and named."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

Opened = Callable[[Path], object]


def sos_studio(folder: Path) -> object:
    from sos_studio.imaging.sources import ScanSource

    with ScanSource(folder) as source:
        return source.load()


def sos_studio_with_first_picture(folder: Path) -> object:
    """As the window opens it: a coarse volume is kept on the way."""
    from sos_studio.imaging.sources import ScanSource

    kept: list[object] = []
    with ScanSource(folder) as source:
        return source.load(preview=kept.append), kept


def simple_itk(folder: Path) -> object:
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def simple_itk_int16(folder: Path) -> object:
    import SimpleITK

    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    reader.SetOutputPixelType(SimpleITK.sitkInt16)
    return reader.Execute()


def itk(folder: Path) -> object:
    import itk as library

    names = library.GDCMSeriesFileNames.New()
    names.SetDirectory(str(folder))
    reader = library.ImageSeriesReader[library.Image[library.SS, 3]].New()
    reader.SetImageIO(library.GDCMImageIO.New())
    reader.SetFileNames(names.GetInputFileNames())
    reader.Update()
    return reader.GetOutput()


def vtk(folder: Path) -> object:
    from vtkmodules.vtkIOImage import vtkDICOMImageReader

    reader = vtkDICOMImageReader()
    reader.SetDirectoryName(str(folder))
    reader.Update()
    return reader.GetOutput()


def _with_pydicom(folder: Path, threads: int) -> object:
    """As its users write it: read all, sort by position, rescale into one array."""
    import pydicom

    with ThreadPoolExecutor(threads) as pool:
        slices = list(pool.map(pydicom.dcmread, folder.iterdir()))
        slices.sort(key=lambda dataset: float(dataset.ImagePositionPatient[2]))
        volume = np.empty((len(slices), slices[0].Rows, slices[0].Columns), np.int16)

        def fill(k: int) -> None:
            dataset = slices[k]
            volume[k] = dataset.pixel_array
            if dataset.RescaleIntercept:
                volume[k] += int(dataset.RescaleIntercept)

        list(pool.map(fill, range(len(slices))))
    return volume


def pydicom_sequential(folder: Path) -> object:
    return _with_pydicom(folder, 1)


def pydicom_two_threads(folder: Path) -> object:
    return _with_pydicom(folder, 2)


def _dcm2niix_program() -> str | None:
    try:
        import dcm2niix as package
    except ImportError:
        return shutil.which("dcm2niix")
    return str(package.bin)


def dcm2niix(folder: Path) -> object:
    """A process that writes a NIfTI file, here into memory: reading is not to be had without."""
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112
    with tempfile.TemporaryDirectory(dir=memory) as out:
        command = [_dcm2niix_program() or "dcm2niix", "-b", "n", "-z", "n", "-f", "scan", "-o", out, str(folder)]
        return subprocess.run(command, check=True, capture_output=True, timeout=300).returncode


def bytes_alone(folder: Path) -> object:
    """No peer but the limit: what the system needs to hand over the files' bytes, without looking at them."""
    paths = list(folder.iterdir())
    size = paths[0].stat().st_size
    into = np.empty((len(paths), size), np.uint8)

    def fill(k: int) -> None:
        with paths[k].open("rb", buffering=0) as stream:
            stream.readinto(into[k].data)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, range(len(paths))))
    return into


PEERS: dict[str, Opened] = {
    "SOS Studio": sos_studio,
    "SimpleITK, default": simple_itk,
    "SimpleITK, int16": simple_itk_int16,
    "ITK, int16": itk,
    "pydicom": pydicom_sequential,
    "pydicom, 2 threads": pydicom_two_threads,
    "dcm2niix": dcm2niix,
    "VTK": vtk,
}
BYTES_ALONE = "the files' bytes alone, 4 threads"
WITH_FIRST_PICTURE = "SOS Studio with first picture"
# What each peer needs, and how to ask for its version.
_NEEDS = {
    "SimpleITK, default": "SimpleITK",
    "SimpleITK, int16": "SimpleITK",
    "ITK, int16": "itk",
    "pydicom": "pydicom",
    "pydicom, 2 threads": "pydicom",
    "VTK": "vtkmodules",
}


def present() -> tuple[dict[str, Opened], list[str]]:
    """Peers that can be run, and the names of those that can't."""
    import importlib.util

    def runs(name: str) -> bool:
        if name == "dcm2niix":
            return _dcm2niix_program() is not None
        return name not in _NEEDS or importlib.util.find_spec(_NEEDS[name]) is not None

    return {name: run for name, run in PEERS.items() if runs(name)}, [name for name in PEERS if not runs(name)]


def versions() -> str:
    """Versions of the libraries that are there."""
    from importlib.metadata import PackageNotFoundError, version

    found = []
    for package in ("SimpleITK", "itk-core", "pydicom", "dcm2niix", "vtk", "imagecodecs", "numpy"):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)
