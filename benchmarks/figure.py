"""Figure of throughput against the number of networks, with PyTorch's, in gridjax's style."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gridjax.plotting import DPI, GREY, SMALL, log_ticks, new_figure, styled

from .machine import device_name

OURS = "#0072b2"
THEIRS = (
    ("pytorch_ms", "PyTorch, one process", "--"),
    ("pytorch_per_core_ms", "PyTorch, one process for each core", ":"),
)


def draw(told: dict[str, Any], file: Path) -> None:
    """Draw the rows of the benchmark ``scaling`` and write them to ``file``."""
    scaling = told["scaling"]
    rows = scaling["rows"]
    networks = [row["networks"] for row in rows]
    rates = [row["network_steps_per_s"] for row in rows]
    with styled():
        figure = new_figure(2.8)
        axes = figure.subplots()
        axes.plot(networks, rates, "o-", color=OURS, markersize=4, label="gridjax sweep")
        for name, label, style in THEIRS:
            if (ms := scaling[name]) is not None:
                axes.axhline(1e3 / ms, color=GREY, linestyle=style, label=label)
        beside = [1e3 / scaling[name] for name, *_ in THEIRS if scaling[name] is not None]
        axes.set_xscale("log")
        log_ticks(axes.xaxis)
        axes.set_xticks(networks)
        axes.set_xticklabels([str(n) for n in networks])
        axes.minorticks_off()
        axes.set_ylim(0, 1.1 * max(rates + beside))
        axes.set_xlabel("networks in the population")
        axes.set_ylabel("network-steps per second")
        axes.set_title(f"Training throughput, size {scaling['size']}")
        axes.annotate(
            f"{device_name(told['machine'])}; medians of {scaling['repeats']} rounds",
            (1, 1),
            xycoords="axes fraction",
            ha="right",
            va="bottom",
            fontsize=SMALL,
            color=GREY,
        )
        figure.legend(loc="outside lower center", ncols=3)
        figure.savefig(file, dpi=DPI)
