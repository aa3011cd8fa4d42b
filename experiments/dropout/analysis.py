"""Dropout: task error, decay of kicks, diffusion and grid units by what perturbs training."""

import numpy as np

from gridjax import plotting
from gridjax.studies import DIFFERENCES
from gridjax.studies import figures as shared

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
CODES = {DOS: "Difference of Softmaxes", GAUSSIAN: "Gaussian"}
ERROR = "decode_err_ml_cm_T50"
ROUNDING = 1e-9
"""Largest residual of a fit, of the largest value, that is rounding."""
CALIPER_NATS = 0.0015
"""Largest difference of matched losses, about the sd of loss_excess within an arm of R5."""
KICK, NOISE, LESION = 0.1, 0.1, 0.02
"""Doses of the claims. This noise adds about as much diffusion as a network's own drift has; with
twice as much, networks lose trajectories within 20 moves."""
AFTER_KICK, LAST = 5, 20
"""Moves at which kicks and other perturbations are read."""
START_AT_LAST = 0.86
"""Error of answering the start after LAST moves over its mean over 50 moves: 35.5 and 41.3 cm on
paths of the study's walk, which all arms have."""
LEAST_DIFFUSION = 0.01
"""A smaller diffusion constant (cm^2 per move), also one below 0, counts as this one."""
LEAST_COMPETENT = 0.5
"""Share of competent networks from which on an arm counts in the claim about robustness."""
FEWEST_WITH_GRIDS = 8
"""Fewest networks with grids that decide a claim about their lesions."""
NONE, DROPOUT = "none", "recurrent 0.05"
PERTURBED = {
    "recurrent_dropout": "recurrent {:g}",
    "readout_dropout": "readout {:g}",
    "state_noise": "state noise {:g}",
    "velocity_noise": "velocity noise {:g}",
}
"""Columns that perturb training, and the names of their arms."""


def arms(evidence):
    """Return the networks with the name of their arm and their measures of robustness."""
    rows, everything = evidence.networks, evidence.everything
    usual_decay = everything["weight_decay"].min()
    usual_steps = everything["n_grad_steps"].min()

    def name_of(row):
        parts = [text.format(row[name]) for name, text in PERTURBED.items() if row[name] > 0]
        if row["weight_decay"] > usual_decay:
            parts.append(f"decay {row['weight_decay']:g}")
        parts = parts or [NONE]
        if row["n_grad_steps"] > usual_steps:
            parts.append("longer")
        return ", ".join(parts)

    rows = rows.assign(arm=[name_of(row) for _, row in rows.iterrows()])
    table = evidence.run.robustness

    def measure(perturbation, dose, move, column):
        is_one = (table["perturbation"] == perturbation) & np.isclose(table["dose"], dose)
        values = table[is_one & (table["move"] == move)].set_index("run_id")[column]
        return rows["run_id"].map(values).astype(float)

    def log10(values):
        return np.log10(values.where(values > 0))

    diffusion = "diffusion_cm2_per_move"
    by_noise = measure("state_noise", NOISE, LAST, diffusion) - measure("none", 0, LAST, diffusion)
    error = "decode_err_ml_cm"
    silenced = [measure(f"lesion_{which}", LESION, LAST, error) for which in ("grid", "matched")]
    return rows.assign(
        log_off=log10(measure("kick_off", KICK, AFTER_KICK, "rho_perp")),
        log_off_late=log10(measure("kick_off", KICK, LAST, "rho_perp")),
        along=measure("kick_along", KICK, AFTER_KICK, "rho_par"),
        log_diffusion=np.log10(by_noise.clip(lower=LEAST_DIFFUSION)),  # NaN stays NaN
        grid_lesion_cm=silenced[0] - silenced[1],
        lesioned_cm=(silenced[0] + silenced[1]) / 2,
    )


def learned_arms(evidence):
    """Return the names of the arms of which enough networks have learned the task.

    Networks that diverged count, as in the arms of verdicts: they have not learned it.
    """
    rows = arms(evidence.ask("finished"))
    rows = rows[rows["place_field_values"] == DOS]
    share = rows["is_competent"].astype(float).groupby(rows["arm"]).mean()
    return list(share.index[share >= LEAST_COMPETENT])


def without_arms_seeds_and_error(rows, columns):
    """Return columns without the means of arms and seeds and what is linear in the error.

    Means of arms and of seeds are fitted together. The part that is linear in the error is that of
    its deviations from them. What is left of a column is 0 where it is no more than rounding.
    """
    rows = rows.dropna(subset=[*columns, ERROR])
    labels = [rows[name].to_numpy() for name in ("arm", "seed")]
    groups = np.hstack([each[:, None] == np.unique(each) for each in labels]).astype(float)
    values = rows[[*columns, ERROR]].to_numpy(float)
    if len(values):
        values = values - groups @ np.linalg.lstsq(groups, values, rcond=None)[0]
    error = values[:, -1]
    power = error @ error
    slopes = error @ values[:, :-1] / power if power else np.zeros(len(columns))
    left = values[:, :-1] - error[:, None] * slopes
    left[np.abs(left) < ROUNDING * rows[columns].abs().max().to_numpy()] = 0.0
    return rows.assign(**dict(zip(columns, left.T, strict=True)))


def lesion_of_grids(evidence, none):
    """Return the arguments of the claim about lesions, for rows of unperturbed training.

    It is asked of networks with grids. A network that a lesion stops from integrating says nothing
    about its units: the mean of both errors must be below that of answering the start. This mean
    does not favour a lesion.
    """
    able = none[none["is_competent"]]
    able = able[evidence.has_grids_among(able)]
    integrates = able["lesioned_cm"] < START_AT_LAST * able["start_err_cm_T50"]
    reason = ""
    if (n := int(integrates.sum())) < FEWEST_WITH_GRIDS:
        reason = f"{n} networks that have grids integrate with a lesion ({len(able)} have grids)"
    return {
        "frame": able[integrates],
        "column": "grid_lesion_cm",
        "null": 0.0,
        "arms": {NONE: none},
        "unanswerable": reason,
    }


def select(evidence):
    rows = arms(evidence)
    dos = rows[rows["place_field_values"] == DOS]
    is_decay = dos["arm"].map(lambda arm: arm.startswith("decay")).astype(bool)

    def pair(column, first=DROPOUT, second=NONE, of_second=None, **further):
        is_first = dos["arm"] == first
        is_second = dos["arm"] == second if of_second is None else of_second
        return {
            "frame": dos,
            "column": column,
            "first": is_first,
            "second": is_second,
            "arms": {first: dos[is_first], second: dos[is_second]},
            **further,
        }

    others = dos[~is_decay & dos["arm"].isin(learned_arms(evidence))]
    return {
        "dropout_helps_task": pair(ERROR),
        "dropout_removes_changes_off_the_manifold": pair("log_off"),
        "dropout_keeps_changes_along_the_manifold": pair("along"),
        "dropout_makes_grids": pair("share_grid", within=DIFFERENCES),
        "grids_explain_robustness": {
            "frame": without_arms_seeds_and_error(others, ["log_diffusion", "share_grid"]),
            "column": "log_diffusion",
            "dose": "share_grid",
            "arms": dict(iter(others.groupby("arm"))),
        },
        "grid_units_carry_position": lesion_of_grids(evidence, dos[dos["arm"] == NONE]),
        "dropout_removes_changes_later": pair("log_off_late"),
        "dropout_is_not_weight_decay": pair(
            "log_off",
            second="weight decay",
            of_second=is_decay,
            on="loss_excess",
            caliper=CALIPER_NATS,
        ),
        "dropout_is_not_slow_learning": pair(
            ERROR, first=f"{DROPOUT}, longer", second=f"{NONE}, longer"
        ),
    }


PANELS = (
    (ERROR, 1, "position error\n(cm)"),
    ("log_off", 1, f"log10 ρ⊥ after\n{AFTER_KICK} moves"),
    ("along", 1, f"ρ∥ after\n{AFTER_KICK} moves"),
    ("log_diffusion", 1, "log10 D of noise\n(cm² per move)"),
    ("share_grid", 100, "grid units (%)"),
)
OF_COMPETENT = ("log_off", "along", "log_diffusion", "share_grid")
"""Columns of claims about competent networks; the means of the figure are theirs."""


def figures(evidence, estimates):
    name, title = "dropout", "Error, error correction and grid units by arm"
    rows = arms(evidence)
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    names = sorted(rows["arm"].unique(), key=lambda arm: (arm != NONE, arm))
    figure = plotting.new_figure(7.2)
    panels = figure.subplots(len(PANELS), 1, sharex=True)
    shared.null_share(panels[-1], int(rows["Ng"].max()), evidence.n_readouts)
    shared.arms_by_code(panels, PANELS, rows, names, CODES, OF_COMPETENT)
    panels[0].set_ylim(0, None)
    figure.legend(loc="outside upper center", ncols=2)
    panels[-1].set_ylim(0, None)
    panels[-1].set_xticks(range(len(names)), names, rotation=40, ha="right")
    caption = (
        "Error of the likelihood decoder over 50 moves without perturbation; part of a kick off the"
        " position manifold (ρ⊥) and along it (ρ∥) that is left, norm of the kick a tenth of the"
        f" state's; diffusion constant D that state noise of {NOISE:g} adds to the network's own,"
        f" up to move {LAST}; share of units above the 99th percentile of their own network's"
        " random readouts. An arm corrects errors if ρ⊥ falls and ρ∥ does not. Dots: networks"
        " (hollow: not competent, and in no mean but that of errors); bars: 95 % intervals over"
        " seeds; grey: chance."
    )
    return [plotting.FigureResult(name, title, figure, caption)]
