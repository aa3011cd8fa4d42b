"""Tables of several blocks: rows in the order of the sweep, shared null scores once."""

import pyarrow as pa
import pytest

from gridjax.run.storage.tables.schema import TABLES
from gridjax.run.storage.tables.table_order import in_order


def nulls(*rows):
    """A table of null scores: (null_id, readout) of each row."""
    schema = TABLES["nulls"]
    row = {"nbins": 20, "score_60": 0.5, "score_90": 0.1}
    return pa.Table.from_pylist(
        [row | {"null_id": name, "readout": number} for name, number in rows], schema=schema
    )


def rows_of(table):
    return list(zip(table["null_id"].to_pylist(), table["readout"].to_pylist(), strict=True))


A, B, C = ([(name, number) for number in range(3)] for name in "abc")


@pytest.mark.parametrize(
    "parts",
    [
        [[*A, *B], [*B, *C]],  # the same null at the end of one block and the start of the next
        [[*A], [*A], [*A], [*B], [*C]],
        [[*C, *A], [], [*B, *A]],
        [[*C], [*B], [*A]],
    ],
)
def test_null_scores_that_blocks_share_occur_once(parts):
    table = in_order("nulls", [nulls(*part) for part in parts], ["b", "a", "c"])
    assert rows_of(table) == [*B, *A, *C]
    assert table.schema.equals(TABLES["nulls"])


def test_one_row_for_each_key_is_reordered_and_others_are_left_out():
    parts = [[("a", 1), ("b", 2)], [("c", 3), ("a", 9)]]
    table = in_order("nulls", [nulls(*part) for part in parts], ["c", "a"])
    assert rows_of(table) == [("c", 3), ("a", 1)]


def test_no_rows_give_an_empty_table_with_the_columns_of_the_schema():
    for parts in ([], [nulls()], [nulls(), nulls()]):
        table = in_order("nulls", parts, ["a"])
        assert len(table) == 0
        assert table.schema.equals(TABLES["nulls"])
