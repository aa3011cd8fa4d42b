"""The SHA-256 of a plugin covers the modules beside its file that its functions use."""

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
