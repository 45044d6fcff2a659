from __future__ import annotations

import threading
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from sos_studio.core.errors import BadInputError
from sos_studio.core.volume import Volume
from sos_studio.imaging import archives, sources
from sos_studio.imaging.dicom_write import write_series
from sos_studio.imaging.sources import ScanSource
from sos_studio.imaging.thumbnails import thumbnail


@pytest.fixture
def series(tmp_path: Path, tilted_volume: Volume) -> Path:
    write_series(tilted_volume, tmp_path / "series", seed=1)
    return tmp_path / "series"


def test_one_look_serves_listing_pictures_and_volumes(series: Path, tilted_volume: Volume, monkeypatch: pytest.MonkeyPatch) -> None:
    from sos_studio.imaging import dicom_scan

    looks: list[Path] = []
    scan = dicom_scan.scan_dicom

    def counted(place: Path, **how: object) -> list[dicom_scan.DicomSeries]:
        looks.append(place)
        return scan(place, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(dicom_scan, "scan_dicom", counted)
    with ScanSource(series) as source:
        (info,) = source.series
        assert source.thumbnail(info.uid).dtype == np.uint8
        assert source.load(info.uid).volume.series_hash == tilted_volume.series_hash
        assert source.load().volume.series_hash == tilted_volume.series_hash
    assert looks == [series]


def test_a_zip_is_unpacked_once_and_removed_at_the_end(
    tmp_path: Path, series: Path, tilted_volume: Volume, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        for path in series.iterdir():
            archive.write(path, path.name)
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(archives.tempfile, "tempdir", str(room))
    with ScanSource(tmp_path / "scan.zip") as source:
        assert len(list(room.iterdir())) == 1
        source.thumbnail(source.series[0].uid)
        loaded = source.load()
    assert list(room.iterdir()) == []
    assert loaded.volume.series_hash == tilted_volume.series_hash


def test_a_refused_file_of_a_zip_is_named_as_it_is_called_there(tmp_path: Path, series: Path) -> None:
    *_, damaged = paths = sorted(series.iterdir())
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        for path in paths:
            data = path.read_bytes()
            archive.writestr(f"export/ü {path.name}", data[:-500] if path == damaged else data)
    with ScanSource(tmp_path / "scan.zip") as source, pytest.raises(BadInputError) as caught:
        source.load()
    assert caught.value.values["file"] == f"ü {damaged.name}"
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        for path in paths:
            archive.writestr(f"export/ü {path.name}", path.read_bytes()[: 132 + 30 if path == paths[5] else None])
    with ScanSource(tmp_path / "scan.zip") as source:
        (info,) = source.series
    assert f"ü {paths[5].name}" in [problem.values.get("file") for problem in info.problems]


def test_a_zip_without_scan_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        archive.writestr("a.txt", "nothing")
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr(archives.tempfile, "tempdir", str(room))
    with pytest.raises(BadInputError):
        ScanSource(tmp_path / "scan.zip")
    assert list(room.iterdir()) == []


def test_the_first_picture_comes_once_before_half_is_read_and_lies_right(series: Path, tilted_volume: Volume) -> None:
    previews: list[Volume] = []
    shares: list[float] = []
    threads: list[int] = []

    def preview(volume: Volume) -> None:
        previews.append(volume)
        threads.append(threading.get_ident())
        assert not shares or shares[-1] < 0.5

    with ScanSource(series) as source:
        whole = source.load(preview=preview, progress=shares.append).volume
    (coarse,) = previews
    assert threads == [threading.get_ident()]
    step = round(coarse.spacing_mm_kji[0] / whole.spacing_mm_kji[0])
    assert step >= 2
    np.testing.assert_array_equal(coarse.array_kji, tilted_volume.array_kji[::step])
    for k in range(coarse.shape_kji[0]):
        np.testing.assert_allclose(coarse.lps_from_ijk @ [3, 4, k, 1], whole.lps_from_ijk @ [3, 4, step * k, 1], atol=1e-9)
    assert whole.series_hash == tilted_volume.series_hash


def test_a_handful_of_slices_is_there_at_once_without_first_picture(tmp_path: Path, tilted_volume: Volume) -> None:
    write_series(Volume(tilted_volume.array_kji[:12], tilted_volume.lps_from_ijk), tmp_path, seed=1)
    with ScanSource(tmp_path) as source:
        assert source.load(preview=lambda _: pytest.fail("too few")).volume.shape_kji[0] == 12


def test_a_thumbnail_keeps_millimetres_in_proportion(series: Path, tilted_volume: Volume) -> None:
    with ScanSource(series) as source:
        picture = source.thumbnail(source.series[0].uid, side_px=60)
    _, rows, columns = tilted_volume.shape_kji
    _, row_mm, column_mm = tilted_volume.spacing_mm_kji
    assert max(picture.shape) == 60
    assert picture.shape[1] / picture.shape[0] == pytest.approx(columns * column_mm / (rows * row_mm), rel=0.02)


def test_a_thumbnail_shows_what_is_bright_where_it_is() -> None:
    values_ji = np.zeros((200, 100), np.int16)
    values_ji[150:, 50:] = 1000
    picture = thumbnail(values_ji, (1.0, 1.0), 40)
    assert picture.shape == (40, 20)
    assert picture[30:, 10:].min() == 255
    assert picture[:30].max() == picture[:, :10].max() == 0


def test_a_file_of_another_format_has_a_picture_too(tmp_path: Path) -> None:
    array_kji = np.zeros((9, 20, 40), np.int16)
    array_kji[4, :, 20:] = 500
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array_kji), str(tmp_path / "a.mha"))
    with ScanSource(tmp_path / "a.mha") as source:
        picture = source.thumbnail(source.series[0].uid, side_px=40)
        assert source.load(sources.FILE_SERIES_UID).volume.shape_kji == (9, 20, 40)
    assert picture.shape == (20, 40)
    assert picture[:, :20].max() < picture[:, 20:].min()


def test_what_has_no_grey_values_has_no_picture(series: Path) -> None:
    for path in series.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
        dataset.PixelData = dataset.PixelData * 3
        dataset.save_as(path)
    with ScanSource(series) as source, pytest.raises(BadInputError) as error:
        source.thumbnail(source.series[0].uid)
    assert error.value.code == "scan.colour"


def test_of_series_that_can_t_be_loaded_the_one_with_most_pixels_comes_first(tmp_path: Path) -> None:
    flat = np.diag([0.5, 0.5, 1.0, 1.0])
    write_series(Volume(np.zeros((4, 3, 3), np.int16), flat), tmp_path / "tiny", seed=1)
    for path in (tmp_path / "tiny").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.Modality = "US"
        dataset.save_as(path)
    write_series(Volume(np.zeros((2, 400, 640), np.int16), flat), tmp_path / "wide", seed=2)
    with ScanSource(tmp_path) as source:
        assert not any(info.loadable for info in source.series)
        assert [info.shape_kji for info in source.series] == [(2, 400, 640), (4, 3, 3)]


def test_the_folder_of_a_series_is_told_below_the_source_and_not_in_archives(tmp_path: Path, tilted_volume: Volume) -> None:
    for n, name in enumerate(("left", "right")):
        write_series(tilted_volume, tmp_path / "disc" / name / "inner", seed=n)
    with ScanSource(tmp_path / "disc") as source:
        assert sorted(source.folder(info.uid) for info in source.series) == ["left/inner", "right/inner"]
    with ScanSource(tmp_path / "disc" / "left" / "inner") as source:
        assert source.folder(source.series[0].uid) == ""
    with zipfile.ZipFile(tmp_path / "disc.zip", "w") as archive:
        for path in (tmp_path / "disc").rglob("*.dcm"):
            archive.write(path, path.relative_to(tmp_path))
    with ScanSource(tmp_path / "disc.zip") as source:
        assert {source.folder(info.uid) for info in source.series} == {""}


@pytest.mark.parametrize("around", [-3024.0, np.nan, 65535.0], ids=["dark", "nan", "bright"])
def test_padding_and_air_do_not_burn_a_small_head_out(around: float) -> None:
    """A head that fills one hundredth of the slice: bone, soft tissue and air can still be told apart."""
    rng = np.random.default_rng(3)
    values_ji = np.full((400, 400), around, np.float32)
    values_ji[50:350, 50:350] = rng.normal(-1000, 15, (300, 300))
    values_ji[180:220, 180:220] = rng.normal(40, 15, (40, 40))
    values_ji[195:205, 195:205] = rng.normal(1200, 50, (10, 10))
    picture = thumbnail(values_ji, (1.0, 1.0), 400).astype(int)
    air, tissue, bone = picture[100:150, 100:150].mean(), picture[182:192, 182:192].mean(), picture[196:204, 196:204].mean()
    assert air < 20
    assert air + 60 < tissue < bone - 60
