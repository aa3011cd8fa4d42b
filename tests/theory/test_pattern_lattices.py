"""Lattices of patterns whose lattice is known, and their panels in figures."""

import numpy as np
import pytest

from gridjax import plotting
from gridjax.metrics.spectral.amplitude_equations import STARS
from gridjax.theory import figure
from gridjax.theory.growth_options import Growth
from gridjax.theory.isosurface import isosurface
from gridjax.theory.layout_patterns import LayoutPatterns
from gridjax.theory.pattern_lattices import PatternLattices, pattern_lattices
from gridjax.theory.prediction import place_code_spec, predict


def waves(vectors, n):
    """The sum of waves of whole numbers of cycles along a cube of n bins, above 0."""
    x = 2 * np.pi * (np.arange(n) + 0.5) / n
    total = sum(np.cos(i * x[:, None, None] + j * x[:, None] + k * x) for i, j, k in vectors)
    return np.maximum(total, 0)


@pytest.mark.parametrize("cycles", [3.0, 4.4])
def test_periods_of_waves_on_a_line(cycles):
    x = (np.arange(256) + 0.5) / 256
    maps = np.stack([np.cos(2 * np.pi * cycles * x + phase) for phase in (0.0, 1.0, 2.0)])
    found = pattern_lattices(maps, 2.2)
    assert found.counts() == {"row": 3}
    np.testing.assert_allclose(found.period_m, 2.2 / cycles, rtol=0.02)
    assert np.isnan(found.p_value).all()


def test_a_line_without_a_whole_wave_has_no_period():
    found = pattern_lattices(np.linspace(-1, 1, 64)[None], 1.0)
    assert found.counts() == {"none": 1}
    assert found.to_dict() == {
        "lattice": ["none"], "p_value": [None], "period_m": [None], "score": [None]
    }  # fmt: skip


@pytest.mark.parametrize("width", [0.05, 0.15])
def test_one_field_or_one_wave_is_no_row(width):
    x = (np.arange(256) + 0.5) / 256
    at = np.arange(24)[:, None] / 24
    fields = np.exp(-(((x - at + 0.5) % 1 - 0.5) ** 2) / (2 * width**2))
    one_wave = np.cos(2 * np.pi * (x - at))
    for maps in (fields, one_wave, np.maximum(one_wave, 0)):
        assert pattern_lattices(maps, 2.2).counts() == {"none": 24}
    two = pattern_lattices(np.maximum(np.cos(4 * np.pi * (x - at)), 0), 2.2)
    assert two.counts() == {"row": 24}
    np.testing.assert_allclose(two.period_m, 1.1, rtol=0.07)


@pytest.mark.slow
def test_hexagonal_and_other_squares():
    x = (np.arange(32) + 0.5) / 32
    angles = np.deg2rad([10.0, 70.0, 130.0])
    along = [np.cos(a) * x[:, None] + np.sin(a) * x for a in angles]
    hexagons = sum(np.cos(2 * np.pi * 3.5 * each) for each in along)
    found = pattern_lattices(np.stack([hexagons, np.cos(2 * np.pi * 3.5 * along[0])]), 2.0)
    assert found.lattice.tolist() == ["hexagonal", "none"]
    assert found.period_m[0] == pytest.approx(2 / 3**0.5 * 2.0 / 3.5, rel=0.03)
    assert found.score[0] > 1


@pytest.mark.slow
def test_a_volume_of_bcc_waves_is_bcc_and_its_period_is_in_metres():
    doubled = [tuple(2 * n for n in vector) for vector in STARS["bcc"]]
    noise = np.random.default_rng(3).normal(size=(24, 24, 24))
    found = pattern_lattices(np.stack([waves(doubled, 24), noise]), 2.0)
    assert found.lattice.tolist()[0] == "bcc"
    assert found.p_value[0] == pytest.approx(0.01)
    # two cells along the cube: fields sqrt 3 / 2 of a cell apart
    assert found.period_m[0] == pytest.approx(3**0.5 / 2, rel=0.05)
    assert found.score[0] > 0.57


def lattices_of(count):
    names = np.array(["bcc", "none"] * (count // 2))
    period = np.where(names == "bcc", 0.9, np.nan)
    return PatternLattices(names, np.full(count, 0.01), period, np.linspace(1, 0, count))


def drawn(dimensions, maps, count, growth=None):
    layout = LayoutPatterns(place_code_spec(0.2), growth or Growth(), maps - 0.1, maps)
    with plotting.styled():
        made = figure.draw(
            predict(0.2, dimensions=dimensions), layout, "theory", [lattices_of(count)] * 2
        )
    assert made.figure is not None
    made.figure.draw_without_rendering()
    return made


def test_the_figure_of_a_volume_has_sections_and_surfaces_of_typical_patterns():
    maps = np.stack([waves(STARS["bcc"], 12), waves(STARS["sc"], 12)] * 3)
    made = drawn(3, maps, 6)
    surfaces = [axes for axes in made.figure.axes if axes.name == "3d"]
    sections = [axes for axes in made.figure.axes if axes.images]
    assert (len(surfaces), len(sections)) == (8, 24)
    # the first pattern of the linear dynamics has the largest score: BCC, minus a constant
    at = np.unravel_index(maps[0].argmax(), maps[0].shape)
    np.testing.assert_allclose(sections[0].images[0].get_array(), (maps[0] - 0.1)[:, :, at[2]].T)
    texts = [text.get_text() for axes in sections for text in axes.texts]
    assert "bcc 90 cm, p 0.01" in texts
    assert "none, p 0.01" in texts
    triangles = isosurface(maps[0] - 0.1, float((maps[0] - 0.1).mean() + maps[0].std()))
    assert len(surfaces[0].collections[0].get_facecolor()) == len(triangles)
    assert "Sections xy, xz and yz" in made.caption
    assert "Dashed" not in made.caption


@pytest.mark.parametrize(
    ("growth", "text"),
    [
        (Growth(), "one layout in a box with walls"),
        (Growth(periodic=True), "one layout in a box without walls"),
        (
            Growth(ideal=True, saturation=1.75),
            "infinitely many place cells without walls, rates of at most 1.75 root mean squares",
        ),
    ],
)
def test_the_figure_says_on_what_patterns_grow(growth, text):
    made = drawn(1, np.ones((6, 64)), 6, growth)
    assert f"code of {text} (seed 0)" in made.caption
    assert f"Patterns on {text}" in [each.get_text() for each in made.figure.texts]


def test_the_figure_of_a_line_has_the_patterns_along_it():
    maps = np.maximum(np.cos(np.linspace(0, 20, 64)), 0) * np.arange(1, 7)[:, None]
    made = drawn(1, maps, 6)
    spectra, *lines = made.figure.axes
    assert len(lines) == 8
    assert spectra.get_xlabel()
    for axes in lines:
        x, y = axes.lines[0].get_data()
        assert (x[0], x[-1]) == pytest.approx((220 / 128, 220 - 220 / 128))
        assert np.abs(y).max() == pytest.approx(1)
