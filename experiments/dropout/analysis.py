"""Dropout: task error, decay of kicks, diffusion and grid units by what perturbs training."""

import numpy as np

from gridjax import plotting
from gridjax.studies import DIFFERENCES
from gridjax.studies import figures as shared

DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
CODES = {DOS: "Difference of Softmaxes", GAUSSIAN: "Gaussian"}
ERROR = "decode_err_ml_cm_T50"
CALIPER_NATS = 0.01
KICK, NOISE, LESION = 0.1, 0.1, 0.1
"""Doses of the claims."""
AFTER_KICK, LAST = 5, 20
"""Moves at which kicks and other perturbations are read."""
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
        if row["n_grad_steps"] > usual_steps:
            parts.append("longer")
        return ", ".join(parts) or "none"

    rows = rows.assign(arm=[name_of(row) for _, row in rows.iterrows()])
    table = evidence.run.robustness

    def measure(perturbation, dose, move, column):
        is_one = (table["perturbation"] == perturbation) & np.isclose(table["dose"], dose)
        values = table[is_one & (table["move"] == move)].set_index("run_id")[column]
        return rows["run_id"].map(values).astype(float)

    def log10(values):
        return np.log10(values.where(values > 0))

    error = "decode_err_ml_cm"
    silenced = [measure(f"lesion_{which}", LESION, LAST, error) for which in ("grid", "matched")]
    return rows.assign(
        log_off=log10(measure("kick_off", KICK, AFTER_KICK, "rho_perp")),
        along=measure("kick_along", KICK, AFTER_KICK, "rho_par"),
        log_diffusion=log10(measure("state_noise", NOISE, LAST, "diffusion_cm2_per_move")),
        grid_lesion_cm=silenced[0] - silenced[1],
    )


def without_arms_and_error(rows, columns):
    """Return columns without the means of the arms and without what is linear in the error."""
    rows = rows.dropna(subset=[*columns, ERROR])
    centred = rows[[*columns, ERROR]] - rows.groupby("arm")[[*columns, ERROR]].transform("mean")
    error = centred[ERROR].to_numpy()
    power = error @ error
    for column in columns:
        values = centred[column].to_numpy()
        rows = rows.assign(
            **{column: values - error * (error @ values) / power if power else values}
        )
    return rows


def select(evidence):
    rows = arms(evidence)
    dos = rows[rows["place_field_values"] == DOS]
    by_arm = dict(iter(dos.groupby("arm")))
    none, dropout = dos["arm"] == "none", dos["arm"] == "recurrent 0.3"
    longer, decay = (
        dos["arm"] == "recurrent 0.3, longer",
        dos["arm"].map(lambda arm: arm.startswith("decay")).astype(bool),
    )

    def pair(column, first=dropout, second=none, **further):
        return {"frame": dos, "column": column, "first": first, "second": second, **further}

    residuals = without_arms_and_error(dos, ["log_diffusion", "share_grid"])
    return {
        "dropout_helps_task": pair(ERROR),
        "dropout_removes_changes_off_the_manifold": pair("log_off"),
        "dropout_keeps_changes_along_the_manifold": pair("along"),
        "dropout_makes_grids": pair("share_grid", within=DIFFERENCES),
        "grids_explain_robustness": {
            "frame": residuals,
            "column": "log_diffusion",
            "dose": "share_grid",
            "arms": by_arm,
        },
        "grid_units_carry_position": {"frame": dos[none], "column": "grid_lesion_cm", "null": 0.0},
        "dropout_is_not_weight_decay": pair(
            "log_off", second=decay, on="loss_excess", caliper=CALIPER_NATS
        ),
        "dropout_is_not_slow_learning": pair(ERROR, first=longer),
    }


PANELS = (
    (ERROR, 1, "position error\n(cm)"),
    ("log_off", 1, f"log10 ρ⊥ after\n{AFTER_KICK} moves"),
    ("along", 1, f"ρ∥ after\n{AFTER_KICK} moves"),
    ("log_diffusion", 1, "log10 D\n(cm² per move)"),
    ("share_grid", 100, "grid units (%)"),
)


def figures(evidence, estimates):
    name, title = "dropout", "Error, error correction and grid units by arm"
    rows = arms(evidence)
    if rows.empty:
        return [plotting.FigureResult(name, title, None, "No network is there yet.")]
    names = sorted(rows["arm"].unique(), key=lambda arm: (arm != "none", arm))
    figure = plotting.new_figure(7.2)
    panels = figure.subplots(len(PANELS), 1, sharex=True)
    shared.null_share(panels[-1], int(rows["Ng"].max()), evidence.n_readouts)
    shared.arms_by_code(panels, PANELS, rows, names, CODES, ("share_grid",))
    panels[0].set_ylim(0, None)
    figure.legend(loc="outside upper center", ncols=2)
    panels[-1].set_ylim(0, None)
    panels[-1].set_xticks(range(len(names)), names, rotation=40, ha="right")
    caption = (
        "Error of the likelihood decoder over 50 moves without perturbation; part of a kick off the"
        " position manifold (ρ⊥) and along it (ρ∥) that is left, norm of the kick a tenth of the"
        f" state's; diffusion constant under state noise of {NOISE:g} up to move {LAST}; share of"
        " units above the 99th percentile of their own network's random readouts. An arm corrects"
        " errors if ρ⊥ falls and ρ∥ does not. Dots: networks (hollow: not competent, and in"
        " no mean of grid units); bars: 95 % intervals over seeds; grey: chance."
    )
    return [plotting.FigureResult(name, title, figure, caption)]
