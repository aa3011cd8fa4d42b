"""Folders of Kilosort and phy, as they write them: good clusters, sampling rates, labels."""

import numpy as np
import pytest

from gridjax.errors import GridjaxError
from gridjax.recordings.input_options import InputOptions
from gridjax.recordings.readers import read_inputs

from .sessions import recording

PATH, TIMES, SPIKES = recording(seconds=60)
RATE = 30_000
PARAMS = f"""dat_path = r'/data/rat.dat'
n_channels_dat = 385
dtype = 'int16'
offset = 0
sample_rate = {RATE}.
hp_filtered = False
"""
GROUPS = "cluster_id\tgroup\n3\tgood\n7\tmua\n12\tgood\n40\tnoise\n"


def save(folder, params=PARAMS, groups=GROUPS, name="cluster_group.tsv", **changes):
    """Write the spikes of clusters 3, 7 and 12 in samples, sorted by time."""
    folder.mkdir()
    trains = {3: SPIKES["grid"], 7: SPIKES["anywhere"], 12: SPIKES["grid"][::2]}
    samples = np.concatenate([np.round(RATE * train) for train in trains.values()])
    clusters = np.repeat(list(trains), [len(train) for train in trains.values()])
    order = np.argsort(samples, kind="stable")
    arrays = {
        "spike_times": samples[order].astype(np.uint64)[:, None],
        "spike_clusters": clusters[order].astype(np.int32),
    } | changes
    for each, array in arrays.items():
        np.save(folder / f"{each}.npy", array)
    if params is not None:
        (folder / "params.py").write_text(params)
    if groups is not None:
        (folder / name).write_text(groups)
    return folder


@pytest.fixture
def path(tmp_path):
    np.savez(tmp_path / "path.npz", positions=PATH, times=TIMES)
    return tmp_path / "path.npz"


def read(path, folder, **options):
    (session,) = read_inputs([path], InputOptions(spikes=str(folder), **options))
    return session


def refused(path, folder, **options):
    with pytest.raises(GridjaxError) as caught:
        read(path, folder, **options)
    assert all(problem.fix for problem in caught.value.problems)
    return str(caught.value)


def test_good_clusters_are_read_in_seconds_and_the_others_counted(path, tmp_path):
    session = read(path, save(tmp_path / "phy"))
    assert session.cells == ("3", "12")
    np.testing.assert_allclose(session.spikes_s[0], SPIKES["grid"], atol=0.51 / RATE)
    np.testing.assert_allclose(session.spikes_s[1], SPIKES["grid"][::2], atol=0.51 / RATE)
    assert session.remarks[:2] == (
        "30000 samples per second (params.py)",
        "2 clusters labelled good by cluster_group.tsv; 1 mua left out;"
        " --cells chooses clusters of any label",
    )
    chosen = read(path, tmp_path / "phy", cells=("7",))
    np.testing.assert_allclose(chosen.spikes_s[0], SPIKES["anywhere"], atol=0.51 / RATE)


LABELS = {
    "info": ("cluster_info.tsv", "id\tamp\tgroup\n3\t9\tgood\n7\t9\tmua\n12\t9\t\n", ("3",)),
    "old name": ("cluster_groups.csv", GROUPS, ("3", "12")),
    "Kilosort's": ("cluster_KSLabel.tsv", "cluster_id\tKSLabel\n7\tgood\n", ("7",)),
    "nothing labelled": ("cluster_group.tsv", "cluster_id\tgroup\n", ("3", "7", "12")),
    "unsorted": (
        "cluster_group.tsv",
        "cluster_id\tgroup\n3\tunsorted\n7\tunsorted\n",
        ("3", "7", "12"),
    ),
    "some unsorted": ("cluster_group.tsv", "cluster_id\tgroup\n3\tgood\n7\tunsorted\n", ("3",)),
    "none": ("other.tsv", "", ("3", "7", "12")),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_every_version(kind, path, tmp_path):
    name, text, cells = LABELS[kind]
    session = read(path, save(tmp_path / "phy", groups=text, name=name))
    assert session.cells == cells
    if len(cells) == 3:
        assert "no labels of clusters: all are read; --cells chooses clusters" in session.remarks
    else:
        assert any(name in remark for remark in session.remarks)


def test_the_rate_of_the_options_goes_before_that_of_the_file(path, tmp_path):
    folder = save(tmp_path / "phy", params="sample_rate = 15000\n")
    assert "outside the session" in refused(path, folder)
    session = read(path, folder, rate_hz=float(RATE))
    np.testing.assert_allclose(session.spikes_s[0], SPIKES["grid"], atol=0.51 / RATE)
    assert session.remarks[0] == "30000 samples per second (--rate)"


@pytest.mark.parametrize(
    ("unit", "factor", "more"),
    [("ms", 1e3, {}), ("us", 1e6, {}), ("samples", RATE, {"rate_hz": float(RATE)})],
)
def test_other_clocks_of_the_path_move_no_spike(unit, factor, more, tmp_path):
    """The spikes of a sorter are in samples, whatever the unit of the times of positions."""
    np.savez(tmp_path / "path.npz", positions=PATH, times=factor * TIMES)
    session = read(tmp_path / "path.npz", save(tmp_path / "phy"), time_units=unit, **more)
    np.testing.assert_allclose(session.times_s, TIMES, atol=1e-9)
    np.testing.assert_allclose(session.spikes_s[0], SPIKES["grid"], atol=0.51 / RATE)


def test_params_are_not_executed(path, tmp_path):
    code = f"open({str(tmp_path / 'executed')!r}, 'w')\nsample_rate = 30000\n"
    assert read(path, save(tmp_path / "phy", params=code)).cells == ("3", "12")
    assert not (tmp_path / "executed").exists()


FOLDERS = {
    "no parameters": ({"params": None}, "params.py cannot be read"),
    "a product": ({"params": "sample_rate = 3 * 10000"}, "assigns no positive number"),
    "none": ({"params": "rate = 3"}, "assigns no positive number"),
    "no Python": ({"params": "sample_rate = = 3"}, "params.py cannot be read"),
    "not good": (
        {"groups": "cluster_id\tgroup\n3\tmua\n"},
        "no cluster with spikes as good: 1 mua",
    ),
    "too few clusters": ({"spike_clusters": np.zeros(3, int)}, "spike_clusters.npy 3"),
    "seconds": ({"spike_times": SPIKES["grid"]}, "not whole numbers [spike]"),
    "objects": ({"spike_times": np.array([None, 1])}, "spike_times.npy cannot be read"),
    "two axes": ({"spike_times": np.zeros((4, 2), int)}, "of shape [4, 2]"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_folders_without_spikes_are_refused(name, path, tmp_path):
    changes, words = FOLDERS[name]
    assert words in refused(path, save(tmp_path / "phy", **changes))


def test_a_folder_is_no_input_and_a_rate_belongs_to_a_folder(path, tmp_path):
    folder = save(tmp_path / "phy")
    with pytest.raises(GridjaxError, match="holds spikes without positions") as caught:
        read_inputs([folder])
    assert f"--spikes {folder}" in str(caught.value)
    (tmp_path / "empty").mkdir()
    assert "is a folder" in refused(path, tmp_path / "empty")
    np.savez(tmp_path / "spikes.npz", spikes_a=SPIKES["grid"])
    message = refused(path, tmp_path / "spikes.npz", rate_hz=30000.0)
    assert "--time-units samples and --rate belong together" in message
