"""What the manifest keeps of how a population was read."""

import pytest
from synthetic import synthetic_run

from gridjax.errors import DamageError, GridjaxError
from gridjax.io.atomic_files import dump_checksummed_json
from gridjax.run.execution import train
from gridjax.run.planning.merging import plan_under
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage import manifest as manifest_module
from gridjax.run.storage.block_results import results_of
from gridjax.run.storage.manifest import MANIFEST, make_manifest, manifest_of_sweep, read_manifest
from gridjax.run.storage.output_folder import check_folder
from gridjax.run.storage.resume_policy import check_sweep, merge_manifests
from gridjax.run.storage.run_folder import SHARDS, commit_block
from gridjax.spec.registry import CELLS
from gridjax.sweep.sweep import Sweep

DEVICE = {"platform": "cpu", "kind": "cpu", "threads": 1, "deterministic": False}
DRAWN = {
    "method": "random",
    "run_cap": 8,
    "parameters": {"Ng": {"min": 8, "max": 4000}, "surround_scale": {"values": [1, 2]}},
}


def sweep_of(sweep_seed):
    return Sweep.from_dict(DRAWN, sweep_seed=sweep_seed, skip_invalid=True)


def manifest_in(folder, sweep):
    manifest = make_manifest(sweep, make_plan(sweep.specs), DEVICE, "float32")
    (folder / MANIFEST).write_bytes(dump_checksummed_json(manifest))
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
    check_sweep(tmp_path, manifest, manifest_of_sweep(sweep_of(5)), ())
    with pytest.raises(GridjaxError, match="sweep seed 5 in the folder, 6 now") as caught:
        check_sweep(tmp_path, manifest, manifest_of_sweep(sweep_of(6)), ())
    assert "--accept sweep" in str(caught.value)
    check_sweep(tmp_path, manifest, manifest_of_sweep(sweep_of(6)), ("sweep",))


def test_a_manifest_is_checked_once_until_it_or_the_plugins_change(tmp_path, monkeypatch):
    checked = []
    check = manifest_module._check
    monkeypatch.setattr(
        manifest_module, "_check", lambda one: (checked.append(one["sweep_seed"]), check(one))
    )
    manifest_in(tmp_path, sweep_of(50))
    first = read_manifest(tmp_path)
    first["run_ids"].clear()  # whoever changes what was read changes nothing for others
    assert read_manifest(tmp_path)["run_ids"]
    manifest_in(tmp_path, sweep_of(51))
    monkeypatch.setitem(CELLS._hashes, "leaky", "0" * 64)
    read_manifest(tmp_path)
    assert checked == [50, 51, 51]


CHANGES = {
    "versions": ("versions", "jax", "jax '0.9'"),
    "device": ("device", "threads", "threads 1 in the folder, 77 now"),
    "settings": ("settings", "keep_maps", "keep_maps"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_decides_bits_is_refused_until_it_is_accepted(name, tmp_path):
    there = manifest_in(tmp_path, sweep_of(5))
    part, key, said = CHANGES[name]
    here = there | {part: there[part] | {key: 77}}
    if name == "versions":
        there = there | {part: there[part] | {key: "0.9"}}
    with pytest.raises(GridjaxError, match=said) as caught:
        merge_manifests(there, here, tmp_path, (), set())
    assert f"--accept {name}" in str(caught.value)
    merged = merge_manifests(there, here, tmp_path, (name,), set())
    assert merged[part][key] == 77
    assert [one["accepted"] for one in merged["segments"]] == [[], [name]]
    assert merge_manifests(merged, here, tmp_path, (), set()) == merged


def test_python_and_the_folder_of_a_file_change_nothing(tmp_path):
    there = manifest_in(tmp_path, sweep_of(5))
    here = there | {"versions": there["versions"] | {"python": "3.99"}}
    assert merge_manifests(there, here, tmp_path, (), set()) is there


def test_claims_that_were_written_down_first_stay(tmp_path):
    there = manifest_in(tmp_path, sweep_of(5)) | {"claims": {"mine": "first"}}
    here = there | {"claims": {"mine": "second", "other": "third"}}
    assert merge_manifests(there, here, tmp_path, (), set())["claims"] == {
        "mine": "first",
        "other": "third",
    }
    everything = set(there["run_ids"])
    assert merge_manifests(there, here, tmp_path, (), everything)["claims"]["other"] == "third"
    again = there | {"claims": {"mine": "second"}}
    assert merge_manifests(there, again, tmp_path, (), set()) is there
    without = {name: part for name, part in there.items() if name != "claims"}  # gridjax sweep
    assert merge_manifests(there, without, tmp_path, (), everything) is there
    other = make_manifest(sweep_of(6), make_plan(sweep_of(6).specs), DEVICE, "float32")
    merged = merge_manifests(
        there, other | {"claims": {"mine": "2", "new": "3"}}, tmp_path, ("sweep",), set()
    )
    assert merged["claims"] == {"mine": "first", "new": "3"}


def test_networks_of_an_accepted_new_sweep_join_those_that_are_there(tmp_path):
    there, here = (
        make_manifest(sweep, make_plan(sweep.specs), DEVICE, "float32")
        for sweep in (sweep_of(5), sweep_of(6))
    )
    done = set(there["run_ids"][:2])
    merged = merge_manifests(there, here, tmp_path, ("sweep",), done)
    assert merged["run_ids"] == [*here["run_ids"], *there["run_ids"][:2]]
    (tmp_path / MANIFEST).write_bytes(dump_checksummed_json(merged))
    assert read_manifest(tmp_path) == merged
    assert merge_manifests(merged, here, tmp_path, (), done) == merged


def test_a_flipped_bit_of_a_manifest_is_found(tmp_path):
    manifest_in(tmp_path, sweep_of(5))
    path = tmp_path / MANIFEST
    content = bytearray(path.read_bytes())
    version = read_manifest(tmp_path)["versions"]["jax"].encode()
    content[content.index(version) + len(version) - 1] ^= 1  # another digit: still valid JSON
    path.write_bytes(bytes(content))
    with pytest.raises(DamageError, match="sha256"):
        read_manifest(tmp_path)


def test_a_run_resumes_on_a_card_with_other_default_widths_if_they_are_accepted(tmp_path):
    sweep = Sweep.from_dict({"parameters": {"seed": {"values": list(range(400))}}})
    there, here = (
        make_manifest(
            sweep,
            plan_under(sweep.settings, sweep.specs, kind),
            DEVICE | {"platform": "gpu", "kind": kind},
            "float32",
        )
        for kind in ("NVIDIA H100 80GB HBM3", "TPU v5 lite")
    )
    old, new = ([each["lane_width"] for each in one["lane_widths"]] for one in (there, here))
    assert old != new
    with pytest.raises(GridjaxError, match="--accept lane-width --accept device") as caught:
        merge_manifests(there, here, tmp_path, (), set())
    assert f"lane widths {old} in the folder, {new} now" in str(caught.value)
    with pytest.raises(GridjaxError, match=r"--accept lane-width$"):
        merge_manifests(there, here, tmp_path, ("device",), set())
    merged = merge_manifests(there, here, tmp_path, ("device", "lane-width"), set())
    widths = [segment["lane_widths"] for segment in merged["segments"]]
    assert widths == [there["lane_widths"], here["lane_widths"]]
    assert merged["lane_widths"] == here["lane_widths"]
    assert there["run_ids"] == here["run_ids"]


def test_another_lane_width_is_one_change_and_no_change_of_settings(tmp_path, monkeypatch):
    """The setting is known before a device is started; its width is all that it decides."""
    monkeypatch.setattr(train, "choose_engine", lambda *_: pytest.fail("a device is started"))
    parameters = {"Ng": {"values": [8, 16]}, "seed": {"values": [0, 1]}}
    narrow, wide, default, other = (
        Sweep.from_dict({"parameters": parameters | changed, "gridjax": {"lane_width": width}})
        for width, changed in ((1, {}), (2, {}), (None, {}), (2, {"Ng": {"value": 24}}))
    )
    manifest_in(tmp_path, narrow)
    check_folder(tmp_path, narrow)
    with pytest.raises(GridjaxError, match=r" --accept lane-width$") as caught:
        train.train(wide, tmp_path)
    assert "differ: lane widths [1] in the folder, [2] now" in str(caught.value)
    check_folder(tmp_path, wide, ("lane-width",))
    with pytest.raises(GridjaxError, match=r" --accept sweep --accept lane-width$"):
        check_folder(tmp_path, other)
    check_folder(tmp_path, default)  # whose width the device decides
    (tmp_path / SHARDS).mkdir()
    for network in synthetic_run(wide.specs, keep_maps="none", weights=False)._store.networks:
        commit_block(tmp_path, results_of([network]))
    check_folder(tmp_path, wide)  # nothing is left to train


def test_a_run_with_a_lane_width_resumes_with_the_default_one_of_another_device(tmp_path):
    """It needs no --accept settings, which would also accept other sizes of the evaluation."""
    sweeps = [
        Sweep.from_dict(
            {"parameters": {"seed": {"values": list(range(9))}}, "gridjax": {"lane_width": width}}
        )
        for width in (4, 1, None)
    ]
    four, one, default = (
        make_manifest(each, plan_under(each.settings, each.specs, "cpu"), DEVICE, "float32")
        for each in sweeps
    )
    assert merge_manifests(one, default, tmp_path, (), set()) is one
    with pytest.raises(GridjaxError, match=r"rows: --accept lane-width$"):
        merge_manifests(four, default, tmp_path, (), set())
    merged = merge_manifests(four, default, tmp_path, ("lane-width",), set())
    assert [each["settings"]["lane_width"] for each in merged["segments"]] == [4, None]
    assert [each["lane_widths"][0]["lane_width"] for each in merged["segments"]] == [4, 1]
    assert merged["segments"][1]["accepted"] == ["lane-width"]
