"""Workers that join a run: those of the same conditions, and others once they are accepted."""

import pytest

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.admission import admit_worker, has_used
from gridjax.run.storage.manifest import make_manifest, versions
from gridjax.run.storage.run_folder import FolderStore
from gridjax.spec.network import NetworkSpec

CARD = {"platform": "gpu", "kind": "a card", "threads": 1}


def worker(**device):
    return {"device": CARD | device} | versions()


@pytest.fixture
def run(tmp_path):
    """Return the store of a run that has started on a card, and its manifest."""
    sweep = gj.Sweep.from_specs([NetworkSpec(seed=seed) for seed in range(3)])
    manifest = make_manifest(sweep, make_plan(sweep.specs), CARD, "float32")
    return FolderStore.create(tmp_path / "run", manifest, {}), manifest


def test_a_worker_of_the_same_kind_belongs_to_the_segment_of_the_run(run):
    store, manifest = run
    assert admit_worker(store, manifest, (), worker()) == 0
    assert has_used(store.manifest, worker())
    assert not has_used(store.manifest, worker(kind="another card"))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"device": CARD | {"kind": "another card"}}, "device"),
        ({"versions": versions()["versions"] | {"jax": "0.0.1"}}, "versions"),
    ],
)
def test_another_worker_is_refused_until_it_is_accepted(run, changed, name):
    store, manifest = run
    other = worker() | changed
    with pytest.raises(GridjaxError, match=f"--accept {name}"):
        admit_worker(store, manifest, (), other)
    assert len(FolderStore.open(store.folder).manifest["segments"]) == 1
    assert admit_worker(store, manifest, (name,), other) == 1
    assert admit_worker(store, manifest, (), other) == 1  # a second worker of this kind
    assert admit_worker(store, manifest, (), worker()) == 0  # the first kind goes on
    stored = FolderStore.open(store.folder).manifest
    assert [each["accepted"] for each in stored["segments"]] == [[], [name]]
    assert has_used(stored, other)
