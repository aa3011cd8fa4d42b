"""Measures that a study keeps: computed once for the same weights and settings, and never wrong."""

import math
from dataclasses import replace

import jax
import numpy as np
import pytest
from synthetic import synthetic_run

from gridjax.errors import DamageError, GridjaxError
from gridjax.io import atomic_files
from gridjax.spec.network import NetworkSpec
from gridjax.studies import kept_measures
from gridjax.studies.evidence import Evidence
from gridjax.studies.kept_measures import weights_digest

SPEC = NetworkSpec(Ng=8, Np=6, seed=1)
CODE = np.array([[0.25, math.nan], [1.0, 2.0]])


@pytest.fixture
def counted(tmp_path):
    """Evidence of one network, and a function that counts how often it measures."""
    evidence = Evidence(synthetic_run([SPEC]), (SPEC.run_id,), folder=tmp_path / "agents")
    calls = []

    def measure(network):
        calls.append(network.spec)
        return {"code": CODE, "names": ["a"], "one": np.float64(0.5)}

    return evidence, measure, calls


def test_measures_are_computed_once_and_read_with_all_their_digits(counted, capsys):
    evidence, measure, calls = counted
    found = [evidence.kept(SPEC.run_id, {"steps": (1, 2)}, measure) or {} for _ in range(3)]
    assert calls == [SPEC]
    for one in found:
        np.testing.assert_array_equal(one["code"], CODE)
        assert (one["names"], one["one"]) == (["a"], 0.5)
    assert capsys.readouterr().err == f"agents: measuring network {SPEC.run_id}\n"


def test_other_settings_other_weights_and_damage_are_measured_again(counted):
    evidence, measure, calls = counted
    evidence.kept(SPEC.run_id, {"steps": 1}, measure)
    evidence.kept(SPEC.run_id, {"steps": 2}, measure)
    assert len(calls) == 2
    evidence.kept(SPEC.run_id, {"steps": 2}, measure)
    assert len(calls) == 2
    (file,) = (evidence.folder / "measures").iterdir()
    file.write_text(file.read_text().replace("0.25", "0.26"))
    again = evidence.kept(SPEC.run_id, {"steps": 2}, measure)
    assert again is not None
    assert again["code"][0][0] == 0.25
    assert len(calls) == 3
    file.write_bytes(b"{")
    evidence.kept(SPEC.run_id, {"steps": 2}, measure)
    assert len(calls) == 4


def test_settings_with_nan_are_the_same_settings(counted):
    evidence, measure, calls = counted
    for _ in range(2):
        evidence.kept(SPEC.run_id, {"score_60": [math.nan, 0.5]}, measure)
    assert len(calls) == 1


def test_other_source_of_gridjax_is_measured_again(counted, monkeypatch):
    evidence, measure, calls = counted
    evidence.kept(SPEC.run_id, {}, measure)
    monkeypatch.setattr(kept_measures, "source_digest", lambda: "other")
    evidence.kept(SPEC.run_id, {}, measure)
    assert len(calls) == 2


def test_processes_that_measure_the_same_network_have_temporary_files_of_their_own(
    counted, monkeypatch
):
    """The first process is about to rename its file when the second one writes and renames."""
    evidence, measure, calls = counted
    rename = atomic_files.rename

    def rename_after_the_other(old, new):
        monkeypatch.setattr(atomic_files, "rename", rename)
        evidence.kept(SPEC.run_id, {}, measure)
        rename(old, new)

    monkeypatch.setattr(atomic_files, "rename", rename_after_the_other)
    evidence.kept(SPEC.run_id, {}, measure)
    assert len(calls) == 2
    assert [file.suffix for file in (evidence.folder / "measures").iterdir()] == [".json"]
    evidence.kept(SPEC.run_id, {}, measure)
    assert len(calls) == 2


def test_damaged_weights_have_a_message_and_are_not_left_out(counted, monkeypatch):
    evidence, measure, _ = counted

    def damaged(run_id):
        raise DamageError(f"{run_id} is damaged")

    monkeypatch.setattr(evidence.run, "network", damaged)
    with pytest.raises(DamageError, match="is damaged"):
        evidence.kept(SPEC.run_id, {}, measure)


def test_the_digest_is_of_every_weight_and_of_the_place_cells():
    network = synthetic_run([SPEC]).network(SPEC.run_id)
    digests = {weights_digest(network)}
    leaves, tree = jax.tree.flatten((network.params, network.layout))
    for at, leaf in enumerate(leaves):
        changed = np.array(leaf)
        changed.flat[-1] += 1
        parts = jax.tree.unflatten(tree, [*leaves[:at], changed, *leaves[at + 1 :]])
        digests.add(weights_digest(type(network)(SPEC, *parts)))
    assert len(digests) == len(leaves) + 1


def test_without_a_folder_nothing_is_kept_and_without_weights_nothing_is_measured(counted):
    evidence, measure, calls = counted
    nowhere = Evidence(evidence.run, evidence.wanted)
    for _ in range(2):
        assert (nowhere.kept(SPEC.run_id, {}, measure) or {})["names"] == ["a"]
    assert len(calls) == 2
    without = Evidence(synthetic_run([SPEC], weights=False), (SPEC.run_id,))
    assert without.kept(SPEC.run_id, {}, measure) is None
    assert len(calls) == 2


def test_measures_of_an_exported_network_are_those_of_the_run_with_weights(
    counted, capsys, monkeypatch
):
    """A study that is trained in parts has the tables, not the weights, of its earlier parts."""
    evidence, measure, calls = counted
    exported = replace(evidence, run=synthetic_run([SPEC], weights=False))
    assert exported.kept(SPEC.run_id, {"steps": (1, 2)}, measure) is None
    evidence.kept(SPEC.run_id, {"steps": (1, 2)}, measure)
    capsys.readouterr()
    found = exported.kept(SPEC.run_id, {"steps": (1, 2)}, measure) or {}
    assert (found["names"], found["one"]) == (["a"], 0.5)
    assert not capsys.readouterr().err
    assert exported.kept(SPEC.run_id, {"steps": 3}, measure) is None
    monkeypatch.setattr(kept_measures, "source_digest", lambda: "other")
    for _ in range(2):
        assert (exported.kept(SPEC.run_id, {"steps": (1, 2)}, measure) or {})["one"] == 0.5
    assert capsys.readouterr().err.count("of another gridjax") == 1
    (file,) = (evidence.folder / "measures").iterdir()
    for damage in (file.read_text().replace("0.25", "0.26"), "{", "[]"):
        file.write_text(damage)
        assert exported.kept(SPEC.run_id, {"steps": (1, 2)}, measure) is None
    assert len(calls) == 1


def test_a_folder_that_cannot_be_written_has_one_message(counted):
    evidence, measure, _ = counted
    evidence.folder.write_text("a file")
    with pytest.raises(GridjaxError, match="cannot be written"):
        evidence.kept(SPEC.run_id, {}, measure)
