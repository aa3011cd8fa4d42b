"""Networks of both target codes: outside the box, and with the place code fed back."""

from functools import cache

import numpy as np

import gridjax as gj

GAUSSIAN = "gaussian"
N_UNITS_READ = 256
"""Units of a network that are read outside the box: the first ones of more."""
N_BANDS = 5
"""Bands of the claim about places outside: up to 1.5 sides of the box."""
CALIPER_CM = 1.0
"""Largest difference of the errors in the box of networks that are compared at equal error."""
LEAST_DIFFUSION = 0.01
"""A smaller diffusion constant (cm^2 per move), also one below 0, counts as this one."""


def of_codes(rows):
    """Return whether each network has the width at which both target codes are compared."""
    of_gaussian = rows["place_cell_rf"][rows["place_field_values"] == GAUSSIAN]
    return rows["place_cell_rf"].isin(of_gaussian)


@cache
def outside_and_loop(run, run_id):
    """Return the measures outside the box and those of the closed loop; None without weights."""
    try:
        network = run.network(run_id)
    except gj.GridjaxError:
        return None
    units = range(min(network.spec.Ng, N_UNITS_READ))
    return network.outside_box(units=units), network.closed_loop()


def with_codes(evidence):
    """Return the networks of both target codes with their measures outside and in the loop."""
    rows = evidence.networks
    rows = rows[of_codes(rows)].reset_index(drop=True)
    names = ("excess", "outside", "in_box", "log_loop", "log_clean_loop")
    columns = {name: np.full(len(rows), np.nan) for name in names}
    curves = []
    for at, (run_id, is_competent) in enumerate(
        zip(rows["run_id"], rows["is_competent"], strict=True)
    ):
        found = outside_and_loop(evidence.run, run_id) if is_competent else None
        curves.append(found)
        if found is None:
            continue
        outside, loop = found
        columns["excess"][at] = outside.excess_cm[:N_BANDS].mean()
        columns["outside"][at] = outside.error_cm[:N_BANDS].mean()
        columns["in_box"][at] = np.nanmean(outside.error_in_box_cm)
        none, outputs, position = np.log10(
            np.maximum(loop.diffusion_cm2_per_move, LEAST_DIFFUSION)  # NaN stays NaN
        )
        columns["log_loop"][at] = outputs - none
        columns["log_clean_loop"][at] = position - none
    return rows.assign(**columns, curves=curves)
