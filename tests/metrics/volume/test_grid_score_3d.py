"""The score of a volume: its answers on synthetic maps, and what it does not depend on."""

from itertools import product

import jax.numpy as jnp
import numpy as np
import pytest
import xarray

import gridjax as gj
from benchmarks.volume_maps import CLASSES, WAVES, plane_waves, random_spheres, volume_map
from benchmarks.volume_scores import SEED, maps_of
from gridjax.errors import GridjaxError
from gridjax.metrics.volume import symmetry
from gridjax.metrics.volume.volumes import standardised

pytestmark = pytest.mark.bits  # without the compiler's optimizations the score takes twice as long
N = 16
MAPS = np.stack([volume_map(c, N, 3.0, 0.05, np.random.default_rng(4)) for c in CLASSES])


@pytest.fixture(scope="module")
def scores():
    return gj.grid_score_3d(MAPS)


def test_every_class_is_named(scores):
    assert scores.lattice[:7].tolist() == list(CLASSES[:7])
    assert scores.lattice[7] in ("local", "none")  # 3 in 100 random fields are as even by chance
    has_lattice = np.arange(len(CLASSES)) < 6
    assert (scores.order_p_value[:6] == 0.01).all()
    np.testing.assert_allclose(scores.period[has_lattice], N / 3, rtol=0.1)
    assert scores.period[6] == pytest.approx(N / 3, rel=0.2)
    for index, name in enumerate(CLASSES[:6]):
        assert getattr(scores.symmetry, name)[index] > 0.7
    assert scores.spacing_p_value[6] <= 0.05


@pytest.mark.parametrize("name", CLASSES[:6])
def test_periods_between_those_of_the_search_are_found(name):
    """Within a third of the step of the search; the nearest period of it is up to 3 % away."""
    rng = np.random.default_rng(2)
    periods = symmetry.search(N).period
    wanted = np.sqrt(periods[14:17] * periods[15:18])
    maps = np.stack([volume_map(name, N, N / period, 0.0, rng, noise=0.0) for period in wanted])
    volumes = standardised(maps)
    found = symmetry.correlations(volumes.values, volumes.known, symmetry.search(N))
    best = symmetry.best_period(np.asarray(found.by_period)[: len(wanted)], periods)
    np.testing.assert_allclose(best[:, CLASSES.index(name)], wanted, rtol=0.02)


def test_a_period_at_the_end_of_the_search_stays_there():
    period = np.geomspace(4.0, 8.0, 5)
    rising = np.linspace(0, 1, 5)[None, :, None] * [1.0, -1.0]
    np.testing.assert_allclose(symmetry.best_period(rising, period), [[8.0, 4.0]])
    flat = np.ones((1, 5, 1))
    np.testing.assert_allclose(symmetry.best_period(flat, period), [[4.0]])


def same(found, expected, **tolerance):
    assert np.asarray(found.lattice).tolist() == np.asarray(expected.lattice).tolist()
    for name in ("order", "order_p_value", "period", "variation", "spacing_p_value"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), **tolerance)
    for one, other in zip(found.symmetry, expected.symmetry, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


def rows(scores, index):
    symmetry = type(scores.symmetry)(*(values[index] for values in scores.symmetry))
    kept = {k: v[index] for k, v in scores._asdict().items() if k != "symmetry"}
    return type(scores)(symmetry=symmetry, **kept)


def test_a_score_does_not_depend_on_the_batch_or_on_scale_and_offset(scores):
    same(gj.grid_score_3d(MAPS[3]), rows(scores, 3), rtol=0)
    same(gj.grid_score_3d(jnp.asarray(MAPS[[5, 1]])), rows(scores, [5, 1]), rtol=1e-3)
    same(gj.grid_score_3d(1e6 * MAPS[None, [2, 0]] - 7e5), rows(scores, [[2, 0]]), rtol=1e-2)


def test_labelled_maps_give_labelled_scores(scores):
    array = xarray.DataArray(
        MAPS[:4].transpose(3, 0, 2, 1),
        dims=("z", "unit", "y", "x"),
        coords={"unit": [3, 5, 8, 9]},
    )
    found = gj.grid_score_3d(array)
    for values in (found.order, found.lattice, found.symmetry.hcp):
        assert values.dims == ("unit",)
        assert values["unit"].values.tolist() == [3, 5, 8, 9]
    same(found, rows(scores, slice(4)), rtol=0)


def test_unknown_bins_may_surround_an_arena_of_any_shape():
    maps = MAPS.copy()
    maps[:, :, :, 12:] = np.nan
    maps[:, 0, 0] = np.inf
    found = gj.grid_score_3d(maps)
    assert (found.lattice == CLASSES)[:6].all()


def test_maps_without_variance_have_no_score():
    maps = np.stack([np.full((N, N, N), 3.0), np.full((N, N, N), np.nan), MAPS[0]])
    found = gj.grid_score_3d(maps)
    assert found.lattice.tolist() == ["none", "none", "bcc"]
    for values in (found.order, found.period, found.symmetry.fcc, found.spacing_p_value):
        assert np.isnan(values[:2]).all()
    assert gj.grid_score_3d(np.zeros((0, N, N, N))).lattice.shape == (0,)


@pytest.mark.slow
def test_more_draws_give_finer_p_values():
    found = gj.grid_score_3d(MAPS[[0, 7]], n_draws=199, seed=3)
    assert found.order_p_value[0] == 1 / 200
    assert found.order_p_value[1] > 0.05
    np.testing.assert_allclose(200 * found.order_p_value, np.round(200 * found.order_p_value))


@pytest.mark.parametrize(
    ("maps", "options", "words"),
    [
        (np.zeros((4, 16, 16)), {}, "maps have shape"),
        (np.zeros((16, 16)), {}, "maps have shape"),
        (np.zeros((8, 8, 8)), {}, "maps have 8 bins a side"),
        (np.zeros((16, 16, 16), complex), {}, "maps are of type complex128"),
        (np.zeros((16, 16, 16)), {"n_draws": 5}, "n_draws is 5"),
        (np.zeros((16, 16, 16)), {"seed": -1}, "seed is -1"),
        (xarray.DataArray(np.zeros((16, 16)), dims=("x", "y")), {}, "maps have the axes x, y"),
    ],
)
def test_other_arguments_are_refused(maps, options, words):
    with pytest.raises(GridjaxError, match=words):
        gj.grid_score_3d(maps, **options)


@pytest.mark.slow
def test_large_maps_are_averaged_over_blocks():
    rng = np.random.default_rng(8)
    maps = np.stack([volume_map(c, 40, 3.0, 0.0, rng) for c in ("fcc", "hcp")])
    found = gj.grid_score_3d(maps)
    assert found.lattice.tolist() == ["fcc", "hcp"]
    np.testing.assert_allclose(found.period, 40 / 3, rtol=0.1)


@pytest.mark.slow
def test_a_lattice_is_the_same_in_every_orientation():
    """Sums of plane waves, with no field in common with the generator of fields."""
    rng = np.random.default_rng(6)
    for name in WAVES:
        maps = np.stack([plane_waves(name, 20, 3.3, rng) for _ in range(12)])
        maps += 0.5 * maps.std() * rng.normal(size=maps.shape)
        assert (gj.grid_score_3d(maps).lattice == name).all(), name


@pytest.mark.slow
def test_equal_fields_at_random_places_have_no_local_order():
    """Equal heights alone, which no random field has, are no local order."""
    rng = np.random.default_rng(12)
    maps = np.stack([random_spheres(20, 2.5, 0.5, rng) for _ in range(40)])
    found = gj.grid_score_3d(maps)
    assert (found.lattice == "local").mean() <= 0.15
    assert np.nanmedian(found.spheres_p_value) > 0.2  # NaN: fewer than six fields


@pytest.mark.slow
def test_fields_of_unequal_heights_can_have_local_order():
    rng = np.random.default_rng(13)
    maps = np.stack([volume_map("local", 20, 3.0, 0.1, rng, log_height=0.3) for _ in range(16)])
    assert (gj.grid_score_3d(maps).lattice == "local").mean() >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize(("name", "periods"), list(product(CLASSES, [2.5, 3.5])))
def test_classes_at_ten_percent_jitter(name, periods):
    """200 maps of 24 bins a side, noise of half the map's standard deviation."""
    found = gj.grid_score_3d(maps_of(name, 200, periods, 0.1, seed=SEED)).lattice
    assert (found == name).mean() >= 0.95
    assert name != "none" or np.isin(found, ["none", "local"]).mean() >= 0.95
