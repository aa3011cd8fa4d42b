"""The layers: imports point one way, and clocks, files and heavy imports stand where they may."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gridjax

PACKAGE = Path(gridjax.__file__).parent

VALUES = {"errors", "fidelity", "laws", "measured", "registry"}
SPEC = VALUES | {"halves", "padding", "spec"}
BOTTOM = SPEC | {"random", "parameters", "rules", "io"}
MAY_IMPORT = {
    "errors": set(),
    "random": set(),
    "laws": set(),
    "fidelity": set(),
    "measured": set(),
    "registry": {"errors"},
    "halves": VALUES | {"parameters", "spec"},  # whose halves they are
    "padding": VALUES | {"halves", "spec"},
    "spec": VALUES | {"halves"},
    "io": {"errors"},
    "version": set(),
    "parameters": SPEC | {"io"},
    "rules": SPEC | {"parameters"},
    "world": BOTTOM | {"world"},
    "model": BOTTOM | {"world", "model"},
    "training": BOTTOM | {"world", "model", "training"},
    "measure": {"errors", "measure"},
    "study": BOTTOM | {"version", "world", "model", "training", "measure", "study"},
    "claims": BOTTOM | {"measure", "study", "claims"},
    "cli": {"version", "cli", "claims", "study", "errors", "io"},
    "": {"version"},
}
"""What each part of gridjax may import of gridjax; "" is gridjax/__init__.py."""

PURE = BOTTOM | {"world", "model", "training", "measure"}
OUTWARD = {
    "builtins", "datetime", "glob", "io", "logging", "multiprocessing", "os", "pathlib", "pickle",
    "random", "rich", "shutil", "socket", "subprocess", "sys", "tempfile", "threading", "time",
    "typer", "warnings",
}  # fmt: skip
OUTWARD_CALLS = {"print", "open", "input", "eval", "exec", "breakpoint", "__import__"}
CALLBACKS = {"callback", "io_callback", "pure_callback", "debug_callback", "import_module"}


def part_of(module):
    """The part of gridjax that a module belongs to: gridjax.world.arena -> world."""
    return [*module.split("."), ""][1]


def for_type_checkers(node):
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def statements(tree, skipped=lambda node: False):
    """Every node of a tree but the skipped ones and what is in them."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not skipped(child):
            yield from statements(child, skipped)


def imported(nodes, package):
    """Every name imported, at the top or later: ``from a import b`` imports a.b.

    ``package`` is the dotted package that relative imports start from.
    """
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join(filter(None, [*above, base]))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def is_module(name):
    path = PACKAGE.parent.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def module_imported(name):
    """The module of an imported name: gridjax.spec.Static -> gridjax.spec."""
    while not is_module(name) and "." in name:
        name = name.rpartition(".")[0]
    return name


def breaches(tree, module, is_package=False):
    """What a module does that its layer forbids."""
    part, package = part_of(module), module if is_package else module.rpartition(".")[0]
    # only the public names stand for what they import when first used
    nodes = list(statements(tree, for_type_checkers if part == "" else lambda node: False))
    found = []
    for name in imported(nodes, package):
        if name.split(".")[0] == "gridjax":
            other = part_of(module_imported(name))
            if other not in MAY_IMPORT[part]:
                found.append(f"{module} imports gridjax.{other}".rstrip("."))
        elif part in PURE and name.split(".")[0] in OUTWARD:
            found.append(f"{module} imports {name}")
    if part in PURE:
        for node in nodes:
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                last = called.rpartition(".")[2]
                outward = called in OUTWARD_CALLS or called.startswith("jax.debug.")
                if outward or last in CALLBACKS:
                    found.append(f"{module} calls {called}")
            if isinstance(node, ast.Global):
                found.append(f"{module} has global {', '.join(node.names)}")
    return found


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if is_package else parts), path, is_package


def test_imports_point_one_way_and_nothing_below_the_study_looks_outward():
    found, parts = [], set()
    for module, path, is_package in modules():
        parts.add(part_of(module))
        found += breaches(ast.parse(path.read_text()), module, is_package)
    assert parts == set(MAY_IMPORT), "a part without rules, or rules without a part"
    assert found == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("gridjax.errors", "from gridjax.spec import NetworkSpec"),
        ("gridjax.spec", "import gridjax.parameters"),
        ("gridjax.parameters", "from gridjax import rules"),
        ("gridjax.random", "from gridjax.spec import Static"),
        ("gridjax.world.arena", "from gridjax.model.cells import RNN"),
        ("gridjax.world.arena", "from ..model import cells"),
        ("gridjax.model.cells", "def f():\n    from gridjax.training import single"),
        ("gridjax.training.single", "from gridjax.measure import gridscore"),
        ("gridjax.training.single", "import gridjax.study.plan as plan"),
        ("gridjax.measure.rings", "from gridjax.spec import NetworkSpec"),
        ("gridjax.measure.rings", "from gridjax import random"),
        ("gridjax.cli", "from gridjax.world import motion"),
        ("gridjax.study.plan", "from gridjax.cli import main"),
        ("gridjax.world.arena", "from gridjax import train"),
        ("gridjax.spec", "if TYPE_CHECKING:\n    from gridjax.study.sweep import Sweep"),
        ("gridjax", "from gridjax.study.sweep import Sweep"),
        ("gridjax.world.arena", "import time"),
        ("gridjax.measure.rings", "def f():\n    from os.path import join"),
        ("gridjax.model.cells", "import rich.console"),
        ("gridjax.model.cells", "from pathlib import Path"),
        ("gridjax.spec", "print('x')"),
        ("gridjax.rules", "def f(name):\n    return open(name)"),
        ("gridjax.training.single", "jax.debug.print('x')"),
        ("gridjax.training.single", "y = jax.pure_callback(f, shape, x)"),
        ("gridjax.training.single", "def f():\n    global calls"),
    ],
)
def test_a_breach_is_found(module, source):
    assert len(breaches(ast.parse(source), module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("gridjax.training.single", "from gridjax.world import motion\nimport jax"),
        ("gridjax.measure.rings", "from gridjax.measure import chunks\nimport numpy as np"),
        ("gridjax.study.plan", "import time\nfrom gridjax.version import __version__\nprint(1)"),
        ("gridjax.random", "from jax import random"),
        ("gridjax", "if TYPE_CHECKING:\n    from gridjax.study.sweep import Sweep"),
        ("gridjax.model.cells", "jnp.log(fn.print_name)"),
    ],
)
def test_what_is_allowed_is_no_breach(module, source):
    assert breaches(ast.parse(source), module) == []


LIGHT = """
import sys
import {module}
heavy = {{"jax", "jaxlib", "flax", "optax", "pandas", "pyarrow", "scipy", "matplotlib"}}
print(sorted(heavy & set(sys.modules)))
"""


@pytest.mark.parametrize("module", ["gridjax", "gridjax.cli"])
def test_importing_the_package_and_its_commands_starts_nothing_heavy(module):
    code = LIGHT.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_check_for_heavy_imports_can_find_one():
    code = LIGHT.format(module="gridjax.random")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "jax" in done.stdout
