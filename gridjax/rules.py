"""The rules between the fields of one network, and the check of a whole spec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gridjax.errors import GridjaxError, Problem
from gridjax.parameters import FIELDS, is_read_by, read_value
from gridjax.spec import PLACE_CODES, SEEDS, NetworkSpec


@dataclass(frozen=True)
class Rule:
    """A rule between fields; a broken one is reported at the first field that was written.

    ``broken`` takes the values of ``fields`` and gives what is wrong with its fix, or None.
    """

    fields: tuple[str, ...]
    broken: Callable[..., tuple[str, str] | None]


def _square_box(height: float, width: float) -> tuple[str, str] | None:
    if height == width:
        return None
    what = f"box_height_in_m: {height} differs from box_width_in_m: {width}"
    return what, "only square boxes are there; give both the same side"


def _outputs(n_outputs: int, code: str) -> tuple[str, str] | None:
    if code == "cartesian" and n_outputs != 2:
        what = f"Np: {n_outputs} does not fit place_field_values: cartesian"
        return what, "a cartesian target is x and y: give Np: {value: 2}"
    if code in PLACE_CODES and n_outputs < 3:
        what = f"Np: {n_outputs} is too few place cells for place_field_values: {code}"
        return what, "positions are decoded from the three strongest cells: give at least 3"
    return None


def _loss(loss: str, code: str) -> tuple[str, str] | None:
    if loss != "crossentropy" or code in PLACE_CODES:
        return None
    what = f"place_field_loss: crossentropy does not fit place_field_values: {code}"
    return what, "its target is no distribution over cells: give place_field_loss: {value: mse}"


def _bins(side: float, width: float) -> tuple[str, str] | None:
    n_bins = NetworkSpec(box_width_in_m=width, bin_side_in_m=side).n_bins_reported
    if 8 <= n_bins <= 256:
        return None
    what = f"bin_side_in_m: {side} divides a box of {width} m into {n_bins} bins a side"
    return what, f"8 to 256 bins a side can be scored: give {width / 256:.3g} to {width / 8:.3g}"


def _steps(steps: int, epochs: int) -> tuple[str, str] | None:
    if steps * epochs < 2**31:
        return None
    what = f"n_grad_steps_per_epoch: {steps} times n_epochs: {epochs} is {steps * epochs} steps"
    return what, f"steps are counted in 32 bits: give a product of at most {2**31 - 1}"


RULES = (
    Rule(("box_height_in_m", "box_width_in_m"), _square_box),
    Rule(("Np", "place_field_values"), _outputs),
    Rule(("place_field_loss", "place_field_values"), _loss),
    Rule(("bin_side_in_m", "box_width_in_m"), _bins),
    Rule(("n_grad_steps_per_epoch", "n_epochs"), _steps),
)


def read_spec(spec: NetworkSpec) -> NetworkSpec:
    """The spec with every value read as a sweep file's would be; for specs built in Python.

    Raises GridjaxError with every problem.
    """
    values, problems = {}, []
    for name, raw in spec.to_dict().items():
        try:
            is_read = is_read_by(FIELDS[name], spec.place_field_values)
            values[name] = read_value(FIELDS[name], raw, is_read)
        except GridjaxError as error:
            problems += error.problems
    for rule in RULES:
        if all(name in values for name in rule.fields):
            broken = rule.broken(*(values[name] for name in rule.fields))
            problems += [Problem(broken[0], fix=broken[1])] if broken else []
    if problems:
        raise GridjaxError(problems)
    for name in SEEDS:  # one network, one way to write it
        values[name] = None if values[name] == values["seed"] else values[name]
    return NetworkSpec(**values)
