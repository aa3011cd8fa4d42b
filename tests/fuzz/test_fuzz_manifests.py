"""Whatever stands in a run folder's manifest: a manifest, or GridjaxError; nothing is executed."""

import json
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridjax.study.durable import seal
from gridjax.study.manifest import MANIFEST, make_manifest
from gridjax.study.plan import make_plan
from gridjax.study.sweep import Sweep

from .reading import Reader

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process, /proc")
DEVICE = {"platform": "cpu", "kind": "cpu", "count": 1, "cpu_cores": 2}
DRAWN = {
    "method": "random",
    "run_cap": 4,
    "parameters": {
        "Ng": {"min": 8, "max": 4000},
        "surround_scale": {"values": ["Uniform(2, 3)", 1, 2]},
        "n_place_fields_per_cell": {"values": ["Poisson(2)", 1]},
    },
    "gridjax": {"fidelity": "published", "keep_maps": "best:4"},
}
SWEEP = Sweep.from_dict(DRAWN, skip_invalid=True)
GOOD = make_manifest(SWEEP, make_plan(SWEEP.specs), DEVICE, "float32")
TEXT = seal(GOOD).decode()
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
    "a number of 5,000 digits": TEXT.replace('"count": 1', f'"count": {"1" * 5000}'),
    "not a number": TEXT.replace('"count": 1', '"count": NaN'),
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
def reader():
    reader = Reader()
    yield reader
    reader.close()


def check_cases(reader, folder, how):
    @how
    @given(content=MANIFESTS)
    def every_case(content):
        (folder / MANIFEST).write_bytes(content)
        reader.check(folder, "manifest")

    every_case()


def test_the_manifest_itself_is_read(reader, tmp_path):
    (tmp_path / MANIFEST).write_text(TEXT)
    assert reader.check(tmp_path, "manifest")["networks"] == len(SWEEP.specs)


@pytest.mark.parametrize("name", NAMED)
def test_nasty_manifests_are_refused(name, reader, tmp_path):
    (tmp_path / MANIFEST).write_text(NAMED[name])
    result = reader.check(tmp_path, "manifest")
    assert result["outcome"] == "refused" or name == "not a number"


def test_some_manifests_are_read_or_refused(reader, tmp_path):
    how = settings(_COMMON, max_examples=100, derandomize=True, database=None)
    check_cases(reader, tmp_path, how)


@pytest.mark.slow
def test_many_manifests_are_read_or_refused(reader, tmp_path, capsys):
    """A failure is repeated by the @reproduce_failure line that Hypothesis prints with it."""
    try:
        check_cases(reader, tmp_path, settings(_COMMON, max_examples=1000))
    finally:
        with capsys.disabled():
            print(f"\nmanifests: {reader.told()}")
