"""The oracles themselves, where the answer is known by hand."""

import numpy as np
import pytest
from oracles import decoders, dimension, encodings, initializers, losses, motion
from oracles import optimizers as optimizer

TWO_CELLS = encodings.Cells(
    # the second field of the first cell is absent, however near
    centres=np.array([[[1.0, 0], [0, 0]], [[2, 0], [0, 2]]]),
    sigma_e=np.array([[1.0, 1], [1, 4]]),
    sigma_i=np.array([[2.0, 2], [2, 5]]),
    n_fields=np.array([1, 2]),
)


def test_the_nearest_field_in_units_of_its_width_counts_and_absent_ones_do_not():
    a, b = encodings.exponents((0.0, 0.0), TWO_CELLS)
    np.testing.assert_allclose(a, [1 / 2, 4 / 32])
    np.testing.assert_allclose(b, [1 / 8, 4 / 50])


@pytest.mark.parametrize(("name", "normalization"), encodings.PLACE_CODES)
def test_place_codes_are_finite_and_in_range(name, normalization):
    settings = {"alpha_e": 1.5, "alpha_i": 0.5} if name.startswith("general") else {}
    positions = np.random.default_rng(0).uniform(-1, 2, (7, 2))
    code = encodings.PLACE_CODES[name, normalization](positions, TWO_CELLS, **settings)
    assert code.shape == (7, 2)
    assert ((code >= 0) & (code <= 1)).all()
    if (name, normalization) != ("gaussian", "none"):
        np.testing.assert_allclose(code.sum(axis=-1), 1)


def test_codes_by_hand():
    code = encodings.gaussian_unnormalized([[0.0, 0.0]], TWO_CELLS)
    np.testing.assert_allclose(code, [np.exp([-1 / 2, -1 / 8])])
    lifted = encodings.difference_of_gaussians([[0.0, 0.0]], TWO_CELLS)
    # of two cells, one is the lowest and is lifted to 0 where its difference is negative
    np.testing.assert_allclose(lifted, [[0, 1]])
    weights, offsets = np.array([[1.0, 2, 0], [0, 3, 0]]), np.array([0.0, 0.5, -1])
    np.testing.assert_allclose(
        encodings.high_dim_cartesian([[2.0, 1]], weights, offsets), [[2, 7.5, -1]]
    )
    np.testing.assert_allclose(encodings.polar([[0.0, -3]]), [[3, -np.pi / 2]])
    np.testing.assert_allclose(encodings.high_dim_polar([[0.0, -3]], [2.0], [1.0], [0.0]), [[7, 1]])
    np.testing.assert_allclose(encodings.head_directions(0.0, [0, np.pi], 1.0).sum(), 1)


def test_decoders_invert_their_codes():
    rng = np.random.default_rng(2)
    positions = rng.uniform(-1, 1, (6, 2))
    weights, offsets = rng.uniform(-1, 1, (2, 5)), rng.uniform(-1, 1, 5)
    code = encodings.high_dim_cartesian(positions, weights, offsets)
    np.testing.assert_allclose(decoders.affine(code, weights, offsets), positions)
    np.testing.assert_allclose(decoders.polar(encodings.polar(positions)), positions)
    angles = np.arctan2(positions[:, 1], positions[:, 0])
    code = encodings.high_dim_polar(positions, weights[0], offsets, angles[:5])
    decoded = decoders.high_dim_polar(code, weights[0], offsets, angles[:5])
    np.testing.assert_allclose(decoded[:5], positions[:5])


def test_the_fields_that_lie_together_are_taken():
    centres = np.array([[[0, 0], [9, 9]], [[5, 5], [1, 0]], [[0, 1], [-7, 0]], [[3, 3], [3, 3]]])
    place = encodings.Cells(centres, np.ones((4, 2)), np.ones((4, 2)), np.array([2, 2, 1, 2]))
    np.testing.assert_allclose(decoders.top_cells([[3.0, 2, 1, 0]], place), [[1 / 3, 1 / 3]])
    np.testing.assert_allclose(decoders.bottom_cells([[-3.0, -2, -1, 0]], place), [[1 / 3, 1 / 3]])


@pytest.mark.parametrize("loss", ["crossentropy", "mse"])
def test_the_likelihood_of_a_perfect_code_is_at_its_grid_point(loss):
    place = encodings.single_fields(np.random.default_rng(0).uniform(-1, 1, (9, 2)), 0.4)
    points = decoders.dense_grid(2.0, 9)

    def encode(x):
        return encodings.gaussian(x, place)

    code = encode(points[[3, 40]])
    outputs = np.log(code) + 5 if loss == "crossentropy" else code
    decoded = decoders.likelihood(outputs, encode, loss, 2.0, 9)
    np.testing.assert_array_equal(decoded, points[[3, 40]])


def test_losses_by_hand():
    outputs, targets = np.array([np.log(3), 0.0]), np.array([0.5, 0.5])
    assert losses.cross_entropy(outputs, targets) == pytest.approx(np.log(4 / np.sqrt(3)))
    assert losses.entropy(np.array([0.5, 0.5, 0])) == pytest.approx(np.log(2))
    assert losses.loss_excess(np.zeros(2), targets) == pytest.approx(0, abs=1e-12)
    assert losses.mean_squared_error(np.array([1.0, 3]), targets) == pytest.approx(
        (0.25 + 6.25) / 2
    )
    expected = -(np.log(3 / 4) + np.log(1 / 4)) / 4 + np.log(2) / 2
    assert losses.binary_cross_entropy(outputs, targets) == pytest.approx(expected)
    points = np.array([2.0, 0.3]), np.array([1.0, 0.3 + np.pi / 2])
    assert losses.polar_squared_error(*points) == pytest.approx(5)


def test_optimisers_by_hand():
    gradients = {"w": np.array([3.0, -4.0])}
    first = {
        optimizer.Adam: [-0.1, 0.1],
        optimizer.RMSprop: [-0.1 / np.sqrt(0.1), 0.1 / np.sqrt(0.1)],
        optimizer.SGD: [-0.3, 0.4],
        optimizer.Adagrad: [-0.3 / np.sqrt(9.1), 0.4 / np.sqrt(16.1)],
        optimizer.BaninoRMSProp: [-0.3 / np.sqrt(1.8), 0.4 / np.sqrt(2.5)],
    }
    for kind, expected in first.items():
        update = kind(0.1).updates(gradients)["w"]
        np.testing.assert_allclose(update, expected, rtol=1e-5)
    banino = optimizer.BaninoRMSProp(0.1)
    banino.updates(gradients)
    # gradients of nothing leave nine tenths of the momentum
    second = banino.updates({"w": np.zeros(2)})["w"]
    np.testing.assert_allclose(second, 0.9 * np.array(first[optimizer.BaninoRMSProp]))
    np.testing.assert_array_equal(optimizer.clipped(gradients, 3.5)["w"], [3, -3.5])


def test_an_egocentric_path_integrates_back():
    rng = np.random.default_rng(0)
    path = motion.walk_one(
        (0.9, 0.2), 0.4, rng.rayleigh(0.8, 60), rng.normal(0, 0.3, 60), 2.0, 0.03, 0.02
    )
    np.testing.assert_allclose(path.start + np.cumsum(path.moves, axis=0), path.positions)
    inputs = motion.egocentric(path.moves, path.start_heading, path.headings, 0.02)
    positions, headings = motion.integrate(inputs, path.start, path.start_heading, 0.02)
    np.testing.assert_allclose(positions, path.positions)
    np.testing.assert_allclose(np.exp(1j * headings), np.exp(1j * path.headings))
    # the heading after a move is the direction of the next one
    directions = np.arctan2(path.moves[1:, 1], path.moves[1:, 0])
    np.testing.assert_allclose(np.exp(1j * directions), np.exp(1j * path.headings[:-1]))


def test_dimensions_of_known_clouds():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    axes = np.concatenate([np.eye(6), -np.eye(6)]) * [2, 2, 2, 1e-9, 0, 0]
    assert dimension.participation_ratio(axes @ turn) == pytest.approx(3)
    # 400 points: the slope's standard error is d / sqrt(400)
    plane = rng.uniform(size=(400, 2)) @ turn[:2]
    assert dimension.two_nn(plane) == pytest.approx(2, abs=4 * 2 / 20)
    line = rng.uniform(size=(400, 1)) @ turn[:1]
    assert dimension.two_nn(line) == pytest.approx(1, abs=4 * 1 / 20)


def test_the_assertions_on_matrices_take_their_own_and_refuse_each_others():
    rng = np.random.default_rng(0)
    uniform = rng.uniform(-1, 1, (80, 40)) * np.sqrt(6 / 120)
    drawn = rng.normal(size=20_000)
    cut = drawn[np.abs(drawn) < 2][:3200].reshape(80, 40) / initializers.CUT * np.sqrt(2 / 120)
    rotation = np.linalg.qr(rng.normal(size=(80, 40)))[0]
    checks = {
        initializers.assert_glorot_uniform: uniform,
        initializers.assert_glorot_normal: cut,
        initializers.assert_orthogonal: rotation,
    }
    for check in checks:
        for other, matrix in checks.items():
            if check is other:
                check(matrix)
            else:
                with pytest.raises(AssertionError):
                    check(matrix)
    initializers.assert_inverse_root(rng.uniform(-0.1, 0.1, (30, 100)), 100)
