"""Memory of a block on cards, by program and size, as their compilers report it.

`python -m benchmarks.lane_table [--cards h100,v5e] [--missing]` compiles the programs of training
and evaluation for cards that need not be here, each at two lane widths, and writes
gridjax/run/planning/compiled_memory.csv. The default lane widths must fit these numbers. It needs
the extras cuda13 and tpu, and one to five minutes for each row. --missing keeps the rows that the
file has; without it, the rows of the chosen cards are compiled again.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import gridjax
from gridjax.accelerators.absent_device import absent_device
from gridjax.accelerators.card_info import CARDS
from gridjax.run.card_plan.programs import CardProgram, evaluation_programs, training_program
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.run_settings import EvaluationSettings
from gridjax.training.memory_analysis import bytes_needed

from .options import SIZES

TABLE = Path(gridjax.__file__).parent / "run" / "planning" / "compiled_memory.csv"
WIDTHS = (8, 32)
"""Lane widths that are compiled; the memory is a line through both."""
TRAINING = "training"
MAPS, READOUTS, DIMENSIONS = "rate maps and errors", "null readouts", "dimensions"
"""Programs of an evaluation whose memory grows with the lanes."""
SIZE = ("rnn_type", "Ng", "Np", "batch_size", "sequence_length", "matmul_precision")
"""Columns that describe a network; the other fields are those of options.SIZES."""
HEADER = ("card", "program", *SIZE, "fixed_bytes", "bytes_per_lane")

_SMALL = replace(SIZES["small"], matmul_precision="tf32")
_STUDY = replace(SIZES["paper"], matmul_precision="tf32")
_FEW = replace(_STUDY, Ng=128)
_MANY = replace(_STUDY, Ng=4096)
_LSTM = replace(_STUDY, Ng=256, rnn_type="LSTM")
_COMPARED = ((TRAINING, _STUDY), (MAPS, _STUDY))
"""Rows of cards that are only compared with another card."""
_BOTH = (
    *((program, spec) for spec in (_FEW, _STUDY, _SMALL) for program in (TRAINING, MAPS)),
    (READOUTS, _STUDY),
    *((program, spec) for spec in (_MANY, _LSTM) for program in (TRAINING, MAPS)),
    (READOUTS, _SMALL),
    (DIMENSIONS, _STUDY),
)
_OF_GPU = (
    *((TRAINING, replace(_STUDY, matmul_precision=name)) for name in ("float32", "bf16")),
    *((TRAINING, replace(_STUDY, Ng=256, rnn_type=cell)) for cell in ("UGRNN", "GRU", "SRNN")),
    *((TRAINING, replace(_STUDY, Ng=n)) for n in (256, 512, 2048)),
    (TRAINING, replace(_SMALL, batch_size=32, sequence_length=50)),
)
ROWS = {"h100": (*_BOTH, *_OF_GPU), "h200": _COMPARED, "a100": _COMPARED, "v5e": _BOTH}
"""Card -> programs and networks, the most used ones first."""


def program_of(name: str, spec: NetworkSpec, lane_width: int, device: Any) -> CardProgram:
    """Return a program of a block of ``lane_width`` networks like ``spec``."""
    if name == TRAINING:
        return training_program(spec, spec.static, lane_width, device)
    programs = evaluation_programs(spec, EvaluationSettings(), lane_width, device)
    return next(program for program in programs if program.name == name)


def needed(name: str, spec: NetworkSpec, lane_width: int, device: Any) -> int:
    """Return the memory of a program, in bytes, as the compiler of the device reports it."""
    return bytes_needed(program_of(name, spec, lane_width, device).compile())


def measure(card: str, name: str, spec: NetworkSpec) -> dict[str, str]:
    """Return one row of the table."""
    device, (few, many) = absent_device(CARDS[card]), WIDTHS
    low, high = (needed(name, spec, width, device) for width in WIDTHS)
    of_lane = (high - low) / (many - few)
    row = {"card": card, "program": name, **{field: getattr(spec, field) for field in SIZE}}
    row |= {"fixed_bytes": round(low - few * of_lane), "bytes_per_lane": round(of_lane)}
    return {column: str(value) for column, value in row.items()}


def read_table() -> list[dict[str, str]]:
    """Return the rows of the file; none if there is no file."""
    if not TABLE.exists():
        return []
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def _key(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[column] for column in HEADER[:-2])


def _write(rows: list[dict[str, str]]) -> None:
    def order(row: dict[str, str]) -> tuple[Any, ...]:
        sizes = (int(row[name]) for name in ("Np", "Ng", "batch_size"))
        return (list(CARDS).index(row["card"]), row["program"], *sizes, _key(row))

    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=order))


def main() -> None:
    """Compile, and write the table after each row."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cards", default=",".join(ROWS))
    parser.add_argument("--missing", action="store_true", help="compile only missing rows")
    chosen = parser.parse_args()
    rows, cards = read_table(), chosen.cards.split(",")
    if not chosen.missing:
        rows = [row for row in rows if row["card"] not in cards]
    for card in cards:
        for name, spec in ROWS[card]:
            empty = {"card": card, "program": name, **{f: getattr(spec, f) for f in SIZE}}
            key = tuple(map(str, empty.values()))
            if key in {_key(row) for row in rows}:
                continue
            rows.append(measure(card, name, spec))
            print(", ".join(rows[-1].values()), flush=True)
            _write(rows)


if __name__ == "__main__":
    main()
