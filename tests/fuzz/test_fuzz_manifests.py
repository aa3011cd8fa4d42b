"""Whatever stands in a run folder's manifest: a run, or GridjaxError; nothing else is touched.

What is changed is sealed again, so that it is read, or not, so that it is found.
"""

import json
import shutil
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridjax.io.atomic_files import dump_checksummed_json
from gridjax.run.storage.manifest import MANIFEST

from .runfolder import MANIFEST_CONTENT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process, /proc")
SEALED = dump_checksummed_json(MANIFEST_CONTENT)
TEXT = SEALED.decode()
NASTY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from([[], {}, [[]], {"a": 1}, [None], "Uniform(1,", "Poisson(1e999)", 10**400]),
    st.sampled_from(
        ["../../etc", "0" * 16, "corrected, x", "best:0", "\ud800", "\x00", "a" * 5000]
    ),
)
_CHECKS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
_COMMON = settings(deadline=None, suppress_health_check=_CHECKS, print_blob=True)
NAMED = {
    "empty": "",
    "100,000 lists": "[" * 100_000,
    "100,000 maps": '{"a":' * 100_000,
    "no mapping": "[1, 2]",
    "a number of 5,000 digits": TEXT.replace('"threads": 1', f'"threads": {"1" * 5000}'),
    "not a number": TEXT.replace('"threads": 1', '"threads": NaN'),
    "a null": TEXT + "\x00",
    "200,000 numbers": TEXT.replace('"specs": [', '"specs": [' + "1, " * 200_000),
    "python": "__import__('os').system('touch executed')",
}


@st.composite
def changed_trees(draw):
    """The manifest with one to three values anywhere replaced, removed or added."""
    root = json.loads(TEXT)
    for _ in range(draw(st.integers(1, 3))):
        node = root
        while True:
            places = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not places:
                break
            place = draw(st.sampled_from(places))
            if not isinstance(node[place], dict | list) or draw(st.integers(0, 3)) == 0:
                how = draw(st.sampled_from(["replace", "replace", "remove", "add"]))
                if how == "remove":
                    del node[place]
                elif how == "add" and isinstance(node, dict):
                    node[draw(st.sampled_from(["", "Ng", "plugins", "run_ids", "x"]))] = draw(NASTY)
                else:
                    node[place] = draw(NASTY)
                break
            node = node[place]
    return json.dumps(root).encode()


@st.composite
def spliced(draw):
    """The manifest's text with one to four cuts or insertions."""
    content = TEXT.encode()
    for _ in range(draw(st.integers(1, 4))):
        at, cut = draw(st.integers(0, len(content))), draw(st.integers(0, 20))
        put = draw(st.binary(max_size=3) | st.text('[]{}:,"0e.-\\', max_size=3))
        put = put.encode() if isinstance(put, str) else put
        content = content[:at] + put + content[at + cut :]
    return content


MANIFESTS = st.one_of(changed_trees(), changed_trees(), spliced(), st.binary(max_size=100))


@pytest.fixture(scope="module")
def folder(made_run, tmp_path_factory):
    """A run whose manifest is written over by every test."""
    return shutil.copytree(made_run, tmp_path_factory.mktemp("fuzzed") / "run")


def resealed(content):
    """The bytes with a seal made for them, where they are a mapping in JSON."""
    try:
        changed = json.loads(content)
        if not isinstance(changed, dict):
            return content
        changed.pop("sha256", None)
        return dump_checksummed_json(changed)
    except (ValueError, RecursionError):
        return content


def means_the_same(content):
    """Whether bytes are the manifest in other words: with a blank more, say."""
    try:
        return json.loads(content) == json.loads(SEALED)
    except (ValueError, RecursionError):
        return False


def check_cases(reader, folder, how):
    @how
    @given(content=MANIFESTS, again=st.sampled_from([True, True, False]))
    def every_case(content, again):
        content = resealed(content) if again else content
        (folder / MANIFEST).write_bytes(content)
        before = sorted(folder.rglob("*"))
        result = reader.check(folder, "run")
        assert sorted(folder.rglob("*")) == before
        if not again and not means_the_same(content):
            assert result["exit_code"] == 4

    every_case()


@pytest.mark.parametrize("how", [bytes, resealed])
def test_the_manifest_itself_is_read_to_the_machine_that_is_another(how, reader, folder):
    (folder / MANIFEST).write_bytes(how(TEXT.encode()))
    (problem,) = reader.check(folder, "run")["problems"]
    assert "threads 1 in the folder, 7 now" in problem["message"]
    assert problem["fix"].endswith("--accept device")


@pytest.mark.parametrize("how", [bytes, resealed])
@pytest.mark.parametrize("name", NAMED)
def test_nasty_manifests_are_refused(name, how, reader, folder):
    (folder / MANIFEST).write_bytes(how(NAMED[name].encode()))
    result = reader.check(folder, "run")
    assert result["outcome"] == "refused"


def test_some_manifests_are_read_or_refused(reader, folder):
    how = settings(_COMMON, max_examples=30, derandomize=True, database=None)
    check_cases(reader, folder, how)


@pytest.mark.slow
def test_many_manifests_are_read_or_refused(reader, folder, capsys):
    """A failure is repeated by the @reproduce_failure line that Hypothesis prints with it."""
    try:
        check_cases(reader, folder, settings(_COMMON, max_examples=1000))
    finally:
        with capsys.disabled():
            print(f"\nmanifests: {reader.told()}")
