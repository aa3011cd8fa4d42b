"""Command gridjax plan."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from gridjax.accelerators.card_info import CARDS, CardInfo, card_info
from gridjax.cli.shared.application import Plugins, app, console, load_plugins, print_line
from gridjax.cli.shared.options import Overrides
from gridjax.cli.sweep import Files, First, Merge, SkipInvalid, SweepSeed, print_remarks, read_sweep
from gridjax.errors import GridjaxError, Problem

CPU = "cpu"


@app.command(
    epilog="Examples:  gridjax plan quickstart   |   gridjax plan big.yaml --set Ng=512 --json"
    "   |   gridjax plan quickstart --for h100"
)
def plan(
    files: Files,
    overrides: Overrides = None,
    networks: First = None,
    sweep_seed: SweepSeed = 0,
    skip_invalid: SkipInvalid = False,
    merge: Merge = False,
    plugins: Plugins = None,
    measure: Annotated[
        bool,
        typer.Option(
            "--measure",
            help="Train the costliest buckets for some seconds at several lane widths on this"
            " machine, and estimate the time of the whole sweep.",
        ),
    ] = False,
    device: Annotated[
        str | None,
        typer.Option(
            metavar="|".join((CPU, *CARDS)),
            help="Device of the plan (default cpu). The memory of a card decides the lane widths.",
        ),
    ] = None,
    for_card: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="|".join(CARDS),
            help="Compile for this card, which need not be attached, and print memory, kernels,"
            " arithmetic and a predicted time for each bucket. Needs the extra cuda13 or tpu;"
            " takes minutes.",
        ),
    ] = None,
    training_only: Annotated[
        bool,
        typer.Option("--training-only", help="With --for: do not compile the evaluation."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the networks of a sweep and their cost: buckets, memory, FLOPs; train nothing."""
    if device is not None and measure:
        fix = "leave it out: --measure uses the device of this machine"
        raise GridjaxError(Problem(f"--device {device} is not possible with --measure", fix=fix))
    if training_only and for_card is None:
        fix = "add --for and the name of a card"
        raise GridjaxError(Problem("--training-only needs --for", fix=fix))
    card = _card(for_card, device is not None or measure)
    load_plugins(plugins)
    settings = {"gridjax.merge": True} if merge else {}
    population = read_sweep(files, overrides, networks, sweep_seed, skip_invalid, settings)
    print_remarks(population)
    from gridjax.run.planning.merging import advice_lines, plan_under
    from gridjax.run.planning.plan_by_file import drawn_lines, files_table, files_to_json
    from gridjax.run.planning.plan_table import plan_table

    merges = population.settings.merge
    here = _device_here() if measure else None
    kind = _device_kind(device, card, here)
    laid_out = plan_under(population.settings, population.specs, kind)
    if population.settings.fused_recurrence and (card is not None or here is not None):
        _check_fused(laid_out, here, card)
    measured = None if here is None else _measured(laid_out, here, population)
    advice = _advice(population, kind, measured)
    on_card = None if card is None else _on_card(laid_out, card, population, training_only)
    if as_json:
        content = laid_out.to_json() | files_to_json(population, laid_out)
        content |= {"merging": advice.to_json()}
        if measured is not None:
            content |= {"measured": measured.to_json()}
        if on_card is not None:
            from gridjax.run.card_plan.text import card_to_json

            content |= {"card": card_to_json(on_card)}
        print_line(json.dumps(content, indent=1))
        return
    if len(population.origins) > 1:
        console().print(files_table(population, laid_out))
    console().print(plan_table(laid_out))
    for line in drawn_lines(population):
        console().print(line, soft_wrap=True, highlight=False)
    for line in advice_lines(advice, merges):
        console().print(line, soft_wrap=True)
    if measured is not None:
        from gridjax.run.calibration.lane_widths import measured_lines, measured_table

        console().print(measured_table(measured, laid_out))
        for line in measured_lines(measured):
            console().print(line, soft_wrap=True)
    if on_card is not None:
        from gridjax.run.card_plan.text import card_lines, card_tables

        for table in card_tables(on_card, laid_out):
            console().print(table)
        for line in card_lines(on_card):
            console().print(line, soft_wrap=True)


def _card(name: str | None, has_other_device: bool) -> CardInfo | None:
    """Return the card of --for. Raises GridjaxError if it is unknown or has no compiler here."""
    if name is None:
        return None
    from gridjax.accelerators.absent_device import check_extra

    card = card_info(name)
    if has_other_device:
        fix = "leave out --device and --measure: --for already names the device"
        raise GridjaxError(Problem(f"--for {name} is not possible with another device", fix=fix))
    check_extra(card)
    return card


def _device_kind(name: str | None, card: CardInfo | None, here: Any) -> str:
    """Return "cpu", or the name of the accelerator: of --device, of --for or of --measure."""
    if here is not None:
        return here.device_kind
    if card is None and name is not None and name != CPU:
        card = card_info(name)
    return CPU if card is None else card.device_kind


def _on_card(plan: Any, card: CardInfo, population: Any, training_only: bool) -> Any:
    from gridjax.run.card_plan.card_plan import plan_on_card

    def report(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    settings = None if training_only else population.settings.evaluation
    return plan_on_card(plan, card, settings, report, population.settings.fused_recurrence)


def _device_here() -> Any:
    from gridjax.run.execution.devices import start_devices

    return start_devices(keep_programs=False)[0]


def _check_fused(plan: Any, device: Any, card: CardInfo | None) -> None:
    from gridjax.run.execution.checks.fused_check import check_fused

    check_fused(plan, device.device_kind if card is None else card.label)


def _measured(plan: Any, device: Any, population: Any) -> Any:
    from gridjax.run.calibration.lane_widths import measure
    from gridjax.run.calibration.timed_workers import timed_workers

    settings = population.settings
    with timed_workers(population.specs, settings.merge) as workers:
        return measure(plan, device.device_kind, workers, is_fused=settings.fused_recurrence)


def _advice(population: Any, kind: str, measured: Any) -> Any:
    """Return the cost of unpadded and of padded shapes, at the measured rates if there are any."""
    from gridjax.run.planning.merging import Rates, advise, nominal
    from gridjax.run.worker.machine import default_workers

    rates = nominal(kind, default_workers() if kind == CPU else 1)
    if measured is not None and (typical := measured.typical()) is not None:
        flop_per_s, compile_s = typical
        rates = Rates(flop_per_s, compile_s, measured.n_workers, are_measured=True)
    return advise(population.settings, population.specs, kind, rates)
