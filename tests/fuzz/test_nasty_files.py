"""Files made to break a reader, one by one: each refused at its place, or read as what it says."""

import os
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process, /proc")
ATTACK = "!!python/object/apply:os.system ['touch executed']"
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 40)
)


def one(value, name="Ng"):
    return f"method: grid\nparameters:\n  {name}: {{value: {value}}}\n"


def product(n_parameters, n_values):
    """A grid of n_values ** n_parameters points."""
    names = ("seed", "layout_seed", "weight_seed", "motion_seed", "n_epochs", "batch_size", "Np")
    ranges = [f"  {name}: {{min: 3, max: {n_values + 2}}}\n" for name in names[:n_parameters]]
    return "parameters:\n" + "".join(ranges)


REFUSED = {
    # text or bytes, line and column of the first problem (None: the whole file), part of a message
    "alias bomb": (BOMB, (2, 10), "the alias"),
    "alias bomb by merges": ("a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: *b}\n", (2, 13), "alias"),
    "merge key": ("parameters: {Ng: {value: 3}, <<: {Np: {value: 3}}}\n", (1, 30), "'<<'"),
    "an anchor and its alias": (one("&n 64") + "  Np: {value: *n}\n", (4, 15), "the alias *n"),
    "an alias to itself": ("parameters: &p {Ng: *p}\n", (1, 21), "the alias *p"),
    "100,000 lists": ("[" * 100_000, None, "nest"),
    "100,000 closed lists": ("[" * 100_000 + "]" * 100_000, None, "nest"),
    "100,000 maps": ("{a: " * 100_000, None, "nest"),
    "100,000 dashes": ("- " * 100_000, None, "nested more than"),
    "100,000 questions": ("? " * 100_000, None, "nested more than"),
    "1,000 indents": ("".join(" " * k + "a:\n" for k in range(1000)), None, "nested more than"),
    "10^6 numbers": ("parameters: {seed: {values: [" + "1," * 10**6 + "]}}", None, "is longer"),
    "400,000 numbers": ("parameters: {seed: {values: [" + "1," * 400_000 + "]}}", None, "values"),
    "400,000 names": ("parameters: {" + "a,b," * 200_000 + "}", None, "second time"),
    "a text of 10 MB": (one("x" * 10**7), None, "is longer than"),
    "a text of 900 kB": (one("x" * 900_000), (3, 15), "is not a whole number"),
    "a number of 5,000 digits": (one("1" * 5000), (3, 15), "not a finite number"),
    "a number of 900,000 digits": (one("1" * 900_000), (3, 15), "not a finite number"),
    "900,000 digits and a letter": (one("1" * 900_000 + "x"), (3, 15), "is not a whole number"),
    "a law of 900,000 digits": (
        one("Uniform(" + "1" * 900_000, "place_cell_rf"),
        (3, 26),
        "is not",
    ),
    "a tag that runs a command": (one(ATTACK), (3, 15), "python/object/apply:os.system"),
    "a tag on the parameters": (f"parameters: {ATTACK}\n", (1, 13), "the tag"),
    "a tag on the file": (f"{ATTACK}\n", (1, 1), "the tag"),
    "a tag that imports": (one("!!python/module:antigravity x"), (3, 15), "the tag"),
    "a tag that names": (one("!!python/name:os.system x"), (3, 15), "the tag"),
    "a tag of ours": (one("!env PATH"), (3, 15), "the tag"),
    "a harmless tag": (one("!!int '3'"), (3, 15), "the tag"),
    "UTF-16": (one(64).encode("utf-16"), None, "looks like UTF-16"),
    "UTF-16 without a mark": (one(64).encode("utf-16-le"), (1, 2), "character '\\x00'"),
    "UTF-32": (one(64).encode("utf-32"), None, "looks like UTF-16"),
    "Latin-1": (one("caf\xe9").encode("latin-1"), (3, None), "byte 0xe9"),
    "a null": (one("6\x004"), (3, 16), "character '\\x00'"),
    "an escaped null": (one('"6\\04"'), (3, 15), "is not a whole number"),
    "a control sequence": (one("\x1b[2J"), (3, 15), "character '\\x1b'"),
    "not a number": (one(".nan", "place_cell_rf"), (3, 26), "nan is not a finite number"),
    "infinite": (one(".inf"), (3, 15), "inf is not a finite number"),
    "infinite by its exponent": (one("1e400"), (3, 15), "not a finite number"),
    "not a number as an end": ("parameters: {Ng: {min: 1, max: .nan}}\n", (1, 18), "max: nan"),
    "base 60": (one("1:30"), (3, 15), "'1:30' is not a whole number"),
    "octal": (one("0100"), (3, 15), "'0100' is not a whole number"),
    "a name twice": ("method: grid\nparameters: {}\nmethod: grid\n", (3, 1), "a second time"),
    "two documents": (f"{one(64)}---\n{one(32)}", (4, 1), "a second document"),
    "empty": ("", None, "is empty"),
    "blanks": (" \n\n \n", None, "is empty"),
    "only a mark": (b"\xef\xbb\xbf", None, "is empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), (1, None), "not UTF-8"),
    "a pickle": (b"\x80\x04cos\nsystem\n(S'touch executed'\ntR.", (1, None), "not UTF-8"),
    "10^7 points": (product(7, 10), (1, 1), "10000000 grid points"),
    "10^42 points": (product(3, 6600), (1, 1), "grid points"),
    "ranges beyond the room": (product(7, 10**5), (1, 1), f"{10**35} grid points"),
    "a range of 10^30": ("parameters: {seed: {min: 0, max: 1e30}}\n", (1, 20), "draws fractions"),
    "10^30 draws": ("method: random\nrun_cap: 1e30\nparameters: {}\n", (1, 1), "networks, more"),
    "a device as place cells": (
        f"{one(64)}gridjax: {{place_maps: /dev/zero}}\n",
        (4, 23),
        "regular",
    ),
}
READ = {
    "a byte order mark": (b"\xef\xbb\xbf" + one(64).encode(), 1),
    "1e-4": (one("1e-4", "learning_rate"), 1),
    "an anchor nobody uses": (one("&n 64"), 1),
    "one document with its marks": (f"---\n{one(64)}...\n", 1),
    "carriage returns": (one(64).replace("\n", "\r"), 1),
    "7,000 points": (product(3, 19), 19**3),
}


def written(folder, content):
    path = folder / "nasty.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("name", REFUSED)
def test_nasty_files_are_refused_at_their_place(name, reader, tmp_path):
    content, where, what = REFUSED[name]
    result = reader.check(written(tmp_path, content))
    assert result["outcome"] == "refused"
    assert any(what in problem["message"] for problem in result["problems"])
    first = result["problems"][0]
    assert where is None or (first["line"], first["column"]) == where
    assert not list(tmp_path.glob("executed"))


@pytest.mark.parametrize("name", READ)
def test_odd_files_are_read_as_what_they_say(name, reader, tmp_path):
    content, n_networks = READ[name]
    result = reader.check(written(tmp_path, content))
    assert result.get("networks") == n_networks, result


def test_what_is_no_file_of_words_is_not_waited_for(reader, tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    with (tmp_path / "long.yaml").open("wb") as file:
        file.truncate(200 << 20)
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    for path, what in [
        (tmp_path / "pipe.yaml", "is not a regular file"),
        ("/dev/zero", "is not a regular file"),
        (tmp_path, "is a folder"),
        (tmp_path / "long.yaml", "is longer than"),
        (tmp_path / "loop.yaml", "cannot be read"),
        ("/proc/self/mem", "cannot be read"),
    ]:
        (problem,) = reader.check(path)["problems"]
        assert what in problem["message"]


def test_a_file_that_may_not_be_read_is_refused(reader, tmp_path):
    path = written(tmp_path, one(64))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    (problem,) = reader.check(path)["problems"]
    assert "Permission denied" in problem["message"]
