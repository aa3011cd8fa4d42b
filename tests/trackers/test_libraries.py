"""Each tracker with its own library, offline and in a temporary folder; skipped where missing."""

import json

import pytest
from tiny import CARTESIAN, sweep_content

import gridjax as gj

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")

SHORT = {"n_grad_steps_per_epoch": {"value": 40}, "seed": {"values": [0, 3]}}


@pytest.fixture
def sweep():
    return gj.Sweep.from_dict(sweep_content(**CARTESIAN | SHORT))


@pytest.fixture
def png(tmp_path):
    from matplotlib.image import imsave

    imsave(tmp_path / "one.png", [[0.0, 1.0], [1.0, 0.0]])
    return tmp_path / "one.png"


def test_weights_and_biases_offline(sweep, png, tmp_path, monkeypatch, caplog):
    pytest.importorskip("wandb")
    from wandb.proto.wandb_internal_pb2 import Record

    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "offline")
    tracker = gj.trackers.WandB("cells", per_network=True, figures=False)
    run = gj.train(sweep, tmp_path / "mine", [tracker])
    tracked = tracker.open_run(tmp_path / "mine", "figures", {}, None)
    tracked.add_figure("one", "Two by two.", png)
    tracked.finish(is_complete=True)
    assert caplog.text == ""
    names, keys, configs = [], set(), {}
    for file in sorted(tmp_path.glob("wandb/offline-run-*/*.wandb")):
        for data in leveldb_records(file.read_bytes()[7:]):
            record = Record.FromString(data)
            if record.HasField("run"):
                names.append((record.run.display_name, record.run.run_group, record.run.project))
                configs[record.run.display_name] = {
                    each.key: json.loads(each.value_json) for each in record.run.config.update
                }
            for item in record.history.item:
                keys.add(item.nested_key[0] if item.nested_key else item.key)
    run_ids = list(run.networks["run_id"])
    assert {(name, "mine", "cells") for name in ("mine", "figures", *run_ids)} == set(names)
    assert {"loss", "pos_decoding_err", "gradient_steps", "networks", "figures/one"} <= keys
    assert configs["mine"]["seed"] == [0, 3]
    # What W&B would write as the config.yaml of a network's run is that network.
    written = {name: {"value": value, "desc": None} for name, value in configs[run_ids[1]].items()}
    again = gj.Sweep.from_dict({"_wandb": {"value": {}}, **written})
    assert again.specs == (sweep.specs[1],)


def test_weights_and_biases_without_a_login_is_one_error(monkeypatch, tmp_path):
    pytest.importorskip("wandb")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(gj.GridjaxError, match="wandb login, or record offline"):
        gj.trackers.WandB("cells")


@pytest.mark.slow  # MLflow needs ten seconds for the tables of a new database
def test_mlflow_in_a_local_database(sweep, png, tmp_path, monkeypatch, caplog):
    mlflow = pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracker = gj.trackers.MLflow("cells", tracking_uri=uri, per_network=True, figures=False)
    run = gj.train(sweep, tmp_path / "mine", [tracker])
    assert "MLflow failed" not in caplog.text
    client = mlflow.MlflowClient(uri)
    number = client.get_experiment_by_name("cells").experiment_id
    runs = {each.info.run_name: each for each in client.search_runs([number])}
    run_ids = list(run.networks["run_id"])
    assert set(runs) == {"mine", *run_ids}
    population = runs["mine"]
    assert population.info.status == "FINISHED"
    assert population.data.params["settings.keep_maps"] == "best:5"
    assert population.data.metrics["networks_finished"] == 2
    steps = [each.step for each in client.get_metric_history(population.info.run_id, "loss")]
    assert steps == sorted(steps) != []
    network = runs[run_ids[1]]
    assert network.data.tags["mlflow.parentRunId"] == population.info.run_id
    assert network.data.params["seed"] == "3"
    error = run.networks["pos_decoding_err"][1]
    assert network.data.metrics["pos_decoding_err"] == pytest.approx(error)
    tracked = tracker.open_run(tmp_path / "mine", "figures", {}, None)
    tracked.add_figure("one", "Two by two.", png)
    assert {each.path for each in client.list_artifacts(tracked.run_id, "figures")} == {
        "figures/one.png",
        "figures/one.txt",
    }
    assert [each.path for each in client.list_artifacts(population.info.run_id)] == [
        "networks.json"
    ]


def test_tensorboard(sweep, png, tmp_path, caplog):
    pytest.importorskip("tensorboardX")
    from tensorboardX.proto.event_pb2 import Event

    tracker = gj.trackers.TensorBoard(per_network=True, figures=False)
    run = gj.train(sweep, tmp_path / "mine", [tracker])
    tracked = tracker.open_run(tmp_path / "mine", "mine", {}, None)
    tracked.add_figure("one", "Two by two.", png)
    tracked.finish(is_complete=True)
    assert caplog.text == ""
    folder = tmp_path / "mine" / "tensorboard"
    found = {}
    for file in sorted(folder.rglob("events.out.tfevents.*")):
        events = [Event.FromString(data) for data in records(file.read_bytes())]
        values = [(each.step, value) for each in events for value in each.summary.value]
        found.setdefault(file.parent.relative_to(folder).as_posix(), []).extend(values)
    run_ids = list(run.networks["run_id"])
    assert set(found) == {".", *run_ids, *(f"{run_id}/hparams" for run_id in run_ids)}
    tags = {value.tag for _, value in found["."]}
    assert {"loss", "networks_finished", "config/text_summary", "figures/one"} <= tags
    (table,) = [v.tensor.string_val[0] for _, v in found["."] if v.tag == "networks/text_summary"]
    assert all(run_id in table.decode() for run_id in run_ids)
    losses = [value.simple_value for _, value in found[run_ids[0]] if value.tag == "loss"]
    own = run.history[run.history["run_id"] == run_ids[0]]
    assert losses == pytest.approx(list(own["loss"]))
    compared = {value.tag: value.simple_value for _, value in found[f"{run_ids[0]}/hparams"]}
    error = run.networks["pos_decoding_err"][0]
    assert compared["hparam/pos_decoding_err"] == pytest.approx(error)
    assert any(tag.startswith("_hparams_") for tag in compared)
    assert gj.open_run(tmp_path / "mine").is_finished, "the folder is still that of a run"
    gj.train(sweep, tmp_path / "mine")


def leveldb_records(content):
    """The records of a LevelDB log without its header: blocks of 32 KiB, that one included."""
    at, parts = 0, b""
    while at < len(content):
        left = 32768 - (at + 7) % 32768
        if left < 7:
            at += left
            continue
        length, kind = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or its last part
            yield parts
            parts = b""


def records(content):
    """The records of a TFRecord file: length (8 bytes), checksum (4), data, checksum (4)."""
    at = 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 8], "little")
        yield content[at + 12 : at + 12 + length]
        at += 16 + length
