"""The sweep of the torture tests, and the results that must not depend on what happens to a run."""

from contextlib import contextmanager

from tiny import CARTESIAN, sweep_content

import gridjax as gj
from gridjax.errors import DamageError
from gridjax.run.checkpointing.block_folder import block_folders
from gridjax.run.planning import plan
from gridjax.run.storage.partial_results import PARTIAL
from gridjax.run.storage.run_folder import SHARDS, FolderStore
from gridjax.run.storage.shards import SEAL, Shard, to_parquet
from gridjax.run.storage.tables.schema import ROW_KEYS, TABLES

SEEDS, RATES = (0, 3, 5), (2e-3, 1e30)
N_NETWORKS = len(SEEDS) * len(RATES)
KEPT_WEIGHTS = 2
N_BLOCKS = 2


def tortured(n_steps):
    """Six networks in lanes of two, three of which diverge; the weights of the best are kept.

    Under ``long_blocks`` the sweep has a block of four networks, whose free lanes are refilled, and
    a block of two.
    """
    parameters = {
        "n_grad_steps_per_epoch": {"value": n_steps},
        "seed": {"values": list(SEEDS)},
        "learning_rate": {"values": list(RATES)},
    }
    content = sweep_content(**CARTESIAN | parameters)
    settings = {"lane_width": 2, "keep_weights": f"best:{KEPT_WEIGHTS}"}
    content["gridjax"] = content["gridjax"] | settings
    return gj.Sweep.from_dict(content)


@contextmanager
def long_blocks(most_blocks=N_BLOCKS, largest_block=64):
    """Divide every sweep into few blocks, which are longer than the lanes are wide."""
    before = plan.MOST_BLOCKS, plan.LARGEST_BLOCK
    plan.MOST_BLOCKS, plan.LARGEST_BLOCK = most_blocks, largest_block
    try:
        yield
    finally:
        plan.MOST_BLOCKS, plan.LARGEST_BLOCK = before


def promised(folder):
    """Return all results that are the same to the bit whatever happened to a run before its end.

    Wall-clock times differ between runs and are left out.
    """
    store = FolderStore.open(folder)
    tables = {name: to_parquet(store.table(name)) for name in TABLES if name != "timings"}
    return tables | {run_id: _arrays(store, run_id) for run_id in sorted(store.committed())}


def shards(folder):
    """Return the results of each network as bytes: its rows, maps and weights, by run_id."""
    store = FolderStore.open(folder)
    tables = {name: store.table(name).to_pandas() for name in TABLES if name != "timings"}
    null_ids = tables["networks"].set_index("run_id")["null_id"]
    found = {}
    for run_id in sorted(store.committed()):
        keys = {"run_id": run_id, "null_id": null_ids[run_id]}
        rows = {
            name: _bytes_of_frame(table[table[ROW_KEYS[name]] == keys[ROW_KEYS[name]]])
            for name, table in tables.items()
        }
        found[run_id] = rows | _arrays(store, run_id)
    return found


def unlisted(folder):
    """Return the files and folders of the shards that no list of a shard names."""
    left = []
    for shard in (folder / SHARDS).iterdir():
        listed = set(Shard(shard)._read_seal()["files"]) | {SEAL}
        left += [path for path in shard.iterdir() if path.name not in listed]
    return left


def steps_kept(folder, n_steps):
    """Return the gradient steps that need not be made again, over all networks."""
    if not (folder / "manifest.json").exists():
        return 0
    newest = {}
    for block in block_folders(folder)[0]:
        for checkpoint in block.listed():
            for run_id, steps in zip(checkpoint.run_ids, checkpoint.steps, strict=True):
                newest[run_id] = max(steps, newest.get(run_id, 0))
    newest |= dict.fromkeys(partial_networks(folder), n_steps)
    newest |= dict.fromkeys(FolderStore.open(folder).committed(), n_steps)
    return sum(newest.values())


def partial_networks(folder):
    """Return the run_ids whose results are stored before their block is complete."""
    found = []
    for path in (folder / PARTIAL).glob("[0-9a-f]*/[0-9a-f]*"):
        try:
            found += Shard(path).run_ids()
        except DamageError:
            continue
    return found


def _arrays(store, run_id):
    maps, weights = store.maps(run_id), store.weights(run_id)
    return {
        "maps": maps and _bytes_of_arrays(vars(maps)),
        "weights": weights and _bytes_of_arrays(weights),
    }


def _bytes_of_arrays(arrays):
    return {name: (str(a.dtype), a.shape, a.tobytes()) for name, a in arrays.items()}


def _bytes_of_frame(frame):
    return {name: frame[name].to_numpy().tolist().__repr__() for name in frame}
