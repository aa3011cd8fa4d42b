"""Small blocks of networks to save: every value follows from the steps that were made."""

import jax
import numpy as np

from gridjax.run.checkpointing.block_folder import CHECKPOINTS, BlockFolder, Snapshot

NAME = "0123456789abcdef"
NETWORKS = ["a", "b", "c"]
SHAPES = {
    "params/W": jax.ShapeDtypeStruct((3, 2), np.float32),
    "n_updates": jax.ShapeDtypeStruct((), np.int32),
    "key": jax.ShapeDtypeStruct((2,), np.uint32),
}


def block_folder(run_folder, name=NAME):
    run_folder.mkdir(exist_ok=True)
    return BlockFolder(run_folder / CHECKPOINTS / name)


def leaves_of(steps, run_ids=NETWORKS):
    """Arrays that differ between networks and between steps."""
    rng = np.random.default_rng(steps)
    n = len(run_ids)
    return {
        "params/W": rng.standard_normal((n, 3, 2), np.float32),
        "n_updates": np.full(n, steps, np.int32),
        "key": rng.integers(0, 2**32, (n, 2), np.uint32),
    }


def snapshot(steps, run_ids=NETWORKS, block_steps=None, leaves=None):
    n = len(run_ids)
    return Snapshot(
        run_ids=run_ids,
        steps=[steps] * n,
        leaves=leaves_of(steps, run_ids) if leaves is None else leaves,
        seconds=[0.5 * steps + number for number in range(n)],
        segment=2,
        resumed=[number == 1 for number in range(n)],
        networks=NETWORKS,
        block_steps=3 * steps if block_steps is None else block_steps,
    )


def save(folder, *all_steps):
    for steps in all_steps:
        folder.save(snapshot(steps))
    folder.wait()


def check(lanes, steps, run_ids=NETWORKS):
    """Assert that these networks are restored to the bit, as they were after some steps."""
    assert list(lanes) == list(run_ids)
    expected = leaves_of(steps, run_ids)
    for number, lane in enumerate(lanes.values()):
        assert (lane.steps, lane.segment, lane.resumed) == (steps, 2, number == 1)
        assert lane.seconds == 0.5 * steps + number
        assert lane.leaves.keys() == expected.keys()
        for name, array in lane.leaves.items():
            assert array.dtype == expected[name].dtype
            assert np.array_equal(array, expected[name][number]), name
