"""Commands of the reproduction: see the package's docstring."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gridjax as gj
from gridjax import plotting

from . import __doc__ as description
from . import nulls
from .best_maps import best_maps, read_best_maps
from .comparison import by_setting, claims, read_tables
from .figure import draw
from .networks import maps_of, register_network, sweep
from .noise import noise_claims, noise_rows, noise_sweep
from .scores import row_of

NETWORK = ("rho", "size", "seed")
OF_NOISE = (*NETWORK, "noise_in_training", "noise_at_scoring")


def seeds_of(text: str) -> range:
    """Return the seeds FIRST-LAST."""
    first, last = map(int, text.split("-"))
    if not 0 <= first <= last:
        raise ValueError
    return range(first, last + 1)


def train(given: argparse.Namespace) -> None:
    """Train the networks of one part, or resume their training."""
    make = noise_sweep if given.noise else sweep
    gj.train(make(given.seeds, given.lane_width), given.out, workers=given.workers)


def score(given: argparse.Namespace) -> None:
    """Write the rows of the networks of one part."""
    run = gj.open_run(given.out)
    networks = [run.network(run_id) for run_id in run.networks["run_id"]]
    if given.noise:
        rows = [row for network in networks for row in noise_rows(network)]
    else:
        rows = [row_of(network, maps_of(network)) for network in networks]
    keys = OF_NOISE if given.noise else NETWORK
    pd.DataFrame(rows).sort_values(list(keys)).to_csv(given.table, index=False, float_format="%.6g")


def null(given: argparse.Namespace) -> None:
    """Write the rows of a null."""
    if not given.runs and given.null != "untrained":
        fix = "give the OUT folders of finished parts"
        raise gj.GridjaxError(gj.Problem(f"{given.null}: needs trained networks", fix=fix))
    table = nulls.table(given.null, given.seeds, [gj.open_run(one) for one in given.runs])
    table.to_csv(given.table, index=False, float_format="%.6g")


def maps(given: argparse.Namespace) -> None:
    """Write the best rate map of each setting."""
    arrays: dict[str, Any] = best_maps([gj.open_run(one) for one in given.runs])
    np.savez_compressed(given.file, **arrays)


def compare(given: argparse.Namespace) -> None:
    """Print both means of each setting."""
    table = by_setting(read_tables([given.published], ()), read_tables(given.tables, NETWORK))
    print(table.round(3).to_string(index=False))


def verdict(given: argparse.Namespace) -> None:
    """Print whether each claim holds."""
    if given.noise:
        for name, one in noise_claims(read_tables(given.tables, OF_NOISE)).items():
            interval = "" if np.isnan(one.low) else f" ({one.low:.3g} to {one.high:.3g})"
            print(f"{name}: {one.value:.3g}{interval}, {one.verdict}")
        return
    published, *tables = given.tables
    found = claims(by_setting(read_tables([published], ()), read_tables(tables, NETWORK)))
    for name, (value, holds) in found.items():
        print(f"{name}: {value:.3g}, {'holds' if holds else 'does not hold'}")


def figure(given: argparse.Namespace) -> None:
    """Draw the figure from tables."""
    published, ours = read_tables([given.published], ()), read_tables(given.tables, NETWORK)
    of_nulls = read_tables(given.nulls, ("null", *NETWORK)) if given.nulls else None
    shown = read_best_maps(given.maps) if given.maps else None
    given.folder.mkdir(parents=True, exist_ok=True)
    with plotting.styled():
        plotting.save(draw(published, ours, of_nulls, shown), given.folder)
    print(f"figure in {given.folder}")


def arguments() -> argparse.ArgumentParser:
    """Return the commands and their arguments."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)

    def command(run, *positional: str) -> argparse.ArgumentParser:
        made = commands.add_parser(run.__name__, help=run.__doc__)
        made.set_defaults(run=run)
        for name in positional:
            made.add_argument(name, type=Path)
        return made

    of_train = command(train, "out")
    of_train.add_argument("--seeds", type=seeds_of, default="0-15", help="first and last seed")
    of_train.add_argument("--workers", type=int, default=1)
    of_train.add_argument("--lane-width", type=int, default=4)
    of_score = command(score, "out", "table")
    of_null = commands.add_parser("nulls", help=null.__doc__)
    of_null.set_defaults(run=null)
    of_null.add_argument("null", choices=nulls.NULLS)
    of_null.add_argument("table", type=Path)
    of_null.add_argument("runs", type=Path, nargs="*", help="OUT folders of trained parts")
    of_null.add_argument("--seeds", type=seeds_of, default="0-63", help="first and last seed")
    command(maps, "file").add_argument("runs", type=Path, nargs="+")
    command(compare, "published").add_argument("tables", type=Path, nargs="+")
    of_verdict = command(verdict)
    of_verdict.add_argument(
        "tables", type=Path, nargs="+", help="the published table (not with --noise), then ours"
    )
    for each in (of_train, of_score, of_verdict):
        each.add_argument("--noise", action="store_true", help="the networks with noise")
    of_figure = command(figure, "folder", "published")
    of_figure.add_argument("tables", type=Path, nargs="+")
    of_figure.add_argument("--nulls", type=Path, nargs="+", help="tables of nulls")
    of_figure.add_argument("--maps", type=Path, help="the file of the command maps")
    return parser


def main(words: list[str] | None = None) -> int:
    """Run the command that the first word names; return the exit status."""
    given = arguments().parse_args(words)
    register_network()
    try:
        given.run(given)
    except gj.GridjaxError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
