"""Volume files of every format: each voxel at its patient millimetre, or refused; what a file leaves out is told, not assumed silently."""

from __future__ import annotations

import gzip
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st

from sos_studio.core.errors import BadInputError
from sos_studio.core.geometry import Orientation
from sos_studio.core.volume import Volume
from sos_studio.imaging import itk_files, sources

ARRAY_KJI = np.random.default_rng(3).integers(-1000, 3000, (9, 10, 11)).astype(np.int16)
FLIP = np.diag([-1.0, -1.0, 1.0, 1.0])


def matrix_of(roll: float = 6.0, yaw: float = -9.0, pitch: float = 14.0) -> npt.NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3] = Orientation((0.0, 0.0, 0.0), roll, yaw, pitch).rotation * np.array([0.4, 0.5, 0.7])
    matrix[:3, 3] = (11.5, -80.25, 640.0)
    return matrix


LPS = matrix_of()


def refusal(path: Path) -> str:
    with pytest.raises(BadInputError) as error:
        sources.load_volume(path)
    return error.value.code


def warnings(path: Path) -> set[str]:
    return {problem.code for problem in sources.load_series(path).info.problems}


def value_at(volume: Volume, lps_mm: npt.NDArray[np.float64]) -> float:
    i, j, k, _ = np.rint(volume.ijk_from_lps @ [*lps_mm, 1.0]).astype(int)
    return float(volume.array_kji[k, j, i])


def assert_same_scan(volume: Volume, lps_from_ijk: npt.NDArray[np.float64] = LPS, array_kji: npt.NDArray[Any] = ARRAY_KJI) -> None:
    """Every voxel is found where the file was told it lies, whichever way the file runs through them."""
    assert sorted(volume.shape_kji) == sorted(array_kji.shape)
    for k, j, i in [(0, 0, 0), (8, 9, 10), (0, 9, 3), (5, 2, 10), (8, 0, 0)]:
        assert value_at(volume, (lps_from_ijk @ [i, j, k, 1])[:3]) == array_kji[k, j, i]
    assert np.linalg.det(volume.lps_from_ijk[:3, :3]) > 0


def quaternion(ras_from_ijk: npt.NDArray[np.float64]) -> tuple[list[float], float]:
    """b, c, d and qfac of an unsheared matrix."""
    rotation = ras_from_ijk[:3, :3] / np.linalg.norm(ras_from_ijk[:3, :3], axis=0)
    qfac = 1.0 if np.linalg.det(rotation) > 0 else -1.0
    rotation = rotation * [1, 1, qfac]
    values, vectors = np.linalg.eigh(
        np.array(
            [
                [rotation[0, 0] - rotation[1, 1] - rotation[2, 2], 0, 0, 0],
                [rotation[0, 1] + rotation[1, 0], rotation[1, 1] - rotation[0, 0] - rotation[2, 2], 0, 0],
                [rotation[0, 2] + rotation[2, 0], rotation[1, 2] + rotation[2, 1], rotation[2, 2] - rotation[0, 0] - rotation[1, 1], 0],
                [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1], np.trace(rotation)],
            ]
        )
        / 3
    )
    b, c, d, a = vectors[:, np.argmax(values)]
    return [float(v * np.sign(a or 1)) for v in (b, c, d)], qfac


def nifti(
    path: Path,
    *,
    sform: npt.NDArray[np.float64] | None = LPS,
    qform: npt.NDArray[np.float64] | None = LPS,
    codes: tuple[int, int] = (1, 1),
    units: int = 2,
    shape: tuple[int, ...] = (11, 10, 9),
    slope: tuple[float, float] = (1.0, 0.0),
    version: int = 1,
    order: str = "<",
    array_kji: npt.NDArray[Any] = ARRAY_KJI,
    datatype: int = 4,
) -> Path:
    """A file written field by field; matrices are given in LPS mm and stored in RAS and the file's unit."""
    one = version == 1
    header = bytearray(348 if one else 540)

    def put(at: int, kind: str, *values: float) -> None:
        data = np.array(values, dtype=order + kind).tobytes()
        header[at : at + len(data)] = data

    real, whole = ("f4", "i2") if one else ("f8", "i8")
    put(0, "i4", len(header))
    put(40 if one else 16, whole, len(shape), *shape, *[1] * (7 - len(shape)))
    put(70 if one else 12, "i2", datatype, 16)
    scale = {1: 0.001, 2: 1.0, 3: 1000.0}.get(units, 1.0)
    codes = (codes[0] if qform is not None else 0, codes[1] if sform is not None else 0)
    put(252 if one else 344, "i2" if one else "i4", *codes)
    stated = qform if qform is not None else (sform if sform is not None else np.eye(4))
    ras = FLIP @ stated
    ras[:3] *= scale
    (b, c, d), qfac = quaternion(ras)
    put(76 if one else 104, real, qfac, *np.linalg.norm(ras[:3, :3], axis=0), 0, 0, 0, 0)
    put(256 if one else 352, real, b, c, d, *ras[:3, 3])
    if sform is not None:
        stored = FLIP @ sform
        stored[:3] *= scale
        put(280 if one else 400, real, *stored[:3].reshape(-1))
    offset = 352 if one else 544
    put(108 if one else 168, "f4" if one else "i8", offset)
    put(112 if one else 176, real, *slope)
    put(123 if one else 500, "u1" if one else "i4", units)
    header[344 if one else 4 : 348 if one else 12] = b"n+1\0" if one else b"n+2\0\r\n\032\n"
    data = bytes(header).ljust(offset, b"\0") + array_kji.astype(array_kji.dtype.newbyteorder(order)).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix.lower() == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ"])
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("order", ["<", ">"])
def test_nifti_of_both_versions_and_orders_lies_where_it_should(tmp_path: Path, name: str, version: int, order: str) -> None:
    path = nifti(tmp_path / name, version=version, order=order)
    loaded = sources.load_series(path)
    assert_same_scan(loaded.volume)
    assert loaded.volume.array_kji.dtype == np.int16
    np.testing.assert_allclose(loaded.volume.lps_from_ijk, LPS, atol=2e-4)
    assert {problem.code for problem in loaded.info.problems} <= {"scan.small_field"}


@pytest.mark.parametrize("which", ["sform", "qform"])
def test_nifti_with_one_transform_uses_it(tmp_path: Path, which: str) -> None:
    other = {"sform": "qform", "qform": "sform"}[which]
    assert_same_scan(sources.load_volume(nifti(tmp_path / "a.nii", **{other: None})))  # type: ignore[arg-type]  # test helper


@given(st.floats(-180, 180), st.floats(-85, 85), st.floats(-180, 180), st.booleans())
@settings(max_examples=30)
def test_nifti_of_any_direction_and_hand_agrees_with_simpleitk(
    tmp_path_factory: pytest.TempPathFactory, roll: float, yaw: float, pitch: float, flipped: bool
) -> None:
    matrix = matrix_of(roll, yaw, pitch)
    if flipped:
        matrix[:3, 1] *= -1
    path = nifti(tmp_path_factory.mktemp("n") / "a.nii", sform=None, qform=matrix)
    volume = sources.load_volume(path)
    assert_same_scan(volume, matrix)
    image = SimpleITK.ReadImage(str(path))
    for ijk in [(0, 0, 0), (10, 9, 8), (3, 7, 1)]:
        assert value_at(volume, np.array(image.TransformIndexToPhysicalPoint(ijk))) == image.GetPixel(*ijk)


def test_nifti_whose_transforms_differ_takes_the_scanners_own_or_is_refused(tmp_path: Path) -> None:
    moved = LPS.copy()
    moved[:3, 3] += 25.0
    path = nifti(tmp_path / "a.nii", sform=moved, codes=(1, 2))
    assert_same_scan(sources.load_volume(path))
    assert "scan.scanner_transform" in warnings(path)
    path = nifti(tmp_path / "a.nii", qform=moved, codes=(2, 1))
    assert_same_scan(sources.load_volume(path))
    for codes in [(1, 1), (2, 2), (2, 4)]:
        assert refusal(nifti(tmp_path / "b.nii", sform=moved, codes=codes)) == "scan.two_transforms"


def test_nifti_without_transforms_is_refused(tmp_path: Path) -> None:
    assert refusal(nifti(tmp_path / "a.nii", sform=None, qform=None)) == "scan.no_geometry"


def test_nifti_in_a_templates_space_says_so(tmp_path: Path) -> None:
    assert "scan.template_space" in warnings(nifti(tmp_path / "a.nii", codes=(4, 4)))


@pytest.mark.parametrize("units", [1, 2, 3])
def test_nifti_in_metres_and_micrometres_comes_out_in_millimetres(tmp_path: Path, units: int) -> None:
    np.testing.assert_allclose(sources.load_volume(nifti(tmp_path / "a.nii", units=units)).lps_from_ijk, LPS, atol=2e-4)


def test_nifti_without_a_unit_is_taken_as_millimetres_and_told(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii", units=0)
    assert_same_scan(sources.load_volume(path))
    assert "scan.assumed_mm" in warnings(path)
    assert refusal(nifti(tmp_path / "b.nii", units=5)) == "scan.unknown_units"


def test_nifti_of_a_tilted_gantry_is_straightened_and_a_crooked_one_refused(tmp_path: Path) -> None:
    leaning = LPS.copy()
    leaning[:3, 2] += 0.25 * LPS[:3, 1] / 0.5  # 0.25 mm along the columns from slice to slice, 19.65 degrees
    loaded = sources.load_series(nifti(tmp_path / "a.nii", sform=leaning, qform=None))
    (problem,) = [p for p in loaded.info.problems if p.code == "scan.tilt_corrected"]
    assert problem.values["tilt_deg"] == pytest.approx(19.65, abs=0.02)
    assert loaded.info.corrections == loaded.volume.corrections != ()
    for k in (0, 2, 8):  # whole pixels there
        for j, i in [(0, 0), (9, 10), (4, 7)]:
            assert value_at(loaded.volume, (leaning @ [i, j, k, 1])[:3]) == ARRAY_KJI[k, j, i]
    crooked = LPS.copy()
    crooked[:3, 1] += 0.2 * LPS[:3, 0]
    assert refusal(nifti(tmp_path / "b.nii", sform=crooked, qform=None)) == "scan.sheared"
    flat = LPS.copy()
    flat[:3, 2] = flat[:3, 1]
    assert refusal(nifti(tmp_path / "c.nii", sform=flat, qform=None)) == "scan.bad_matrix"


def test_nifti_values_are_scaled_and_other_shapes_and_kinds_refused(tmp_path: Path) -> None:
    volume = sources.load_volume(nifti(tmp_path / "a.nii", slope=(2.0, -5.0)))
    np.testing.assert_array_equal(volume.array_kji, ARRAY_KJI.astype(int) * 2 - 5)
    for slope in [(0.0, 7.0), (float("nan"), 0.0)]:
        np.testing.assert_array_equal(sources.load_volume(nifti(tmp_path / "b.nii", slope=slope)).array_kji, ARRAY_KJI)
    assert refusal(nifti(tmp_path / "c.nii", shape=(11, 10, 3, 3))) == "scan.not_3d"
    assert refusal(nifti(tmp_path / "d.nii", shape=(110, 9))) == "scan.not_3d"
    assert_same_scan(sources.load_volume(nifti(tmp_path / "e.nii", shape=(11, 10, 9, 1, 1))))
    assert refusal(nifti(tmp_path / "f.nii", datatype=128)) == "scan.colour"
    assert refusal(nifti(tmp_path / "g.nii", datatype=32)) == "scan.colour"
    assert refusal(nifti(tmp_path / "h.nii", datatype=1536)) == "scan.cannot_parse"
    assert refusal(nifti(tmp_path / "i.nii", shape=(11, 10, 9000))) == "scan.truncated"
    assert refusal(nifti(tmp_path / "j.nii.gz", shape=(30000, 30000, 30000))) == "scan.truncated"


def nrrd(path: Path, *lines: str, data: bytes | None = ARRAY_KJI.tobytes()) -> Path:
    header = ["NRRD0004", "type: int16", "dimension: 3", "sizes: 11 10 9", "encoding: raw", "endian: little", *lines]
    path.write_bytes("\n".join(header).encode() + b"\n\n" + (data or b""))
    return path


def directions(matrix: npt.NDArray[np.float64]) -> list[str]:
    axes = " ".join("(" + ",".join(f"{v:.9g}" for v in matrix[:3, n]) + ")" for n in range(3))
    return [f"space directions: {axes}", "space origin: (" + ",".join(f"{v:.9g}" for v in matrix[:3, 3]) + ")"]


@pytest.mark.parametrize(
    ("space", "signs"),
    [
        ("left-posterior-superior", (1, 1, 1)),
        ("LPS", (1, 1, 1)),
        ("right-anterior-superior", (-1, -1, 1)),
        ("RAS", (-1, -1, 1)),
        ("left-anterior-superior", (1, -1, 1)),
        ("LAS", (1, -1, 1)),
    ],
)
def test_nrrd_of_every_patient_space_lies_where_it_should(tmp_path: Path, space: str, signs: tuple[int, int, int]) -> None:
    own = np.diag([*signs, 1]) @ LPS
    loaded = sources.load_series(nrrd(tmp_path / "a.nrrd", f"space: {space}", *directions(own), 'space units: "mm" "mm" "mm"'))
    assert_same_scan(loaded.volume)
    assert {problem.code for problem in loaded.info.problems} <= {"scan.small_field"}


def test_nrrd_of_an_unknown_space_or_unit_is_refused_and_one_of_none_is_told(tmp_path: Path) -> None:
    assert refusal(nrrd(tmp_path / "a.nrrd", "space: 3D-left-handed", *directions(LPS))) == "scan.unknown_space"
    assert refusal(nrrd(tmp_path / "b.nrrd", "space: LPS", *directions(LPS), 'space units: "cm" "cm" "cm"')) == "scan.unknown_units"
    assert refusal(nrrd(tmp_path / "c.nrrd")) == "scan.no_geometry"
    assert "scan.assumed_lps" in warnings(nrrd(tmp_path / "d.nrrd", "spacings: 0.4 0.5 0.7"))
    assert "scan.assumed_lps" in warnings(nrrd(tmp_path / "e.nrrd", "space dimension: 3", *directions(LPS)))


def test_nrrd_with_leaning_slices_is_straightened(tmp_path: Path) -> None:
    leaning = LPS.copy()
    leaning[:3, 2] += 0.25 * LPS[:3, 1] / 0.5
    path = nrrd(tmp_path / "a.nrrd", "space: LPS", *directions(leaning))
    assert "scan.tilt_corrected" in warnings(path)
    assert value_at(sources.load_volume(path), (leaning @ [7, 4, 8, 1])[:3]) == ARRAY_KJI[8, 4, 7]


def test_detached_headers_find_the_file_beside_them_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    (folder / "data ü.raw").write_bytes(ARRAY_KJI.tobytes())
    (tmp_path / "elsewhere.raw").write_bytes(ARRAY_KJI.tobytes())
    os.mkfifo(folder / "pipe")
    space = ["space: LPS", *directions(LPS)]
    assert_same_scan(sources.load_volume(nrrd(folder / "a.nhdr", *space, "data file: data ü.raw", data=None)))
    for named in ["../elsewhere.raw", str(tmp_path / "elsewhere.raw"), "missing.raw", "pipe", "/dev/zero"]:
        assert refusal(nrrd(folder / "b.nhdr", *space, f"data file: {named}", data=None)) == "scan.data_file_missing"
        assert refusal(meta_image(folder / "b.mhd", f"ElementDataFile = {named}", data=b"")) == "scan.data_file_missing"
    assert refusal(nrrd(folder / "c.nhdr", *space, "data file: LIST", data=None)) == "scan.cannot_parse"


def meta_image(path: Path, *lines: str, spacing: str = "ElementSpacing = 0.4 0.5 0.7", data: bytes = ARRAY_KJI.tobytes()) -> Path:
    header = ["ObjectType = Image", "NDims = 3", "BinaryData = True", "BinaryDataByteOrderMSB = False", "DimSize = 11 10 9", spacing]
    path.write_bytes("\n".join([*header, "ElementType = MET_SHORT", *lines]).encode() + b"\n" + data)
    return path


def test_meta_image_without_directions_spacing_or_in_other_units(tmp_path: Path) -> None:
    local = "ElementDataFile = LOCAL"
    assert "scan.assumed_lps" in warnings(meta_image(tmp_path / "a.mha", local))
    assert "scan.assumed_lps" not in warnings(meta_image(tmp_path / "b.mha", "TransformMatrix = 0 1 0 -1 0 0 0 0 1", local))
    assert refusal(meta_image(tmp_path / "c.mha", local, spacing="Comment = none")) == "scan.no_geometry"
    assert refusal(meta_image(tmp_path / "d.mha", "DistanceUnits = um", local)) == "scan.unknown_units"
    assert refusal(meta_image(tmp_path / "e.mhd", "ElementDataFile = slice%03d.raw 1 9 1", data=b"")) == "scan.cannot_parse"


@pytest.mark.parametrize("extension", ["nii", "nii.gz", "nrrd", "nhdr", "mha", "mhd"])
def test_what_simpleitk_writes_lies_where_it_wrote_it(tmp_path: Path, extension: str) -> None:
    image = SimpleITK.GetImageFromArray(ARRAY_KJI)
    image.SetSpacing((0.4, 0.5, 0.7))
    image.SetDirection((LPS[:3, :3] / [0.4, 0.5, 0.7]).reshape(-1))
    image.SetOrigin(LPS[:3, 3])
    SimpleITK.WriteImage(image, str(tmp_path / f"a.{extension}"))
    loaded = sources.load_series(tmp_path / f"a.{extension}")
    assert_same_scan(loaded.volume)
    assert {problem.code for problem in loaded.info.problems} <= {"scan.small_field"}


def test_a_name_beyond_ascii_is_read_on_windows_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = nrrd(tmp_path / "Schädel.nrrd", "space: LPS", *directions(LPS))
    opened: list[str] = []
    own = SimpleITK.ImageFileReader.SetFileName
    monkeypatch.setattr(itk_files, "ASCII_NAMES_ONLY", True)
    monkeypatch.setattr(SimpleITK.ImageFileReader, "SetFileName", lambda self, name: (opened.append(name), own(self, name))[0])
    assert_same_scan(sources.load_volume(path))
    assert all(name.isascii() for name in opened)
    assert opened


def vtk(path: Path, *, binary: bool, extra: str = "", dtype: str = "short", array: npt.NDArray[Any] = ARRAY_KJI) -> Path:
    head = (
        f"# vtk DataFile Version 3.0\na title\n{'BINARY' if binary else 'ASCII'}\nDATASET STRUCTURED_POINTS\nDIMENSIONS 11 10 9\n"
        f"SPACING 0.4 0.5 0.7\nORIGIN 1 2 3\nPOINT_DATA 990\nSCALARS values {dtype}{extra}\nLOOKUP_TABLE default\n"
    )
    text = " ".join(str(v) for v in array.reshape(-1)).encode()
    path.write_bytes(head.encode() + (array.astype(array.dtype.newbyteorder(">")).tobytes() if binary else text))
    return path


@pytest.mark.parametrize("binary", [False, True])
def test_legacy_vtk_is_read_and_says_what_it_leaves_out(tmp_path: Path, binary: bool) -> None:
    loaded = sources.load_series(vtk(tmp_path / "a.vtk", binary=binary))
    np.testing.assert_array_equal(loaded.volume.array_kji, ARRAY_KJI)
    np.testing.assert_allclose(loaded.volume.lps_from_ijk, [[0.4, 0, 0, 1], [0, 0.5, 0, 2], [0, 0, 0.7, 3], [0, 0, 0, 1]])
    assert "scan.assumed_lps" in {problem.code for problem in loaded.info.problems}


def test_legacy_vtk_of_another_kind_or_damaged_is_refused(tmp_path: Path) -> None:
    path = vtk(tmp_path / "a.vtk", binary=True)
    whole = path.read_bytes()
    for data, code in [
        (whole[:-10], "scan.truncated"),
        (whole[:60], "scan.cannot_parse"),
        (whole.replace(b"STRUCTURED_POINTS", b"POLYDATA"), "scan.cannot_parse"),
        (whole.replace(b"DIMENSIONS 11 10 9", b"DIMENSIONS 11000 10000 9000"), "scan.truncated"),
        (whole.replace(b"DIMENSIONS 11 10 9", b"DIMENSIONS -1 10 9"), "scan.too_few_slices"),
        (whole.replace(b"SPACING 0.4 0.5 0.7", b"SPACING 0 0.5 0.7"), "scan.bad_matrix"),
        (b"", "scan.cannot_parse"),
    ]:
        path.write_bytes(data)
        assert refusal(path) == code
    assert refusal(vtk(path, binary=True, extra=" 3")) == "scan.colour"


@pytest.mark.parametrize("inside", ["export/Ü/head.nii.gz", "head.nrrd"])
def test_a_zip_or_a_folder_of_one_volume_file_opens_it(tmp_path: Path, inside: str) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / Path(inside).name
    if path.suffix == ".nrrd":
        nrrd(path, "space: LPS", *directions(LPS))
    else:
        nifti(path)
    (tmp_path / "in" / "readme.txt").write_text("a scan")
    assert_same_scan(sources.load_volume(tmp_path / "in"))
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        archive.write(path, inside)
    assert_same_scan(sources.load_volume(tmp_path / "scan.zip"))
