"""A user's own codes, cells, losses and other parts: the page of the docs, run as written."""

import re
import shutil
import subprocess
import sys

import pytest
import yaml
from commands import QUICKLY, in_this_process
from source_tree import text_of
from tiny import TINY

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
def test_the_cell_of_the_page_that_takes_a_product_trains_at_every_precision(tmp_path):
    with_product = next(
        code for code in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
        if code.startswith("def step(params, state, inputs, activation, product)")
    )  # fmt: skip
    base, _, register = BLOCKS["cell"].partition("gj.register_cell")
    (tmp_path / "cell.py").write_text(f"{base}\n{with_product}\ngj.register_cell{register}")
    precisions = {"matmul_precision": {"values": ["float32", "tf32", "bf16"]}}
    own = {"method": "grid", "parameters": FEW | {"rnn_type": {"value": "leaky"}} | precisions}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(own))
    program = QUICKLY + MAIN
    arguments = ("sweep", "mine.yaml", "--plugin", "cell.py", "--out", "out")
    done = gridjax(tmp_path, *arguments, program=program)
    assert done.returncode == 0, done.stderr[-1500:]
    trained = gj.open_run(tmp_path / "out")
    assert (trained.networks["status"] == "finished").all()
    last = trained.history.groupby("run_id")["loss"].last()
    assert last.nunique() == 3  # rounding changes the last digits
    assert last.max() < last.min() + 0.01


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
    assert "another sweep: mine.yaml with other networks" in " ".join(done.stderr.split())


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
    assert "another needs the file that registers it: --plugin FILE.py" in done.stderr
    assert "Traceback" not in done.stderr


TAKEN = "import gridjax as gj\ngj.register_cell(gj.CellInfo('RNN'), gj.Cell(None, None))\n"
WORDS = "import gridjax as gj\ngj.{}\n"


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (TAKEN, "'RNN' is gridjax's own"),
        (WORDS.format("TargetCodeInfo('own', 'share')"), "targets: 'share' is unknown"),
        (WORDS.format("TargetCodeInfo('own', reads=('rf',))"), "reads: 'rf' is unknown"),
        (WORDS.format("MotionInfo('own', reads='turn_sd')"), "reads: 'turn_sd' is unknown"),
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
        (  # the parameters of a network have no values when its program is compiled
            "encoding",
            f"lambda _, context: float(context.box_width_in_m), {SAME}, {SAME}",
            "init fails: ConcretizationTypeError",
        ),
        # parameters that no record names: they would have their defaults
        (
            "encoding",
            f"lambda _, c: c.place_cell_rf_high, {SAME}, {SAME}",
            "a function reads context.place_",
        ),
        ("state_objective", "lambda g, y, x, v, c: c.code_size", "a function reads context.code"),
        ("motion", "lambda key, n, m, context: context.turn_sd", "a function reads context.turn"),
        ("optimizer", "lambda context: context.adam_epsilon", "a function reads context.adam"),
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
    assert not (tmp_path / "out").exists()
    if "a function reads" in what:
        assert re.search(r'add "\w+" to reads', done.stderr)
