"""Figure and table of the study agents."""

import numpy as np

from gridjax import plotting
from gridjax.metrics import mean_interval
from gridjax.studies import figures as shared

from .lesions import DOSES, GRID_LIKE, MATCHED
from .trained_agents import CODES, LESIONED_CODE, N_AGENTS

COLOURS = {
    "maps": "#56b4e9",
    "isotropic": "#b8b8b8",
    "place": plotting.GREY,
    "place_wide": "#000000",
    "units": plotting.colour("difference_of_gaussians"),
    "outputs": "#009e73",
    "readouts": "#e69f00",
    "place_units": "#7b3294",
    "place_readouts": "#c2a5cf",
}
SCORES = {
    "success": "success, known goals",
    "new": "success, new goals",
    "efficiency": "efficiency, known goals",
}


def figure_of_agents(name, title, rows, can_lose):
    """Draw learning, tests and lesions; ``can_lose`` marks the networks with a lesion by dose."""
    figure = plotting.new_figure(6.2)
    grid = figure.add_gridspec(2, 6)
    draw_learning(figure.add_subplot(grid[0, :4]), rows)
    draw_lesions(figure.add_subplot(grid[0, 4:]), rows, can_lose)
    panels = [figure.add_subplot(grid[1, :3]), figure.add_subplot(grid[1, 3:])]
    for at, (code, colour) in enumerate(COLOURS.items()):
        pair = {"width": 0.25, "colour": colour}
        shared.arms(panels[0], [(at - 0.15, rows)], f"{code}.success", **pair)
        shared.arms(panels[0], [(at + 0.15, rows)], f"{code}.new", is_hollow=True, **pair)
        shared.arms(panels[1], [(at, rows)], f"{code}.efficiency", colour, width=0.6)
    for axes in panels:
        axes.set_ylim(0, 1.03)
        axes.set_xticks(range(len(CODES)), list(CODES.values()), rotation=50, ha="right")
    panels[0].set_ylabel("success\n(hollow: new goals)")
    panels[1].set_ylabel("efficiency")
    n_of_lesions = ", ".join(f"{dose}: {int(can_lose[dose].sum())}" for dose in DOSES)
    caption = (
        "Above left: share of the trials in training that end at their goal (colours as below);"
        " thin lines: networks, thick lines: their means. Above right: efficiency of agents on"
        " units with all of them, without the most grid-like maps of a tenth and of a fifth of the"
        " units that have partners, and without these partners (mean of three draws). Below: tests."
        " Left: success with goals where training had goals, and (hollow) in the quadrant where it"
        " had none. Right: straight distance over the length of the path, 0 without success. Codes"
        " that are exact always know the position; the others contain errors of path integration."
        f" Dots: competent networks, each the mean of {N_AGENTS} agents (above right: hollow if not"
        " in the claim about lesions); bars and table: means and 95 % intervals over seeds of"
        f" {len(rows)} networks (above right, {n_of_lesions})."
    )
    return plotting.FigureResult(name, title, figure, caption, table=scores(rows))


def scores(rows):
    """Return success and efficiency of each code with 95 % intervals as a table."""
    table: list[tuple[str, ...]] = [("agents on", "networks", *SCORES.values())]
    for code, text in CODES.items():
        cells = (mean_of(rows, f"{code}.{name}") for name in SCORES)
        table.append((text, str(len(rows)), *cells))
    return tuple(table)


def mean_of(rows, column):
    """Return the mean of a column and its 95 % interval over seeds as text, in percent."""
    known = rows[np.isfinite(rows[column])]
    if known.empty:
        return "–"
    mean, low, high = mean_interval(known[column], known["seed"], within=(0, 1))
    ends = f" ({100 * low:.1f} to {100 * high:.1f})" if low < high else ""
    return f"{100 * mean:.1f} %{ends}"


def draw_learning(axes, rows):
    """Draw the share of trials that end at their goal, in means over thirtieths of the training."""
    for code in CODES:
        curves = np.array([each["agents"][code]["reached"] for each in rows["found"]], float)
        n = curves.shape[2] - curves.shape[2] % 10 or curves.shape[2]
        parts = curves[:, :, :n].reshape(*curves.shape[:2], -1, max(n // 30, 1))
        parts = np.nanmean(parts, axis=(1, 3))  # over agents and updates
        updates = (np.arange(parts.shape[1]) + 0.5) * n / parts.shape[1]
        axes.plot(updates, parts.T, color=COLOURS[code], lw=0.5, alpha=0.25)
        axes.plot(updates, parts.mean(axis=0), color=COLOURS[code], lw=1.6)
    axes.set(xlabel="updates of the policy", ylabel="trials that reach\ntheir goal", ylim=(0, 1))


def draw_lesions(axes, rows, can_lose):
    """Draw the efficiency of agents on units without the lesioned and the matched units."""
    look = {"colour": COLOURS[LESIONED_CODE], "width": 0.6, "is_of_competent": True}
    names = ["all units"]
    first = rows.assign(is_competent=can_lose[next(iter(DOSES))])
    shared.arms(axes, [(0, first)], f"{LESIONED_CODE}.efficiency", **look)
    for dose in DOSES:
        of_dose = rows.assign(is_competent=can_lose[dose])
        for name, text in ((GRID_LIKE, "without grid-like"), (MATCHED, "without matched")):
            shared.arms(axes, [(len(names), of_dose)], f"{name} {dose}", **look)
            names.append(f"{text}, {dose}")
    axes.set_xticks(range(len(names)), names, rotation=50, ha="right")
    axes.set(ylabel="efficiency of agents\non units", ylim=(0, 1.03))
