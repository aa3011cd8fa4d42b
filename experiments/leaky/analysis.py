"""Leaky: position errors, errors under noise and grid units by the leak of the network."""

import numpy as np

from gridjax import plotting
from gridjax.studies import DIFFERENCES, with_best_rates, with_lattices_that_fit
from gridjax.studies import figures as shared

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
CODES = {DOS: "Difference of Softmaxes", GAUSSIAN: "Gaussian"}
ERROR, SHARE, LATTICES = "decode_err_ml_cm_T50", "share_grid", "share_with_lattice"
CALIPER_NATS = 0.0015
"""Largest difference of matched losses, about the sd of loss_excess within an arm of R5."""
CHANCE_LATTICES = 0.05
VELOCITY_DOSE, STATE_DOSE, LAST = 1.0, 0.1, 20
"""Doses of noise, and the move at which noisy networks are read. This noise on the state adds about
as much diffusion as a network's own drift has; with twice as much, networks lose trajectories."""
LEAST_DIFFUSION = 0.01
"""A smaller diffusion constant (cm^2 per move), also one below 0, counts as this one."""
NONE, LEAK, START, LEARNED = "none", "0.3", "none, slow start", "learned"
ARMS = {
    "leaky_0": (NONE, 0.0),
    "leaky_10": ("0.1", 0.1),
    "leaky_30": (LEAK, 0.3),
    "leaky_60": ("0.6", 0.6),
    "leaky_learned": (LEARNED, np.nan),
    "slow_start_30": (START, np.nan),
}
"""Cell -> name of its arm and its fixed leak; NaN: no part of the dose."""


def settle(pilot, specs):
    """Return specs with the learning rate that has the least error over 50 moves in the pilot."""
    return with_best_rates(pilot, specs, ERROR, ["rnn_type", "place_field_values"])


def arms(evidence):
    """Return the networks with their arm, their leak and their measures under noise."""
    rows, table = evidence.networks, evidence.run.robustness

    def measure(perturbation, dose, column):
        is_one = (table["perturbation"] == perturbation) & np.isclose(table["dose"], dose)
        values = table[is_one & (table["move"] == LAST)].set_index("run_id")[column]
        return rows["run_id"].map(values).astype(float)

    of_noise = "diffusion_cm2_per_move"
    diffusion = measure("state_noise", STATE_DOSE, of_noise) - measure("none", 0, of_noise)
    rms = "decode_err_rms_cm"
    clean, noisy = measure("none", 0, rms), measure("velocity_noise", VELOCITY_DOSE, rms)
    square = noisy**2 - clean**2
    return rows.assign(
        arm=[ARMS[cell][0] for cell in rows["rnn_type"]],
        leak=[ARMS[cell][1] for cell in rows["rnn_type"]],
        added_cm=np.sign(square) * np.sqrt(square.abs()),
        log_diffusion=np.log10(diffusion.clip(lower=LEAST_DIFFUSION)),  # NaN stays NaN
    )


def select(evidence):
    rows = arms(evidence)

    def pair(column, first=LEAK, second=NONE, among=rows, **further):
        own = among[among["place_field_values"] == DOS]
        own = own[own["arm"].isin([first, second])]
        is_first = own["arm"] == first
        return {
            "frame": own,
            "column": column,
            "first": is_first,
            "second": ~is_first,
            "arms": {f"leak {first}": own[is_first], f"leak {second}": own[~is_first]},
            **further,
        }

    both = rows[rows["arm"].isin([LEAK, NONE])]
    four = both.groupby(["place_field_values", "arm"])

    def interaction(of_seed):
        """Return the effect of the leak with one target code minus that with the other."""
        means = of_seed.groupby(["place_field_values", "arm"])[SHARE].mean()
        effects = [
            means.get((code, LEAK), np.nan) - means.get((code, NONE), np.nan) for code in CODES
        ]
        return effects[0] - effects[1]

    fixed = rows[(rows["place_field_values"] == DOS) & rows["leak"].notna()]
    return {
        "leak_improves_accuracy": pair(ERROR),
        "leak_resists_noise": pair("added_cm"),
        "leak_makes_grids": pair(SHARE, within=DIFFERENCES),
        "grids_rise_with_leak": {
            "frame": fixed,
            "column": SHARE,
            "dose": "leak",
            "arms": {f"leak {name}": own for name, own in fixed.groupby("arm")},
        },
        "learned_leak_makes_grids": pair(SHARE, LEARNED, within=DIFFERENCES),
        "leak_makes_lattices": pair(
            LATTICES, among=with_lattices_that_fit(rows), within=DIFFERENCES
        ),
        "leak_is_not_its_start": pair(SHARE, second=START, within=DIFFERENCES),
        "leak_makes_grids_at_equal_loss": pair(
            SHARE, within=DIFFERENCES, on="loss_excess", caliper=CALIPER_NATS
        ),
        "leak_damps_state_noise": pair("log_diffusion"),
        "leak_needs_a_surround": {
            "frame": both,
            "column": SHARE,
            "contrast": interaction,
            "within": (-2.0, 2.0),
            "arms": {f"{CODES[code]}, leak {arm}": own for (code, arm), own in four},
        },
    }


PANELS = (
    (ERROR, 1, "position error\n(cm)"),
    ("added_cm", 1, "error by\nvelocity noise (cm)"),
    ("log_diffusion", 1, "log10 D of noise\n(cm² per move)"),
    (SHARE, 100, "grid units (%)"),
    (LATTICES, 100, "units with a\nlattice (%)"),
)
OF_COMPETENT = ("added_cm", "log_diffusion", SHARE, LATTICES)
"""Columns of claims about competent networks; the means of the figure are theirs."""


def figures(evidence, estimates):
    name, title = "leaky", "Error, noise and grid units by leak"
    rows = arms(evidence)
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    names = [arm for arm, _ in ARMS.values() if arm in set(rows["arm"])]
    figure = plotting.new_figure(7.2)
    panels = figure.subplots(len(PANELS), 1, sharex=True)
    shared.null_share(panels[3], int(rows["Ng"].max()), evidence.n_readouts)
    shared.arms_by_code(panels, PANELS, rows, names, CODES, OF_COMPETENT)
    panels[-1].axhline(100 * CHANCE_LATTICES, color=plotting.GREY, lw=0.8, ls=":")
    for axes, (column, _, _) in zip(panels, PANELS, strict=True):
        if column != "log_diffusion":
            axes.set_ylim(0, None)
    panels[-1].set_xlim(-0.5, len(names) - 0.5)
    figure.legend(loc="outside upper center", ncols=3)
    panels[-1].set_xticks(range(len(names)), [name.replace(", ", ",\n") for name in names])
    panels[-1].set_xlabel("leak")
    caption = (
        "Error of the likelihood decoder over 50 moves without noise; root of what noise on the"
        f" velocity, as large as the velocity, adds to its mean squared error after {LAST} moves;"
        f" diffusion constant D that state noise of {STATE_DOSE:g} adds to the network's own;"
        " share of units above the 99th percentile of their own network's random readouts and"
        " above .3 (grey: chance); share of units with a significant lattice (dotted: chance). Slow"
        " start: no leak, and the initial linear dynamics of a leak of 0.3. Dots: networks (hollow:"
        " not competent, and in no mean but that of errors without noise); bars: 95 % intervals"
        " over seeds."
    )
    return [plotting.FigureResult(name, title, figure, caption)]
