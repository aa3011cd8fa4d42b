"""W&B's distributions against scipy.stats and against their formulas written out."""

import itertools
import math
import re

import numpy as np
import pytest
import yaml
from scipy import stats
from source_tree import text_of
from sweep_files import values

from gridjax.sweep.search.distributions import (
    DISTRIBUTIONS,
    Beta,
    IntUniform,
    InvLogUniform,
    LogNormal,
    LogUniform,
    Normal,
    Quantized,
    Uniform,
    draw,
    grid_values,
    n_grid_values,
    pick,
)
from gridjax.sweep.search.random_search import uniform_numbers
from gridjax.sweep.sweep import Sweep

SHARES = (1e-9, 0.003, 0.25, 0.5, 0.61, 0.97, 1 - 1e-9)
NAMED = {
    "uniform": ((0.06, 1.0), stats.uniform(0.06, 0.94)),
    "log_uniform": ((-9.0, -4.5), stats.loguniform(math.exp(-9), math.exp(-4.5))),
    "log_uniform_values": ((1e-5, 1e-2), stats.loguniform(1e-5, 1e-2)),
    "inv_log_uniform": ((-2.0, 3.0), stats.loguniform(math.exp(-3), math.exp(2))),
    "inv_log_uniform_values": ((1e-3, 5.0), stats.loguniform(1e-3, 5.0)),
    "normal": ((0.12, 0.03), stats.norm(0.12, 0.03)),
    "log_normal": ((-2.0, 0.4), stats.lognorm(s=0.4, scale=math.exp(-2))),
    "beta": ((2.0, 5.0), stats.beta(2, 5)),
}


def made(name, numbers):
    return DISTRIBUTIONS[name].make(*numbers)


@pytest.mark.parametrize("name", NAMED)
def test_each_is_the_inverse_of_its_distribution_function(name):
    numbers, wanted = NAMED[name]
    distribution = made(name, numbers)
    # twelve digits are kept, and scipy's own inverses agree to about as many
    for u in SHARES:
        assert draw(distribution, u) == pytest.approx(wanted.ppf(u), rel=1e-10)


@pytest.mark.parametrize("name", NAMED)
def test_draws_are_distributed_as_scipy_says(name):
    numbers, wanted = NAMED[name]
    shares = uniform_numbers(5, 0, name, 2000)
    drawn = [draw(made(name, numbers), float(u)) for u in shares]
    # one of these eight would fail by chance in 1 of 1,000 seeds; the seed is fixed
    assert stats.kstest(drawn, wanted.cdf).pvalue > 1e-4


@pytest.mark.parametrize("name", [name for name in DISTRIBUTIONS if name.startswith("q_")])
def test_quantised_ones_round_the_other_to_multiples_of_q(name):
    of = name.removeprefix("q_")
    numbers, wanted = NAMED[of]
    for q, u in itertools.product((0.25, 0.01, 1, 1.0), SHARES):
        number = draw(made(name, (*numbers, q)), u)
        assert number == pytest.approx(np.round(wanted.ppf(u) / q) * q, abs=1e-12)
        assert type(number) is type(q)


def test_halves_are_rounded_to_even_as_numpy_rounds_them():
    quantized = Quantized(Uniform(0.0, 2.0), 0.5)
    assert [quantized.at(u) for u in (0.125, 0.375, 0.625)] == [0.0, 1.0, 1.0]


def test_whole_numbers_are_equally_likely_with_both_ends():
    drawn = [IntUniform(3, 7).at((k + 0.5) / 1000) for k in range(1000)]
    assert {number: drawn.count(number) for number in drawn} == dict.fromkeys(range(3, 8), 200)
    assert all(type(number) is int for number in drawn)
    for u in SHARES:
        assert IntUniform(-4, 90).at(u) == stats.randint(-4, 91).ppf(u)


def test_listed_values_are_picked_by_their_probabilities():
    shares = [(k + 0.5) / 1000 for k in range(1000)]
    picked = [pick(3, (0.2, 0.0, 0.8), u) for u in shares]
    assert [picked.count(k) for k in range(3)] == [200, 0, 800]
    assert [sum(pick(4, None, u) == k for u in shares) for k in range(4)] == [250] * 4
    assert pick(3, (0.5, 0.4999999, 0.0), 1 - 1e-9) == 1  # a sum a little below 1


def test_the_logarithm_of_the_inverse_is_uniform():
    logs = [math.log(1 / InvLogUniform(1.0, 4.0).at(u)) for u in (0.0, 0.25, 1.0)]
    assert logs == pytest.approx([4.0, 3.25, 1.0])


def test_a_grid_goes_through_them_as_numpy_counts():
    assert list(grid_values(IntUniform(-1, 3), n_grid_values(IntUniform(-1, 3)))) == [
        -1,
        0,
        1,
        2,
        3,
    ]
    for low, high, q in [(0.1, 0.5, 0.1), (1, 10, 3), (2.0, 3.0, 0.25), (0.1, 0.4, 0.1)]:
        distribution = Quantized(Uniform(low, high), q)
        found = grid_values(distribution, n_grid_values(distribution))
        assert found == pytest.approx(np.arange(low, high, q).tolist())
    for other in (Uniform(0, 1), Normal(0, 1), Quantized(Normal(0, 1), 1), Beta(1, 1)):
        assert n_grid_values(other) is None


def test_what_is_beyond_every_number_is_infinite_and_no_crash():
    for distribution in (LogUniform(0, 1e6), LogNormal(0, 1e4), Quantized(LogUniform(0, 1e6), 1)):
        assert draw(distribution, 1 - 1e-9) == math.inf


def test_twelve_digits_are_kept():
    assert draw(Uniform(0, 1), 1 / 3) == 0.333333333333


def test_numbers_to_draw_by_are_even_and_know_neither_0_nor_1():
    shares = uniform_numbers(1, 2, "Ng", 4000)
    assert 0 < shares.min() < shares.max() < 1
    assert stats.kstest(shares, "uniform").pvalue > 1e-3
    # four of the many that must be the same on every machine and in every version
    known = [0.07796314, 0.84644294, 0.25533025, 0.66952231]
    assert uniform_numbers(0, 0, "seed", 4) == pytest.approx(known, abs=1e-8)


def test_every_distribution_is_documented_and_read():
    text = text_of("docs", "howto", "sweeps.md")
    rows = re.findall(r"^\| (\w+) \| (`\{.*\}`) \|", text, flags=re.MULTILINE)
    assert [name for name, _ in rows] == list(DISTRIBUTIONS)
    for name, example in rows:
        content = yaml.safe_load(example.strip("`"))
        assert content.get("distribution", name) == name
        assert set(content) >= set(DISTRIBUTIONS[name].required)
        parameter = "Ng" if name == "int_uniform" else "learning_rate"
        parameters = {parameter: content} | values(seed=[0])
        sweep = Sweep.from_dict(
            {"method": "random", "parameters": parameters}, first=20, skip_invalid=True
        )
        assert 1 <= len(sweep.specs) + sweep.n_skipped <= 20
