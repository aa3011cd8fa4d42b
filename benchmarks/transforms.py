"""Autocorrelation sums of maps by FFT and by matrix products, in float64, on this machine's device.

`python -m benchmarks.transforms [--bins 20,44] [--repeats 7]` prints for each number of bins the
milliseconds for each map by both, and their ratio of wall-clock time and of processor time: medians
over rounds in which both run once. The sums are those of f(p) f(p + lag) over p at every lag. Both
begin with maps [y, map, x] and end with arrays [side, dx, dy, map], in chunks of the size in use.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np

from gridjax.metrics.gridscore import dft_correlation, fft_correlation
from gridjax.metrics.map_batches import chunk_size

from .timing import Stopwatch, in_turns, ratio, seconds_of

BINS = (20, 32, 44, 64, 96, 128, 192, 256)


def by_fft(maps: jax.Array) -> jax.Array:
    """Return sum_p f(p) f(p + lag), [side, dx, dy, map], of float64 maps [y, map, x]."""
    return fft_correlation.autocorrelate(fft_correlation.spectrum(maps), len(maps))


def by_products(maps: jax.Array, b: dft_correlation.Basis) -> jax.Array:
    """Return the same from matrix products."""
    return dft_correlation.autocorrelate(dft_correlation.spectrum(maps, b), b)


def compare(n: int, repeats: int, n_maps: int | None = None) -> dict[str, Any]:
    """Return one row: both ways on the same maps of n x n bins.

    Args:
        n: number of bins along a side.
        repeats: number of rounds.
        n_maps: maps at once, by default a chunk of the default device.
    """
    platform = jax.default_backend()
    n_maps = chunk_size(n, platform) if n_maps is None else n_maps
    host = np.random.default_rng(n).random((n, n_maps, n))
    with jax.enable_x64(True):
        # Products are in use on a platform of this name at every number of bins.
        maps, tables = jax.device_put((host, dft_correlation.basis(n, platform="")))
        ways: dict[str, Callable[[], Any]] = {
            "fft": partial(jax.jit(by_fft), maps),
            "products": partial(jax.jit(by_products), maps, tables),
        }
        results = [np.asarray(way()) for way in ways.values()]
        clocks = {name: Stopwatch() for name in ways}

        def work(name: str) -> float:
            return clocks[name].time(
                lambda: seconds_of(lambda: jax.block_until_ready(ways[name]()))
            )

        seconds = in_turns({name: partial(work, name) for name in ways}, repeats)
    ms = {name: statistics.median(each) / n_maps * 1e3 for name, each in seconds.items()}
    return {
        "bins": n,
        "platform": platform,
        "maps": n_maps,
        "fft_ms": ms["fft"],
        "products_ms": ms["products"],
        "fft_maps_per_s": 1e3 / ms["fft"],
        "products_maps_per_s": 1e3 / ms["products"],
        "fft_to_products": ratio(seconds["fft"], seconds["products"]),
        "fft_to_products_cpu": ratio(clocks["fft"].cpu_s, clocks["products"].cpu_s),
        "largest_difference": float(np.abs(results[0] - results[1]).max() / results[1].max()),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transforms")
    parser.add_argument("--bins", default=",".join(map(str, BINS)))
    parser.add_argument("--repeats", type=int, default=7)
    given = parser.parse_args(arguments)
    print("bins  maps  fft ms/map  products ms/map  fft/products  of cpu time  largest difference")
    for n in map(int, given.bins.split(",")):
        row = compare(n, given.repeats)
        print(
            f"{n:4} {row['maps']:5} {row['fft_ms']:11.4f} {row['products_ms']:16.4f}"
            f" {row['fft_to_products']:13.2f} {row['fft_to_products_cpu']:12.2f}"
            f" {row['largest_difference']:19.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
