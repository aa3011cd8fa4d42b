"""Figures of the codes, and of the errors outside the box and in the closed loop."""

import numpy as np

from gridjax import plotting
from gridjax.studies import figures as shared

from .codes import CHANCE, CODES, MEASURES, N_DRAWS, READOUTS
from .lattice_networks import DOS, FEWEST, with_measures
from .target_codes import GAUSSIAN, with_codes

LOOPS = {"none": "no feedback", "outputs": "outputs", "position": "decoded position"}
LOOP_COLOURS = {"none": plotting.GREY, "outputs": "#7b3294", "position": "#009e73"}


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
        if measure in READOUTS:
            chance = rows[f"{CHANCE}.{measure}"].mean()
            axes.axhline(chance, color=plotting.GREY, lw=0.9, ls="--", zorder=0)
        axes.set_ylabel(text)
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(len(CODES)), list(CODES.values()), rotation=50, ha="right")
    caption = (
        "Codes of equally many distinct maps with the same mean squared rate; noise in units of"
        " its root."
        " Grey: random fields with the radial spectrum of each lattice unit (the annulus without"
        " the lattice), other units of the network with matched rates, synthetic modules of the"
        " network's median period, and place cells of the width of its own. Noise threshold: noise"
        " at which 1 % of nearest-neighbour decodings err by more than 10 cm (higher is better; of"
        f" random fields, the geometric mean of {N_DRAWS} draws);"
        " everywhere else lower is better. Dashed: the same readouts at chance. Dots:"
        " competent networks with at least"
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
        " their means. Table: mean errors of the decoder that knows the position to within 40 cm,"
        " over the moves in the box and over the bands outside; the difference is that at equally"
        " many moves."
    )
    return plotting.FigureResult(name, title, figure, caption, table=errors(rows, names))


def errors(rows, names):
    """Return the mean errors of both target codes in the box and outside, in cm, as a table."""
    bands = "outside, up to 1.5 sides (cm)"
    table: list[tuple[str, ...]] = [
        ("targets", "networks", "error in the box (cm)", bands, "difference (cm)")
    ]
    for code, text in names.items():
        own = rows[rows["place_field_values"] == code]
        means = (f"{own[name].mean():.1f}" for name in ("in_box", "outside", "excess"))
        table.append((text, str(len(own)), *means))
    return tuple(table)


def draw_curves(axes, x, values, colour, label):
    """Draw one thin line for each network, and their mean where all have a value."""
    for one in values:
        axes.plot(x, one, color=colour, lw=0.5, alpha=0.35)
    if values:
        axes.plot(x, np.mean(values, axis=0), color=colour, lw=1.8, label=label)
