"""Strict YAML: what is read, what is refused, and where a refusal points."""

import pytest
import yaml

from gridjax.errors import GridjaxError
from gridjax.io import yaml_reader
from gridjax.io.source_location import MAX_DEPTH, MAX_VALUES, Problems
from gridjax.io.yaml_reader import MAX_BYTES, parse_yaml, read_yaml


@pytest.fixture(params=["CSafeLoader", "SafeLoader"], autouse=True)
def loader(request, monkeypatch):
    """Both of PyYAML's parsers: which one there is depends on how it was built."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yaml_reader, "_Loader", getattr(yaml, request.param))


def parse(text):
    problems = Problems()
    content = parse_yaml(text, "a.yaml", problems)
    return content, [(str(problem.place), problem.message) for problem in problems.found]


def test_values_are_read_by_yaml_1_2_and_keep_their_places():
    content, problems = parse("a: 1\nb:\n  - 2.5\n  - {c: x, d: 'y z'}\n")
    assert problems == []
    assert content.plain() == {"a": 1, "b": [2.5, {"c": "x", "d": "y z"}]}
    assert str(content.value["a"].place) == "a.yaml:1:4"
    assert str(content.value["a"].name_place) == "a.yaml:1:1"
    inner = content.value["b"].value[1].value["d"]
    assert str(inner.place) == "a.yaml:4:15"
    assert str(inner.name_place) == "a.yaml:4:12"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("'1e-4'", "1e-4"),
        ("30", 30),
        ("'30'", "30"),
        ("1:30", "1:30"),
        ("190:20:30", "190:20:30"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("2022-11-28", "2022-11-28"),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("Off", "Off"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("'true'", "true"),
        ("~", None),
        ("null", None),
        ("", None),
        ("none", "none"),
        ("None", "None"),
        ("=", "="),
        ("<<", "<<"),
        (".inf", float("inf")),
        ("-.Inf", float("-inf")),
    ],
)
def test_plain_words_are_never_guessed_at(text, value):
    content, problems = parse(f"a: {text}\n")
    assert problems == []
    read = content.value["a"].value
    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_read_as_one():
    content, _ = parse("a: .nan\n")
    assert content.value["a"].value != content.value["a"].value


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3:1", "'a' stands here a second time; first at a.yaml:1:1"),
        ("a: {b: 1, b: 1}\n", "a.yaml:1:11", "'b' stands here a second time"),
        ("a: !!python/object:os.system x\n", "a.yaml:1:4", "python/object:os.system"),
        ("a: !!python/object/apply:os.system ['true']\n", "a.yaml:1:4", "is not supported"),
        ("a: !!int '3'\n", "a.yaml:1:4", "the tag"),
        ("a: ! x\n", "a.yaml:1:4", "the tag '!'"),
        ("!!map {a: 1}\n", "a.yaml:1:1", "the tag"),
        ("!!str a: 1\n", "a.yaml:1:1", "the tag"),
        ("a: &x 1\nb: *x\n", "a.yaml:2:4", "the alias *x"),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", "a.yaml:3:7", "the alias *x"),
        ("? [a, b]\n: 1\n", "a.yaml:1:3", "a name must be a plain word"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2:1", "a second document"),
        ("a: [1, 2\n", "a.yaml:2:1", "is not YAML"),
        ("a: b: c\n", "a.yaml:1:5", "is not YAML"),
        ("\ta: 1\n", "a.yaml:1:1", "is not YAML"),
        ("a: 'open\n", "a.yaml:2:1", "is not YAML"),
        ("%YAML 9.9\n---\na: 1\n", "a.yaml:1:1", "is not YAML"),
        ("a: 1\nb: \x00\n", "a.yaml:2:4", r"the character '\x00'"),
        ("a: \x1b[31m\n", "a.yaml:1:4", r"the character '\x1b'"),
        ("a: \ud800\n", "a.yaml:1:4", r"the character '\ud800'"),
        ("", "a.yaml", "is empty"),
        ("# only a comment\n", "a.yaml", "is empty"),
        ("---\n", "a.yaml", "is empty"),
        ("null\n", "a.yaml", "is empty"),
    ],
)
def test_refusals_are_located(text, place, what):
    _, problems = parse(text)
    ((where, message),) = problems
    assert what in message
    assert where == place


def test_all_tags_and_repeated_names_of_a_file_are_reported_at_once():
    content, problems = parse("a: !x 1\nb: !y 2\nb: 3\n")
    assert content is None
    assert [where for where, _ in problems] == ["a.yaml:1:4", "a.yaml:2:4", "a.yaml:3:1"]


def test_an_escape_beyond_unicode_is_refused():
    content, problems = parse('a: "\\UFFFFFFFF"\n')
    assert content is None
    assert "is not YAML" in problems[0][1]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_deep_nesting_is_refused(opening):
    _, problems = parse(opening * 5000)
    ((_, message),) = problems
    # libyaml has a limit of its own, which its reading ahead may meet first
    assert f"nested more than {MAX_DEPTH} deep" in message or "nesting depth" in message


def test_nesting_up_to_the_limit_is_read():
    content, problems = parse("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert problems == []
    assert content is not None


def test_alias_bombs_cost_nothing():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    content, problems = parse("\n".join(lines))
    assert content is None
    assert len(problems) == 29 * 9  # expanded, reading would outlast the universe


def test_too_many_values_are_refused():
    text = "a: [" + "1," * (MAX_VALUES + 1) + "]"
    _, problems = parse(text)
    ((where, message),) = problems
    assert f"more than {MAX_VALUES} values" in message
    assert where.startswith("a.yaml:1:")


def read(path):
    problems = Problems()
    content, text = read_yaml(path, problems)
    return content, text, list(problems.found)


def write(folder, content):
    path = folder / "a.yaml"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_byte_order_marks_and_line_ends_are_read(tmp_path, line_end):
    path = write(tmp_path, b"\xef\xbb\xbfa: 1" + line_end + b"b: 2" + line_end)
    content, text, problems = read(path)
    assert problems == []
    assert content.plain() == {"a": 1, "b": 2}
    assert str(content.value["b"].place) == f"{path}:2:4"
    assert text.startswith("a: 1")


@pytest.mark.parametrize(
    ("content", "place", "what"),
    [
        ("a: 1\n".encode("utf-16"), "", "looks like UTF-16"),
        ("a: 1\n".encode("utf-16-be"), ":1:1", r"the character '\x00'"),
        ("a: 1\n".encode("utf-32"), "", "looks like UTF-16"),
        (b"a: 1\nb: \xff\n", ":2", "not UTF-8 text: byte 0xff"),
        (b"a: caf\xe9\n", ":1", "not UTF-8 text: byte 0xe9"),
        (b"\x89PNG\r\n\x1a\n", ":1", "not UTF-8 text: byte 0x89"),
        (b"", "", "is empty"),
        (b"\xef\xbb\xbf", "", "is empty"),
        (b"a" * (MAX_BYTES + 1), "", f"is longer than {MAX_BYTES} bytes"),
    ],
)
def test_other_encodings_and_sizes_are_one_clear_problem(tmp_path, content, place, what):
    path = write(tmp_path, content)
    _, _, (problem,) = read(path)
    assert what in problem.message
    assert str(problem.place) == f"{path}{place}"


def test_missing_files_name_the_nearest(tmp_path):
    write(tmp_path, b"a: 1")
    _, _, (problem,) = read(tmp_path / "aa.yaml")
    assert problem.message == "does not exist"
    assert problem.fix == "did you mean a.yaml?"
    _, _, (problem,) = read(tmp_path / "nowhere" / "a.yaml")
    assert problem.fix == f"there is no folder {tmp_path / 'nowhere'}"


def test_folders_devices_and_impossible_names_are_refused(tmp_path):
    for path, what in [
        (tmp_path, "is a folder"),
        ("/dev/null", "is not a regular file"),
        ("a\0b.yaml", "cannot be read"),
        ("a" * 5000, "cannot be read"),
        ("\udcff.yaml", "does not exist"),
    ]:
        _, _, (problem,) = read(path)
        assert what in problem.message
        str(problem).encode()  # printable wherever it ends


def test_problems_stop_when_nobody_would_read_on():
    text = "\n".join(f"a{i}: !x 1" for i in range(2000))
    with pytest.raises(GridjaxError) as caught:
        parse(text)
    assert len(caught.value.problems) == 501
    assert "first 500" in str(caught.value)
