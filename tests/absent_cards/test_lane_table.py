"""The table of memory on cards is what their compilers report today."""

import pytest

from benchmarks.lane_table import MAPS, READOUTS, TRAINING, program_of, read_table, wanted
from gridjax.run.card_plan.programs import score_programs
from gridjax.run.planning.card_memory import BYTES_OF_SCORES
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training.memory_analysis import bytes_needed

TOLERANCE = 0.02
"""Another version of the compiler may plan its buffers a little differently."""


@pytest.mark.slow
@pytest.mark.parametrize("program", [TRAINING, MAPS, READOUTS])
def test_a_program_needs_the_memory_in_the_table(card, device, program):
    """The row with the smallest network and the fewest lanes."""
    rows = [each for each in wanted(card.name) if each[1] == program]
    row, name, spec, lanes = min(rows, key=lambda each: (each[2].Ng * each[2].Np, each[3]))
    known = {frozenset((old | {"bytes": ""}).items()): int(old["bytes"]) for old in read_table()}
    expected = known[frozenset((row | {"bytes": ""}).items())]
    needed = bytes_needed(program_of(name, spec, lanes, device).compile())
    assert needed == pytest.approx(expected, rel=TOLERANCE)


@pytest.mark.slow
def test_the_scores_of_a_chunk_of_maps_need_no_more_than_is_reserved_for_them(card, device):
    design = design_of(NetworkSpec(), EvaluationSettings())
    largest = max(bytes_needed(each.compile()) for each in score_programs(design, device))
    assert largest <= BYTES_OF_SCORES
