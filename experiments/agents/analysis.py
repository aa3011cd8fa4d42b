"""Agents: learning, efficiency and lesions of agents on codes of path-integrating networks."""

import dataclasses

import numpy as np
from scipy.optimize import linear_sum_assignment

import gridjax as gj
from gridjax import plotting
from gridjax.studies import DIFFERENCES
from gridjax.studies import figures as shared

SETTINGS = gj.AgentSettings()
SHORT = dataclasses.replace(SETTINGS, n_updates=60, n_test_trials=100)
FEWEST_UNITS = 256
"""Agents on networks with fewer units (of the size quick) have the short training."""
CODES = {
    "place": "place cells",
    "place_units": "place cells and units",
    "place_readouts": "place cells and readouts",
    "units": "units",
    "outputs": "outputs",
    "readouts": "random readouts",
}
COLOURS = {
    "place": plotting.GREY,
    "place_units": "#7b3294",
    "place_readouts": "#c2a5cf",
    "units": plotting.colour("difference_of_gaussians"),
    "outputs": "#009e73",
    "readouts": "#e69f00",
}
GRID_LIKE, MATCHED = "most grid-like", "matched"
N_DRAWS = 3
"""Draws of matched units; their mean success is compared."""
LESIONED = 0.1
"""Share of the units that a lesion silences."""
CALIPER = 0.1
"""Largest difference of the log standard deviations of a lesioned and a matched unit."""
FEWEST_LESIONED = 8
"""Units that a lesion needs."""
LEAST_SD = 1e-3
"""Units with a smaller share of the mean standard deviation are silent, and in no lesion."""
FEWEST_NETWORKS = 8
"""Networks with grid units that the claim about lesions needs."""
LEARNED = 0.5
"""Least success of agents that count as having learned."""
BOTH_GAINS = (-2.0, 2.0)
"""The range of a difference of two differences of shares."""


def lesions_of(network, score_60):
    """Return the units of all lesions by name, and the share of the code's variance in each.

    A lesion leaves units at their mean rate, so that their variance over places is what agents
    lose. The first lesion has the units with the highest scores that have a partner of nearly the
    same standard deviation among the others: grid-like units vary most, and the largest have none.
    Each draw of matched units has partners of all of them.
    """
    maps = np.asarray(network.rate_maps(), np.float64)
    sd = np.nan_to_num(np.nanstd(maps, axis=(1, 2)))
    order = np.argsort(-np.nan_to_num(score_60, nan=-np.inf), kind="stable")
    order = order[sd[order] > LEAST_SD * sd.mean()]
    log_sd = np.log(np.maximum(sd, np.finfo(float).tiny))
    n, random = round(LESIONED * len(sd)), np.random.default_rng(network.spec.seed)
    others = order[n:]
    lesioned, _ = partners(log_sd, order[:n], others, 0)
    lesions = {GRID_LIKE: lesioned.tolist()}
    for draw in range(N_DRAWS):
        noise = random.random((len(lesioned), len(others)))
        _, matched = partners(log_sd, lesioned, others, noise)
        lesions[f"{MATCHED} {draw + 1}"] = matched.tolist()
    total = max(float(np.square(sd).sum()), np.finfo(float).tiny)
    return lesions, {
        name: float(np.square(sd[units]).sum()) / total for name, units in lesions.items()
    }


def partners(log_sd, units, others, noise):
    """Return the units that have a partner within the caliper, and their partners, all different.

    Of all ways to make the most pairs it is the one with the least sum of distances and of
    ``noise`` [unit, other] times the caliper.
    """
    distances = np.abs(np.subtract.outer(log_sd[units], log_sd[others]))
    # a pair beyond the caliper costs more than all allowed pairs together
    costs = np.where(distances <= CALIPER, distances + CALIPER * noise, 1.0 + len(units))
    of_units, of_others = linear_sum_assignment(costs)
    allowed = distances[of_units, of_others] <= CALIPER
    return units[of_units[allowed]], others[of_others[allowed]]


def agents_of(evidence, run_id):
    """Return the results of the agents of a network by code; None without its weights."""
    units = evidence.run.units
    units = units[units["run_id"] == run_id]
    units = units[units["nbins"] == evidence.spec(run_id).n_bins_reported].sort_values("unit")
    settings = SETTINGS if evidence.spec(run_id).Ng >= FEWEST_UNITS else SHORT
    identity = {
        "settings": dataclasses.asdict(settings),
        "codes": list(CODES),
        "lesioned": LESIONED,
        "draws": N_DRAWS,
        "caliper": CALIPER,
        "score_60": [round(float(score), 6) for score in units["score_60_by_neuron"]],
    }

    def train(network):
        lesions, variance = lesions_of(network, units["score_60_by_neuron"].to_numpy())
        found = network.agents(list(CODES), lesions, [network.spec.seed], settings)
        return {
            "reached": found.reached[:, 0],
            "lesion": list(found.lesion),
            "success": found.success[:, 0],
            "efficiency": found.efficiency[:, 0],
            "variance": [variance.get(name, 0.0) for name in found.lesion],
            "n_lesioned": len(lesions[GRID_LIKE]),
        }

    return evidence.kept(run_id, identity, train)


def with_agents(evidence):
    """Return the competent networks with the measures of their agents as columns."""
    rows = evidence.networks
    rows = rows[rows["is_competent"]].reset_index(drop=True)
    found = [agents_of(evidence, run_id) for run_id in rows["run_id"]]
    columns = {}
    for at, code in enumerate(CODES):
        for name in MEASURES:
            columns[f"{code}.{name}"] = np.array(
                [np.nan if each is None else measure(each, at, name) for each in found], float
            )
    for name in (GRID_LIKE, MATCHED):
        columns[f"variance.{name}"] = np.array(
            [np.nan if each is None else mean_of(each, each["variance"], name) for each in found],
            float,
        )
    n_lesioned = [0 if each is None else each["n_lesioned"] for each in found]
    return rows.assign(found=found, n_lesioned=np.array(n_lesioned, int), **columns)


MEASURES = (
    *("learning", "success", "new", "efficiency"),
    *(GRID_LIKE, MATCHED, "no goal", "new, no goal"),
)


def measure(found, code, name):
    """Return one number of the agent of a network and a code."""
    if name == "learning":
        return np.nanmean(found["reached"][code])
    if name in ("success", "new"):
        return found["success"][code][0][name == "new"]
    if name == "efficiency":
        return found["efficiency"][code][0][0]
    if name in ("no goal", "new, no goal"):
        return found["success"][code][found["lesion"].index("no goal code")][name != "no goal"]
    return mean_of(found, [known for known, _ in found["success"][code]], name)


def mean_of(found, values, name):
    """Return the mean of the values of all lesions whose names begin like this."""
    chosen = [at for at, lesion in enumerate(found["lesion"]) if lesion.startswith(name)]
    return np.mean([values[at] for at in chosen])


def select(evidence):
    arms = {"12 cm": evidence.networks}  # with all networks, whether they are competent or not
    rows = with_agents(evidence)
    reason = unmeasured(rows)

    def difference(values, which=None, within=DIFFERENCES, unanswerable="", **further):
        values = values if which is None else values.where(which)
        frame = rows.assign(value=values.astype(float))
        further["unanswerable"] = reason or unanswerable
        return {"frame": frame, "column": "value", "within": within, "arms": arms, **further}

    learned = {code: rows[f"{code}.success"] >= LEARNED for code in ("units", "place")}
    to_new = {code: rows[f"{code}.new"] - rows[f"{code}.new, no goal"] for code in learned}
    have_grids = evidence.has_grids_among(rows)
    can_lose = able_to_lose(rows, have_grids)
    return {
        "grid_agents_beat_place_agents": difference(
            rows["units.efficiency"] - rows["place.efficiency"]
        ),
        "units_add_to_place_cells": difference(
            rows["place_units.learning"] - rows["place_readouts.learning"]
        ),
        "units_teach_faster_than_readouts": difference(
            rows["units.learning"] - rows["readouts.learning"]
        ),
        "agents_need_grid_like_units": difference(
            rows[f"units.{MATCHED}"] - rows[f"units.{GRID_LIKE}"],
            can_lose,
            unanswerable=few_with_grids(rows, have_grids),
            remark=variances(rows[can_lose]),
        ),
        "agents_use_the_goal_code": difference(rows["units.success"] - rows["units.no goal"]),
        "units_lead_to_new_goals": difference(
            to_new["units"] - to_new["place"],
            learned["units"] & learned["place"],
            within=BOTH_GAINS,
        ),
    }


def able_to_lose(rows, have_grids):
    """Return whether each network counts in the claim about lesions."""
    return have_grids & (rows["units.success"] >= LEARNED) & (rows["n_lesioned"] >= FEWEST_LESIONED)


def unmeasured(rows):
    """Return how many competent networks have no agents; empty if all have them."""
    n = int(rows["found"].isna().sum())
    reason = "competent networks have no stored weights and no measures of agents"
    return f"{n} of {len(rows)} {reason}" if n else ""


def few_with_grids(rows, have_grids):
    """Return that too few networks have grid units to lose; empty if they are enough."""
    n = int(have_grids.sum())
    if n >= FEWEST_NETWORKS:
        return ""
    return f"fewer than {FEWEST_NETWORKS} networks have grid units to lose ({n} of {len(rows)})"


def variances(rows):
    """Return the remark about the units of the lesions and the variance that these remove."""
    if rows.empty:
        return ""
    own, other = (100 * rows[f"variance.{name}"].mean() for name in (GRID_LIKE, MATCHED))
    return (
        f"Lesions have {rows['n_lesioned'].mean():.1f} units, and remove {own:.1f} % (grid-like)"
        f" and {other:.1f} % (matched) of the variance."
    )


def figures(evidence, estimates):
    name, title = "agents", "Agents that navigate on codes of one network"
    evidence = evidence.ask("competent")
    rows = with_agents(evidence)
    rows = rows[rows["found"].notna()]
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No competent network has weights.")]
    figure = plotting.new_figure(5.6)
    grid = figure.add_gridspec(2, 6)
    curves = figure.add_subplot(grid[0, :])
    draw_learning(curves, rows)
    panels = [figure.add_subplot(grid[1, 2 * at : 2 * at + 2]) for at in range(3)]
    for axes, measures in zip(panels, (("success", "new"), ("efficiency",), ()), strict=True):
        for at, code in enumerate(CODES):
            for shift, column in zip((-0.15, 0.15), measures, strict=False):
                place = at if len(measures) == 1 else at + shift
                colour = COLOURS[code]
                width = 0.25 if len(measures) > 1 else 0.6
                shared.arms(axes, [(place, rows)], f"{code}.{column}", colour, width=width)
        axes.set_ylim(0, 1)
        if measures:
            axes.set_xticks(range(len(CODES)), list(CODES.values()), rotation=50, ha="right")
    can_lose = able_to_lose(rows, evidence.has_grids_among(rows))
    draw_lesions(panels[2], rows.assign(is_competent=can_lose))
    panels[0].set_ylabel("success\n(known and new goals)")
    panels[1].set_ylabel("efficiency")
    panels[2].set_ylabel("success of agents\non units")
    caption = (
        "Above: share of the trials in training that end at their goal; thin lines: networks, thick"
        " lines: their means. Below: tests. Left: success with goals where training had goals, and"
        " (right of each pair) in the quadrant where it had none. Middle: straight distance over"
        " the length of the path, 0 without success. Right: agents on units with all of them,"
        f" without the {100 * LESIONED:g} % most grid-like that have partners, without these"
        " partners (mean of three draws), and without the code of the goal. Dots: competent"
        " networks (right: hollow if not in the claim about lesions); bars: means and 95 %"
        f" intervals over seeds of {len(rows)} networks (right: {int(can_lose.sum())})."
    )
    return [plotting.FigureResult(name, title, figure, caption)]


def draw_learning(axes, rows):
    """Draw the share of trials that end at their goal, in means over thirtieths of the training."""
    for at, (code, text) in enumerate(CODES.items()):
        curves = np.array([each["reached"][at] for each in rows["found"]], float)
        n = curves.shape[1] - curves.shape[1] % 10 or curves.shape[1]
        parts = np.nanmean(curves[:, :n].reshape(len(curves), -1, max(n // 30, 1)), axis=2)
        updates = (np.arange(parts.shape[1]) + 0.5) * n / parts.shape[1]
        axes.plot(updates, parts.T, color=COLOURS[code], lw=0.5, alpha=0.35)
        axes.plot(updates, parts.mean(axis=0), color=COLOURS[code], lw=1.8, label=text)
    axes.set(xlabel="updates of the policy", ylabel="trials that reach\ntheir goal", ylim=(0, 1))
    axes.legend(fontsize=plotting.SMALL, ncol=2)


def draw_lesions(axes, rows):
    """Draw the success of agents on units; ``is_competent`` marks networks of the claim."""
    look = {"colour": COLOURS["units"], "width": 0.6, "is_of_competent": True}
    names = {"success": "all units", GRID_LIKE: "without grid-like"}
    names |= {MATCHED: "without matched", "no goal": "without goal code"}
    for at, name in enumerate(names):
        shared.arms(axes, [(at, rows)], f"units.{name}", **look)
    axes.set_xticks(range(len(names)), list(names.values()), rotation=50, ha="right")
