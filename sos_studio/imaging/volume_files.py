"""Files that hold a whole volume: NIfTI, NRRD, MetaImage, VTI and legacy VTK, each known by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from sos_studio.core.scans import Problem
from sos_studio.core.volume import Volume
from sos_studio.imaging.dicom_headers import looks_like_dicom

ENDINGS = (".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd", ".vti", ".vtk")


def is_volume_file(path: Path) -> bool:
    """Whether a file's name says one of these formats."""
    return path.name.lower().endswith(ENDINGS) and path.is_file()


def sole_volume_file(folder: Path) -> Path | None:
    """The one volume file of a folder that holds no DICOM files beside it; None if there is none, or another choice."""
    try:
        paths = list(folder.iterdir())
        volumes = [path for path in paths if path.name.lower().endswith(ENDINGS)]
        if len(volumes) != 1:
            return None
        for path in paths:
            if path.is_file():
                with open(path, "rb") as stream:
                    if looks_like_dicom(stream.read(132)):
                        return None
    except OSError:
        return None
    return volumes[0] if volumes[0].is_file() else None


def read_volume_file(path: Path) -> tuple[Volume, tuple[Problem, ...]]:
    """Read a file as a volume, and reservations about it.

    Raises
    ------
    BadInputError
        What the format's own reader raises.
    """
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        from sos_studio.imaging.nifti import read_nifti

        return read_nifti(path)
    if name.endswith(".vti"):
        from sos_studio.imaging.vti import read_vti

        return read_vti(path)
    if name.endswith(".vtk"):
        from sos_studio.imaging.vtk_legacy import read_vtk

        return read_vtk(path)
    from sos_studio.imaging.itk_files import read_itk

    return read_itk(path)
