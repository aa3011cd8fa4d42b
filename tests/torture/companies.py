"""One network in every company: ``python -m torture.companies FOLDER`` prints what changed a bit.

A process of its own, with eight virtual devices. Each run holds the same networks otherwise: fewer
or more beside them, in another order, on fewer devices, in shorter chunks.
"""

import json
import sys
from pathlib import Path

import jax
from tiny import PLACE_CELLS, sweep_content
from torture.sweeps import shards

import gridjax as gj
from gridjax.run.execution import train, train_loop
from gridjax.run.execution.devices import Devices

N_DEVICES = 8
SEEDS = [0, 3, 5, 8]
FEW_STEPS = {"n_grad_steps_per_epoch": {"value": 25}}


def sweep(seeds=SEEDS, rates=(2e-3,), codes=("gaussian", "difference_of_gaussians")):
    """Networks of one or two buckets, in blocks of two."""
    varied = {
        "seed": {"values": list(seeds)},
        "learning_rate": {"values": list(rates)},
        "place_field_values": {"values": list(codes)},
    }
    content = sweep_content(**PLACE_CELLS | FEW_STEPS | varied)
    content["gridjax"] = content["gridjax"] | {"lane_width": 2, "keep_maps": "all"}
    return gj.Sweep.from_dict(content)


CASES = {
    "all eight devices": (sweep(), 8, {}),
    "four devices": (sweep(), 4, {}),
    "two devices": (sweep(), 2, {}),
    "one device": (sweep(), 1, {}),
    "another order": (sweep(SEEDS[::-1]), 2, {}),
    "other slots": (sweep(SEEDS[1:] + SEEDS[:1]), 2, {}),
    "one alone, padded": (sweep([3], codes=["gaussian"]), 1, {}),
    "three, padded": (sweep(SEEDS[:3], codes=["difference_of_gaussians"]), 1, {}),
    "beside others": (sweep([7, *SEEDS, 9], rates=(2e-3, 5e-3)), 2, {}),
    "beside one that diverges": (sweep(rates=(1e30, 2e-3)), 2, {}),
    "chunks of a step": (sweep(), 1, {"CHUNK_SECONDS": 0.0, "FIRST_CHUNK_STEPS": 1}),
    "chunks as long as can be": (sweep(), 1, {"CHUNK_SECONDS": 1e6, "FIRST_CHUNK_STEPS": 10**6}),
}
"""name -> the sweep, the number of devices, and other lengths of chunks"""


def main(base):
    jax.config.update("jax_num_cpu_devices", N_DEVICES)
    devices = jax.local_devices()
    assert len(devices) == N_DEVICES
    first = None
    for number, (name, (population, n_devices, chunks)) in enumerate(CASES.items()):
        some = Devices(tuple(devices[:n_devices]), devices[0])
        train.start_devices = lambda deterministic, some=some: some
        kept = {setting: getattr(train_loop, setting) for setting in chunks}
        vars(train_loop).update(chunks)
        gj.train(population, Path(base) / str(number))
        vars(train_loop).update(kept)
        found = shards(Path(base) / str(number))
        first = first or found
        shared = first.keys() & found.keys()
        differing = sorted(run_id for run_id in shared if found[run_id] != first[run_id])
        print(json.dumps({"case": name, "compared": len(shared), "differing": differing}))


if __name__ == "__main__":
    main(*sys.argv[1:])
