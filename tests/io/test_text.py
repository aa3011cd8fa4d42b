"""Names that can be printed and written, and those that cannot."""

import os

import pytest

from gridjax.io.text import flaw, shown


@pytest.mark.parametrize("name", ["rat", "T1C1", "é 细胞", "a b", "-", "🐀"])
def test_names_are_text(name):
    assert flaw(name) is None
    assert shown(name) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "blank"),
        (" \t", "blank"),
        (os.fsdecode(b"bad\xff"), "not UTF-8"),
        ("a\nb", "control"),
        ("\x1b[31m", "control"),
        ("\x00", "control"),
    ],
)
def test_what_no_terminal_can_print_has_a_flaw_and_is_shown_in_ascii(name, words):
    assert words in str(flaw(name))
    assert shown(name).isprintable()
    assert shown(name).isascii()
