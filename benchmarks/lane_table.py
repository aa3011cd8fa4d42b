"""Memory of a block on cards, by program, size and lanes, as their compilers report it.

`python -m benchmarks.lane_table [--cards h100,v5e] [--missing]` compiles the programs of training
and evaluation for cards that need not be here, most of them at two lane widths, and writes
gridjax/run/planning/compiled_memory.csv. The memory that default lane widths assume must not be
below these numbers. It needs the extras cuda13 and tpu, and one to five minutes for each row.
--missing keeps the rows that the file has; without it, the rows of the cards are compiled again.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gridjax
from gridjax.accelerators.absent_device import absent_device
from gridjax.accelerators.card_info import CARDS
from gridjax.run.card_plan.programs import CardProgram, evaluation_programs, training_program
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.memory_analysis import bytes_needed

from .options import SIZES

TABLE = Path(gridjax.__file__).parent / "run" / "planning" / "compiled_memory.csv"
TRAINING = "training"
MAPS, READOUTS, DIMENSIONS = "rate maps and errors", "null readouts", "dimensions"
"""Programs of an evaluation whose memory grows with the lanes."""
SIZE = ("rnn_type", "Ng", "Np", "batch_size", "sequence_length", "matmul_precision")
"""Columns that describe a network; the other fields are those of options.SIZES."""
HEADER: tuple[str, ...] = ("card", "program", *SIZE, "lanes", "bytes")

_SMALL = replace(SIZES["small"], matmul_precision="tf32")
_STUDY = replace(SIZES["paper"], matmul_precision="tf32")


def _study(**values: Any) -> NetworkSpec:
    return replace(_STUDY, **values)


Rows = tuple[tuple[str, NetworkSpec, tuple[int, ...]], ...]
_COMPARED: Rows = ((TRAINING, _STUDY, (64,)), (MAPS, _STUDY, (4,)))
"""Rows of NVIDIA cards that are only compared with another one."""
_GPU: Rows = (
    (TRAINING, _STUDY, (64, 256)),
    (TRAINING, _study(Ng=128), (256, 1024)),
    (MAPS, _STUDY, (4, 16)),
    (MAPS, _study(Ng=128), (8, 32)),
    (READOUTS, _study(Ng=128), (4,)),
    (READOUTS, _STUDY, (8,)),
    (DIMENSIONS, _study(Ng=128), (4,)),
    (TRAINING, _study(Ng=4096), (16, 64)),
    (MAPS, _study(Ng=4096), (4,)),
    (TRAINING, _SMALL, (256, 1024)),
    (MAPS, _SMALL, (16,)),
    (TRAINING, _study(Ng=256, rnn_type="LSTM"), (64,)),
    (MAPS, _study(Ng=256, rnn_type="LSTM"), (4,)),
    (TRAINING, _study(matmul_precision="bf16"), (64,)),
    (TRAINING, _study(matmul_precision="float32"), (64,)),
    (TRAINING, _study(Ng=256, rnn_type="UGRNN"), (64,)),
    (TRAINING, _study(Ng=2048), (64,)),
    (TRAINING, _study(Ng=256), (512,)),
    (READOUTS, _SMALL, (8,)),
)
_TPU: Rows = (
    (TRAINING, _STUDY, (8,)),
    (TRAINING, _study(Ng=128), (32,)),
    (MAPS, _study(Ng=128), (2,)),
    (READOUTS, _study(Ng=128), (4,)),
    (MAPS, _STUDY, (4,)),
)
ROWS = {"h100": _GPU, "v5e": _TPU, "h200": _COMPARED, "a100": _COMPARED}
"""Card -> programs, networks and lane widths, the most used ones first."""


def program_of(name: str, spec: NetworkSpec, lane_width: int, device: Any) -> CardProgram:
    """Return a program of a block of ``lane_width`` networks like ``spec``."""
    if name == TRAINING:
        return training_program(spec, spec.static, lane_width, device)
    programs = evaluation_programs(spec, EvaluationSettings(), lane_width, device)
    return next(program for program in programs if program.name == name)


def wanted(card: str) -> Iterator[tuple[dict[str, str], str, NetworkSpec, int]]:
    """Yield the columns of each row without its bytes, and what is compiled for it."""
    for program, spec, widths in ROWS[card]:
        for width in widths:
            size = {name: str(getattr(spec, name)) for name in SIZE}
            row = {"card": card, "program": program, **size, "lanes": str(width)}
            yield row, program, spec, width


def read_table() -> list[dict[str, str]]:
    """Return the rows of the file; none if there is no file."""
    if not TABLE.exists():
        return []
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def _write(rows: list[dict[str, str]]) -> None:
    def order(row: dict[str, str]) -> tuple[Any, ...]:
        sizes = (int(row[name]) for name in ("Np", "Ng", "batch_size"))
        texts = (row[name] for name in ("rnn_type", "matmul_precision"))
        card = list(ROWS).index(row["card"])
        return (card, row["program"], *sizes, *texts, int(row["lanes"]))

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
        device, known = absent_device(CARDS[card]), [row | {"bytes": ""} for row in rows]
        for row, program, spec, width in wanted(card):
            if row | {"bytes": ""} in known:
                continue
            needed = bytes_needed(program_of(program, spec, width, device).compile())
            rows.append(row | {"bytes": str(needed)})
            print(", ".join(rows[-1].values()), flush=True)
            _write(rows)


if __name__ == "__main__":
    main()
