"""The order of the rows of a table: the order of the networks in the sweep or the block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from gridjax.run.storage.schema import ROW_KEYS, TABLES


def in_order(name: str, parts: Sequence[pa.Table], keys: Sequence[str]) -> pa.Table:
    """Return the rows of several blocks as one table, sorted by ``keys``.

    ``keys`` are the run_ids of the networks, or the null_ids of the null scores, in the wanted
    order. Rows of other keys are left out. If several blocks contain a key, as with null scores,
    only the rows of the first block are used. The order of the rows of a key does not change.
    """
    rows: dict[str, pa.Table] = {}
    for part in parts:
        for key, own in _rows_by_key(part, ROW_KEYS[name]):
            rows.setdefault(key, own)
    ordered = [rows[key] for key in keys if key in rows]
    return pa.concat_tables([TABLES[name].empty_table(), *ordered]).combine_chunks()


def _rows_by_key(table: pa.Table, column: str) -> list[tuple[str, pa.Table]]:
    """Return the rows of each key; the rows of a key are next to each other in the table."""
    if not len(table):
        return []
    encoded = table[column].combine_chunks().dictionary_encode()
    codes = np.asarray(encoded.indices)
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = np.append(starts[1:], len(codes))
    names = encoded.dictionary.to_pylist()
    return [
        (names[codes[start]], table.slice(start, end - start))
        for start, end in zip(starts, ends, strict=True)
    ]
