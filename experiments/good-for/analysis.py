"""Uses of grid units: noise, precision, readouts, places outside the box, and the closed loop."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np

import gridjax as gj
from gridjax import metrics, plotting
from gridjax.studies import figures as shared

N_BINS, SAMPLES = 32, 100
FEWEST, MOST = 8, 64
"""Lattice units of a network that is measured; the best MOST of more are taken."""
NOISE = 0.3
"""Noise of the readouts, in root mean square rates."""
STEPS = 1000
N_TARGETS = 256
DOS, GAUSSIAN = "difference_of_gaussians", "gaussian"
N_UNITS_READ = 256
"""Units of a network that are read outside the box: the first ones of more."""
N_BANDS = 5
"""Bands of the claim about places outside: up to 1.5 sides of the box."""
FEWEST_RATIOS = 4
SHORTEST_PERIOD = 2 / 9
"""Shortest period of a lattice that can be found outside the box, in sides of the box."""
LEAST_DIFFUSION = 0.01
"""A smaller diffusion constant (cm^2 per move), also one below 0, counts as this one."""
CODES = {
    "lattice": "lattice units",
    "annulus": "same spectrum",
    "others": "other units",
    "hexagonal": "hexagonal module",
    "square": "square module",
    "place": "place cells",
}
LOOPS = {"none": "no feedback", "outputs": "outputs", "position": "decoded position"}
LOOP_COLOURS = {"none": plotting.GREY, "outputs": "#7b3294", "position": "#009e73"}
MEASURES = {
    "threshold": "noise threshold",
    "threshold_within": "... within\nhalf a period",
    "local_cm": "local error\n(cm)",
    "few_shot_cm": "few-shot\nerror (cm)",
    "navigation_cm": "navigation\nerror (cm)",
    "unexplained": "new places,\nunexplained",
}


def lattice_units(evidence):
    """Return the lattice units of each network by its run_id, the best first."""
    units = evidence.lattices
    best = units[units["is_lattice"]].sort_values("score_60_by_neuron", ascending=False)
    return dict(iter(best.groupby("run_id")))


def codes_of(network, maps, lattice, period_cm):
    """Return maps of the lattice units and of all that they are compared with, by name.

    All have equally many units and the same mean squared rate. Silent codes are left out.
    """
    spec, n = network.spec, len(lattice)
    key, width = jax.random.key(spec.seed), spec.box_width_in_m
    keys = jax.random.split(key, 5)
    rate = np.sqrt(np.nanmean(np.square(maps), axis=(1, 2)))
    rest = np.setdiff1d(np.arange(len(maps)), lattice)
    order = jnp.concatenate([lattice, rest])
    others = metrics.matched_units(order, n, jnp.asarray(rate), jnp.ones(len(rate)))
    own = maps[lattice]
    module = (n, period_cm, width, N_BINS)
    codes = {
        "lattice": own,
        "annulus": metrics.isotropic_maps(keys[0], own, 1)[:, 0],
        "others": maps[np.asarray(others)],
        "hexagonal": metrics.lattice_module(keys[1], *module),
        "square": metrics.lattice_module(keys[2], *module, "square"),
        "place": metrics.place_code(keys[3], n, 100 * spec.place_cell_rf, width, N_BINS),
    }
    active = {name: code for name, code in codes.items() if np.nanmax(np.abs(code)) > 0}
    return {name: metrics.with_unit_power(code) for name, code in active.items()}


def measures_of(maps, spec, period_cm):
    """Return the measures of one code. All codes of a network share noise, places and targets."""
    keys = jax.random.split(jax.random.key(1000 + spec.seed), 4)
    width = spec.box_width_in_m
    targets = metrics.place_code(keys[3], N_TARGETS, 100 * spec.place_cell_rf, width, N_BINS)
    within = metrics.noise_threshold(keys[0], maps, width, within_cm=period_cm / 2)
    return {
        "threshold": metrics.noise_threshold(keys[0], maps, width),
        "threshold_within": within,
        "local_cm": metrics.local_error_cm(maps, width, NOISE),
        "few_shot_cm": metrics.few_shot_errors_cm(keys[1], maps, width, NOISE).mean(),
        "navigation_cm": metrics.navigation_errors_cm(keys[2], maps, width, NOISE).far,
        "unexplained": metrics.unexplained_shares(maps, targets, [STEPS])[0],
    }


@cache
def measured(run, run_id, lattice, period_cm):
    """Return the measures of each code of a network; nothing if its weights are not stored."""
    try:
        network = run.network(run_id)
    except gj.GridjaxError:
        return {}
    maps = np.asarray(network.rate_maps(N_BINS, SAMPLES), np.float64)
    codes = codes_of(network, maps, np.array(lattice), period_cm)
    return {name: measures_of(code, network.spec, period_cm) for name, code in codes.items()}


def of_lattices(rows):
    """Return whether each network is one of those whose lattice units are compared."""
    is_dos = rows["place_field_values"] == DOS
    return is_dos & (rows["place_cell_rf"] == rows["place_cell_rf"][is_dos].min())


def of_codes(rows):
    """Return whether each network has the width at which both target codes are compared."""
    of_gaussian = rows["place_cell_rf"][rows["place_field_values"] == GAUSSIAN]
    return rows["place_cell_rf"].isin(of_gaussian)


def with_measures(evidence):
    """Return the networks with the columns ``code.measure``; NaN with too few lattice units."""
    rows, found = evidence.networks, lattice_units(evidence)
    rows = rows[of_lattices(rows)].reset_index(drop=True)
    columns = {f"{code}.{name}": np.full(len(rows), np.nan) for code in CODES for name in MEASURES}
    columns |= {name: np.full(len(rows), np.nan) for name in ("period_ratio", "share_outside")}
    n_lattice = np.zeros(len(rows), int)
    for at, (run_id, is_competent) in enumerate(
        rows[["run_id", "is_competent"]].itertuples(index=False)
    ):
        units = found.get(run_id, evidence.units[:0])
        n_lattice[at] = len(units)
        n_used = min(n_lattice[at], MOST, int(rows["Ng"].iloc[at]) // 2)
        period = float(units["period_cm"].median())
        if not is_competent or n_used < FEWEST or not np.isfinite(period):
            continue
        used = units.iloc[:n_used]
        lattice = tuple(int(unit) for unit in used["unit"])
        for code, values in measured(evidence.run, run_id, lattice, period).items():
            for name, value in values.items():
                columns[f"{code}.{name}"][at] = value
        least_cm = 100 * SHORTEST_PERIOD * rows["box_width_in_m"].iloc[at]
        found_outside = tuple(int(unit) for unit in used["unit"][used["period_cm"] >= least_cm])
        if len(found_outside) < FEWEST_RATIOS:
            continue
        for name, value in lattices_outside(evidence.run, run_id, found_outside).items():
            columns[name][at] = value
    return rows.assign(n_lattice=n_lattice, **columns)


@cache
def lattices_outside(run, run_id, lattice):
    """Return the share of lattice units with a lattice outside, and their median period ratio."""
    try:
        outside = run.network(run_id).outside_box(units=lattice)
    except gj.GridjaxError:
        return {}
    ratios = metrics.outside_period_ratios(outside.maps, run.network(run_id).spec.box_width_in_m)
    known = ratios[np.isfinite(ratios)]
    ratio = np.median(known) if len(known) >= FEWEST_RATIOS else np.nan
    return {"period_ratio": ratio, "share_outside": len(known) / len(ratios)}


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
    names = ("excess", "range", "log_loop", "log_clean_loop")
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
        columns["range"][at] = outside.range_boxes
        none, outputs, position = np.log10(
            np.maximum(loop.diffusion_cm2_per_move, LEAST_DIFFUSION)  # NaN stays NaN
        )
        columns["log_loop"][at] = outputs - none
        columns["log_clean_loop"][at] = position - none
    return rows.assign(**columns, curves=curves)


def select(evidence):
    rows, both = with_measures(evidence), with_codes(evidence)
    is_dos, is_gaussian = (both["place_field_values"] == code for code in (DOS, GAUSSIAN))
    n_measured = int(np.isfinite(rows["lattice.local_cm"]).sum())
    remark = (
        f"{n_measured} of {int(rows['is_competent'].sum())} competent networks have at least"
        f" {FEWEST} lattice units and stored weights."
    )

    def estimate(values, null, **further):
        frame = rows.assign(value=values)
        return {"frame": frame, "column": "value", "null": null, "remark": remark, **further}

    def ratio(measure):
        values = rows[f"lattice.{measure}"] / rows[f"annulus.{measure}"]
        return estimate(values, 1.0, within=(0.0, np.inf))

    def difference(measure, **further):
        return estimate(rows[f"lattice.{measure}"] - rows[f"others.{measure}"], 0.0, **further)

    def of_dos(column):
        return {"frame": both[is_dos], "column": column, "null": 0.0}

    def between_codes(column):
        return {"frame": both, "column": column, "first": is_dos, "second": is_gaussian}

    return {
        "lattice_beats_annulus": ratio("threshold"),
        "lattice_beats_annulus_within_a_period": ratio("threshold_within"),
        "lattice_is_more_precise": ratio("local_cm"),
        "grids_teach_faster": difference("few_shot_cm"),
        "grids_navigate_beyond_training": difference("navigation_cm"),
        "grids_transfer_to_new_places": difference("unexplained", within=(-1.0, 1.0)),
        "grids_generalise_outside": between_codes("excess"),
        "lattices_persist_outside": estimate(rows["share_outside"], 0.05, within=(0.0, 1.0)),
        "period_persists_outside": estimate(rows["period_ratio"], 1.0, within=(0.0, np.inf)),
        "closed_loop": between_codes("log_loop"),
        "closed_loop_lowers_diffusion": of_dos("log_loop"),
        "clean_loop_lowers_diffusion": of_dos("log_clean_loop"),
    }


def figures(evidence, estimates):
    competent = evidence.ask("competent")
    return [figure_of_codes(competent), figure_outside(competent)]


def figure_of_codes(evidence):
    name, title = "good-for", "Lattice units and what they are compared with"
    rows = with_measures(evidence)
    rows = rows[np.isfinite(rows["lattice.local_cm"])]
    if rows.empty:
        reason = f"No competent network has {FEWEST} lattice units and stored weights."
        return plotting.FigureResult(name, title, None, reason)
    figure = plotting.new_figure(5.4)
    panels = figure.subplots(2, 3, sharex=True).ravel()
    colours = {"lattice": plotting.colour("difference_of_gaussians")}
    for axes, (measure, text) in zip(panels, MEASURES.items(), strict=True):
        for at, code in enumerate(CODES):
            column = f"{code}.{measure}"
            shared.arms(axes, [(at, rows)], column, colours.get(code, plotting.GREY), width=0.7)
        axes.set_ylabel(text)
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(len(CODES)), list(CODES.values()), rotation=50, ha="right")
    caption = (
        "Codes of equally many units with the same mean squared rate; noise in units of its root."
        " Grey: random fields with the radial spectrum of each lattice unit (the annulus without"
        " the lattice), other units of the network with matched rates, synthetic modules of the"
        " network's median period, and place cells of the width of its own. Noise threshold: noise"
        " at which 1 % of nearest-neighbour decodings err by more than 10 cm (higher is better);"
        " everywhere else lower is better. Dots: competent networks with at least"
        f" {FEWEST} lattice units; bars: means and 95 % intervals over seeds."
    )
    return plotting.FigureResult(name, title, figure, caption)


def figure_outside(evidence):
    name, title = "outside-and-loop", "Outside the box, and with the place code fed back"
    rows = with_codes(evidence)
    rows = rows[rows["curves"].notna()]
    if rows.empty:
        reason = "No competent network at the width of both target codes has stored weights."
        return plotting.FigureResult(name, title, None, reason)
    figure = plotting.new_figure(5.2)
    panels = figure.subplots(2, 2)
    panels[1, 1].sharey(panels[1, 0])
    names = {DOS: "Difference of Softmaxes", GAUSSIAN: "Gaussian"}
    for code, text in names.items():
        curves = rows["curves"][rows["place_field_values"] == code]
        width = 100 * rows["box_width_in_m"].iloc[0]
        for axes, measure in zip(panels[0], ("excess_cm", "unique_excess_cm"), strict=True):
            values = [getattr(outside, measure) for outside, _ in curves]
            n_bands = len(values[0]) if values else 0
            distance = width * (np.arange(n_bands) + 0.5) / (2 * max(n_bands, 1))
            draw_curves(axes, distance, values, plotting.colour(code), text)
    for axes, (code, text) in zip(panels[1], names.items(), strict=True):
        loops = [loop for _, loop in rows["curves"][rows["place_field_values"] == code]]
        axes.set_title(text, fontsize=plotting.SMALL)
        for feedback, colour in LOOP_COLOURS.items():
            values = [loop.rms_cm[loop.feedback.index(feedback)] for loop in loops]
            draw_curves(axes, loops[0].move if loops else [], values, colour, LOOPS[feedback])
        axes.set(xlabel="moves", ylabel="error (cm, r.m.s.)", yscale="log")
    panels[0, 0].set_ylabel("error beyond that\nin the box (cm)")
    panels[0, 1].set_ylabel("the same, all positions\nconsidered (cm)")
    for axes in panels[0]:
        axes.axhline(0, color=plotting.LIGHT, lw=0.8, zorder=0)
        axes.set_xlabel("distance from the walls (cm)")
    panels[1, 0].set_ylim(top=10 * panels[1, 0].get_ylim()[1])  # room for the legend
    for axes in (panels[0, 0], panels[1, 0]):
        axes.legend(loc="upper left", fontsize=plotting.SMALL)
    caption = (
        "Above: errors of states outside the box minus those in the box after equally many moves,"
        " decoded by the mean rates of other paths; the decoder of the left panel knows the"
        " position to within 40 cm. Below: errors of the likelihood decoder in the box, without"
        " feedback and if every 10 moves the start encoder receives the softmax of the outputs, or"
        " the place code of the decoded position. Thin lines: competent networks; thick lines:"
        " their means."
    )
    return plotting.FigureResult(name, title, figure, caption)


def draw_curves(axes, x, values, colour, label):
    """Draw one thin line for each network, and their mean where all have a value."""
    for one in values:
        axes.plot(x, one, color=colour, lw=0.5, alpha=0.35)
    if values:
        axes.plot(x, np.mean(values, axis=0), color=colour, lw=1.8, label=label)
