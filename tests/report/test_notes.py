"""Sentences beside the figures of a report."""

from dataclasses import replace

import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax.report import notes
from gridjax.report.run_data import read_run_data
from gridjax.theory.prediction import place_code_spec, predict_spec


@pytest.mark.parametrize("width_m", [0.1344, 0.1348])
def test_a_box_holds_enough_for_the_page_where_it_does_for_theory(width_m):
    """2.5 wavelengths of 6.536 sigma fit into 2.2 m up to a width of 13.46 cm."""
    spec = replace(
        quickstart_specs([0])[0],
        place_cell_rf=width_m,
        place_field_values="difference_of_gaussians",
    )
    run = synthetic_run([spec])
    says_few = "cannot be distinguished from one field" in notes._periods(read_run_data(run))
    assert says_few == (width_m > 0.1346)
    assert predict_spec(place_code_spec(width_m), 2).fits != says_few
