"""The layers: imports point one way, and clocks, files and heavy imports stand where they may."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from source_tree import IS_WHOLE

import gridjax

pytestmark = pytest.mark.skipif(not IS_WHOLE, reason="a rule for the source tree")
PACKAGE = Path(gridjax.__file__).parent

MAY_IMPORT = {
    "errors": "",
    "forked_process": "errors",
    "prng": "forked_process",
    "loop_over_time": "",
    "version": "",
    "lazy": "",
    "callbacks": "",
    "io": "errors",
    "accelerators": "errors io",
    "spec": "errors io",
    "plotting": "spec",
    "metrics": "errors forked_process lazy",
    "grid_code": "metrics",
    "task": "errors loop_over_time prng spec",
    "model": "errors loop_over_time prng spec task",
    "agents": "errors prng spec metrics grid_code task model",
    "training": "loop_over_time prng spec task model",
    "sweep": "errors io spec",
    "run.planning": "io accelerators spec sweep",
    "run.evaluation": "prng spec metrics task model agents training sweep run.planning",
    "run.card_plan": "errors io accelerators spec metrics training sweep run.planning"
    " run.evaluation",
    "run.checkpointing": "errors io spec training callbacks run.planning run.evaluation",
    "run.storage": "errors version io spec task model training sweep run.planning run.evaluation"
    " run.checkpointing",
    "run.results": "errors forked_process spec metrics task model agents training run.evaluation"
    " run.storage",
    "run.worker": "errors io spec task model training sweep callbacks run.planning run.evaluation"
    " run.checkpointing run.storage",
    "run.execution": "errors forked_process io spec task model training sweep callbacks"
    " run.planning run.evaluation run.checkpointing run.storage run.results run.worker",
    "run.calibration": "errors io training run.planning run.worker run.execution spec",
    "theory": "errors prng plotting io spec metrics task",
    "recordings": "errors version plotting io metrics",
    "report": "errors plotting io spec metrics task sweep run.evaluation run.storage run.results"
    " theory",
    "studies": "errors version lazy plotting io spec metrics task model sweep run.planning"
    " run.evaluation"
    " run.storage run.results callbacks run.execution report",
    "trackers": "errors callbacks spec run.storage run.results report",
    "cli": "errors version io accelerators sweep callbacks run.planning run.card_plan run.storage"
    " run.results run.worker run.execution run.calibration theory recordings report studies"
    " trackers",
    "__main__": "cli",
    "": "errors forked_process prng version lazy plotting spec metrics grid_code task model"
    " agents training sweep callbacks run.evaluation run.storage run.results run.execution theory"
    " recordings studies trackers",
}
"""What each package may import beside itself, from the lowest layer up; "" is gridjax/__init__.py.

Imports in functions, in stubs and under TYPE_CHECKING count like any other.
"""

PURE = {
    *("errors", "loop_over_time", "prng", "version", "spec", "metrics", "task", "model"),
    *("agents", "training"),
}
"""Packages without clock, files, terminal or callbacks."""
OUTWARD = {
    "builtins", "datetime", "glob", "io", "logging", "multiprocessing", "os", "pathlib", "pickle",
    "random", "rich", "shutil", "socket", "subprocess", "sys", "tempfile", "threading", "time",
    "typer", "warnings",
}  # fmt: skip
OUTWARD_CALLS = {"print", "open", "input", "eval", "exec", "breakpoint", "__import__"}
CALLBACKS = {"callback", "io_callback", "pure_callback", "debug_callback", "import_module"}


def modules():
    """Every module of gridjax with its file."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())


def package_of(module):
    """The package of a module: gridjax.task.arena -> task, gridjax.run.storage.x -> run.storage."""
    parts = [*module.split("."), "", ""][1:3]
    return ".".join(filter(None, parts)) if parts[0] == "run" else parts[0]


def imported(tree):
    """Every name imported, at the top or later: ``from a import b`` imports a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "relative imports hide where they lead"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(tree):
    """The modules that a module imports: gridjax.spec.network.NetworkSpec -> its file."""
    for name in imported(tree):
        if name.split(".")[0] == "gridjax":
            yield name if name in MODULES else name.rpartition(".")[0]


def breaches(module, tree):
    """What a module does that its layer forbids."""
    package = package_of(module)
    allowed = {package, *MAY_IMPORT[package].split()}
    found = [f"imports {name}" for name in imports_of(tree) if package_of(name) not in allowed]
    if package in PURE:
        found += [f"imports {name}" for name in imported(tree) if name.split(".")[0] in OUTWARD]
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                is_outward = called in OUTWARD_CALLS or called.startswith("jax.debug.")
                if is_outward or called.rpartition(".")[2] in CALLBACKS:
                    found.append(f"calls {called}")
            if isinstance(node, ast.Global):
                found.append(f"has global {', '.join(node.names)}")
    return [f"{module} {what}" for what in found]


def parsed(path):
    """A module with the stub beside it, which says what its names are imported from."""
    files = [file for file in (path, path.with_suffix(".pyi")) if file.exists()]
    return ast.parse("\n".join(file.read_text() for file in files))


@cache
def trees():
    return {module: parsed(path) for module, path in MODULES.items()}


def test_imports_point_one_way_and_nothing_below_a_run_looks_outward():
    order = list(MAY_IMPORT)
    for place, package in enumerate(order):
        assert set(MAY_IMPORT[package].split()) <= set(order[:place]), package
    assert {package_of(module) for module in MODULES} - {"run"} == set(order)
    found = [
        breach
        for module, tree in trees().items()
        if module != "gridjax.run"
        for breach in breaches(module, tree)
    ]
    assert found == []


def test_no_files_import_each_other_in_a_circle():
    graph = {module: set(imports_of(tree)) - {module} for module, tree in trees().items()}
    TopologicalSorter(graph).prepare()
    with pytest.raises(CycleError):
        TopologicalSorter(graph | {"gridjax.errors": {"gridjax.spec.registry"}}).prepare()


BREACHES = {
    "gridjax.spec.network": [
        "def f():\n    from gridjax.sweep import sweep",
        "if TYPE_CHECKING:\n    from gridjax.task.arena import walls",
    ],
    "gridjax.model.cells": ["import time"],
    "gridjax.training.train_step": ["jax.debug.print('x')", "def f():\n    global calls"],
}


def test_a_breach_is_found():
    """A check that finds nothing anywhere would pass too."""
    for module, sources in BREACHES.items():
        assert all(len(breaches(module, ast.parse(source))) == 1 for source in sources), module


HEAVY = """
import sys
import {module}
heavy = {{"jax", "jaxlib", "flax", "optax", "pandas", "pyarrow", "scipy", "matplotlib"}}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("module", "is_light"), [("gridjax", True), ("gridjax.cli", True), ("gridjax.prng", False)]
)
def test_importing_the_package_and_its_commands_starts_nothing_heavy(module, is_light):
    command = [sys.executable, "-c", HEAVY.format(module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout == "[]\n") == is_light
