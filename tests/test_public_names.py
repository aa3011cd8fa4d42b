"""What is public: the names of three packages, documented, and all that README and examples use."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from source_tree import IS_WHOLE

import gridjax as gj

WORD = re.compile(r"[A-Za-z_]\w*")
ROOT = Path(__file__).parents[1]
PUBLIC = ("gridjax", "gridjax.metrics", "gridjax.studies")
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))) if IS_WHOLE else ()
SCRIPTS = sorted((ROOT / "experiments").rglob("*.py"))


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_there_and_explained(package):
    public = import_module(package)
    assert dir(public) == public.__all__ == sorted(set(public.__all__))
    words = set(re.findall(r"\w+", public.__doc__))
    for name in public.__all__:
        assert getattr(public, name) is not None
        assert name == "__version__" or name in words, name
    assert not hasattr(public, "nothing_of_this_name")


@pytest.mark.parametrize("package", PUBLIC)
def test_a_stub_exports_all_that_it_imports(package):
    path = Path(import_module(package).__file__).with_suffix(".pyi")
    (exported,) = (
        node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)
    )
    assert sorted(ast.literal_eval(exported.value)) == import_module(package).__all__


def sources():
    for page in PAGES:
        for number, block in enumerate(
            re.findall(r"```(?:python|\{code-cell\} python)\n(.*?)```", page.read_text(), re.DOTALL)
        ):
            if not block.startswith("%%"):
                yield pytest.param(block, id=f"{page.name}-{number}")
    for script in SCRIPTS:
        yield pytest.param(script.read_text(), id=str(script.relative_to(ROOT)))


@pytest.mark.parametrize("source", list(sources()))
def test_readme_docs_and_experiments_use_nothing_but_public_names(source):
    aliases = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "gridjax":
                    assert alias.name in PUBLIC
                    aliases[alias.asname or alias.name] = import_module(alias.name)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gridjax":
            assert node.module in PUBLIC, node.module
            for alias in node.names:
                if (package := f"{node.module}.{alias.name}") in PUBLIC:
                    aliases[alias.asname or alias.name] = import_module(package)
                else:
                    assert alias.name in import_module(node.module).__all__
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            package = aliases.get(node.value.id)
            assert package is None or node.attr in package.__all__, node.attr


def gridjax_types():
    """The names of all classes of gridjax, whether public or not."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / "gridjax").rglob("*.py"))
    return {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


def annotations(value):
    """The annotations of a function, and of the public methods and fields of a class."""
    members = [value]
    if inspect.isclass(value):
        members = [one for name, one in vars(value).items() if not name.startswith("_")]
        yield from map(str, getattr(value, "__annotations__", {}).values())
    for one in members:
        function = getattr(one, "fget", None) or getattr(one, "func", None) or one
        yield from map(str, getattr(function, "__annotations__", {}).values())


@pytest.mark.parametrize("package", PUBLIC)
def test_signatures_of_public_names_name_public_types_alone(package):
    named = {
        name: getattr(import_module(p), name) for p in PUBLIC for name in import_module(p).__all__
    }
    public = {*named, *(getattr(value, "__name__", "") for value in named.values())}
    of_modules = {name for each in (gj.callbacks, gj.plotting) for name in vars(each)}
    internal = gridjax_types() - public - of_modules
    module = import_module(package)
    for name in module.__all__:
        words = {word for each in annotations(getattr(module, name)) for word in WORD.findall(each)}
        assert not words & internal, name
