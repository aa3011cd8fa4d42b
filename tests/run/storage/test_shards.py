"""The tables of one block on disk."""

import dataclasses
import io
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gridjax.errors import DamageError
from gridjax.run.evaluation.network_metrics import spec_columns
from gridjax.run.planning.blocks import block_name
from gridjax.run.storage.block_results import BlockResults
from gridjax.run.storage.shards import Shard, read_parquet, to_parquet
from gridjax.run.storage.tables.earlier_versions import completed
from gridjax.run.storage.tables.schema import TABLES
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import SEEDS


def test_no_thread_holds_the_bytes_of_a_table_after_it_is_read():
    # A thread that still held them when Python ends would abort the process.
    content = to_parquet(TABLES["networks"].empty_table())
    held = sys.getrefcount(content)
    for _ in range(300):  # pq.read_table returns before such a thread in about one call of ten
        read_parquet(content, Path("networks.parquet"), "networks")
        assert sys.getrefcount(content) == held


OF_EVERY_VERSION = ("rnn_type", "Np", "place_field_values", "place_cell_rf", "box_width_in_m")
OF_EVERY_VERSION += ("batch_size", "learning_rate")
NETWORKS = {"run_id": ["a", "b"], "status": ["finished"] * 2, "Ng": [8, 16], "seed": [0, 1]}
NETWORKS |= {name: [getattr(NetworkSpec(), name)] * 2 for name in OF_EVERY_VERSION}
NETWORKS |= {"loss": [1.0, float("nan")]}


def without(columns, *names):
    return {name: values for name, values in columns.items() if name not in names}


def of_earlier_version(columns, name="networks"):
    schema = pa.schema([TABLES[name].field(column) for column in columns])
    return to_parquet(pa.table(columns, schema=schema))


def test_networks_of_an_earlier_version_have_defaults_and_unknown_measures():
    found = read_parquet(of_earlier_version(NETWORKS), Path("networks.parquet"), "networks")
    assert found.schema.equals(TABLES["networks"])
    rows = found.to_pandas()
    assert list(rows["run_id"]) == ["a", "b"]
    assert list(rows["Ng"]) == [8, 16]
    assert list(rows["loss"].fillna(-1)) == [1.0, -1.0]
    defaults = spec_columns(NetworkSpec())
    for field in dataclasses.fields(NetworkSpec):
        expected = defaults[field.name]
        if expected is None or field.name in SEEDS:  # a seed follows the seed of its network
            assert rows[field.name].isna().all(), field.name
        elif field.name not in NETWORKS:
            assert list(rows[field.name]) == [expected, expected], field.name
    assert rows["score_60_by_neuron_max"].isna().all()


@pytest.mark.parametrize(
    ("columns", "change"),
    [
        (without(NETWORKS, "run_id"), None),  # no key
        (without(NETWORKS, "status"), None),  # neither finished nor diverged
        *((without(NETWORKS, name), None) for name in ("Ng", "seed", *OF_EVERY_VERSION)),
        (NETWORKS, pa.field("novel", pa.int64())),
        (NETWORKS, pa.field("Np", pa.string())),  # another type
        (NETWORKS, pa.field("loss", pa.float64())),  # twice
    ],
)
def test_tables_with_other_columns_are_refused(columns, change):
    table = pq.read_table(io.BytesIO(of_earlier_version(columns)))
    if change is not None:
        table = table.append_column(change, pa.array([None] * len(table), change.type))
    with pytest.raises(DamageError, match="other columns"):
        read_parquet(to_parquet(table), Path("networks.parquet"), "networks")


@pytest.mark.parametrize(
    ("name", "column"),
    [("units", "unit"), ("units", "nbins"), ("history", "step"), ("nulls", "readout")],
)
def test_rows_of_nothing_known_are_refused(name, column):
    table = TABLES[name].empty_table()
    assert read_parquet(to_parquet(table), Path("t.parquet"), name).equals(table)
    with pytest.raises(DamageError, match="other columns"):
        read_parquet(to_parquet(table.drop_columns([column])), Path("t.parquet"), name)


def test_a_shard_of_an_earlier_version_is_intact_and_has_no_rows_of_tables_it_lacks(tmp_path):
    tables = {name: schema.empty_table() for name, schema in TABLES.items()}
    tables["networks"] = completed(pa.table({"run_id": ["a"]}), "networks")
    del tables["robustness"], tables["spectra"]
    name = block_name(["a"])
    shard = Shard.write(tmp_path / name, BlockResults(("a",), tables, {}, {}))
    shard.check()
    assert shard.is_intact()
    assert shard.table("robustness").equals(TABLES["robustness"].empty_table())
    assert shard.read().tables["networks"]["run_id"].to_pylist() == ["a"]
    del tables["units"]
    (tmp_path / "other").mkdir()
    without = Shard.write(tmp_path / "other" / name, BlockResults(("a",), tables, {}, {}))
    assert not without.is_intact()
    with pytest.raises(DamageError, match="units"):
        without.table("units")
