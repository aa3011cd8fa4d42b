"""The SHA-256 of a plugin covers the modules beside its file that its functions use."""

import os
import subprocess
import sys

import pytest

import gridjax as gj
from gridjax.io.python_files import import_file
from gridjax.spec.registry import plugin_hash

PLUGIN = """
import jax
import numpy as np
import gridjax as gj
import hidden_helper
import unused_helper
from hidden_helper import scaled

@jax.jit
def compiled(x):
    return x + 1

def init(key, n_inputs, n_units, initializer):
    return {"W": gj.glorot_uniform(key, n_inputs, n_units)}

def step(params, state, inputs, activation):
    return (compiled(USED(activation(inputs @ params["W"]))),)
"""
HELPER = """
import numpy as np
from package_of_helper import FACTOR

def scaled(x):
    return np.float32(FACTOR) * x
"""
FILES = {
    "plugin.py": PLUGIN,
    "hidden_helper.py": HELPER,
    "unused_helper.py": "A = 1\n",
    "package_of_helper/__init__.py": "FACTOR = 2\n",
}


@pytest.fixture
def digest(tmp_path, monkeypatch):
    """Return a function of changed files: the SHA-256 of the plugin with them."""
    known = set(sys.modules)

    def forget():
        for name in set(sys.modules) - known:
            if "helper" in name or name == "own_plugin":
                del sys.modules[name]

    def of(folder="here", **changed):
        root = tmp_path / folder
        for name, text in (FILES | changed).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        with monkeypatch.context() as patch:
            patch.syspath_prepend(str(root))
            patch.setattr(sys, "dont_write_bytecode", True)
            forget()
            plugin = import_file(root / "plugin.py", "own_plugin")
            info = gj.CellInfo("own_cell", n_states=0, has_layers=False)
            return plugin_hash(info, gj.Cell(plugin.init, plugin.step))

    yield of
    forget()


@pytest.mark.parametrize("used", ["scaled", "hidden_helper.scaled"])
def test_modules_beside_a_plugin_are_part_of_its_hash(digest, used):
    plugin = {"plugin.py": PLUGIN.replace("USED", used)}
    before = digest(**plugin)
    assert digest(**plugin) == digest("moved", **plugin) == before
    assert digest(**plugin, **{"unused_helper.py": "A = 2\n"}) == before
    changed = [
        digest(**plugin | {name: (FILES | plugin)[name].replace(old, new)})
        for name, old, new in (
            ("hidden_helper.py", "FACTOR) * x", "FACTOR) * x + 1"),
            ("package_of_helper/__init__.py", "2", "3"),
            ("plugin.py", "x + 1", "x + 2"),  # behind jax.jit
        )
    ]
    assert len({before, *changed}) == 4


CLASSES = """
from dataclasses import dataclass
from functools import partial
import flax.linen as nn
import jax.numpy as jnp
import gridjax as gj
from jax.numpy import tanh as squashed

class Layer(nn.Module):
    features: int

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.features)(x) * GAIN + shifted(x)

class Base:
    scale = 1.5

class Plain(Base):
    def __init__(self):
        self.leak, self.me = 0.25, self

    @staticmethod
    def mixed(x):
        return x * 0.75

@dataclass(frozen=True)
class Sizes:
    width: int = 7

GAIN = 3.0
LAYER, PLAIN, SIZES, GRU = Layer(4), Plain(), [Sizes(), max], nn.GRUCell(features=16)
LIMITED = partial(jnp.clip, max=6.0)

def shifted(x):
    return x + 11

def init(key, n_inputs, n_units, initializer):
    return {"W": gj.glorot_uniform(key, n_inputs, n_units)}

def step(params, state, inputs, activation):
    used = LAYER, PLAIN.mixed, SIZES, GRU, LIMITED, squashed
    return (activation(inputs @ params["W"]),)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nn.Dense(self.features)(x)", "nn.Dense(self.features)(2 * x)"),
        ("GAIN = 3.0", "GAIN = 4.0"),
        ("x + 11", "x + 12"),
        ("Layer(4)", "Layer(5)"),
        ("features=16", "features=17"),
        ("0.25", "0.5"),
        ("scale = 1.5", "scale = 2.5"),
        ("x * 0.75", "x * 0.5"),
        ("width: int = 7", "width: int = 8"),
        ("Sizes(), max", "Sizes(), min"),
        ("max=6.0", "max=7.0"),
        ("jnp.clip, ", "jnp.minimum, "),
        ("import tanh as", "import sin as"),
    ],
)
def test_classes_and_what_they_hold_are_part_of_the_hash(digest, old, new):
    assert CLASSES.count(old) == 1
    before = digest(**{"plugin.py": CLASSES})
    assert digest("moved", **{"plugin.py": CLASSES}) == before
    assert digest(**{"plugin.py": CLASSES.replace(old, new)}) != before


def test_the_hash_of_a_class_is_the_same_in_every_process(tmp_path):
    (tmp_path / "plugin.py").write_text(CLASSES)
    program = (
        "import sys; sys.path.insert(0, '.'); import plugin, gridjax as gj;"
        "from gridjax.spec.registry import plugin_hash;"
        "info = gj.CellInfo('own_cell', n_states=0, has_layers=False);"
        "print(plugin_hash(info, gj.Cell(plugin.init, plugin.step)))"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-B", "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
