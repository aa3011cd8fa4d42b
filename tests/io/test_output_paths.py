"""Output paths that can be written, and every way in which they cannot."""

import os

import pytest

from gridjax.errors import GridjaxError
from gridjax.io.output_paths import output_files, special_path

SUFFIXES = (".png", ".svg")


def test_the_files_of_an_output_stand_side_by_side(tmp_path):
    files = output_files(tmp_path / "a.png", SUFFIXES, False, "theory.png")
    assert files == [tmp_path / "a.png", tmp_path / "a.svg"]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.pdf", "a.pdf is no .png file"),
        ("two\nlines.png", "the name holds control characters"),
        ("x" * 250 + ".png", "the name is too long"),
        ("nowhere/a.png", "no folder"),
        ("taken.png", "would overwrite"),
        ("folder.png", "would overwrite"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, name, message):
    (tmp_path / "taken.svg").write_text("mine")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(GridjaxError, match=message):
        output_files(tmp_path / name, SUFFIXES, False, "theory.png")


def test_force_overwrites_files_but_no_folders(tmp_path):
    (tmp_path / "taken.svg").write_text("mine")
    output_files(tmp_path / "taken.png", SUFFIXES, True, "theory.png")
    (tmp_path / "a.svg").mkdir()
    with pytest.raises(GridjaxError, match=r"would overwrite .*a\.svg"):
        output_files(tmp_path / "a.png", SUFFIXES, True, "theory.png")


def test_links_and_pipes_are_special_and_other_kinds_where_one_is_wanted(tmp_path):
    file, folder, link, pipe = (tmp_path / name for name in ("file", "folder", "link", "pipe"))
    file.write_text("")
    folder.mkdir()
    link.symlink_to(file)
    os.mkfifo(pipe)
    assert special_path(file) is special_path(folder) is special_path(tmp_path / "none") is None
    assert special_path(link) == "a link"
    assert special_path(pipe) == "not a regular file"
    assert special_path(folder, may_be_folder=False) == "not a regular file"
    assert special_path(file, may_be_file=False) == "not a folder"
