"""The same networks in different companies: ``python -m torture.companies FOLDER``.

Each case trains the networks with other neighbours, in another order, in blocks and chunks of other
lengths, or with another number of worker processes or cores. The program prints one line of JSON
for each case with the networks whose results differ from those of the first case.
"""

import json
import os
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tiny import PLACE_CELLS, sweep_content
from torture.sweeps import long_blocks, shards

import gridjax as gj
from gridjax.run.worker import train_loop

SEEDS = [0, 3, 5, 8]
FEW_STEPS = {"n_grad_steps_per_epoch": {"value": 25}}
ONE_THREAD = {"PJRT_NPROC": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def sweep(seeds=SEEDS, rates=(2e-3,), codes=("gaussian", "difference_of_gaussians")):
    """Networks of one or two buckets, in lanes of two."""
    varied = {
        "seed": {"values": list(seeds)},
        "learning_rate": {"values": list(rates)},
        "place_field_values": {"values": list(codes)},
    }
    content = sweep_content(**PLACE_CELLS | FEW_STEPS | varied)
    content["gridjax"] = content["gridjax"] | {"lane_width": 2, "keep_maps": "all"}
    return gj.Sweep.from_dict(content)


@contextmanager
def chunks(seconds, first_steps):
    """Train in chunks of another length; in this process alone."""
    before = train_loop.CHUNK_SECONDS, train_loop.FIRST_CHUNK_STEPS
    train_loop.CHUNK_SECONDS, train_loop.FIRST_CHUNK_STEPS = seconds, first_steps
    try:
        yield
    finally:
        train_loop.CHUNK_SECONDS, train_loop.FIRST_CHUNK_STEPS = before


@contextmanager
def one_core():
    """Use one core in this process and in its worker processes."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def threads_of_jax():
    """Remove the limit of threads of this process: a single worker then is a process."""
    for name in ONE_THREAD:
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.update(ONE_THREAD)


CASES = {
    "in this process": (sweep(), 1, ()),
    "one process": (sweep(), 1, (threads_of_jax,)),
    "two processes": (sweep(), 2, ()),
    "three processes": (sweep(), 3, ()),
    "two processes on one core": (sweep(), 2, (one_core,)),
    "another order": (sweep(SEEDS[::-1]), 1, ()),
    "other lanes": (sweep(SEEDS[1:] + SEEDS[:1]), 1, ()),
    "one alone, padded": (sweep([3], codes=["gaussian"]), 1, ()),
    "three, padded": (sweep(SEEDS[:3], codes=["difference_of_gaussians"]), 1, ()),
    "beside others": (sweep([7, *SEEDS, 9], rates=(2e-3, 5e-3)), 1, ()),
    "beside one that diverges": (sweep(rates=(1e30, 2e-3)), 1, ()),
    "one long block": (sweep(), 1, (lambda: long_blocks(1),)),
    "blocks of four in two processes": (
        sweep(rates=(1e30, 2e-3)),
        2,
        (lambda: long_blocks(1, largest_block=4),),
    ),
    "chunks of a step": (sweep(), 1, (lambda: chunks(0.0, 1),)),
    "long chunks": (sweep(), 1, (lambda: chunks(1e6, 10**6),)),
}
"""name -> the sweep, the number of workers, and what else is different"""


def main(base):
    os.environ.update(ONE_THREAD)  # before JAX starts
    first = None
    for number, (name, (networks, workers, differences)) in enumerate(CASES.items()):
        folder = Path(base) / str(number)
        with ExitStack() as stack:
            for difference in differences:
                stack.enter_context(difference())
            gj.train(networks, folder, workers=workers, checkpoint_every=0)
        found = shards(folder)
        first = first or found
        shared = first.keys() & found.keys()
        differing = sorted(run_id for run_id in shared if found[run_id] != first[run_id])
        n_blocks = len(list((folder / "shards").iterdir()))
        counts = {"compared": len(shared), "differing": differing, "blocks": n_blocks}
        print(json.dumps({"case": name, **counts}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
