"""Starting weights (ImageNet): found on this computer, or downloaded when a person asks for it. Never by themselves."""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from sos_studio.core import atomic
from sos_studio.core.errors import BadInputError, CancelledError
from sos_studio.core.jobs import SOURCE_SUFFIX
from sos_studio.core.settings import Settings, user_data_dir

if TYPE_CHECKING:
    # With TLS and all it takes 50 ms to import; hardly ever is anything fetched.
    from http.client import HTTPMessage

# The weights that timm itself loads for `pretrained=True`, by network.
_REPOSITORIES = {
    "test_resnet": "test_resnet.r160_in1k",
    "convnext_atto": "convnext_atto.d2_in1k",
    "convnext_femto": "convnext_femto.d1_in1k",
    "convnext_pico": "convnext_pico.d1_in1k",
    "convnext_nano": "convnext_nano.in12k_ft_in1k",
    "convnext_tiny": "convnext_tiny.in12k_ft_in1k",
    "convnext_small": "convnext_small.in12k_ft_in1k",
    "convnext_base": "convnext_base.fb_in22k_ft_in1k",
    "resnet18": "resnet18.a1_in1k",
    "resnet34": "resnet34.a1_in1k",
    "resnet50": "resnet50.a1_in1k",
    "efficientnet_b0": "efficientnet_b0.ra_in1k",
    "vit_tiny_patch16_224": "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
    "vit_small_patch16_224": "vit_small_patch16_224.augreg_in21k_ft_in1k",
    "vit_base_patch16_224": "vit_base_patch16_224.augreg2_in21k_ft_in1k",
    "vit_large_patch16_224": "vit_large_patch16_224.augreg_in21k_ft_in1k",
    "swin_tiny_patch4_window7_224": "swin_tiny_patch4_window7_224.ms_in1k",
    "swin_small_patch4_window7_224": "swin_small_patch4_window7_224.ms_in22k_ft_in1k",
    "swin_base_patch4_window7_224": "swin_base_patch4_window7_224.ms_in22k_ft_in1k",
}
_TIMEOUT_S = 20.0
_CHUNK = 1 << 18
_MOST_BYTES = 2 << 30


class _Reply(Protocol):
    headers: HTTPMessage

    def read(self, amount: int = ...) -> bytes: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class WeightsStatus:
    """What the app says once about starting weights.

    Attributes
    ----------
    code
        ``weights.found`` or ``weights.from_scratch``; words in `sos_studio.messages`.
    """

    network: str
    path: Path | None
    downloadable: bool

    @property
    def code(self) -> str:
        """Key of the words."""
        return "weights.from_scratch" if self.path is None else "weights.found"


def base_network(network: str) -> str:
    """The published architecture under a variant of ours (``convnext_tiny+attn`` → ``convnext_tiny``)."""
    return network.partition("+")[0]


def cache_dir() -> Path:
    """Where downloaded weights lie, or are put by hand as ``<network>.safetensors``."""
    return user_data_dir() / "weights"


def cache_file(network: str) -> Path:
    """Where the weights of a network are looked for."""
    return cache_dir() / f"{base_network(network)}.safetensors"


def weights_url(network: str) -> str | None:
    """The public address of a network's weights; None if we know of none."""
    repository = _REPOSITORIES.get(base_network(network))
    return None if repository is None else f"https://huggingface.co/timm/{repository}/resolve/main/model.safetensors"


def _licence(network: str) -> str:
    """Under which the weights are published, as timm says."""
    return "mit" if network.startswith("swin") else "apache-2.0"


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def find(network: str, chosen: Path | None = None) -> Path | None:
    """Starting weights on this computer: the chosen file, else the one in the settings, else the cache; None if there are none.

    Raises
    ------
    BadInputError
        ``weights.not_found`` or ``weights.unreadable`` for a chosen file only: one that was asked for is never replaced
        by another in silence.
    """
    if chosen is not None:
        if not chosen.is_file():
            raise BadInputError("weights.not_found", file=chosen.name)
        if not is_safetensors(chosen):
            raise BadInputError("weights.unreadable", file=chosen.name)
        return chosen.resolve()
    from_settings = Settings.load().weights.get(base_network(network))
    for path in ([Path(from_settings)] if from_settings else []) + [cache_file(network)]:
        if path.is_file() and is_safetensors(path):
            return path.resolve()
    return None


def status(network: str) -> WeightsStatus:
    """Whether training of a network can start from weights on this computer."""
    return WeightsStatus(network, find(network), weights_url(network) is not None)


def is_safetensors(path: Path) -> bool:
    """Whether a file is a complete safetensors file (its header adds up to its size); nothing of it is executed."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 2 <= length <= min(size - 8, 100_000_000):
                return False
            header = json.loads(stream.read(length))
        ends = [int(entry["data_offsets"][1]) for key, entry in header.items() if key != "__metadata__"]
        return bool(ends) and 8 + length + max(ends) == size
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return False


def download_weights(
    network: str,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    *,
    open_url: Callable[[str], _Reply] | None = None,
) -> Path:
    """Fetch a network's weights into the cache. The only place of SOS Studio that uses the network, and only when asked.

    Parameters
    ----------
    progress
        Called with the share done, 0 … 1.
    open_url
        How an address is opened; tests pass their own.

    Raises
    ------
    BadInputError
        ``weights.none_published``, ``weights.download_failed``, ``weights.unreadable``.
    CancelledError
        If `cancelled` says so; nothing stays behind.
    """
    from http.client import HTTPException
    from urllib.error import URLError

    url = weights_url(network)
    if url is None:
        raise BadInputError("weights.none_published", network=network)
    target = cache_file(network)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with contextlib.closing((open_url or _open_url)(url)) as reply, open(partial, "xb") as stream:
            _copy(reply, stream.write, progress, cancelled)
        if not is_safetensors(partial):
            raise BadInputError("weights.unreadable", file=target.name)
        # First the note: weights without one are whole, a note of other weights is not believed.
        atomic.write_json(target.with_suffix(SOURCE_SUFFIX), {"source": url, "licence": _licence(network), "sha256": _sha256(partial)})
        atomic.replace(partial, target)
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise BadInputError("weights.download_failed", network=network, reason=str(reason) or type(error).__name__) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
    atomic.sync_directory(target.parent)
    return target


def _open_url(url: str) -> _Reply:
    from urllib.request import Request, urlopen

    return cast(_Reply, urlopen(Request(url, headers={"User-Agent": "sos-studio"}), timeout=_TIMEOUT_S))


def _copy(
    reply: _Reply, write: Callable[[bytes], int], progress: Callable[[float], None] | None, cancelled: Callable[[], bool] | None
) -> None:
    total, done = int(reply.headers.get("Content-Length") or 0), 0
    while chunk := reply.read(_CHUNK):
        if cancelled is not None and cancelled():
            raise CancelledError
        done += len(chunk)
        if done > _MOST_BYTES:
            raise OSError("more data than any network has")
        write(chunk)
        if progress is not None and total:
            progress(min(done / total, 1.0))
    if total and done != total:
        raise OSError("the connection was cut")
