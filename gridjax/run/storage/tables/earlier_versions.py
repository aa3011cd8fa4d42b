"""Tables of runs that an earlier version of gridjax has written: what they lack, and with what.

A later version may have new parameters, new measures and new tables. The networks of an earlier run
had the default of a new parameter, since a default keeps all results. Measures that did not exist
are missing values, and tables that did not exist have no rows.
"""

from __future__ import annotations

import dataclasses

import pyarrow as pa

from gridjax.run.evaluation.network_metrics import spec_columns
from gridjax.run.storage.tables.schema import ROW_KEYS, TABLES
from gridjax.spec.network import NetworkSpec
from gridjax.spec.parameters import SEEDS

ALWAYS = ("networks", "units", "history")
"""Tables of every version."""
_OF_ROWS = {
    *("status", "unit", "nbins", "step", "move", "cycles_per_box"),
    *("perturbation", "dose", "environment", "readout"),
}
"""Columns that say what a row is about, in the tables that have them; no version lacks them."""
_OF_NETWORKS = {
    *("rnn_type", "Ng", "Np", "place_field_values", "place_cell_rf", "box_width_in_m"),
    *("batch_size", "learning_rate", "seed"),
}
"""Parameters that the networks of every version have."""
_DEFAULTS = spec_columns(NetworkSpec())
_PARAMETERS = {field.name for field in dataclasses.fields(NetworkSpec)} - set(SEEDS)


def is_of_earlier_version(schema: pa.Schema, name: str) -> bool:
    """Return whether a table has some of the columns of this version, with equal types, no others.

    The columns that identify a row must be there, the parameters that every version has, and no
    column twice.
    """
    known = TABLES[name]
    has_known = all(
        each.name in known.names and each.type == known.field(each.name).type for each in schema
    )
    is_once = len(set(schema.names)) == len(schema.names)
    needed = {ROW_KEYS[name], *_OF_ROWS.intersection(known.names)}
    if name == "networks":
        needed |= _OF_NETWORKS
    return has_known and is_once and needed <= set(schema.names)


def completed(table: pa.Table, name: str) -> pa.Table:
    """Return a table of an earlier version with all columns of this version."""
    schema, n = TABLES[name], len(table)
    columns = [
        table[field.name]
        if field.name in table.column_names
        else pa.repeat(pa.scalar(_missing(name, field.name), field.type), n)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _missing(name: str, column: str) -> object:
    """Return the value of a column that a table lacks: the default of a parameter, else None."""
    return _DEFAULTS[column] if name == "networks" and column in _PARAMETERS else None
