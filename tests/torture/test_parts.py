"""Parts of a run in one folder: in turn, twice, killed, and without the help of locks."""

import shutil
from contextlib import ExitStack, contextmanager, nullcontext

import pytest
from torture.crashpoints import CrashPoints, states_of_the_disk
from torture.sweeps import N_NETWORKS, long_blocks, promised, tortured
from torture.test_kills import check_finished

import gridjax as gj
from gridjax.callbacks import NetworkFinished, RunCallback
from gridjax.errors import GridjaxError
from gridjax.io import folder_lock
from gridjax.io.folder_lock import locked, shared_lock
from gridjax.run.execution import train
from gridjax.run.planning.parts import Part
from gridjax.run.storage import run_folder
from gridjax.run.storage.integrity import verify
from gridjax.run.storage.parts import joint_run
from gridjax.run.storage.parts.part_folders import part_lock
from gridjax.run.storage.run_folder import FolderStore
from gridjax.run.storage.status import status, status_lines

SHORT = 6
POINT = "replace shards/BLOCK before"
"""A point for the fast tests; a slow test tries every point."""
SLOW = pytest.mark.slow


@pytest.fixture
def three_blocks():
    """Divide the sweep into three blocks of two networks."""
    with long_blocks(N_NETWORKS):
        yield


def run_part(folder, part, callbacks=(), **options):
    return gj.train(tortured(SHORT), folder, callbacks, part=part, checkpoint_every=0, **options)


def check_whole(folder, untouched):
    """Check that the parts have left what one run leaves, and the list of the parts."""
    check_finished(folder, untouched(SHORT))
    assert gj.open_run(folder).is_finished
    assert all(path.is_file() for path in (folder / "parts").iterdir())


ORDERS = [
    ("2/2", "1/2"),
    *(
        pytest.param(parts, marks=SLOW)
        for parts in (("1/2", "2/2"), ("3/3", "2/3", "1/3"), ("1/1",))
    ),
]


@pytest.mark.parametrize("parts", ORDERS)
def test_parts_in_any_order_make_the_run_of_one_call(parts, untouched, tmp_path):
    folder = tmp_path / "run"
    for number, part in enumerate(parts, 1):
        run = run_part(folder, part)
        verify(folder)
        n_finished = sum(status(folder)["parts"]["finished_networks"])
        assert len(run.networks) == n_finished
        assert run.is_finished == (n_finished == N_NETWORKS)
        assert run.is_finished or number < len(parts)
    check_whole(folder, untouched)


@pytest.mark.slow
def test_parts_that_are_done_do_nothing_and_the_whole_run_does_the_missing_ones(
    untouched, tmp_path
):
    folder, done = tmp_path / "run", Finished()
    run_part(folder, "1/2")
    run_part(folder, "1/2", [done])
    assert not done.run_ids
    gj.train(tortured(SHORT), folder, [done], checkpoint_every=0)
    assert len(done.run_ids) == status(folder)["parts"]["networks"][1]
    check_whole(folder, untouched)
    run_part(folder, "2/2", [refusing := Finished()])
    assert not refusing.run_ids


class Finished(RunCallback):
    """Keeps the networks that were trained."""

    def __init__(self):
        self.run_ids = []

    def on_event(self, event):
        if isinstance(event, NetworkFinished):
            self.run_ids += event.run_ids


def test_what_is_running_refuses_what_would_disturb_it(tmp_path, monkeypatch):
    monkeypatch.setattr(folder_lock, "_PATIENCE_OF_PARTS_S", 0.2)
    folder = tmp_path / "run"
    run_part(folder, "1/2")
    with locked(folder), pytest.raises(GridjaxError, match="written by another gridjax sweep"):
        run_part(folder, "2/2")
    with shared_lock(folder), part_lock(folder, Part(2, 2)):
        with pytest.raises(GridjaxError, match=r"part 2/2 of --out .* another process \(process"):
            run_part(folder, "2/2")
        with pytest.raises(GridjaxError, match=r"part 2/2 of --out .* is running \(process"):
            gj.train(tortured(SHORT), folder)
        with pytest.raises(GridjaxError, match=r"part 2/2 of the same run is running .* part 1/3"):
            run_part(folder, "1/3")
        with pytest.raises(GridjaxError, match="another sweep"):
            gj.train(tortured(SHORT + 1), folder, part="1/2")
        with pytest.raises(GridjaxError, match="part 2/2 of the run before this change is running"):
            gj.train(tortured(SHORT + 1), folder, part="1/2", accept=("sweep",))
        run_part(folder, "1/2")  # another part is free
    run_part(folder, "2/2")


def test_a_part_needs_a_folder():
    with pytest.raises(GridjaxError, match="part 1/2 of a run needs a folder"):
        gj.train(tortured(SHORT), part="1/2")


@pytest.mark.usefixtures("three_blocks")
def test_status_names_the_parts_and_the_commands_of_the_missing_ones(tmp_path):
    folder = tmp_path / "run 1"
    run_part(folder, "2/3")
    with shared_lock(folder), part_lock(folder, Part(1, 3)):
        told = status(folder)
        assert told["state"] == "running"
        assert [each["part"] for each in told["workers"]] == ["1/3"]
    parts = told["parts"]
    assert (parts["finished"], parts["running"], parts["missing"]) == ([2], [1], [3])
    assert parts["commands"] == [f"gridjax sweep 'sweep dict' --out '{folder}' --part 3/3"]
    lines = status_lines(told)
    assert "3 parts: 1 finished, 1 running (1), 1 missing (3)" in lines
    assert any(line.strip() == parts["commands"][0] for line in lines)
    assert any("sbatch --array=3 " in line for line in lines)
    assert status(folder)["state"] == "stopped"


@pytest.mark.usefixtures("three_blocks")
def test_another_device_is_refused_until_accepted_and_the_first_goes_on(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    run_part(folder, "1/3")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("gridjax.run.execution.devices.processor", lambda: "another processor")
        with pytest.raises(GridjaxError, match="--accept device"):
            run_part(folder, "2/3")
        run_part(folder, "1/3")  # is finished: this processor computes nothing
        run_part(folder, "2/3", accept=("device",))
        run_part(folder, "2/3")
    run = run_part(folder, "3/3")
    assert len(run.manifest["segments"]) == 2
    parts = status(folder)["parts"]
    segments = run.networks["segment"].value_counts().to_dict()
    assert segments.get(1, 0) == parts["networks"][1]
    assert sum(segments.values()) == N_NETWORKS
    verify(folder)


def points_of_a_part(folder, part, hook):
    points = CrashPoints(folder, hook)
    with points.watching():
        run_part(folder, part)
    return points.names


def check_points(wanted, orders, untouched, tmp_path):
    """Go on from a copy of the folder at each point, which is what a killed part leaves there."""
    for first, second in orders:
        work, copies = tmp_path / f"work {first[0]}", {}

        def hook(name, count, work=work, copies=copies):
            if name not in copies and wanted(name):
                copies[name] = tmp_path / f"copy {work.name[-1]} {len(copies)}"
                shutil.copytree(work, copies[name])

        points_of_a_part(work, first, hook)
        for folder in copies.values():
            if (folder / "manifest.json").exists():
                verify(folder)
                status_lines(status(folder))
            for part in (second, first):
                run_part(folder, part)
            check_whole(folder, untouched)
        yield from copies


def test_a_part_that_was_killed_at_a_point_is_resumed(untouched, tmp_path):
    orders = [("1/2", "2/2")]
    assert list(check_points(lambda name: name == POINT, orders, untouched, tmp_path)) == [POINT]


@pytest.mark.slow
def test_a_part_may_be_killed_at_every_point(untouched, tmp_path, capsys):
    orders = [("1/2", "2/2"), ("2/2", "1/2")]
    states = check_points(lambda name: states_of_the_disk([name]), orders, untouched, tmp_path)
    found = list(states)
    with capsys.disabled():
        print(f"\n{len(found)} states of the disk from which two parts were resumed")
    assert len(found) > 150


@contextmanager
def without_locks(monkeypatch):
    """Every lock is granted at once, as on a file system that keeps locks on each host."""

    @contextmanager
    def granted(*arguments, **options):
        yield {"host": "a", "pid": 1, "started": "now"}

    with monkeypatch.context() as patch:
        for name in ("locked", "shared_lock", "manifest_lock", "part_lock"):
            patch.setattr(train, name, granted)
        patch.setattr(train, "workers_lock", lambda *_, **__: nullcontext())
        patch.setattr(train, "refuse_running", lambda *_: None)
        patch.setattr(joint_run, "locked", granted)
        patch.setattr(joint_run, "workers_lock", granted)
        yield


TWINS = (
    *("link manifest.json before", "replace checkpoints/BLOCK/STEPS before"),
    *("write partial/BLOCK/.aside-PART/units.parquet during", POINT),
    "write shards/.aside-BLOCK/timings.parquet during",
)


@SLOW
@pytest.mark.parametrize("point", TWINS)
@pytest.mark.parametrize("part", ["1/1", "1/2"])
def test_a_part_twice_at_once_without_locks_has_one_result(
    part, point, untouched, tmp_path, monkeypatch
):
    """At one point of a part, the same part runs from start to end; then the first goes on."""
    folder, twin = tmp_path / "run", []

    def hook(name, count):
        if name == point and not twin:
            twin.append(name)
            run_part(folder, part)

    with without_locks(monkeypatch):
        points = CrashPoints(folder, hook)
        points._lock = nullcontext()  # threads of the twin pass points during the hook
        with points.watching():
            run_part(folder, part)
        assert twin
        verify(folder)
        if part == "1/2":
            run_part(folder, "2/2")
    run_part(folder, part)  # with locks: cleans up what the first has left
    check_whole(folder, untouched)


@pytest.mark.slow
def test_a_part_that_does_not_see_its_own_results_yet_makes_them_again(
    untouched, tmp_path, monkeypatch
):
    """On a network file system, another host may see a new folder some seconds late."""
    folder, done = tmp_path / "run", Finished()
    run_part(folder, "1/2")
    before = {path: path.stat().st_mtime_ns for path in (folder / "shards").rglob("*")}
    with ExitStack() as stack:
        late = stack.enter_context(monkeypatch.context())
        late.setattr(FolderStore, "_entries", lambda self: [])
        late.setattr("gridjax.run.worker.block_run.networks_of_block", lambda *_: None)
        run_part(folder, "1/2", [done])
    assert len(done.run_ids) == status(folder)["parts"]["networks"][0]
    assert before == {path: path.stat().st_mtime_ns for path in (folder / "shards").rglob("*")}
    run_part(folder, "2/2")
    check_whole(folder, untouched)


@pytest.mark.slow
def test_a_damaged_shard_is_set_aside_by_its_part_alone(untouched, tmp_path):
    folder = tmp_path / "run"
    run_part(folder, "1/2")
    (shard,) = (folder / run_folder.SHARDS).iterdir()
    content = bytearray((shard / "units.parquet").read_bytes())
    content[len(content) // 2] ^= 1
    (shard / "units.parquet").write_bytes(bytes(content))
    run_part(folder, "2/2")
    assert not (folder / "damaged").exists()
    run_part(folder, "1/2")
    assert (folder / "damaged" / f"{shard.name}-1").is_dir()
    assert promised(folder) == promised(untouched(SHORT))
