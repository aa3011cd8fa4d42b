"""The order of the rows of a table: the order of the networks in the sweep or the block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from jaxtyping import Int

from gridjax.run.storage.tables.schema import ROW_KEYS, TABLES


def in_order(name: str, parts: Sequence[pa.Table], keys: Sequence[str]) -> pa.Table:
    """Return the rows of several blocks as one table, sorted by ``keys``.

    ``keys`` are the run_ids of the networks, or the null_ids of the null scores, in the wanted
    order. Rows of other keys are left out. If several blocks contain a key, as with null scores,
    only the rows of the first block are used. The order of the rows of a key does not change.
    """
    whole = pa.concat_tables([TABLES[name].empty_table(), *parts]).combine_chunks()
    names, starts, ends = _runs_of_equal_keys(whole, ROW_KEYS[name], [len(each) for each in parts])
    run_of: dict[str, int] = {}
    for run, key in enumerate(names):
        run_of.setdefault(key, run)
    order = np.asarray([run_of[key] for key in keys if key in run_of], np.int64)
    if len(names) == len(whole):  # one row for each key
        return whole.take(order)
    slices = [whole.slice(starts[run], ends[run] - starts[run]) for run in order]
    return pa.concat_tables([TABLES[name].empty_table(), *slices]).combine_chunks()


def _runs_of_equal_keys(
    table: pa.Table, column: str, lengths: Sequence[int]
) -> tuple[list[str], Int[np.ndarray, " run"], Int[np.ndarray, " run"]]:
    """Return the key, the first row and the end of each run of rows with equal keys.

    The table consists of parts with ``lengths`` rows; a run does not continue in the next part.
    """
    if not len(table):
        return [], np.zeros(0, int), np.zeros(0, int)
    encoded = table[column].combine_chunks().dictionary_encode()
    codes = np.asarray(encoded.indices)
    is_start = np.diff(codes, prepend=-1) != 0
    first_of_part = np.cumsum([0, *lengths])
    is_start[first_of_part[first_of_part < len(codes)]] = True
    starts = np.flatnonzero(is_start)
    names = encoded.dictionary.to_pylist()
    return [names[codes[start]] for start in starts], starts, np.append(starts[1:], len(codes))
