"""The sweep that is tortured, and what a run of it promises to the bit."""

import pyarrow.compute as pc
from tiny import CARTESIAN, sweep_content

import gridjax as gj
from gridjax.run.checkpointing.block_folder import block_folders
from gridjax.run.storage.partial_results import PartialResults
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.schema import ROW_KEYS, TABLES
from gridjax.run.storage.shards import to_parquet

N_NETWORKS = 4


def tortured(n_steps):
    """Two blocks of two networks, one of which diverges; the weights of the best are kept."""
    parameters = {
        "n_grad_steps_per_epoch": {"value": n_steps},
        "seed": {"values": [0, 3]},
        "learning_rate": {"values": [2e-3, 1e30]},
    }
    content = sweep_content(**CARTESIAN | parameters)
    content["gridjax"] = content["gridjax"] | {"lane_width": 2, "keep_weights": "best:1"}
    return gj.Sweep.from_dict(content)


def promised(folder):
    """Return all results of a run that are the same whatever happened to it on its way."""
    return shards(folder)


def shards(folder):
    """Return all results of every network but its times, as bytes by run_id and name."""
    store = FolderStore.open(folder)
    found = {run_id: {} for run_id in store.manifest["run_ids"] if run_id in store.committed()}
    tables = {name: store.table(name) for name in TABLES if name != "timings"}
    null_of = {row["run_id"]: row["null_id"] for row in tables["networks"].to_pylist()}
    for run_id, own in found.items():
        for name, table in tables.items():
            key = ROW_KEYS[name]
            value = run_id if key == "run_id" else null_of[run_id]
            own[name] = to_parquet(table.filter(pc.field(key) == value).combine_chunks())
        maps, weights = store.maps(run_id), store.weights(run_id) or {}
        arrays = weights | ({} if maps is None else vars(maps))
        own |= {name: array.tobytes() for name, array in arrays.items()}
    return found


def steps_kept(folder, n_steps):
    """Return the gradient steps that need not be made again, over all networks."""
    if not (folder / "manifest.json").exists():
        return 0
    finished = FolderStore.open(folder).committed()
    newest = {}
    for block in block_folders(folder)[0]:
        parts, _ = PartialResults(folder, block.folder.name).read()
        finished |= {run_id for part in parts for run_id in part.run_ids}
        for checkpoint in block.listed():
            for run_id, steps in zip(checkpoint.run_ids, checkpoint.steps, strict=True):
                newest[run_id] = max(steps, newest.get(run_id, 0))
    in_training = [steps for run_id, steps in newest.items() if run_id not in finished]
    return n_steps * len(finished) + sum(in_training)
