"""Import of Python files by their path."""

import sys

import pytest

from gridjax.io.python_files import import_file


def test_a_file_is_run_once_and_found_by_its_name(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Point:\n    x: int\n"
    )
    module = import_file(path, "own_of_this_test")
    assert module.Point(3).x == 3
    assert sys.modules.pop("own_of_this_test") is module


def test_a_package_finds_its_own_modules(tmp_path):
    package = tmp_path / "pack"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("VALUE = 5\n")
    import_file(package / "__init__.py", "pack_of_this_test")
    from pack_of_this_test import inner  # pyright: ignore[reportMissingImports]

    assert inner.VALUE == 5


def test_two_packages_of_one_name_have_their_own_modules(tmp_path):
    found = []
    for value in (5, 6):
        package = tmp_path / str(value)
        package.mkdir()
        (package / "__init__.py").write_text("from .inner import VALUE\n")
        (package / "inner.py").write_text(f"VALUE = {value}\n")
        found.append(import_file(package / "__init__.py", "same_name_of_this_test").VALUE)
    assert found == [5, 6]


def test_a_file_that_fails_or_is_no_python_file_is_no_module(tmp_path):
    bad, text = tmp_path / "bad.py", tmp_path / "notes.txt"
    bad.write_text("raise RuntimeError('no')\n")
    text.write_text("x = 1\n")
    with pytest.raises(RuntimeError, match="no"):
        import_file(bad, "bad_of_this_test")
    with pytest.raises(ImportError, match="is not named as a Python file"):
        import_file(text, "text_of_this_test")
    assert not {"bad_of_this_test", "text_of_this_test"} & set(sys.modules)
