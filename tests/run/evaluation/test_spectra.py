"""Power spectra of a network's maps, beside that of its own target code."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gridjax.metrics.spectral.turing import cycles_per_box, dos_wavenumber
from gridjax.run.evaluation.spectra import mean_spectra, spectrum_columns
from gridjax.spec.network import NetworkSpec
from gridjax.task.code_maps import code_maps
from gridjax.training import train_step

WIDTH_M = 0.14


def power_of(code, maps=None):
    spec = NetworkSpec(
        place_field_values=code, place_cell_rf=WIDTH_M, Np=256, Ng=8, bin_side_in_m=0.11, seed=4
    )
    state = train_step.init(spec.static, jax.tree.map(jnp.asarray, spec.traced))
    maps = np.random.default_rng(0).random((3, 20, 20)) if maps is None else maps
    code = code_maps(spec, state.layout, maps.shape[-1])
    found = mean_spectra(jnp.asarray(maps)[None], jnp.asarray(code)[None])
    one = jax.tree.map(lambda leaf: np.asarray(leaf)[0], found)
    return spectrum_columns(maps.shape[-1], one)


def peak(found, column="power_code"):
    some = found["cycles_per_box"] >= 0.5
    return found["cycles_per_box"][some][found[column][some].argmax()]


@pytest.mark.slow
def test_a_code_with_a_surround_peaks_where_theory_says():
    expected = cycles_per_box(dos_wavenumber(WIDTH_M, 2), 2.2)
    assert peak(power_of("difference_of_gaussians")) == pytest.approx(expected, abs=0.5)


def test_gaussian_cells_have_most_power_in_the_longest_waves():
    assert peak(power_of("gaussian")) <= 1.0


def test_the_spectrum_of_gaussian_cells_falls_from_the_longest_wave_on():
    """Half a cycle is the flank of the first: the box's edges make lines one cycle wide."""
    for code, falls in (("gaussian", True), ("difference_of_gaussians", False)):
        found = power_of(code)
        some = (found["cycles_per_box"] >= 1) & (found["cycles_per_box"] <= 3)
        assert (np.diff(found["power_code"][some]) < 0).all() == falls
        assert (np.diff(found["power_code"][some])[:4] > 0).all() != falls


def test_a_wave_peaks_at_its_wavenumber_and_flat_maps_do_not_count():
    x = (np.arange(20) + 0.5) / 20
    wave = np.cos(2 * np.pi * 3 * x)[:, None] * np.ones(20)
    flat = np.ones((20, 20))
    alone, beside = (power_of("gaussian", np.stack(maps)) for maps in ([wave], [wave, flat]))
    assert peak(alone, "power") == pytest.approx(3.0, abs=0.25)
    assert np.allclose(alone["power"], beside["power"], rtol=1e-4, atol=1e-9)
    assert np.isnan(power_of("gaussian", flat[None])["power"]).all()
