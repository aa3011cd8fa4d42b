"""Time of a gradient step: gridjax on all workers, PyTorch, and plain matrix products.

`python -m benchmarks.train`, or `gridjax bench train`.
"""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from typing import Any

from gridjax.run.calibration.timed_workers import timed_workers
from gridjax.run.execution.devices import start_devices
from gridjax.run.planning.plan import flop_per_step
from gridjax.run.worker.machine import n_cores

from .ceiling import ceilings
from .fleet import Fleet
from .options import Options, Say
from .peers.processes import MISSING, has_pytorch, tuned_peers
from .samework import check
from .timing import in_turns, ratio, steps_for


def measure(options: Options, say: Say) -> dict[str, Any]:
    """Return a row for each size; each round measures products, gridjax and PyTorch once."""
    peer = options.with_pytorch and has_pytorch()
    if options.with_pytorch and not peer:
        say(MISSING)
    kind = start_devices(keep_programs=False)[0].device_kind
    with timed_workers(list(options.sizes.values())) as workers:
        rows = [
            _row(name, Fleet(spec, kind, workers), options, peer, say)
            for name, spec in options.sizes.items()
        ]
    return {"repeats": options.repeats, "rows": rows}


def _row(name: str, fleet: Fleet, options: Options, with_peer: bool, say: Say) -> dict[str, Any]:
    spec = fleet.spec
    first_step_s = fleet.first_step()
    compile_s, block_bytes = fleet.compiled()
    n_steps = steps_for(options.seconds, fleet.train)
    flop = flop_per_step(spec.static)

    network_steps = n_steps * fleet.n_networks
    cpu_s: list[float] = []

    def ours() -> float:
        fleet.cpu.take()
        seconds = fleet.train(n_steps)
        cpu_s.append(fleet.cpu.take())
        return seconds * 1e3 / network_steps

    products = ceilings(
        options.shapes,
        start_devices(keep_programs=False),
        options.seconds / 5,
        options.with_pytorch,
    )
    works = {f"ceiling {shape}": each.gflop_per_s for shape, each in products.items()}
    works["gridjax"] = ours
    difference, peers = None, tuned_peers(spec, options.seconds) if with_peer else {}
    with ExitStack() as stack:
        for label, peer in peers.items():
            stack.enter_context(peer)
            difference = check(spec, peer.loss)
            works[label] = peer.ms_per_network_step
        told = in_turns(works, options.repeats)
    shapes = {
        key.removeprefix("ceiling "): statistics.median(values)
        for key, values in told.items()
        if key.startswith("ceiling")
    }
    best = max(shapes, key=lambda shape: shapes[shape])
    rate = [flop / ms / 1e6 for ms in told["gridjax"]]
    cpu_ms = [seconds * 1e3 / network_steps for seconds in cpu_s]
    rate_of_cpu = [flop * 1e3 / max(ms, 1e-6) for ms in cpu_ms]
    row: dict[str, Any] = {
        "size": name,
        "Ng": spec.Ng,
        "Np": spec.Np,
        "batch_size": spec.batch_size,
        "sequence_length": spec.sequence_length,
        "flop_per_network_step": flop,
        "networks": fleet.n_networks,
        "lane_width": fleet.lane_width,
        "steps": n_steps,
        "compile_s": compile_s,
        "first_step_s": first_step_s,
        "bytes_per_block": block_bytes,
        "ms_per_network_step": statistics.median(told["gridjax"]),
        "ms_fastest_round": min(told["gridjax"]),
        "gflop_per_s": statistics.median(rate),
        "ceiling_gflop_per_s": shapes[best],
        "ceiling_library": best.partition(" ")[0],
        "ceiling_by_shape": shapes,
        "share_of_ceiling": ratio(rate, told[f"ceiling {best}"]),
        "cpu_ms_per_network_step": statistics.median(cpu_ms),
        "share_of_ceiling_per_cpu_s": ratio(rate_of_cpu, products[best].flop_per_cpu_s),
        "cores_had": statistics.median(
            cpu / wall for cpu, wall in zip(cpu_ms, told["gridjax"], strict=True)
        ),
        "pytorch": None,
        "rounds": told,
    }
    if peers:
        row["pytorch"] = {
            "loss_difference": difference,
            "way": str(peers["pytorch"].way),
            "ms_per_network_step": statistics.median(told["pytorch"]),
            "gflop_per_s": flop / statistics.median(told["pytorch"]) / 1e6,
            "times_slower": ratio(told["pytorch"], told["gridjax"]),
            "cpu_ms_per_network_step": statistics.median(peers["pytorch"].cpu_ms),
            "cpu_times": ratio(peers["pytorch"].cpu_ms, cpu_ms),
            "peak_bytes": peers["pytorch"].peak_bytes,
            "processes": n_cores(),
            "per_core_way": str(peers["pytorch_per_core"].way),
            "per_core_ms_per_network_step": statistics.median(told["pytorch_per_core"]),
            "per_core_times_slower": ratio(told["pytorch_per_core"], told["gridjax"]),
            "per_core_cpu_times": ratio(peers["pytorch_per_core"].cpu_ms, cpu_ms),
        }
    say(_line(row))
    return row


def _line(row: dict[str, Any]) -> str:
    text = (
        f"{row['size']}: {row['ms_per_network_step']:.3g} ms for each network-step,"
        f" {row['gflop_per_s']:.0f} GFLOP/s,"
        f" {row['share_of_ceiling']:.0%} of {row['ceiling_gflop_per_s']:.0f} in plain products"
        f" ({row['ceiling_library']});"
        f" first step after {row['first_step_s']:.1f} s (compilation {row['compile_s']:.1f} s);"
        f" {row['bytes_per_block'] / 1e6:.0f} MB for a block of {row['lane_width']};"
        f" {row['cpu_ms_per_network_step']:.3g} ms of processor time"
        f" ({row['cores_had']:.2f} cores at once), {row['share_of_ceiling_per_cpu_s']:.0%} of"
        f" plain products"
    )
    if (peer := row["pytorch"]) is None:
        return text
    return text + (
        f"; PyTorch {peer['ms_per_network_step']:.3g} ms ({peer['way']}),"
        f" {peer['times_slower']:.2f} times as long; {peer['processes']} processes"
        f" {peer['per_core_ms_per_network_step']:.3g} ms, {peer['per_core_times_slower']:.2f}"
        f" times; of processor time {peer['cpu_times']:.2f} and"
        f" {peer['per_core_cpu_times']:.2f} times"
    )


if __name__ == "__main__":
    from .suite import main

    main("train")
