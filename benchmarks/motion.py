"""Times of trajectories: compiled by gridjax, vectorised in NumPy, and one animal at a time.

`python -m benchmarks.motion`, or `gridjax bench motion`. All three simulate the study's motion. The
time of a call is measured on the host, as in a trainer.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from gridjax.prng import Stream, stream
from gridjax.run.execution.devices import start_devices
from gridjax.spec.network import NetworkSpec
from gridjax.task.motion import square_walk

from .options import Options, Say
from .peers import numpy_motion
from .timing import in_turns, ratio, seconds_of, steps_for

N_MOVES = 20


def measure(options: Options, say: Say) -> dict[str, Any]:
    """Return a row for each number of trajectories in one call, on one device."""
    device = start_devices(keep_programs=False)[0]
    with jax.default_device(device):
        rows = [_row(batch_size, options, say) for batch_size in options.batches]
    return {"repeats": options.repeats, "rows": rows}


def _row(batch_size: int, options: Options, say: Say) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    traced = jax.device_put(NetworkSpec().traced)
    simulate = jax.jit(
        lambda step: square_walk.simulate(
            stream(traced.motion_seed, Stream.MOTION, step), N_MOVES, batch_size, traced
        )
    )
    steps = itertools.count()

    def compiled() -> None:
        jax.block_until_ready(simulate(np.int32(next(steps))))

    def at_once() -> None:
        numpy_motion.simulate(rng, N_MOVES, batch_size)

    def one_by_one() -> None:
        numpy_motion.walk_one_by_one(numpy_motion.draw(rng, N_MOVES, batch_size))

    compile_s = seconds_of(compiled)
    works = {"gridjax": compiled, "numpy": at_once, "loop": one_by_one}
    told = in_turns(
        {name: _ms_a_batch(work, options.seconds / 4) for name, work in works.items()},
        options.repeats,
    )
    row = {
        "trajectories": batch_size,
        "moves": N_MOVES,
        "compile_s": compile_s,
        "gridjax_ms": statistics.median(told["gridjax"]),
        "numpy_ms": statistics.median(told["numpy"]),
        "loop_ms": statistics.median(told["loop"]),
        "times_numpy": ratio(told["numpy"], told["gridjax"]),
        "times_loop": ratio(told["loop"], told["gridjax"]),
        "rounds": told,
    }
    say(
        f"{batch_size} trajectories of {N_MOVES} moves: {row['gridjax_ms']:.3g} ms"
        f" (compiled in {compile_s:.1f} s); NumPy {row['numpy_ms']:.3g} ms,"
        f" {row['times_numpy']:.1f} times as long; a loop over animals {row['loop_ms']:.3g} ms,"
        f" {row['times_loop']:.0f} times as long"
    )
    return row


def _ms_a_batch(work: Callable[[], None], seconds: float) -> Callable[[], float]:
    def repeat(times: int) -> float:
        return seconds_of(lambda: [work() for _ in range(times)])

    times = steps_for(seconds, repeat)
    return lambda: repeat(times) * 1e3 / times


if __name__ == "__main__":
    from .suite import main

    main("motion")
