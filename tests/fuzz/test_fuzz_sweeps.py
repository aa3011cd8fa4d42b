"""Whatever a sweep file holds: a sweep, or located problems, soon and in little memory."""

import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .reading import Reader
from .strategies import KINDS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of a process, /proc")
_FAST, _SLOW = 30, 700  # cases of each kind
_CHECKS = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)
_COMMON = settings(deadline=None, suppress_health_check=_CHECKS, print_blob=True)


def check_cases(kind, reader, path, how):
    @how
    @given(content=KINDS[kind], what=st.sampled_from(["sweep", "skipping", "first"]))
    def every_case(content, what):
        path.write_bytes(content)
        reader.check(path, what)

    every_case()


@pytest.mark.parametrize("kind", KINDS)
def test_some_files_are_read_or_refused(kind, reader, tmp_path):
    how = settings(_COMMON, max_examples=_FAST, derandomize=True, database=None)
    check_cases(kind, reader, tmp_path / "fuzz.yaml", how)


@pytest.mark.slow
def test_thousands_of_files_are_read_or_refused(tmp_path, capsys):
    """A failure is repeated by the @reproduce_failure line that Hypothesis prints with it."""
    how = settings(_COMMON, max_examples=_SLOW)
    n_cases = 0
    for kind in KINDS:
        reader = Reader()
        try:
            check_cases(kind, reader, tmp_path / f"{kind}.yaml", how)
        finally:
            reader.close()
            with capsys.disabled():
                print(f"\n{kind}: {reader.told()}")
        n_cases += reader.counts["cases"]
    assert n_cases >= 2000
