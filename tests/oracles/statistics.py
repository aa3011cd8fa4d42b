"""Statistics the slow way: from definitions, by loops, enumeration and linear programmes."""

import itertools
import math

import numpy as np
from scipy.optimize import brentq, linprog


def dip(x):
    """Distance from the empirical distribution to the closest unimodal one, mode by mode.

    Unknowns of a linear programme: the unimodal G at each value, twice at the mode (from the left
    and from the right: G may jump there), and the distance d.
    """
    values = sorted(set(x))
    upto = [sum(other <= value for other in x) / len(x) for value in values]
    before = [sum(other < value for other in x) / len(x) for value in values]
    return min(_dip_at(mode, values, before, upto) for mode in range(len(values)))


def _dip_at(mode, values, before, upto):
    n = len(values)
    # columns: G(values[0..mode]) from the left, G(values[mode..]) from the right, d
    left, right, d = list(range(mode + 1)), list(range(mode + 1, n + 2)), n + 1
    left_values, right_values = values[: mode + 1], values[mode:]
    right = right[: n - mode]
    rows, limits = [], []

    def at_most(limit, *terms):
        row = np.zeros(n + 2)
        for column, factor in terms:
            row[column] += factor
        rows.append(row)
        limits.append(limit)

    # G continuous but at the mode must stay near F on both sides of every step of F
    for i, column in enumerate(left):
        at_most(before[i], (column, 1), (d, -1))
        at_most(-(upto[i] if i < mode else before[i]), (column, -1), (d, -1))
    for i, column in enumerate(right, start=mode):
        at_most(before[i] if i > mode else upto[i], (column, 1), (d, -1))
        at_most(-upto[i], (column, -1), (d, -1))
    for columns in itertools.pairwise(left + right):
        at_most(0, (columns[0], 1), (columns[1], -1))
    for columns, places, sign in ((left, left_values, 1), (right, right_values, -1)):
        for (a, b, c), (u, v, w) in zip(
            zip(columns, columns[1:], columns[2:], strict=False),
            zip(places, places[1:], places[2:], strict=False),
            strict=True,
        ):
            # slope before b at most the slope after it, where convex
            at_most(0, (b, sign * (w - u)), (a, -sign * (w - v)), (c, -sign * (v - u)))
    cost = np.zeros(n + 2)
    cost[d] = 1
    bounds = [(0, 1)] * (n + 1) + [(0, 1)]
    return linprog(cost, A_ub=np.array(rows), b_ub=limits, bounds=bounds, method="highs").fun


def sign_flip(differences):
    """Two-sided p of the mean over every choice of signs."""
    observed = abs(sum(differences))
    choices = list(itertools.product((-1, 1), repeat=len(differences)))
    as_extreme = 0
    for signs in choices:
        total = abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        as_extreme += total > observed or math.isclose(total, observed, rel_tol=1e-9, abs_tol=1e-12)
    return as_extreme / len(choices)


def at_most(k, n, p):
    """The chance of k or fewer of n."""
    return math.fsum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))


def clopper_pearson(k, n, tail):
    """Shares at which as many as k, or as few, have the chance `tail`."""
    low = 0.0 if k == 0 else brentq(lambda p: 1 - at_most(k - 1, n, p) - tail, 0, 1, xtol=1e-14)
    high = 1.0 if k == n else brentq(lambda p: at_most(k, n, p) - tail, 0, 1, xtol=1e-14)
    return low, high


def bootstrap_t(values, clusters, level, n_draws, seed):
    """Bounds of the mean by drawing clusters one by one, its spread estimated in every draw."""

    def mean_and_spread(groups):
        everyone = np.concatenate(groups)
        mean = everyone.mean()
        squares = sum(((group - mean).sum()) ** 2 for group in groups)
        return mean, math.sqrt(squares) / len(everyone)

    groups = [values[clusters == label] for label in np.unique(clusters)]
    mean, spread = mean_and_spread(groups)
    rng, ts = np.random.default_rng(seed), []
    for _ in range(n_draws):
        drawn = [groups[i] for i in rng.integers(len(groups), size=len(groups))]
        other, its_spread = mean_and_spread(drawn)
        ts.append((other - mean) / its_spread)
    low, high = np.quantile(ts, [(1 - level) / 2, (1 + level) / 2])
    return mean - high * spread, mean - low * spread


def holm(p):
    """Step down: the chance of the smallest times all tests, the next times all but one."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    adjusted, worst = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = worst
    return adjusted


def benjamini_hochberg(p):
    """Step up: the chance of the largest as it is, the next times all over all but one."""
    order = sorted(range(len(p)), key=lambda i: -p[i])
    adjusted, best = [0.0] * len(p), 1.0
    for rank, i in enumerate(order):
        best = min(best, len(p) / (len(p) - rank) * p[i])
        adjusted[i] = best
    return adjusted


def slope(response, doses):
    """Least squares on the doses that are there."""
    pairs = [(d, r) for d, r in zip(doses, response, strict=True) if not math.isnan(r)]
    if len({d for d, _ in pairs}) < 2:
        return math.nan
    matrix = np.array([[1.0, d] for d, _ in pairs])
    return np.linalg.lstsq(matrix, np.array([r for _, r in pairs]), rcond=None)[0][1]


def anova_three(table):
    """Raw components (a, b, c, ab, ac, bc, abc) of a crossed design, textbook mean squares."""
    n_a, n_b, n_c = table.shape
    grand = table.mean()
    a, b, c = (table.mean(axis=axes) for axes in ((1, 2), (0, 2), (0, 1)))
    ab, ac, bc = (table.mean(axis=axis) for axis in (2, 1, 0))
    squares = dict.fromkeys(("a", "b", "c", "ab", "ac", "bc", "abc"), 0.0)
    for i, j, k in itertools.product(range(n_a), range(n_b), range(n_c)):
        main = a[i] - grand, b[j] - grand, c[k] - grand
        pairs = (
            ab[i, j] - a[i] - b[j] + grand,
            ac[i, k] - a[i] - c[k] + grand,
            bc[j, k] - b[j] - c[k] + grand,
        )
        rest = table[i, j, k] - grand - sum(main) - sum(pairs)
        for name, effect in zip(squares, (*main, *pairs, rest), strict=True):
            squares[name] += effect**2
    free = {"a": n_a - 1, "b": n_b - 1, "c": n_c - 1}
    ms = {
        name: total / math.prod(free[factor] for factor in name) for name, total in squares.items()
    }
    return {
        "a": (ms["a"] - ms["ab"] - ms["ac"] + ms["abc"]) / (n_b * n_c),
        "b": (ms["b"] - ms["ab"] - ms["bc"] + ms["abc"]) / (n_a * n_c),
        "c": (ms["c"] - ms["ac"] - ms["bc"] + ms["abc"]) / (n_a * n_b),
        "ab": (ms["ab"] - ms["abc"]) / n_c,
        "ac": (ms["ac"] - ms["abc"]) / n_b,
        "bc": (ms["bc"] - ms["abc"]) / n_a,
        "abc": ms["abc"],
    }
