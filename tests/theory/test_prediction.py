"""Theory of a target code against the layouts that networks are trained with."""

import dataclasses
import math

import numpy as np
import pytest
from oracles import turing as oracle

from gridjax import plotting
from gridjax.errors import GridjaxError
from gridjax.metrics.spectral import turing
from gridjax.metrics.spectral.radial_spectrum import mean_power, peak_cycles, radial_power
from gridjax.spec.fields.distributions import Uniform
from gridjax.spec.network import NetworkSpec
from gridjax.task.code_maps import code_over_box
from gridjax.theory import figure, pattern_panels, prediction
from gridjax.theory.layout_patterns import code_covariance, layout_patterns
from gridjax.theory.output import lines
from gridjax.theory.prediction import place_code_spec, predict

DOS = place_code_spec(0.12, n_cells=256, seed=3)
GAUSSIAN = place_code_spec(0.12, code="gaussian", n_cells=256, seed=3)


def test_numbers_at_12_cm():
    found = predict(0.12, 2.0, 2.2)
    assert found.wavenumber_rad_m == pytest.approx(8.011, abs=5e-4)
    assert found.cycles_per_box == pytest.approx(0.337 / 0.12, rel=2e-3)
    assert 100 * found.period_m == pytest.approx(90.6, abs=0.05)
    assert found.periods_per_box == pytest.approx(2.2 / found.period_m)
    assert found.modes[0].n == (2.0, 2.0)
    assert [round(triad.length, 2) for triad in found.triads] == [3.05, 2.16]
    assert found.fits


@pytest.mark.parametrize(("sigma", "fits"), [(0.134, True), (0.136, False)])
def test_a_lattice_fits_up_to_the_width_where_the_box_holds_enough_wavelengths(sigma, fits):
    assert predict(sigma).fits is fits
    assert ("NO: fewer" in " ".join(lines(predict(sigma)))) is not fits
    assert predict(sigma, box_m=4.4).fits


def test_the_conventions_of_the_surround_and_the_scale_of_the_world():
    assert predict(0.12, 4.0, surround_convention="variance") == predict(0.12, 2.0)
    larger = predict(0.24, 2.0, 4.4)
    assert larger.cycles_per_box == pytest.approx(predict(0.12).cycles_per_box)
    assert larger.period_m == pytest.approx(2 * predict(0.12).period_m)


def test_dimensions_share_the_wavenumber_and_differ_in_their_lattice():
    one, two, three = (predict(0.1, 1.8, dimensions=d) for d in (1, 2, 3))
    assert one.wavenumber_rad_m == pytest.approx(three.wavenumber_rad_m)
    assert one.period_m == pytest.approx(one.wavelength_m)
    assert two.period_m / one.period_m == pytest.approx(2 / math.sqrt(3))
    assert three.period_m / one.period_m == pytest.approx(math.sqrt(6) / 2)
    assert [len(each.modes[0].n) for each in (one, two, three)] == [1, 2, 3]
    assert one.triads == three.triads == ()


def test_gaussian_codes_have_no_length_of_their_own():
    found = predict(0.12, code="gaussian")
    assert math.isnan(found.wavenumber_rad_m)
    assert not found.fits
    assert found.modes[0].n == (1.0, 0.0)
    assert found.to_dict()["period_m"] is None
    assert "none" in lines(found)[1]
    power = prediction.expected_power(found, np.linspace(0, 6, 50))
    assert (np.diff(power) < 0).all()


def test_expected_power_peaks_at_the_cycles_told():
    found = predict(0.1, 1.5, 1.7)
    cycles = np.linspace(0.01, 12, 20_001)
    peak = cycles[prediction.expected_power(found, cycles).argmax()]
    assert peak == pytest.approx(found.cycles_per_box, abs=2e-3)


def test_widths_beyond_every_box_have_no_modes_named_but_an_answer():
    assert predict(1e-5).modes == predict(1e-5).triads == ()
    assert predict(1e-5).period_m == pytest.approx(1e-5 * 7.547, rel=1e-3)
    assert not predict(1e5).fits


@pytest.mark.parametrize(
    "values",
    [
        {"place_cell_rf": -0.1},
        {"place_cell_rf": math.nan},
        {"surround_scale": 1.0},
        {"box_m": 0.0},
        {"dimensions": 4},
        {"surround_convention": "sd"},
        {"code": "cartesian"},
    ],
)
def test_what_no_place_cells_have_is_refused(values):
    with pytest.raises(GridjaxError):
        predict(**{"place_cell_rf": 0.12} | values)


def test_laws_and_several_fields_are_refused():
    for values in ({"place_cell_rf": Uniform(0.1, 0.2)}, {"n_place_fields_per_cell": 2}):
        with pytest.raises(GridjaxError, match="no theory of this target code"):
            prediction.predict_spec(NetworkSpec(**values))


def test_covariances_of_places_fall_with_distance_as_theory_says():
    """Mean over pairs a shift apart, against the inverse transform of the expected power."""
    spec = dataclasses.replace(DOS, Np=4096)
    n = 22
    sigma = code_covariance(spec, n).reshape(n, n, n, n)
    shifts = np.arange(8)
    inner = range(6, n - 13)
    found = [np.mean([sigma[i, j, i + s, j] for i in inner for j in range(6, 16)]) for s in shifts]
    r = 0.1 * shifts
    k = np.linspace(0, 60, 4001)
    power = turing.surround_power(k, 0.12, 2.0)
    from scipy.special import j0

    wanted = np.array([np.trapezoid(k * power * j0(k * each), k) for each in r])
    # Of 4,096 random centres; the walls' reach is 2 sigma_I = .48 m, hence the inner places.
    np.testing.assert_allclose(found, wanted / wanted[0], atol=0.12)
    assert found[0] == pytest.approx(1)
    assert min(found) < -0.1


@pytest.mark.parametrize("sigma", [0.1, 0.14])
def test_the_spectrum_of_drawn_place_cells_peaks_near_k_star(sigma):
    spec = place_code_spec(sigma, seed=1)
    mean = radial_power(code_over_box(spec, 44).T.reshape(-1, 44, 44), 2.2)
    peak = peak_cycles(mean._replace(power=mean_power(mean)))
    expected = predict(sigma).cycles_per_box
    # 10 %: walls, and 512 random centres
    assert peak == pytest.approx(expected, rel=0.1)
    gaussian = code_over_box(place_code_spec(sigma, code="gaussian", seed=1), 44)
    falling = radial_power(gaussian.T.reshape(-1, 44, 44), 2.2)
    assert peak_cycles(falling._replace(power=mean_power(falling))) < 1.3


@pytest.fixture(scope="module")
def drawn():
    return {spec.place_field_values: layout_patterns(spec, n_units=24) for spec in (DOS, GAUSSIAN)}


@pytest.mark.slow
def test_patterns_on_drawn_layouts(drawn):
    """DoS grows several fields and some hexagons of theory's period, Gaussian one field, none."""
    from gridjax.metrics.gridscore.grid_score import grid_score
    from gridjax.metrics.lattice.lattice import lattice

    dos, gaussian = drawn["difference_of_gaussians"], drawn["gaussian"]
    assert dos.linear.min() < -0.01 <= dos.nonnegative.min()
    assert np.asarray(grid_score(gaussian.nonnegative).score_60).max() < 0.3
    assert np.asarray(grid_score(dos.nonnegative).score_60).max() > 0.8
    periods = np.asarray(lattice(dos.nonnegative, 2.2).period_cm)
    assert np.nanmedian(periods) == pytest.approx(90.6, rel=0.1)
    assert np.isnan(np.asarray(lattice(gaussian.nonnegative, 2.2).period_cm)).all()


@pytest.mark.slow
def test_hexagons_on_drawn_layouts_over_seeds():
    """Over 8 layouts of 512 cells: lattices on DoS alone, of the period theory names."""
    from gridjax.metrics.lattice.lattice import lattice
    from gridjax.metrics.spectral.pattern_formation import grow

    found = {}
    for code in prediction.CODES:
        periods = [
            lattice(grow(code_covariance(place_code_spec(0.12, code=code, seed=s))), 2.2)
            for s in range(8)
        ]
        found[code] = np.concatenate([np.asarray(each.period_cm) for each in periods])
    assert np.isfinite(found["difference_of_gaussians"]).mean() > 0.05
    assert np.nanmedian(found["difference_of_gaussians"]) == pytest.approx(90.6, rel=0.05)
    assert np.isnan(found["gaussian"]).all()


def test_fields_that_the_places_cannot_show_are_refused():
    with pytest.raises(GridjaxError, match="too narrow"):
        layout_patterns(place_code_spec(0.01))
    with pytest.raises(GridjaxError, match="does not vary"):
        layout_patterns(place_code_spec(1e4, n_cells=16))


def drawn_figure(expected, layout):
    with plotting.styled():
        made = figure.draw(expected, layout, "theory")
    assert made.figure is not None
    made.figure.draw_without_rendering()
    return made


def texts(parent):
    from matplotlib.text import Text

    return [text for text in parent.findobj(Text) if text.get_text().strip()]


@pytest.mark.slow
@pytest.mark.parametrize("code", prediction.CODES)
def test_the_figure_shows_both_spectra_modes_and_patterns(drawn, code):
    layout = drawn[code]
    made = drawn_figure(prediction.predict_spec(layout.spec), layout)
    spectra, *maps = made.figure.axes
    assert len(maps) == 2 * pattern_panels.PER_ROW[2]
    lines_by_label = {line.get_label(): line for line in spectra.lines}
    curve = lines_by_label["theory (no walls, no disorder)"]
    assert curve.get_ydata().max() == pytest.approx(1, abs=1e-3)
    modes = lines_by_label["modes of the box"].get_xdata()
    squared = sorted(oracle.lengths_by_enumeration(spectra.get_xlim()[1], 2))
    np.testing.assert_allclose(modes, np.sqrt(squared))
    marked = [label for label in lines_by_label if label.startswith("k* ")]
    assert len(marked) == (code == "difference_of_gaussians")
    if marked:
        at = lines_by_label[marked[0]].get_xdata()[0]
        assert at == pytest.approx(curve.get_xdata()[curve.get_ydata().argmax()], abs=0.01)
    for text in texts(made.figure):
        assert text.get_fontsize() >= 7
    assert "No network is trained" in made.caption


def test_without_a_layout_the_figure_has_the_spectrum_alone():
    made = drawn_figure(predict(0.12, dimensions=3), None)
    assert len(made.figure.axes) == 1
    assert "Below" not in made.caption


def test_patterns_shown_are_of_all_ranks():
    scores = np.array([0.3, 1.2, -0.5, 0.9, 0.1, 0.0, 0.2, 0.4, 0.6])
    shown = pattern_panels.typical(scores, 8)
    assert shown[0] == 1
    assert shown[-1] == 2
    assert len(set(shown)) == 8
    assert sorted(pattern_panels.typical(scores[:3], 8)) == [0, 1, 2]
