"""A run folder made up in a moment, two of its networks finished, to be damaged by tests."""

from dataclasses import replace

import numpy as np
from synthetic import synthetic_run

from gridjax.io.atomic_files import dump_checksummed_json
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.manifest import make_manifest
from gridjax.run.storage.run_folder import FolderStore
from gridjax.sweep.sweep import Sweep

from .forkedreader import HERE

DEVICE = {"platform": "cpu", "kind": "cpu", "count": 1, "cpu_cores": 2}
DRAWN = {
    "method": "random",
    "run_cap": 4,
    "parameters": {
        "Ng": {"min": 8, "max": 40},
        "Np": {"value": 32},
        "surround_scale": {"values": ["Uniform(2, 3)", 1, 2]},
        "n_place_fields_per_cell": {"values": ["Poisson(2)", 1]},
    },
    "gridjax": {"fidelity": "published", "keep_maps": "best:4"},
}
SWEEP = Sweep.from_dict(DRAWN, skip_invalid=True)
MANIFEST_CONTENT = make_manifest(SWEEP, make_plan(SWEEP.specs), DEVICE, "float32")


def make_run(folder):
    """Write the run; the manifest of the same sweep on another machine lies beside its own."""
    specs = SWEEP.specs[:2]
    results = synthetic_run(specs, keep_maps="best:4", weights=False)._store._results
    store = FolderStore.create(folder, MANIFEST_CONTENT, {})
    for result in results.values():
        store.commit(replace(result, weights={"params/W": np.ones((3, 4), np.float32)}))
    here = MANIFEST_CONTENT | {"device": DEVICE | {"cpu_cores": 7}}
    (folder / HERE).write_bytes(dump_checksummed_json(here))
    return store
