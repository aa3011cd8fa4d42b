"""The tables of one block on disk."""

import sys
from pathlib import Path

from gridjax.run.storage.schema import TABLES
from gridjax.run.storage.shards import read_parquet, to_parquet


def test_no_thread_holds_the_bytes_of_a_table_after_it_is_read():
    # A thread that still held them when Python ends would abort the process.
    content = to_parquet(TABLES["networks"].empty_table())
    held = sys.getrefcount(content)
    for _ in range(300):  # pq.read_table returns before such a thread in about one call of ten
        read_parquet(content, Path("networks.parquet"), "networks")
        assert sys.getrefcount(content) == held
