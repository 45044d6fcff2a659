"""The secret with which a project's pseudonyms are made: in the user's own data, one file per project, never in the project.

The project holds a check value that knows the right secret again. A computer without the secret therefore says so; it never makes another
one, under which known patients would silently become new ones.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from pathlib import Path
from typing import Literal

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, ProjectError
from sos_studio.core.settings import user_data_dir
from sos_studio.dataset import sql
from sos_studio.dataset.project import Project

SECRETS_DIR = "project-secrets"
# Before projects had secrets of their own, one key of the user made the pseudonyms of imported tables.
USER_KEY_FILE = "pseudonym.key"
SECRET_BYTES = 32
_HEADER = "sos-studio project secret 1"
_MAKING = threading.Lock()

State = Literal["here", "unused", "missing"]


def secret_of(project: Project) -> bytes:
    """The project's secret; the first call makes it. Not inside ``project.writing()``.

    Raises
    ------
    ProjectError
        ``secret.missing`` if it was made on another computer and not imported here; ``secret.damaged``; ``project.read_only`` where it
        would have to be made.
    """
    with _MAKING:
        path, check = _file(project), _stored_check(project)
        if not path.exists():
            if check is not None:
                raise ProjectError("secret.missing", project=project.directory.name)
            project.require_writable()
            _store(path, _user_key(project) or secrets.token_bytes(SECRET_BYTES))
        # Always what the file says: of two processes that made a secret at the same time, both then use the one that stayed.
        secret = path.read_bytes()
        if len(secret) != SECRET_BYTES or check not in (None, _check_of(secret)):
            # A new one in its place would silently give known patients new pseudonyms.
            raise ProjectError("secret.damaged", project=project.directory.name)
        if check is None:
            project.require_writable()
            with project.writing() as session:
                session.scalars(sql.select(sql.ProjectRow)).one().secret_check = _check_of(secret)
        return secret


def state(project: Project) -> State:
    """Whether this computer has the secret; ``unused`` while the project has no need of one."""
    if _file(project).exists():
        return "here"
    return "unused" if _stored_check(project) is None else "missing"


def export_secret(project: Project, path: Path) -> None:
    """Write the secret to a file for a second workstation. Whoever has it can test names against the pseudonyms: keep it safe.

    Raises
    ------
    BadInputError
        ``secret.exists`` if a file of another kind would be replaced.
    """
    if path.exists() and _parsed(path)[0] != _HEADER:
        raise BadInputError("secret.exists", file=path.name)
    text = f"{_HEADER}:{project.project_id}:{secret_of(project).hex()}\n"
    atomic.replace(_write_private(path, text.encode("ascii")), path)
    atomic.sync_directory(path.parent)


def import_secret(project: Project, path: Path) -> None:
    """Make pseudonyms with the secret that another workstation exported.

    Raises
    ------
    BadInputError
        ``secret.bad_file`` if the file holds no secret; ``secret.of_other_project`` if it holds another project's.
    """
    header, project_id, secret = _parsed(path)
    check = _stored_check(project)
    # A project without a check value has no pseudonyms yet; its id alone must then agree.
    if header != _HEADER or len(secret) != SECRET_BYTES:
        raise BadInputError("secret.bad_file", file=path.name)
    if project_id != project.project_id or check not in (None, _check_of(secret)):
        raise BadInputError("secret.of_other_project", file=path.name, project=project.directory.name)
    target = _file(project)
    if not target.exists() or target.read_bytes() != secret:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic.replace(_write_private(target, secret), target)
        atomic.sync_directory(target.parent)


def _parsed(path: Path) -> tuple[str, str, bytes]:
    try:
        parts = path.read_text("ascii").strip().split(":")
        header, project_id, text = parts if len(parts) == 3 else ("", "", "")
        return header, project_id, bytes.fromhex(text)
    except (OSError, ValueError):
        return "", "", b""


def _file(project: Project) -> Path:
    return user_data_dir() / SECRETS_DIR / f"{project.project_id}.key"


def _stored_check(project: Project) -> str | None:
    with project.reading() as session:
        return session.scalar(sql.select(sql.ProjectRow.secret_check))


def _check_of(secret: bytes) -> str:
    return hmac.new(secret, b"sos-studio: is this the secret?", hashlib.sha256).hexdigest()[:16]


def _user_key(project: Project) -> bytes | None:
    """The older key, if pseudonyms of this project were made with it."""
    with project.reading() as session:
        if session.scalar(sql.select(sql.CaseRow.number).where(sql.CaseRow.patient.like("P-%")).limit(1)) is None:
            return None
    try:
        key = (user_data_dir() / USER_KEY_FILE).read_bytes()
    except OSError:
        return None
    return key if len(key) == SECRET_BYTES else None


def _store(path: Path, secret: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _write_private(path, secret)
    try:
        if not path.exists():
            os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its secret counts
    except OSError:
        atomic.replace(temporary, path)  # file systems without hard links
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
