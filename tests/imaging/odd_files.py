"""Files that are packed otherwise than usual, or otherwise than they say."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.fileset import FileSet

from sos_studio.imaging.dicom_write import _rle
from tests.imaging.odd_dicom import BIG_ENDIAN, COLUMNS, EXPLICIT, IMPLICIT, ROWS, STORED, OddCase, patched, setting, slices, writer

DEFLATED = "1.2.840.10008.1.2.1.99"
RLE, J2K, JPEG_LS, JPEG_LOSSLESS, HTJ2K = (f"1.2.840.10008.1.2.{tail}" for tail in ("5", "4.90", "4.80", "4.70", "4.201"))
ENCODERS: dict[str, Callable[[np.ndarray], bytes]] = {
    RLE: lambda plane: _rle(plane.view(np.int16)),
    J2K: lambda plane: imagecodecs.jpeg2k_encode(plane, reversible=True, codecformat="j2k"),
    JPEG_LS: imagecodecs.jpegls_encode,
    JPEG_LOSSLESS: lambda plane: imagecodecs.ljpeg_encode(plane, bitspersample=16),
    HTJ2K: lambda plane: imagecodecs.htj2k_encode(plane, reversible=True),
}


def stream(k: int, syntax: str) -> bytes:
    return bytes(ENCODERS[syntax](np.ascontiguousarray(STORED[k])))


def _compressed(syntax: str, *, named: str | None = None, pieces: int = 1, tail: bytes = b"") -> object:
    """Pixels as a stream of one syntax under the name of another."""

    def change(dataset: Dataset, k: int) -> None:
        dataset.PixelData = encapsulate([stream(k, syntax) + tail], fragments_per_frame=pieces)
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        dataset.file_meta.TransferSyntaxUID = named or syntax

    return change


def _named(syntax: str) -> object:
    def change(dataset: Dataset, k: int) -> None:
        dataset.file_meta.TransferSyntaxUID = syntax

    return change


def _big_endian(dataset: Dataset, k: int) -> None:
    dataset.PixelData = STORED[k].astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = BIG_ENDIAN


def _ge_private(dataset: Dataset, k: int) -> None:
    dataset.PixelData = STORED[k].astype(">u2").tobytes()
    dataset.file_meta.TransferSyntaxUID = "1.2.840.113619.5.2"


def _encapsulated_native(dataset: Dataset, k: int) -> None:
    dataset.PixelData = encapsulate([STORED[k].tobytes()])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.98"


def _each(change: Callable[[bytes], bytes], *, make: Callable[[Path], Path] = slices) -> Callable[[Path], Path]:
    def make_and_change(folder: Path) -> Path:
        make(folder)
        for path in sorted(folder.iterdir()):
            path.write_bytes(change(path.read_bytes()))
        return folder

    return make_and_change


def _bomb(data: bytes) -> bytes:
    """A deflated file whose pixel data inflate to far more than the file."""
    meta_end = 144 + int.from_bytes(data[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    inside = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data[meta_end:])
    packed = packer.compress(inside) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(80)) + packer.flush()
    return data[:meta_end] + packed


def deflate_bomb(folder: Path) -> Path:
    first, *others = sorted(slices(folder, _named(DEFLATED)).iterdir())
    for path in others:
        path.unlink()
    first.write_bytes(_bomb(first.read_bytes()))
    return folder


def _jpeg_ls_that_lies(data: bytes) -> bytes:
    """Header and stream agree on 16000 x 16000 pixels."""
    at = data.index(b"\xff\xf7")
    huge = (16000).to_bytes(2, "big")
    data = data[: at + 5] + huge + huge + data[at + 9 :]
    for tag, old in ((b"\x28\x00\x10\x00US\x02\x00", ROWS), (b"\x28\x00\x11\x00US\x02\x00", COLUMNS)):
        data = data.replace(tag + old.to_bytes(2, "little"), tag + (16000).to_bytes(2, "little"))
    return data


def _with_syntax(uid: str) -> Callable[[bytes], bytes]:
    """Files whose meta header names another syntax than theirs."""

    def change(data: bytes) -> bytes:
        padded = uid.encode() + b"\0" * (len(uid) % 2)
        at = data.index(b"\x02\x00\x10\x00UI")
        old = int.from_bytes(data[at + 6 : at + 8], "little")
        meta = int.from_bytes(data[140:144], "little") + len(padded) - old
        named = data[at : at + 6] + len(padded).to_bytes(2, "little") + padded
        return data[:140] + meta.to_bytes(4, "little") + data[144:at] + named + data[at + 8 + old :]

    return change


def _rle_beyond(offset: int) -> Callable[[bytes], bytes]:
    """The second segment of an RLE stream begins somewhere else; imagecodecs follows it out of the stream."""

    def change(data: bytes) -> bytes:
        at = data.index(b"\x02\0\0\0\x40\0\0\0") + 8
        return data[:at] + offset.to_bytes(4, "little") + data[at + 4 :]

    return change


def _without_meta(data: bytes) -> bytes:
    return data[144 + int.from_bytes(data[140:144], "little") :]


def _renamed(folder: Path) -> Path:
    slices(folder)
    deeper = folder / "Ärztin Ø 放射線 \u202e" / "ß=^\\"
    deeper.mkdir(parents=True)
    for number, path in enumerate(sorted(folder.glob("*.dcm"))):
        path.rename(deeper / f"{(number * 5) % 12} schädel 頭 ")
    return folder


def _dicomdir(folder: Path) -> Path:
    slices(folder / "in")
    media = FileSet()
    for path in sorted((folder / "in").iterdir()):
        dataset = pydicom.dcmread(path)
        dataset.PatientID, dataset.StudyDate, dataset.StudyTime = "P", "20200101", "000000"
        media.add(dataset)
    media.write(folder / "out")
    (folder / "out" / "readme.txt").write_text("not a picture")
    return folder / "out" / "DICOMDIR"


def _dicomdir_with_a_missing_file(folder: Path) -> Path:
    source = _dicomdir(folder)
    first = sorted(p for p in source.parent.rglob("IM*") if p.is_file())[0]
    first.rename(first.with_name("elsewhere"))
    return source


def _escaping_dicomdir(folder: Path) -> Path:
    """A directory that points out of its folder, at a scan that is not meant."""
    source = _dicomdir(folder)
    dataset = pydicom.dcmread(source)
    for record in dataset.DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            record.ReferencedFileID = ["..", "in", "IM0001.dcm"]
    dataset.save_as(source)
    return source


def _dicomdir_with_an_impossible_name(folder: Path) -> Path:
    source = _dicomdir(folder)
    data = source.read_bytes()
    # The first part of the first image's name.
    at = data.index(b"\x04\x00\x00\x15CS") + 8
    source.write_bytes(data[:at] + b"\0" + data[at + 1 :])
    return source


def _zipped(name: Callable[[Path], str], *, method: int = zipfile.ZIP_DEFLATED) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        with zipfile.ZipFile(folder / "scan.zip", "w", method) as archive:
            for path in sorted(slices(folder / "in").iterdir()):
                archive.write(path, name(path))
            archive.writestr("readme.txt", "not a picture")
            archive.mkdir("empty")
        return folder / "scan.zip"

    return make


def _encrypted(folder: Path) -> Path:
    source = _zipped(lambda path: path.name)(folder)
    data = bytearray(source.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + flags] |= 1
            at = data.find(signature, at + 4)
    source.write_bytes(data)
    return source


def _zip_with_a_broken_name(folder: Path) -> Path:
    source = _zipped(lambda path: f"ü{path.name}")(folder)
    source.write_bytes(source.read_bytes().replace("ü".encode(), b"\xff\xfe"))
    return source


def _damaged_zip(folder: Path) -> Path:
    source = _zipped(lambda path: path.name, method=zipfile.ZIP_LZMA)(folder)
    data = bytearray(source.read_bytes())
    data[200:260] = bytes(60)
    source.write_bytes(data)
    return source


def _nested(folder: Path) -> Path:
    inner = _zipped(lambda path: path.name)(folder)
    with zipfile.ZipFile(folder / "outer.zip", "w") as archive:
        archive.write(inner, "export/scan.zip")
    return folder / "outer.zip"


def _zip_bomb(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for n in range(4):
            archive.writestr(f"{n}.dcm", bytes(64 << 20))
    data = (folder / "bomb.zip").read_bytes()
    # The directory says four times as much as any deflate stream could hold.
    (folder / "bomb.zip").write_bytes(data.replace((64 << 20).to_bytes(4, "little"), (1 << 30).to_bytes(4, "little")))
    return folder / "bomb.zip"


def _many(folder: Path) -> Path:
    """A thousand small files of hundreds of series in one folder, one of which is a volume."""
    slices(folder)
    template = pydicom.dcmread(folder / "IM0001.dcm")
    for n in range(988):
        template.SeriesInstanceUID, template.SOPInstanceUID = f"1.2.3.{n // 3}", f"1.2.4.{n}"
        template.ImagePositionPatient = [0, 0, 0 if n % 3 < 2 else 7]
        template.save_as(folder / f"X{n:04d}")
    return folder


CASES = [
    *(
        OddCase(f"syntax_{name}", what, writer(_compressed(uid)))
        for name, what, uid in (
            ("rle", "RLE", RLE),
            ("jpeg_2000", "JPEG 2000 lossless", J2K),
            ("jpeg_ls", "JPEG-LS", JPEG_LS),
            ("jpeg_lossless", "JPEG lossless", JPEG_LOSSLESS),
            ("htj2k", "High-Throughput JPEG 2000", HTJ2K),
        )
    ),
    OddCase("syntax_implicit", "implicit little endian", writer(_named(IMPLICIT))),
    OddCase("syntax_big_endian", "explicit big endian", writer(_big_endian)),
    OddCase("syntax_deflated", "deflated", writer(_named(DEFLATED))),
    OddCase("syntax_ge_private", "General Electric's implicit syntax with big-endian pixels", writer(_ge_private)),
    OddCase("syntax_encapsulated_native", "uncompressed pixels in fragments", writer(_encapsulated_native)),
    OddCase("syntax_unknown", "MPEG-2 video", writer(_compressed(RLE, named="1.2.840.10008.1.2.4.100")), "scan.unknown_syntax"),
    OddCase("fragments", "one picture in three fragments", writer(_compressed(J2K, pieces=3))),
    OddCase("padded_stream", "a stream padded with zeros", writer(_compressed(JPEG_LS, tail=bytes(6)))),
    OddCase(
        "encapsulated_as_native",
        "JPEG 2000 under the name of explicit little endian",
        _each(_with_syntax(EXPLICIT), make=writer(_compressed(J2K))),
        warnings=("scan.syntax_corrected",),
    ),
    OddCase(
        "rle_as_native",
        "RLE under the name of explicit little endian: no signature",
        _each(_with_syntax(EXPLICIT), make=writer(_compressed(RLE))),
        "scan.syntax_mismatch",
    ),
    OddCase(
        "native_as_encapsulated", "uncompressed under the name of JPEG 2000", _each(_with_syntax(J2K)), warnings=("scan.syntax_corrected",)
    ),
    OddCase("jpeg_ls_as_jpeg_2000", "JPEG-LS under the name of JPEG 2000", writer(_compressed(JPEG_LS, named=J2K))),
    OddCase("explicit_as_implicit", "explicit header under the name of implicit", _each(_with_syntax(IMPLICIT))),
    OddCase(
        "implicit_as_explicit", "implicit header under the name of explicit", _each(_with_syntax(EXPLICIT), make=writer(_named(IMPLICIT)))
    ),
    OddCase("deflate_bomb", "a deflated file of 100 kB that grows to 80 MB", deflate_bomb, "scan.deflated_too_large"),
    OddCase(
        "deflated_truncated",
        "a deflated file that ends early",
        _each(lambda data: data[:-40], make=writer(_named(DEFLATED))),
        "scan.truncated",
    ),
    OddCase(
        "rows_beyond_data", "16000 rows and columns of a few hundred bytes", writer(setting(Rows=16000, Columns=16000)), "scan.truncated"
    ),
    OddCase("rows_beyond_reason", "60000 rows", writer(setting(Rows=60000)), "scan.bad_header"),
    OddCase("columns_too_few", "one column fewer than the pixels have", writer(setting(Columns=COLUMNS - 1)), "scan.more_pixels"),
    OddCase("rows_too_few", "one row fewer than the pixels have", writer(setting(Rows=ROWS - 1)), "scan.more_pixels"),
    OddCase(
        "rows_unlike_stream",
        "header and compressed stream disagree on the size",
        writer(_compressed(J2K), setting(Rows=ROWS + 2)),
        "scan.size_mismatch",
    ),
    OddCase(
        "stream_that_lies",
        "header and a stream of 300 bytes agree on 16000 x 16000 pixels",
        _each(_jpeg_ls_that_lies, make=writer(_compressed(JPEG_LS))),
        "scan.truncated",
    ),
    OddCase(
        "rle_that_lies",
        "RLE of 300 bytes for 16000 x 16000 pixels",
        writer(_compressed(RLE), setting(Rows=16000, Columns=16000)),
        "scan.truncated",
    ),
    OddCase(
        "rle_beyond",
        "an RLE segment that begins 4 GB further on",
        _each(_rle_beyond(0xFF000050), make=writer(_compressed(RLE))),
        "scan.cannot_decode",
    ),
    OddCase(
        "rle_backwards",
        "an RLE segment that begins in the header",
        _each(_rle_beyond(8), make=writer(_compressed(RLE))),
        "scan.cannot_decode",
    ),
    OddCase("trailing_bytes", "a few bytes of padding behind the pixels", _each(lambda data: data + b"\0\0")),
    OddCase("truncated_native", "pixels that end early", _each(lambda data: data[:-100]), "scan.truncated"),
    OddCase(
        "truncated_stream",
        "a compressed stream that ends early",
        _each(lambda data: data[:-60], make=writer(_compressed(J2K))),
        "scan.truncated",
    ),
    OddCase("no_pixels", "headers without pixels", writer(setting(PixelData=None)), "scan.truncated"),
    OddCase("frames_zero", "NumberOfFrames 0 of a single picture", writer(setting(NumberOfFrames="0"))),
    OddCase("frames_negative", "NumberOfFrames -3", writer(setting(NumberOfFrames="-3")), "scan.bad_header"),
    OddCase(
        "frames_letters",
        "NumberOfFrames 1A",
        patched(writer(setting(NumberOfFrames="77")), b"IS\x02\x0077", b"IS\x02\x001A"),
        "scan.bad_header",
    ),
    OddCase(
        "frames_beyond_data", "NumberOfFrames 9 of a single picture", writer(setting(NumberOfFrames="9")), "scan.multiframe_unsupported"
    ),
    OddCase("frames_beyond_reason", "NumberOfFrames two thousand million", writer(setting(NumberOfFrames="2000000000")), "scan.bad_header"),
    OddCase("no_preamble", "no preamble", _each(lambda data: data[132:])),
    OddCase("no_meta_explicit", "no preamble and no meta header", _each(_without_meta)),
    OddCase("no_meta_implicit", "no meta header, implicit", _each(_without_meta, make=writer(_named(IMPLICIT)))),
    OddCase("names", "no extensions, names and folders beyond ASCII, random order", _renamed),
    OddCase("dicomdir", "a DICOMDIR", _dicomdir),
    OddCase("dicomdir_missing_file", "a DICOMDIR that names a file that is not there", _dicomdir_with_a_missing_file),
    OddCase("dicomdir_escaping", "a DICOMDIR that points out of its folder", _escaping_dicomdir),
    OddCase("dicomdir_impossible_name", "a DICOMDIR that names a file that can't be", _dicomdir_with_an_impossible_name),
    OddCase("zip_nested_folders", "a zip with folders in folders", _zipped(lambda path: f"a/b/ü/{path.name}")),
    OddCase("zip_escaping", "a zip whose names lead out of the folder", _zipped(lambda path: f"../../../{path.name}")),
    OddCase("zip_absolute", "a zip with absolute and device names", _zipped(lambda path: f"/C:/nul/{path.stem}")),
    OddCase("zip_lzma", "a zip packed with LZMA", _zipped(lambda path: path.name, method=zipfile.ZIP_LZMA)),
    OddCase("zip_name_of_no_script", "a zip whose names are not in their own character set", _zip_with_a_broken_name, "scan.bad_zip"),
    OddCase("zip_damaged", "a zip that was damaged on its way", _damaged_zip, "scan.bad_zip"),
    OddCase("zip_encrypted", "an encrypted zip", _encrypted, "scan.zip_encrypted"),
    OddCase("zip_in_zip", "a zip in a zip", _nested, "scan.nested_zip"),
    OddCase("zip_bomb", "a zip that would grow to 4 GB", _zip_bomb, "scan.zip_too_large"),
    OddCase("thousand_files", "a thousand files of 330 series in one folder", _many),
]
