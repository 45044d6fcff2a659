"""Patients' pseudonyms: keyed hashes whose key stays with the user, never in the project.

One key per user, not per project: the same patient has the same pseudonym in all of a user's projects, so that projects can be joined later
without a patient landing in two folds. A second workstation imports the exported key.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from pathlib import Path

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError
from sos_studio.core.settings import user_data_dir

KEY_FILE = "pseudonym.key"
_KEY_BYTES = 32
_KEY_HEADER = "sos-studio pseudonym key 1:"
# What add_case takes for a patient. Anything that could be a name is refused at the door.
_PSEUDONYM = re.compile(r"P(\d{4,7}|-[a-z2-7]{16})")
_PHANTOM = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")


def pseudonym(patient_text: str) -> str:
    """The pseudonym of a patient number or name, ``P-`` and 16 letters; case, accents' form and spaces at the ends don't matter."""
    text = unicodedata.normalize("NFKC", patient_text).strip().casefold()
    digest = hmac.new(_key(), text.encode("utf-8"), hashlib.sha256).digest()
    return "P-" + base64.b32encode(digest[:10]).decode("ascii").lower()


def require_pseudonym(patient: str, *, phantom: bool = False) -> str:
    """Return `patient` if it is a pseudonym; ``case.not_a_pseudonym`` if it might be a name."""
    if not (_PHANTOM if phantom else _PSEUDONYM).fullmatch(patient):
        raise BadInputError("case.not_a_pseudonym")
    return patient


def export_key(path: Path) -> None:
    """Write the key to a file for a second workstation. Whoever has it can test names against the pseudonyms: keep it safe."""
    _write_private(path, (_KEY_HEADER + _key().hex() + "\n").encode("ascii")).replace(path)
    atomic.sync_directory(path.parent)


def import_key(path: Path) -> None:
    """Use the key of another workstation from now on.

    Raises
    ------
    BadInputError
        ``pseudonyms.bad_key`` if the file is no exported key; ``pseudonyms.other_key`` if this computer already uses another one, because
        replacing it would give known patients new pseudonyms.
    """
    try:
        text = path.read_text("ascii").strip()
        key = bytes.fromhex(text.removeprefix(_KEY_HEADER)) if text.startswith(_KEY_HEADER) else b""
    except (OSError, ValueError):
        key = b""
    if len(key) != _KEY_BYTES:
        raise BadInputError("pseudonyms.bad_key", file=path.name)
    target = user_data_dir() / KEY_FILE
    if target.exists() and _key() != key:
        raise BadInputError("pseudonyms.other_key")
    _store(target, key)


def _key() -> bytes:
    path = user_data_dir() / KEY_FILE
    if not path.exists():
        _store(path, secrets.token_bytes(_KEY_BYTES))
    # Always what the file says: of two processes that made a key at the same time, both then use the one that stayed.
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        # A new key in its place would silently give known patients new pseudonyms.
        raise BadInputError("pseudonyms.bad_key", file=path.name)
    return key


def _store(path: Path, key: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _write_private(path, key)
    try:
        if not path.exists():
            os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its key counts
    except OSError:
        temporary.replace(path)  # file systems without hard links
        return
    temporary.unlink(missing_ok=True)


def _write_private(path: Path, data: bytes) -> Path:
    """A temporary file beside `path` that only the user can read."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return temporary
