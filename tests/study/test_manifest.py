"""What the manifest keeps of how a population was read."""

import json

import pytest

from gridjax.errors import GridjaxError
from gridjax.study.manifest import MANIFEST, check_same, make_manifest, read_manifest
from gridjax.study.plan import make_plan
from gridjax.study.sweep import Sweep

DEVICE = {"platform": "cpu", "kind": "cpu", "count": 1, "cpu_cores": 2}
DRAWN = {
    "method": "random",
    "run_cap": 8,
    "parameters": {"Ng": {"min": 8, "max": 4000}, "surround_scale": {"values": [1, 2]}},
}


def sweep_of(sweep_seed):
    return Sweep.from_dict(DRAWN, sweep_seed=sweep_seed, skip_invalid=True)


def manifest_in(folder, sweep):
    manifest = make_manifest(sweep, make_plan(sweep.specs), DEVICE, "float32")
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return read_manifest(folder)


def test_the_sweep_seed_and_what_was_left_out_are_kept(tmp_path):
    sweep = sweep_of(5)
    manifest = manifest_in(tmp_path, sweep)
    assert manifest["sweep_seed"] == 5
    ((reason, number),) = [(each["reason"], each["networks"]) for each in manifest["skipped"]]
    assert "surround_scale: 1 is not above 1" in reason
    assert number == sweep.n_skipped > 0


def test_a_folder_of_another_sweep_seed_is_refused_naming_both(tmp_path):
    manifest = manifest_in(tmp_path, sweep_of(5))
    check_same(tmp_path, manifest, sweep_of(5))
    with pytest.raises(GridjaxError, match="sweep seed 5 there, 6 here"):
        check_same(tmp_path, manifest, sweep_of(6))


def test_manifests_from_before_random_sweeps_are_read(tmp_path):
    sweep = Sweep.from_dict({"parameters": {}})
    manifest = manifest_in(tmp_path, sweep)
    del manifest["sweep_seed"], manifest["skipped"]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    check_same(tmp_path, read_manifest(tmp_path), sweep)
