"""Figure of the target codes: their spectra, tunings and layouts."""

import numpy as np
import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax.metrics.spectral import turing
from gridjax.metrics.spectral.standing_waves import standing_waves
from gridjax.report.figures import target_codes
from gridjax.report.run_data import read_run_data
from gridjax.spec.network import NetworkSpec
from gridjax.task.code_maps import bin_centres


def test_spectra_of_gaussian_and_dos_codes():
    """DoS peaks within a ring of k*; Gaussian falls from the longest wave on."""
    run = synthetic_run(
        [
            NetworkSpec(place_field_values=code, Np=256, place_cell_rf=0.14, Ng=8)
            for code in ("gaussian", "difference_of_gaussians")
        ]
    )
    peaks = []
    for record in read_run_data(run).records:
        layout = run.network(record.run_id).layout
        code = target_codes.tuning_over_box(record.spec, layout)
        waves = standing_waves(code.tuning, record.spec.box_width_in_m)
        peaks.append(waves.ring_frequency[waves.ring_power.argmax()])
    assert peaks[0] < 1.5 / 4.4
    assert peaks[1] == pytest.approx(turing.dos_wavenumber(0.14, 2.0) / (2 * np.pi), abs=1 / 4.4)


def test_a_tuning_is_the_code_of_the_most_central_cell():
    from gridjax.task.target_codes.encodings import encoding

    run = synthetic_run([NetworkSpec(place_field_values="gaussian", Np=32, Ng=4)])
    network = run.network(run.manifest["run_ids"][0])
    code = target_codes.tuning_over_box(network.spec, network.layout)
    centres = network.place_cells.centres[:, 0]
    central = np.linalg.norm(centres, axis=1).argmin()
    axis = bin_centres(2.2, target_codes.N_GRID)
    point = np.array([axis[5], axis[40]], np.float32)
    expected = encoding(network.spec.static).encode(network.place_cells, point)[central]
    assert code.tuning[0, 5, 40] == pytest.approx(float(expected), rel=1e-5)
    np.testing.assert_array_equal(code.centre, centres[central])


def test_layouts_that_were_not_kept_are_drawn_again_from_their_seed():
    specs = quickstart_specs([5])[1:2]
    kept, dropped = (
        target_codes.draw(read_run_data(run), run).figure.axes[0].images[0].get_array()
        for run in (synthetic_run(specs), synthetic_run(specs, weights=False))
    )
    np.testing.assert_array_equal(kept, dropped)
