"""Cost of a network by the number of networks in the population.

`python -m benchmarks.scaling`, or `gridjax bench scaling --figure FILE.png`.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from typing import Any

from gridjax.run.calibration.timed_workers import timed_workers
from gridjax.run.execution.devices import start_devices
from gridjax.run.worker.machine import n_cores

from .fleet import Fleet
from .options import Options, Say
from .peers.processes import MISSING, has_pytorch, tuned_peers
from .timing import in_turns, ratio

FLAT_FROM = 8
"""Number of networks from which the cost of one should be constant."""


def measure(options: Options, say: Say) -> dict[str, Any]:
    """Return a row for each population of networks of the first size.

    Each network is initialised and makes ``options.steps`` steps. Small populations are trained
    several times, so that every measurement takes at least ``options.seconds``.
    """
    name, spec = next(iter(options.sizes.items()))
    with timed_workers([spec]) as workers:
        fleet = Fleet(spec, start_devices(keep_programs=False)[0].device_kind, workers)
        return _measure(name, fleet, options, say)


def _measure(name: str, fleet: Fleet, options: Options, say: Say) -> dict[str, Any]:
    fleet.first_step()
    works, times = dict[str, Any](), {}
    for n_networks in options.populations:
        once = fleet.train_population(n_networks, options.steps)
        times[n_networks] = max(1, round(options.seconds / once))
        works[str(n_networks)] = _cost(fleet, n_networks, options.steps, times[n_networks])
    with_peer = options.with_pytorch and has_pytorch()
    if options.with_pytorch and not with_peer:
        say(MISSING)
    peers = tuned_peers(fleet.spec, options.seconds) if with_peer else {}
    with ExitStack() as stack:
        for label, peer in peers.items():
            works[label] = stack.enter_context(peer).ms_per_network_step
        told = in_turns(works, options.repeats)
    rows = [
        {
            "networks": n_networks,
            "ms_per_network_step": statistics.median(told[str(n_networks)]),
            "network_steps_per_s": 1e3 / statistics.median(told[str(n_networks)]),
            "steps": options.steps,
            "times": times[n_networks],
        }
        for n_networks in options.populations
    ]
    many = [str(n) for n in options.populations if n >= FLAT_FROM]
    medians = [statistics.median(told[each]) for each in many]
    result = {
        "size": name,
        "repeats": options.repeats,
        "rows": rows,
        "spread_from_8": max(medians) / min(medians) - 1 if many else None,
        "largest_over_8": ratio(told[many[-1]], told[many[0]]) if many else None,
        "pytorch_ms": statistics.median(told["pytorch"]) if with_peer else None,
        "pytorch_per_core_ms": (statistics.median(told["pytorch_per_core"]) if with_peer else None),
        "rounds": told,
    }
    for row in rows:
        say(
            f"{row['networks']:>4} networks ({name}): {row['ms_per_network_step']:.3g} ms for each"
            f" network-step, {row['network_steps_per_s']:,.0f} network-steps a second"
        )
    if many:
        say(f"from 8 networks, costs differ by {result['spread_from_8']:.1%}")
    if with_peer:
        say(
            f"PyTorch: {result['pytorch_ms']:.3g} ms in one process,"
            f" {result['pytorch_per_core_ms']:.3g} ms with one on each of {n_cores()} cores"
        )
    return result


def _cost(fleet: Fleet, n_networks: int, n_steps: int, times: int) -> Any:
    def ms_per_network_step() -> float:
        seconds = sum(fleet.train_population(n_networks, n_steps) for _ in range(times))
        return seconds * 1e3 / (n_networks * n_steps * times)

    return ms_per_network_step


if __name__ == "__main__":
    from .suite import main

    main("scaling")
