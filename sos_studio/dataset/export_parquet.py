"""Tables as Parquet, typed, by polars (which comes with ultralytics anyway and is smaller than pyarrow)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from sos_studio.dataset.export_columns import Column


def encode(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> bytes:
    """One Parquet file.

    Parameters
    ----------
    rows
        In the order of `columns`; None is an empty cell. Moments have their zone.

    Returns
    -------
    bytes
        zstd inside; the key-value metadata holds each column's meaning under its name.
    """
    import polars

    types: dict[str, Any] = {
        "text": polars.String,
        "int": polars.Int64,
        "float": polars.Float64,
        "bool": polars.Boolean,
        "time": polars.Datetime("us", "UTC"),
        "floats": polars.List(polars.Float64),
    }
    schema = {column.name: types[column.type] for column in columns}
    frame = polars.DataFrame([tuple(row) for row in rows], schema=schema, orient="row")
    stream = io.BytesIO()
    frame.write_parquet(stream, compression="zstd", metadata={column.name: column.meaning for column in columns})
    return stream.getvalue()
