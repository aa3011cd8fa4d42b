"""Networks of an earlier sweep whose results are damaged: they stay in the run as missing."""

import pytest
from tiny import CARTESIAN, Recorder, sweep_content

import gridjax as gj
from gridjax.callbacks import RunCallback
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.status import status, status_lines

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")
SHORT = {"n_grad_steps_per_epoch": {"value": 20}}


def of_seed(seed):
    return gj.Sweep.from_dict(sweep_content(**CARTESIAN | SHORT | {"seed": {"value": seed}}))


@pytest.mark.parametrize("name", ["units.parquet", "shard.json", "networks.parquet", "*"])
def test_a_damaged_network_of_an_earlier_sweep_is_missing_and_not_forgotten(name, tmp_path):
    run = tmp_path / "run"
    first = of_seed(0)
    gj.train(first, run)
    gj.train(of_seed(1), run, accept=["sweep"])
    (run_id,) = (spec.run_id for spec in first.specs)
    (shard,) = FolderStore.open(run).names_of({run_id})
    for path in (run / "shards" / shard).glob(name):
        path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    recorder = Recorder()
    for seed in (2, 3):  # when the damage is found, and when the shard is in damaged/
        found = gj.train(of_seed(seed), run, [recorder], accept=["sweep"])
        assert not found.is_finished
        assert found.n_missing == 1
        assert run_id in found.manifest["run_ids"]
    assert "of an earlier sweep are missing until its command is run again" in recorder.warnings[0]
    told = status(run)
    assert (told["state"], told["finished"], told["networks"]) == ("stopped", 3, 4)
    assert "networks of an earlier sweep need the command of that sweep" in status_lines(told)
    assert gj.export_run(run, tmp_path / "out") == (3, 3, 4)
    verify(run)  # no file is damaged
    assert gj.train(first, run).is_finished


def test_networks_of_an_earlier_sweep_that_never_finished_leave_the_run(tmp_path):
    both = sweep_content(**CARTESIAN | SHORT | {"seed": {"values": [0, 1]}})
    gj.train(of_seed(0), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        gj.train(gj.Sweep.from_dict(both), tmp_path, [Stopping()], accept=["sweep"])
    found = gj.train(of_seed(2), tmp_path, accept=["sweep"])
    assert found.is_finished
    assert sorted(found.networks["seed"]) == [0, 2]


class Stopping(RunCallback):
    """A callback that stops a run at its start."""

    def on_start(self, start):
        raise KeyboardInterrupt
