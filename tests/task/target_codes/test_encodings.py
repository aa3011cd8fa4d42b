"""The table of codes: which functions a network gets, what targets are, and the decoding floors."""

import jax
import numpy as np
import pytest
from task.layouts import decoded, drawn, encoded, somewhere, spec_of

from gridjax.model import objective
from gridjax.prng import Stream, stream
from gridjax.spec.constraints import read_spec, target_kind
from gridjax.spec.fidelity import PUBLISHED
from gridjax.spec.network import NetworkSpec
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.records.target_code_info import TARGET_CODES
from gridjax.task.motion import square_walk
from gridjax.task.target_codes import place_cells
from gridjax.task.target_codes.context import encoding_context
from gridjax.task.target_codes.encodings import ENCODINGS, encoding

COORDINATES = {"cartesian": 2, "polar": 2, "high_dim_cartesian": 12, "high_dim_polar": 12}
DRAWN_CODES = [info.name for info in TARGET_CODES if "place_cell_rf" in info.reads]
MAPS = PlaceMaps.of(np.random.default_rng(0).random((6, 5, 5)) + 0.1)
SPECS = {
    **{code: spec_of(code, Np=12) for code in DRAWN_CODES},
    **{code: spec_of(code, Np=n) for code, n in COORDINATES.items()},
    **{
        f"{code} none": spec_of(code, Np=12, place_field_normalization="none")
        for code in ("gaussian", "difference_of_gaussians")
    },
    "from_file": spec_of("from_file", Np=6, place_maps=MAPS),
    "from_file none": spec_of("from_file", Np=6, place_maps=MAPS, place_field_normalization="none"),
}


def test_every_code_of_the_study_is_there():
    assert {name.split()[0] for name in SPECS} <= set(ENCODINGS)


@pytest.mark.parametrize("name", SPECS)
def test_targets_are_what_losses_are_told_they_are(name):
    spec = SPECS[name]
    layout, positions = drawn(spec), somewhere(30)
    targets = encoded(spec, layout, positions)
    assert targets.shape == (30, spec.Np)
    assert targets.dtype == np.float32
    assert np.isfinite(targets).all()
    kind = target_kind(spec.place_field_values, spec.place_field_normalization)
    in_range = bool((targets >= 0).all() and (targets <= 1).all())
    sums = np.abs(targets.sum(axis=-1) - 1).max() < 1e-5
    assert (kind == "distribution") == (in_range and sums)
    if kind == "unit_interval":
        assert in_range
    positions = decoded(spec, layout, targets)
    assert positions.shape == (30, 2)
    assert np.isfinite(positions).all()


def test_place_cells_share_one_draw():
    for code in DRAWN_CODES:
        assert encoding(spec_of(code).static).init is place_cells.draw_place_cells


def test_a_normalisation_that_a_code_does_not_have_changes_nothing():
    for code in ("softmax_of_differences", "true_difference_of_gaussians"):
        spec = spec_of(code, place_field_normalization="none")
        assert encoding(spec.static) is encoding(spec_of(code).static)


@pytest.mark.parametrize("code", ["polar", "high_dim_polar"])
def test_published_angles_are_another_code(code):
    spec = spec_of(code, Np=COORDINATES[code])
    published = spec_of(code, Np=COORDINATES[code], fidelity=PUBLISHED)
    layout = drawn(spec)
    positions = np.array([[0.4, 0.3], [-0.4, -0.3]], np.float32)
    ours, theirs = (encoded(each, layout, positions) for each in (spec, published))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    assert np.abs(ours[1] - theirs[1]).max() > 0.1
    # opposite positions are one to atan(y / x)
    np.testing.assert_allclose(theirs[1], theirs[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("n_cells", "floor_cm"),
    [
        (512, 4.23),
        pytest.param(256, 6.11, marks=pytest.mark.slow),
        pytest.param(128, 8.81, marks=pytest.mark.slow),
    ],
)
def test_perfect_gaussian_codes_decode_at_the_floor_of_their_layout(n_cells, floor_cm):
    # The floors hold for the study's box and 20-step trajectories and for every width whose three
    # nearest cells do not underflow: the three strongest cells are the three nearest.
    spec = read_spec(NetworkSpec(place_field_values="gaussian", Np=n_cells, place_cell_rf=0.16))
    code = encoding(spec.static)

    @jax.jit
    def mean_error(seed):
        context = encoding_context(spec.static, spec.traced)
        cells = code.init(stream(seed, Stream.LAYOUT), context)
        key = stream(seed, Stream.MOTION)
        positions = square_walk.simulate(key, 20, 100, spec.traced).positions
        found = code.decode(cells, code.encode(cells, positions))
        return objective.position_error(found, positions).mean()

    errors = 100 * np.array([float(mean_error(seed)) for seed in range(64)])
    # layouts and their 100 paths differ by 4-7 %: 64 of them give the mean within 0.5-0.9 %
    assert errors.mean() == pytest.approx(floor_cm, rel=0.03)
    assert 0.01 < errors.std() / errors.mean() < 0.1
