"""A CT series with marked text wherever DICOM can hold text, and the search for those marks in everything that was written."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import sqlite3
import unicodedata
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
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
CODE = "WEXLOQZ7"  # what a coded string or a station's name can hold
UID_ROOT = "1.2.826.0.1.3680043.77177"
FOLDER, PATIENT, PICTURE, TABLE = "Jqörlein Ygva", "Ogwürdl, Zezi", "Tvuäckson.77", "Xnöbel-Wuq"
PROJECTS, WEIGHTS = "Kzülm", "Ewqöb"
AGE_YEARS = 41
SECRETS = (TEXT, PRIVATE, DATE, CODE, UID_ROOT, FOLDER, PATIENT, PICTURE, TABLE, PROJECTS, WEIGHTS)
# Names of files and folders: the user's own data may hold them, a project may not.
PLACES = frozenset({FOLDER, PROJECTS, WEIGHTS})

_TEXT_VRS = frozenset({"PN", "LO", "SH", "ST", "LT", "UT", "UC"})
# Without these a picture could not be read at all.
_NEEDED = frozenset(
    {"Modality", "ImageType", "PhotometricInterpretation", "BurnedInAnnotation", "SpecificCharacterSet", "PixelPresentation"}
)
_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "latin-1")
# What every picture needs; anything else (tEXt, iTXt, zTXt, eXIf, tIME) could carry words.
_PNG_CHUNKS = {b"IHDR", b"IDAT", b"IEND"}


def small_head(scan: int = 0) -> Volume:
    """64 x 64 x 48 mm of grey noise with a bright block."""
    values = np.random.default_rng(5 + scan).integers(-200, 200, (48, 64, 64), dtype=np.int16)
    values[12:36, 20:44, 24:40] += 900
    return Volume(values, np.diag([1.0, 1.0, 1.0, 1.0]))


def write_planted_series(folder: Path, scan: int = 0) -> int:
    """Write the series with marks in every text element of the standard's dictionary, in private and nested ones and the meta header.

    Parameters
    ----------
    scan
        Another number is another scan of the same patient.

    Returns
    -------
    How many elements of a slice were marked.
    """
    marked = _marks()
    for number, path in enumerate(write_series(small_head(scan), folder)):
        dataset = pydicom.dcmread(path)
        dataset.update(marked)
        dataset.SpecificCharacterSet = "ISO_IR 192"
        root = f"{UID_ROOT}.{scan}" if scan else UID_ROOT
        dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{root}.1", f"{root}.2"
        dataset.FrameOfReferenceUID = f"{root}.3"
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"{root}.4.{number}"
        dataset.PatientBirthDate = dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = DATE
        dataset.PatientAge, dataset.PatientSex = f"{AGE_YEARS + scan:03d}Y", "F"
        dataset.file_meta.SourceApplicationEntityTitle = dataset.file_meta.SendingApplicationEntityTitle = CODE
        dataset.file_meta.PrivateInformationCreatorUID = f"{root}.5"
        dataset.file_meta.PrivateInformation = PRIVATE.encode() + b" " * (len(PRIVATE.encode()) % 2)
        dataset.preamble = (PRIVATE.encode() * 10)[:128]
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
        if group >= 0x0008 and DicomDictionary[tag][0] in ("CS", "AE", "UR") and DicomDictionary[tag][4] not in _NEEDED:
            dataset.add(DataElement(tag, DicomDictionary[tag][0], CODE))
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
    """Which marks some bytes hold: in any encoding and case, escaped, as base64 or hexadecimal, or inside something compressed."""
    data = b"\n".join([data, *_unpacked(data)])
    variants = (data, data.lower())
    return {secret for secret in SECRETS if any(spelled in variant for spelled in _spellings(secret) for variant in variants)}


@cache
def _spellings(secret: str) -> tuple[bytes, ...]:
    """How a mark looks in a file."""
    found: set[bytes] = set()
    for text in {secret, secret.lower(), secret.upper(), unicodedata.normalize("NFD", secret)}:
        found |= {urllib.parse.quote(text).encode(), json.dumps(text)[1:-1].encode()}
        for encoding in _ENCODINGS:
            try:
                plain = text.encode(encoding)
            except UnicodeEncodeError:  # an accent of its own, in Latin-1
                continue
            found |= {plain, plain.hex().encode(), plain.hex().upper().encode(), *_base64(plain)}
    return tuple(found)


def _base64(plain: bytes) -> Iterator[bytes]:
    """The middle of the three ways in which bytes lie in base64."""
    for shift in range(3):
        fill = -(shift + len(plain)) % 3
        coded = base64.b64encode(b"\0" * shift + plain + b"\0" * fill)
        # Characters that hold bits of the neighbours are left out.
        yield coded[(0, 2, 3)[shift] : len(coded) - (0, 2, 3)[fill]]


def _unpacked(data: bytes) -> Iterator[bytes]:
    if data.startswith(b"\x89PNG"):
        yield from _chunk_texts(data)
    if data.startswith(b"\x1f\x8b"):
        yield gzip.decompress(data)
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                yield member.filename.encode()
                yield archive.read(member)


def hashes_in(data: bytes, texts: Iterable[str]) -> set[str]:
    """Which texts some bytes hold as a hash without a key: whoever guesses the text could confirm it."""
    found: set[str] = set()
    for text in texts:
        for spelled in {text, text.casefold(), text.upper()}:
            for name in ("md5", "sha1", "sha256", "sha512", "blake2b"):
                digest = hashlib.new(name, spelled.encode()).digest()
                looks = (digest[:8], digest.hex()[:16].encode(), base64.b64encode(digest)[:10], base64.b32encode(digest)[:12].lower())
                if any(look in data for look in looks):
                    found.add(text)
    return found


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
