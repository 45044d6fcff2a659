"""A CT series with marked text wherever DICOM can hold text, and the search for those marks in everything that was written."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
from pydicom.datadict import DicomDictionary, dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sos_studio.core.volume import Volume
from sos_studio.imaging.dicom_write import write_series

# Short enough for every kind of text element (16 characters), and with a letter that each encoding spells differently.
TEXT, PRIVATE, DATE = "Qzümmern-Wexlo", "Vbräxler-Ptuq", "19530307"
UID_ROOT = "1.2.826.0.1.3680043.77177"
FOLDER, PATIENT, PICTURE, TABLE = "Jqörlein Ygva", "Ogwürdl, Zezi", "Tvuäckson.77", "Xnöbel-Wuq"
PROJECTS, WEIGHTS = "Kzülm", "Ewqöb"
SECRETS = (TEXT, PRIVATE, DATE, UID_ROOT, FOLDER, PATIENT, PICTURE, TABLE, PROJECTS, WEIGHTS)
# Names of files and folders: the user's own data may hold them, a project may not.
PLACES = frozenset({FOLDER, PROJECTS, WEIGHTS})

_TEXT_VRS = frozenset({"PN", "LO", "SH", "ST", "LT", "UT", "UC"})
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")
# What every picture needs; anything else (tEXt, iTXt, zTXt, eXIf, tIME) could carry words.
_PNG_CHUNKS = {b"IHDR", b"IDAT", b"IEND"}


def small_head() -> Volume:
    """64 x 64 x 48 mm of grey noise with a bright block."""
    values = np.random.default_rng(5).integers(-200, 200, (48, 64, 64), dtype=np.int16)
    values[12:36, 20:44, 24:40] += 900
    return Volume(values, np.diag([1.0, 1.0, 1.0, 1.0]))


def write_planted_series(folder: Path) -> int:
    """Write the series with marks in every text element of the standard's dictionary, in private ones and in nested ones.

    Returns
    -------
    How many elements of a slice were marked.
    """
    marked = _marks()
    for number, path in enumerate(write_series(small_head(), folder)):
        dataset = pydicom.dcmread(path)
        dataset.update(marked)
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{UID_ROOT}.1", f"{UID_ROOT}.2"
        dataset.FrameOfReferenceUID = f"{UID_ROOT}.3"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{UID_ROOT}.4.{number}"
        dataset.PatientBirthDate = dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = DATE
        pydicom.dcmwrite(folder / f"{FOLDER} {number:03}.dcm", dataset, enforce_file_format=True)
        path.unlink()
    return len(marked)


def _marks() -> Dataset:
    dataset = Dataset()
    for tag in DicomDictionary:
        group = tag >> 16
        # Group 0002 belongs to the file, groups below 0008 to messages.
        if group >= 0x0008 and group % 2 == 0 and dictionary_has_tag(tag) and dictionary_VR(tag) in _TEXT_VRS:
            dataset.add(DataElement(tag, dictionary_VR(tag), TEXT))
    nested = Dataset()
    nested.PatientName, nested.RequestedProcedureDescription = PRIVATE, PRIVATE
    nested.private_block(0x0013, PRIVATE, create=True).add_new(0x02, "UN", PRIVATE.encode())
    outer = Dataset()
    outer.ScheduledProcedureStepDescription = PRIVATE
    outer.add(DataElement(tag_for_keyword("RequestAttributesSequence"), "SQ", Sequence([nested])))
    dataset.RequestAttributesSequence = Sequence([outer])
    block = dataset.private_block(0x0011, PRIVATE, create=True)
    block.add_new(0x01, "LO", PRIVATE)
    block.add_new(0x02, "SQ", Sequence([nested]))
    block.add_new(0x03, "OB", PRIVATE.encode() + b" " * (len(PRIVATE.encode()) % 2))
    return dataset


def found_in(data: bytes) -> set[str]:
    """Which marks some bytes hold, in any encoding and case; compressed parts of PNG files are unpacked."""
    if data.startswith(b"\x89PNG"):
        data += b"".join(_chunk_texts(data))
    variants = (data, data.lower())
    return {
        secret
        for secret in SECRETS
        for spelled in {secret, secret.lower(), secret.upper()}
        for encoding in _ENCODINGS
        if any(spelled.encode(encoding) in variant for variant in variants)
    }


def found_below(*folders: Path) -> dict[str, set[str]]:
    """``{file: marks}`` of all files below some folders; names of files and folders count as content."""
    found: dict[str, set[str]] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            name = path.relative_to(folder).as_posix()
            data = path.read_bytes() if path.is_file() else b""
            if marks := found_in(data) | found_in(name.encode()):
                found[name] = marks
    return found


def foreign_png_chunks(folder: Path) -> dict[str, set[bytes]]:
    """``{picture: kinds of chunks that are more than the picture}``."""
    kinds = {p.name: {kind for kind, _ in _chunks(p.read_bytes())} - _PNG_CHUNKS for p in folder.rglob("*.png")}
    return {name: kinds for name, kinds in kinds.items() if kinds}


def database_texts(database: Path) -> list[str]:
    """Every text in a database as SQLite returns it, should a page be stored in a way that a search for bytes misses."""
    connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
    try:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return [str(cell) for table in tables for row in connection.execute(f'SELECT * FROM "{table}"') for cell in row]
    finally:
        connection.close()


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk_texts(data: bytes) -> Iterator[bytes]:
    for kind, content in _chunks(data):
        if kind in (b"zTXt", b"iTXt", b"iCCP"):
            packed = content[content.find(b"\0") + 2 :]
            try:
                yield zlib.decompress(packed)
            except zlib.error:
                yield content
