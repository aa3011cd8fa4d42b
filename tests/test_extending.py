"""A user's own code, cell, loss and measured place cells: the pages of the docs, run as written."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import yaml
from commands import QUICKLY, in_this_process
from source_tree import text_of
from tiny import TINY
from torture.quick_evaluation import quick_evaluation

import gridjax as gj
from gridjax.spec.registry import REGISTRIES

PAGE = text_of("docs", "howto", "extending.md")
BLOCKS = {name: code for code in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
          for name in re.findall(r"gj\.register_(\w+)", code)}  # fmt: skip
FEW = TINY | {"Np": {"value": 12}, "n_grad_steps_per_epoch": {"value": 60}}


MAIN = "import sys; from gridjax.cli import main; sys.argv[0] = 'gridjax'; main()"


def gridjax(folder, *arguments, program=MAIN):
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def run(folder, code):
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The page's code in one plugin, and a sweep that names all of it."""
    base = tmp_path_factory.mktemp("mine")
    for name, code in BLOCKS.items():
        (base / f"{name}.py").write_text(code)
    own = {
        "place_field_values": {"value": "laplacian"},
        "rnn_type": {"value": "leaky"},
        "place_field_loss": {"value": "absolute"},
        "place_cell_rf": {"value": 0.4},
        "state_objective": {"value": "sparse"},
        "mean_rate_weight": {"value": 0.1},
        "motion": {"value": "rays"},
        "start": {"value": "linear"},
        "optimizer": {"value": "clipped_adam"},
    }
    sweep = {"method": "grid", "parameters": FEW | own}
    (base / "mine.yaml").write_text(yaml.safe_dump(sweep))
    return base


KINDS = ("encoding", "cell", "loss", "state_objective", "motion", "start", "optimizer")
PLUGINS = tuple(part for name in KINDS for part in ("--plugin", f"{name}.py"))


def test_the_page_registers_one_of_each():
    assert set(BLOCKS) == set(KINDS)
    assert len(BLOCKS["encoding"].strip().splitlines()) <= 25


@pytest.fixture(scope="module")
def swept(folder):
    """The folder, where the sweep was trained; its evaluation took no time."""
    program = QUICKLY + MAIN
    done = gridjax(folder, "sweep", "mine.yaml", *PLUGINS, "--out", "out", program=program)
    assert done.returncode == 0, done.stderr[-1500:]
    return folder


def check_what_is_in(folder):
    check = f"""
import gridjax as gj
from gridjax.run.execution.plugins import load_plugin
run = gj.open_run("out")
assert list(run.networks.place_field_values) == ["laplacian"]
assert (run.networks.status == "finished").all()
names = ("laplacian", "leaky", "absolute", "sparse", "rays", "linear", "clipped_adam")
assert set(run.manifest["plugins"]) == set(map("plugin:".__add__, names))
try:
    run.network(run.networks.run_id[0])
except gj.GridjaxError as error:
    print(error)
for name in {KINDS!r}:
    load_plugin(name + ".py")
network = run.network(run.networks.run_id[0])
leak = network.params["cell"]["leak"]
assert leak.shape == (24,) and (leak != 0.5).any()
"""
    assert "are not registered" in run(folder, check)


@pytest.mark.slow
def test_what_users_register_trains_like_a_built_in(swept):
    check_what_is_in(swept)


@pytest.mark.slow
def test_what_users_register_trains_and_scores_like_a_built_in(folder, tmp_path):
    mine = shutil.copytree(folder, tmp_path / "mine", ignore=shutil.ignore_patterns("out"))
    done = gridjax(mine, "sweep", "mine.yaml", *PLUGINS, "--out", "out")
    assert done.returncode == 0, done.stderr[-1500:]
    check_what_is_in(mine)
    assert (gj.open_run(mine / "out").networks["decode_err_ml_cm"] < 80).all()
    report = gridjax(mine, "report", "out")
    assert report.returncode == 0, report.stderr[-1500:]


@pytest.mark.slow
def test_another_source_is_another_network(swept, tmp_path):
    folder = shutil.copytree(swept, tmp_path / "mine")
    ids = f"""
import gridjax as gj
from gridjax.run.execution.plugins import load_plugin
for name in {KINDS!r}:
    load_plugin(name + ".py")
print(gj.Sweep.from_yaml("mine.yaml").specs[0].run_id)
"""
    before = run(folder, ids)
    assert run(folder, ids) == before
    (folder / "cell.py").write_text(BLOCKS["cell"] + "\n# a comment outside of its functions\n")
    assert run(folder, ids) == before
    changed = BLOCKS["cell"].replace("1 - params", "1.0 - params")
    assert changed != BLOCKS["cell"]
    (folder / "cell.py").write_text(changed)
    assert run(folder, ids) != before
    done = gridjax(folder, "sweep", "mine.yaml", *PLUGINS, "--out", "out")
    assert done.returncode == 2
    assert "holds the results of another sweep" in done.stderr


@pytest.fixture
def registering(monkeypatch):
    """What a test registers in this process is forgotten after it."""
    for registry in REGISTRIES.values():
        for name in ("_infos", "_functions", "_hashes", "_modules"):
            monkeypatch.setattr(registry, name, dict(getattr(registry, name)))


def test_an_unknown_name_is_refused_without_the_plugin(folder):
    done = in_this_process(folder, "plan", "mine.yaml")
    assert done.returncode == 2
    assert "'laplacian' is unknown" in done.stderr
    assert "Traceback" not in done.stderr


TAKEN = "import gridjax as gj\ngj.register_cell(gj.CellInfo('RNN'), gj.Cell(None, None))\n"
WORDS = "import gridjax as gj\ngj.{}\n"


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (TAKEN, "'RNN' is gridjax's own"),
        (WORDS.format("TargetCodeInfo('own', 'share')"), "targets: 'share' is unknown"),
        (WORDS.format("LossInfo('own', 'distributions')"), "needs: 'distributions' is unknown"),
        ("import nowhere_to_be_found\n", "fails: ModuleNotFoundError"),
        ("def broken(:\n", "fails: SyntaxError"),
        (TAKEN.replace("RNN", "a b"), "'a b' cannot be a name"),
        (None, "is not a file"),
    ],
)
@pytest.mark.usefixtures("registering")
def test_plugins_that_cannot_be_are_refused(folder, code, what):
    if code is not None:
        (folder / "bad.py").write_text(code)
    name = "bad.py" if code is not None else "missing.py"
    done = in_this_process(folder, "plan", "mine.yaml", "--plugin", name)
    assert done.returncode == 2
    assert what in done.stderr
    assert "Traceback" not in done.stderr


OWN = {
    "encoding": "gj.register_encoding(gj.TargetCodeInfo('own'), gj.Encoding({}))",
    "cell": "gj.register_cell(gj.CellInfo('own'), gj.Cell({}))",
    "loss": "gj.register_loss(gj.LossInfo('own'), gj.Loss({}))",
    "state_objective": (
        "gj.register_state_objective(gj.StateObjectiveInfo('own'), gj.StateObjective({}))"
    ),
    "motion": "gj.register_motion(gj.MotionInfo('own'), gj.Motion({}))",
    "start": "gj.register_start(gj.StartInfo('own'), gj.Start({}))",
    "optimizer": "gj.register_optimizer(gj.OptimizerInfo('own'), gj.Optimizer({}))",
}
PARAMETERS = {
    "encoding": "place_field_values",
    "cell": "rnn_type",
    "loss": "place_field_loss",
    "state_objective": "state_objective",
    "motion": "motion",
    "start": "start",
    "optimizer": "optimizer",
}
NOTHING, SAME = "lambda *_: None", "lambda _, x: x"


@pytest.mark.parametrize(
    ("kind", "functions", "what"),
    [
        (
            "encoding",
            f"{NOTHING}, {SAME}, {SAME}",
            "encode of positions [..., 2] returns [2, 3, 2]",
        ),
        ("encoding", f"lambda key: None, {SAME}, {SAME}", "init fails: TypeError"),
        ("encoding", f"{NOTHING}, lambda _, x: x @ x, {SAME}", "encode fails: TypeError"),
        ("cell", "lambda *_: {}, lambda p, s, x, phi: s[0]", "step of 1 state(s) returns [3, 24]"),
        ("cell", "lambda *_: {}, lambda p, s, x: s", "step fails: TypeError"),
        ("loss", "lambda y, t: (y - t).mean()", "loss of [..., 12] returns []"),
        ("state_objective", "lambda g, *_: g.mean(axis=-1)", "value returns [7, 16], not []"),
        ("motion", "lambda *_: None", "simulate returns None"),
        ("start", "lambda *_: {}, lambda p, x, n, phi: x", "state of 24 values returns [3, 2]"),
        ("optimizer", "lambda context: context.rate", "make fails: AttributeError"),
    ],
)
@pytest.mark.usefixtures("registering")
def test_functions_that_return_other_shapes_are_refused(tmp_path, kind, functions, what):
    (tmp_path / "own.py").write_text("import gridjax as gj\n" + OWN[kind].format(functions))
    own = {"place_field_loss": {"value": "mse"}, PARAMETERS[kind]: {"value": "own"}}
    (tmp_path / "own.yaml").write_text(yaml.safe_dump({"method": "grid", "parameters": FEW | own}))
    done = in_this_process(tmp_path, "sweep", "own.yaml", "--plugin", "own.py", "--out", "out")
    assert done.returncode == 2
    assert f"own: {what}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()


def measured_sweep(folder, maps, **parameters):
    np.save(folder / "maps.npy", maps)
    sweep = {
        "method": "grid",
        "parameters": FEW | {"place_field_values": {"value": "from_file"}} | parameters,
        "gridjax": {"place_maps": "maps.npy"},
    }
    (folder / "measured.yaml").write_text(yaml.safe_dump(sweep))


def gaussian_maps(n_cells=12, n=20):
    rng = np.random.default_rng(3)
    axis = (np.arange(n) + 0.5) / n - 0.5
    x, y = np.meshgrid(axis, axis, indexing="ij")
    centres = rng.uniform(-0.5, 0.5, (n_cells, 2))
    squared = (x - centres[:, 0, None, None]) ** 2 + (y - centres[:, 1, None, None]) ** 2
    return np.exp(-squared / (2 * 0.2**2))


@pytest.mark.slow
def test_a_network_learns_measured_place_cells(tmp_path):
    """Its evaluation takes no time here."""
    measured_sweep(tmp_path, gaussian_maps())
    away = tmp_path / "elsewhere"
    away.mkdir()
    with quick_evaluation():
        done = in_this_process(away, "sweep", "../measured.yaml", "--out", "out")
    assert done.returncode == 0, done.stderr[-1500:]
    run = gj.open_run(away / "out")
    row = run.networks.iloc[0]
    assert row.place_field_values == "from_file"
    network = run.network(row.run_id)
    assert network.place_cells.maps.shape == (20, 20, 12)
    assert network.spec.run_id == row.run_id
    assert run.history["loss_excess"].iloc[-1] < run.history["loss_excess"].iloc[0]


@pytest.mark.slow
def test_measured_place_cells_are_targets(tmp_path):
    measured_sweep(tmp_path, gaussian_maps())
    away = tmp_path / "elsewhere"
    away.mkdir()
    done = gridjax(away, "sweep", "../measured.yaml", "--out", "out")
    assert done.returncode == 0, done.stderr[-1500:]
    check = """
import gridjax as gj
run = gj.open_run("out")
row = run.networks.iloc[0]
assert row.place_field_values == "from_file" and row.pos_decoding_err < 75
network = run.network(row.run_id)
assert network.place_cells.maps.shape == (20, 20, 12)
assert network.spec.run_id == row.run_id
"""
    run(away, check)


@pytest.mark.parametrize(
    ("maps", "what"),
    [
        (np.ones((12, 20, 19)), "has shape [12, 20, 19]"),
        (np.ones((12, 20)), "has shape [12, 20]"),
        (np.ones((11, 20, 20)), "does not fit place_maps of 11 cells"),
        (np.full((12, 20, 20), np.nan), "not finite"),
        (-np.ones((12, 20, 20)), "negative rates"),
        (np.zeros((12, 20, 20)), "no cell that fires in bin 0, 0"),
        (np.ones((12, 20, 20), complex), "complex128"),
        (np.array([{}], object), "cannot be read"),
    ],
)
def test_place_maps_that_cannot_be_are_refused(tmp_path, maps, what):
    measured_sweep(tmp_path, maps)
    done = in_this_process(tmp_path, "plan", "measured.yaml")
    assert done.returncode == 2
    assert what in done.stderr
    assert done.stderr.count("measured.yaml:") == 1
    assert "Traceback" not in done.stderr


def test_place_maps_can_be_set_on_the_command_line(tmp_path):
    measured_sweep(tmp_path, gaussian_maps())
    np.save(tmp_path / "others.npy", gaussian_maps(n=24))
    ids = [
        json.loads(in_this_process(tmp_path, "plan", "measured.yaml", "--json", *arguments).stdout)
        for arguments in ((), ("--set", "gridjax.place_maps=others.npy"))
    ]
    assert [plan["networks"] for plan in ids] == [1, 1]
    other = ("--set", "gridjax.place_maps=none.npy")
    refused = in_this_process(tmp_path, "plan", "measured.yaml", *other)
    assert refused.returncode == 2
    assert "No such file" in refused.stderr
