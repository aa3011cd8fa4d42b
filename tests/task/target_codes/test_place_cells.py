"""Place cells: what is drawn, and every code of several fields against float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import decoders as decoder_oracle
from oracles import encodings as oracle
from scipy import stats
from task.layouts import WIDTH, decoded, drawn, encoded, exactly, somewhere, spec_of

from gridjax.spec.fields.distributions import Poisson, Uniform
from gridjax.task.target_codes import place_cells

SMALLEST_P = 1e-4  # one seed in 10^4 would fail a correct generator
FIELDS = {
    "one": {},
    "three": {
        "n_place_fields_per_cell": 3,
        "place_cell_rf": Uniform(0.1, 0.4),
        "surround_scale": Uniform(1.3, 3.0),
    },
    "some": {"n_place_fields_per_cell": Poisson(0.7), "place_cell_rf": Uniform(0.1, 0.4)},
}
MANY = {"Np": 5000} | FIELDS["some"] | {"surround_scale": Uniform(1.3, 3.0)}


def expected_code(spec, layout, positions):
    encode = oracle.PLACE_CODES[spec.place_field_values, spec.place_field_normalization]
    alphas = {}
    if spec.place_field_values == "general_difference_of_gaussians":
        alphas = {"alpha_e": spec.place_cell_alpha_e, "alpha_i": spec.place_cell_alpha_i}
    return encode(positions, exactly(layout), **alphas)


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize(("code", "normalization"), oracle.PLACE_CODES)
def test_codes_agree_with_float64(code, normalization, fields):
    spec = spec_of(
        code,
        place_field_normalization=normalization,
        place_cell_alpha_e=1.7,
        place_cell_alpha_i=0.6,
        **FIELDS[fields],
    )
    layout, positions = drawn(spec), somewhere(6, 12)
    ours = encoded(spec, layout, positions)
    assert ours.shape == (6, 12, 37)
    assert ours.dtype == np.float32
    expected = expected_code(spec, layout, positions)
    # exponents up to 240 carry 240 float32 roundings; cells that matter have smaller ones
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-5 * expected.max())


@pytest.mark.parametrize("convention", ["std", "variance"])
@pytest.mark.parametrize("rf", [0.12, 0.6])
def test_differences_of_softmaxes_agree_with_float64_at_other_widths(rf, convention):
    code = "difference_of_gaussians"
    spec = spec_of(code, place_cell_rf=rf, surround_convention=convention)
    layout, positions = drawn(spec), somewhere(60)
    sigma_i = oracle.surround_width(rf, spec.surround_scale, convention)
    cells = oracle.single_fields(layout.centres[:, 0], rf, sigma_i)
    expected = oracle.difference_of_softmaxes(positions, cells)
    ours = encoded(spec, layout, positions)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-5 * expected.max())


@pytest.mark.slow
@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    code=st.sampled_from(list(oracle.PLACE_CODES)),
    n_cells=st.integers(3, 20),
    n_fields=st.integers(1, 3),
    width=st.floats(0.1, 0.5),
    ratio=st.floats(1.2, 4),
)
def test_codes_and_decoders_of_any_size_agree_with_float64(code, n_cells, n_fields, width, ratio):
    spec = spec_of(
        code[0],
        place_field_normalization=code[1],
        Np=n_cells,
        n_place_fields_per_cell=n_fields,
        place_cell_rf=width,
        surround_scale=ratio,
    )
    layout, positions = drawn(spec), somewhere(5)
    expected = expected_code(spec, layout, positions)
    ours = encoded(spec, layout, positions)
    # a difference is as rounded as its terms, and three cells may lie so far that little is left
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-4 * expected.max())
    outputs = np.random.default_rng(1).normal(size=(5, n_cells))
    lowest = code[0] == "true_difference_of_gaussians"
    decode = decoder_oracle.bottom_cells if lowest else decoder_oracle.top_cells
    theirs = decode(outputs.astype(np.float32), exactly(layout))
    np.testing.assert_allclose(decoded(spec, layout, outputs), theirs, rtol=0, atol=1e-6)


def test_the_surround_conventions_are_ratios_of_widths_and_of_their_squares():
    code = "difference_of_gaussians"
    of_std = drawn(spec_of(code, surround_scale=2.25))
    of_variance = drawn(spec_of(code, surround_scale=2.25, surround_convention="variance"))
    np.testing.assert_allclose(of_std.sigma_i / of_std.sigma_e, 2.25, rtol=1e-6)
    np.testing.assert_allclose(of_variance.sigma_i / of_variance.sigma_e, 1.5, rtol=1e-6)
    np.testing.assert_allclose(of_std.sigma_e, 0.17, rtol=1e-6)


@pytest.mark.parametrize(
    "code", [name for name, normalization in oracle.PLACE_CODES if normalization == "global"]
)
def test_a_normalised_code_is_a_distribution_over_the_cells(code):
    spec = spec_of(code, Np=200)
    ours = encoded(spec, drawn(spec), somewhere(40, 20, seed=1))
    assert (ours >= 0).all()
    np.testing.assert_allclose(ours.sum(axis=-1, dtype=np.float64), 1, atol=2e-6)
    if code in ("difference_of_gaussians", "true_difference_of_gaussians"):
        # |min q| lifts the most inhibited cell to exactly 0
        assert (ours.min(axis=-1) == 0).all()


FAR = {"Np": 32, "place_cell_rf": 0.01, "surround_scale": 2.0}


def test_gaussian_is_stable_for_a_tiny_width_far_from_all_cells():
    spec = spec_of("gaussian", **FAR)
    layout, positions = drawn(spec), somewhere(30, seed=2)
    ours = encoded(spec, layout, positions)
    # exponents of some thousand, rounded in float32, leave 1e-3 of a weight
    np.testing.assert_allclose(ours, expected_code(spec, layout, positions), rtol=0, atol=2e-3)
    np.testing.assert_allclose(ours.sum(axis=-1), 1, atol=1e-6)


@pytest.mark.xfail(
    strict=True, reason="float32 loses the difference where both softmaxes are one cell's"
)
def test_difference_of_softmaxes_is_stable_for_a_tiny_width_far_from_all_cells():
    spec = spec_of("difference_of_gaussians", **FAR)
    layout, positions = drawn(spec), somewhere(30, seed=2)
    ours = encoded(spec, layout, positions)
    assert np.isfinite(ours).all()
    exact = oracle.exact_difference_of_softmaxes(
        positions, layout.centres[:, 0], layout.sigma_e[0, 0], layout.sigma_i[0, 0]
    )
    # exponents of some thousand, rounded in float32, leave 1e-3 of a weight
    np.testing.assert_allclose(ours, exact, rtol=0, atol=2e-3)


@pytest.mark.parametrize("convention", ["std", "variance"])
def test_softmax_of_differences_is_gaussian_of_another_width(convention):
    spec = spec_of("softmax_of_differences", surround_convention=convention)
    ratio = {"std": 1.6**2, "variance": 1.6}[convention]
    gaussian = spec_of("gaussian", place_cell_rf=0.17 / np.sqrt(1 - 1 / ratio))
    positions = somewhere(50)
    ours = encoded(spec, drawn(spec), positions)
    np.testing.assert_allclose(ours, encoded(gaussian, drawn(gaussian), positions), atol=2e-5)


def test_general_differences_depend_on_the_ratio_of_their_weights_alone():
    def code_of(alpha_e, alpha_i, code="general_difference_of_gaussians"):
        spec = spec_of(code, place_cell_alpha_e=alpha_e, place_cell_alpha_i=alpha_i)
        return encoded(spec, drawn(spec), somewhere(50))

    np.testing.assert_array_equal(code_of(3.0, 1.5), code_of(0.2, 0.1))
    assert np.abs(code_of(3.0, 1.5) - code_of(3.0, 1.0)).max() > 1e-3
    # equal weights are the true difference, which reads no weight
    true = code_of(3.0, 0.5, "true_difference_of_gaussians")
    np.testing.assert_array_equal(code_of(0.7, 0.7), true)


def test_centres_are_uniform_in_the_box_and_their_own_for_each_key_and_field():
    spec = spec_of("gaussian", Np=20_000, n_place_fields_per_cell=2)
    layout = drawn(spec)
    for field in range(2):
        centres = layout.centres[:, field].astype(np.float64)
        assert centres.shape == (20_000, 2)
        for axis in range(2):
            box = stats.uniform(-WIDTH / 2, WIDTH)
            assert stats.kstest(centres[:, axis], box.cdf).pvalue > SMALLEST_P
        assert abs(np.corrcoef(centres.T)[0, 1]) < 4 / np.sqrt(20_000)
    other = drawn(spec, seed=1)
    pairs = [(layout.centres[:, 0], layout.centres[:, 1]), (layout.centres, other.centres)]
    for a, b in pairs:
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 4 / np.sqrt(a.size)


def test_widths_and_surrounds_are_uniform_and_independent_of_each_other_and_of_centres():
    layout = drawn(spec_of("difference_of_gaussians", **MANY))
    widths = layout.sigma_e.astype(np.float64)
    ratios = layout.sigma_i / widths
    for values, (low, high) in ((widths, (0.1, 0.4)), (ratios, (1.3, 3.0))):
        assert values.min() >= low * (1 - 1e-6)
        assert values.max() <= high * (1 + 1e-6)
        for slot in range(2):
            law = stats.uniform(low, high - low)
            assert stats.kstest(values[:, slot], law.cdf).pvalue > SMALLEST_P
    numbers = np.stack([widths[:, 0], widths[:, 1], ratios[:, 0], ratios[:, 1],
                        layout.centres[:, 0, 0], layout.n_fields])  # fmt: skip
    correlations = np.corrcoef(numbers) - np.eye(len(numbers))
    assert np.abs(correlations).max() < 4.5 / np.sqrt(5000)


def test_the_number_of_fields_is_one_more_than_poisson():
    n_fields = drawn(spec_of("gaussian", **MANY)).n_fields
    assert n_fields.dtype == np.int32
    assert n_fields.min() == 1
    counts = np.bincount(n_fields - 1, minlength=8)[:8].astype(float)
    expected = stats.poisson(0.7).pmf(np.arange(8)) * 5000
    seen = expected > 5
    rest = [5000 - counts[seen].sum()], [5000 - expected[seen].sum()]
    observed, predicted = np.append(counts[seen], rest[0]), np.append(expected[seen], rest[1])
    assert stats.chisquare(observed, predicted).pvalue > SMALLEST_P


@pytest.mark.parametrize("code", ["gaussian", "difference_of_gaussians"])
def test_poisson_of_mean_nothing_is_one_field_bit_for_bit(code):
    one = spec_of(code, n_place_fields_per_cell=1)
    poisson = spec_of(code, n_place_fields_per_cell=Poisson(0.0))
    layout = drawn(poisson)
    assert (layout.n_fields == 1).all()
    positions = somewhere(40)
    np.testing.assert_array_equal(
        encoded(poisson, layout, positions), encoded(one, drawn(one), positions)
    )


def test_the_first_fields_are_the_same_however_many_there_are():
    widths = {"place_cell_rf": Uniform(0.1, 0.4)}
    few = drawn(spec_of("gaussian", n_place_fields_per_cell=2, **widths))
    many = drawn(spec_of("gaussian", n_place_fields_per_cell=5, **widths))
    np.testing.assert_array_equal(few.centres, many.centres[:, :2])
    np.testing.assert_array_equal(few.sigma_e, many.sigma_e[:, :2])


def test_empty_slots_neither_encode_nor_decode():
    spec = spec_of("difference_of_gaussians", **FIELDS["some"])
    layout, positions = drawn(spec), somewhere(30)
    empty = ~np.asarray(layout.is_field)
    assert 0.5 < empty.mean() < 0.95
    at_origin = layout.replace(
        centres=np.where(empty[..., None], np.float32(0), layout.centres),
        sigma_e=np.where(empty, np.float32(5), layout.sigma_e),
    )
    np.testing.assert_array_equal(
        encoded(spec, at_origin, positions), encoded(spec, layout, positions)
    )
    outputs = np.random.default_rng(0).normal(size=(30, 37))
    np.testing.assert_array_equal(decoded(spec, at_origin, outputs), decoded(spec, layout, outputs))


@pytest.mark.parametrize("code", ["gaussian", "true_difference_of_gaussians"])
@pytest.mark.parametrize("fields", FIELDS)
def test_decoding_agrees_with_every_choice_of_fields(code, fields):
    spec = spec_of(code, **FIELDS[fields])
    layout = drawn(spec)
    outputs = np.random.default_rng(3).normal(size=(5, 8, 37)).astype(np.float32)
    decode = decoder_oracle.top_cells if code == "gaussian" else decoder_oracle.bottom_cells
    theirs = decode(outputs, exactly(layout))
    np.testing.assert_allclose(decoded(spec, layout, outputs), theirs, rtol=0, atol=1e-6)


def test_decoding_takes_exactly_three():
    centres = np.array([[0, 0], [3, 0], [0, 3], [30, 30], [60, -60]], np.float32)[:, None]
    ones = np.ones((5, 1), np.float32)
    number = np.ones(5, np.int32)
    cells = place_cells.PlaceCells(centres, ones, ones, number, np.float32(1), np.float32(1))
    outputs = np.array([[-1, -2, -3, -4, -5], [0, 1, 2, 3, 0.5]], np.float32)
    top = place_cells.decode_top_cells(cells, outputs)
    np.testing.assert_allclose(top, [[1, 1], [11, 11]], rtol=1e-6)
    bottom = place_cells.decode_bottom_cells(cells, outputs)
    np.testing.assert_allclose(bottom, [[30, -9], [21, -20]], rtol=1e-6)


def test_a_true_difference_is_lowest_on_a_ring_around_the_animal():
    spec = spec_of("true_difference_of_gaussians", Np=3000, surround_scale=2.0)
    layout = drawn(spec)
    # in the middle, so that the ring lies in the box
    positions = somewhere(20, width=0.3)
    lowest = encoded(spec, layout, positions).argsort(axis=-1)[:, :3]
    away = np.linalg.norm(layout.centres[lowest, 0] - positions[:, None], axis=-1)
    # exp(-r^2/2) - exp(-r^2/8) is least at r^2 = 8 ln 4 / 3; 3000 cells lie 3.5 cm apart
    np.testing.assert_allclose(away, 0.17 * np.sqrt(8 / 3 * np.log(4)), atol=0.035)


@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("code", ["gaussian", "difference_of_gaussians", "softmax_of_differences"])
def test_codes_and_decoders_of_a_line_and_a_cube_agree_with_float64(code, dimensions):
    spec = spec_of(code, dimensions=dimensions, place_cell_rf=0.4, **{"n_place_fields_per_cell": 2})
    layout, positions = drawn(spec), somewhere(6, 5, dimensions=dimensions)
    assert layout.centres.shape == (37, 2, dimensions)
    expected = expected_code(spec, layout, positions)
    np.testing.assert_allclose(
        encoded(spec, layout, positions), expected, rtol=0, atol=2e-5 * expected.max()
    )
    outputs = np.random.default_rng(3).normal(size=(5, 37)).astype(np.float32)
    np.testing.assert_allclose(
        decoded(spec, layout, outputs),
        decoder_oracle.top_cells(outputs, exactly(layout)),
        atol=1e-6,
    )
