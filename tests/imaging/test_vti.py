from __future__ import annotations

import base64
import zlib
from pathlib import Path

import numpy as np
import pytest

from sos_studio.core.errors import BadInputError
from sos_studio.imaging import sources

ARRAY_KJI = np.random.default_rng(0).integers(-1000, 3000, (9, 10, 11)).astype(np.int16)
HEAD = (
    '<?xml version="1.0"?>\n<VTKFile type="ImageData" version="1.0" byte_order="LittleEndian" header_type="UInt32" {compressor}>'
    '<ImageData WholeExtent="2 12 0 9 0 8" Origin="5 6 7" Spacing="0.3 0.4 0.5" Direction="0 -1 0 1 0 0 0 0 1">'
    '<Piece Extent="2 12 0 9 0 8"><PointData Scalars="s"><DataArray type="Int16" Name="s" {array}>{text}</DataArray></PointData>'
    "</Piece></ImageData>"
)


def word(*numbers: int) -> bytes:
    return np.array(numbers, dtype="<u4").tobytes()


def compressed() -> bytes:
    raw = ARRAY_KJI.tobytes()
    blocks = [zlib.compress(raw[n : n + 512]) for n in range(0, len(raw), 512)]
    header = word(len(blocks), 512, len(raw) % 512, *(len(b) for b in blocks))
    return base64.b64encode(header) + base64.b64encode(b"".join(blocks))


def files() -> dict[str, bytes]:
    raw = ARRAY_KJI.tobytes()
    end = b"</VTKFile>"

    def head(array: str, text: str = "", compressor: str = "") -> bytes:
        return HEAD.format(array=array, text=text, compressor=compressor).encode()

    zipped = 'compressor="vtkZLibDataCompressor"'
    return {
        "ascii": head('format="ascii"', " ".join(str(v) for v in ARRAY_KJI.reshape(-1))) + end,
        "binary": head('format="binary"', base64.b64encode(word(len(raw)) + raw).decode()) + end,
        "binary zlib": head('format="binary"', compressed().decode(), zipped) + end,
        "appended raw": head('format="appended" offset="0"')
        + b'<AppendedData encoding="raw">\n_'
        + word(len(raw))
        + raw
        + b"\n</AppendedData>"
        + end,
        "appended base64 zlib": head('format="appended" offset="0"', "", zipped)
        + b'<AppendedData encoding="base64">_'
        + compressed()
        + b"</AppendedData>"
        + end,
    }


@pytest.mark.parametrize("kind", sorted(files()))
def test_every_encoding_brings_the_same_scan(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.vti").write_bytes(files()[kind])
    loaded = sources.load_series(tmp_path / "a.vti")
    np.testing.assert_array_equal(loaded.volume.array_kji, ARRAY_KJI)
    expected = [[0, -0.4, 0, 5], [0.3, 0, 0, 6.6], [0, 0, 0.5, 7], [0, 0, 0, 1]]
    np.testing.assert_allclose(loaded.volume.lps_from_ijk, expected, atol=1e-12)
    assert "scan.assumed_lps" in [problem.code for problem in loaded.info.problems]


@pytest.mark.parametrize("kind", sorted(files()))
def test_damaged_files_are_refused(tmp_path: Path, kind: str) -> None:
    whole = files()[kind]
    for share in (0.0, 0.2, 0.6, 0.95):
        (tmp_path / "a.vti").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(BadInputError) as error:
            sources.load_volume(tmp_path / "a.vti")
        assert error.value.code == "scan.cannot_parse"
