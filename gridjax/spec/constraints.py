"""Rules between the parameters of one network, and the check of a whole spec."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from gridjax.errors import GridjaxError
from gridjax.spec import environment_rules, landmark_rules
from gridjax.spec.fields.declarations import BANINO, info_of
from gridjax.spec.network import NetworkSpec, exact_key, has_hash, values_but_seeds
from gridjax.spec.parameters import ALL_SEEDS, FIELDS, SEEDS, bins_across, is_read_by
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.records.target_code_info import DISTRIBUTION, POLAR, REAL, UNIT_INTERVAL
from gridjax.spec.registry import CELLS, ENCODINGS, LOSSES, MOTIONS, STARTS, Registry
from gridjax.spec.validation import Constraint, FieldValue, Limits, Rule, read_field_value


def _square_box(height: float, width: float) -> tuple[str, str] | None:
    if height == width:
        return None
    what = f"box_height_in_m: {height} differs from box_width_in_m: {width}"
    return what, "boxes are square: give both the same side"


def _outputs(n_outputs: int, code: str) -> tuple[str, str] | None:
    info = info_of(code)
    if info is None:
        return None
    what = f"Np: {n_outputs} does not fit place_field_values: {code}"
    outputs = f"its outputs are {info.outputs}: " if info.outputs else ""
    if info.n_outputs and n_outputs != info.n_outputs:
        return what, f"{outputs}give Np: {{value: {info.n_outputs}}}"
    if n_outputs < info.min_outputs:
        return what, f"{outputs}give at least {info.min_outputs}"
    if n_outputs % info.n_output_groups:
        return what, f"{outputs}give a multiple of {info.n_output_groups}"
    return None


def target_kind(code: str, normalization: str) -> str:
    """Return the kind of a target code's targets, one of TARGET_KINDS."""
    info = ENCODINGS.info(code)
    return (info.targets_unnormalized if normalization == "none" else "") or info.targets


def _loss(loss: str, normalization: str, code: str) -> tuple[str, str] | None:
    if code not in ENCODINGS or loss not in LOSSES:
        return None
    targets, needs = target_kind(code, normalization), LOSSES.info(loss).needs
    if needs in (targets, REAL) or (targets, needs) == (DISTRIBUTION, UNIT_INTERVAL):
        return None
    what = f"place_field_loss: {loss} does not fit place_field_values: {code}"
    if targets != target_kind(code, "global"):
        what += f" with place_field_normalization: {normalization}"
    why = {
        DISTRIBUTION: "its targets do not sum to 1 over the outputs",
        UNIT_INTERVAL: "its targets do not lie between 0 and 1",
        POLAR: "its targets are not radius and angle",
    }[needs]
    return what, f"{why}: give place_field_loss: {{value: mse}}"


def _alphas(alpha_e: float, alpha_i: float, code: str) -> tuple[str, str] | None:
    if not is_read_by(FIELDS["place_cell_alpha_e"], code) or alpha_e + alpha_i > 0:
        return None
    what = "place_cell_alpha_e: 0 and place_cell_alpha_i: 0 make every target 0"
    return what, "give at least one of them above 0"


def _place_maps(maps: PlaceMaps | None, n_outputs: int, code: str) -> tuple[str, str] | None:
    if not is_read_by(FIELDS["place_maps"], code):
        return None
    if maps is None:
        what = f"place_field_values: {code} names no file"
        return what, "write gridjax: {place_maps: FILE.npy}, an array [Np, n, n]"
    if maps.maps is not None and len(maps.maps) != n_outputs:
        what = f"Np: {n_outputs} does not fit place_maps of {len(maps.maps)} cells"
        return what, f"give Np: {{value: {len(maps.maps)}}}"
    return None


def _bins(side: float, width: float, dimensions: int) -> tuple[str, str] | None:
    n_bins = bins_across(width, side)
    fewest, most = (12, 32) if dimensions == 3 else (8, 256)
    if fewest <= n_bins <= most:
        return None
    box = f"a cube of {width} m" if dimensions == 3 else f"a box of {width} m"
    what = f"bin_side_in_m: {side} divides {box} into {n_bins} bins a side"
    sides = f"give {width / most:.3g} to {width / fewest:.3g}"
    return what, f"{fewest} to {most} bins a side can be scored: {sides}"


def _entry_of_box(registry: Registry[Any]) -> Callable[[int, str], tuple[str, str] | None]:
    """Return the rule that an entry of a registry exists in boxes of so many dimensions."""

    def broken(dimensions: int, name: str) -> tuple[str, str] | None:
        if name not in registry or dimensions in registry.info(name).dimensions:
            return None
        known = ", ".join(one for one in registry if dimensions in registry.info(one).dimensions)
        what = f"{registry.parameter}: {name} does not exist with dimensions: {dimensions}"
        return what, f"with dimensions: {dimensions} give {known}"

    return broken


def _plane_inputs(dimensions: int, inputs: str, n_head_cells: int) -> tuple[str, str] | None:
    if dimensions == 2 or (inputs == "displacement" and not n_head_cells):
        return None
    if n_head_cells:
        what = f"n_head_direction_cells: {n_head_cells} needs dimensions: 2"
        return what, "headings are angles in the plane: give n_head_direction_cells: {value: 0}"
    what = f"inputs: {inputs} needs dimensions: 2"
    return what, "turns are angles in the plane: give inputs: displacement"


def _steps(steps: int, epochs: int) -> tuple[str, str] | None:
    if steps * epochs < 2**31:
        return None
    what = f"n_grad_steps_per_epoch: {steps} times n_epochs: {epochs} is {steps * epochs} steps"
    return what, f"steps are counted in 32 bits: give a product of at most {2**31 - 1}"


def _precision(precision: str, cell: str) -> tuple[str, str] | None:
    if precision == "float32" or cell not in CELLS or CELLS.info(cell).has_matmul_precision:
        return None
    what = f"matmul_precision: {precision} does not fit rnn_type: {cell}"
    return what, "this cell forms its own matrix products: give matmul_precision: float32"


def _bottleneck(architecture: str, cell: str) -> tuple[str, str] | None:
    if architecture != BANINO or cell not in CELLS or CELLS.info(cell).n_states:
        return None
    what = f"architecture: {architecture} does not fit rnn_type: {cell}"
    return what, "networks without recurrence have no bottleneck: give architecture: study"


def _headings(n_head_cells: int, cell: str) -> tuple[str, str] | None:
    if not n_head_cells or cell not in CELLS or CELLS.info(cell).n_states:
        return None
    what = f"n_head_direction_cells: {n_head_cells} does not fit rnn_type: {cell}"
    why = "networks without recurrence receive positions and no heading"
    return what, f"{why}: give n_head_direction_cells: {{value: 0}}"


def _box_of_cell(width: float, cell: str) -> tuple[str, str] | None:
    only = CELLS.info(cell).box_width_in_m if cell in CELLS else None
    if only is None or width == only:
        return None
    what = f"box_width_in_m: {width} does not fit rnn_type: {cell}"
    side = f"give box_width_in_m and box_height_in_m: {{value: {only}}}"
    return what, f"this cell is made for a box of {only} m: {side}"


RULES = (
    Rule(("box_height_in_m", "box_width_in_m"), _square_box),
    Rule(("Np", "place_field_values"), _outputs),
    Rule(("place_field_loss", "place_field_normalization", "place_field_values"), _loss),
    Rule(("place_cell_alpha_e", "place_cell_alpha_i", "place_field_values"), _alphas),
    Rule(("place_maps", "Np", "place_field_values"), _place_maps),
    Rule(("matmul_precision", "rnn_type"), _precision),
    Rule(("architecture", "rnn_type"), _bottleneck),
    Rule(("bin_side_in_m", "box_width_in_m", "dimensions"), _bins),
    Rule(("dimensions", "place_field_values"), _entry_of_box(ENCODINGS)),
    Rule(("dimensions", "motion"), _entry_of_box(MOTIONS)),
    Rule(("dimensions", "rnn_type"), _entry_of_box(CELLS)),
    Rule(("box_width_in_m", "rnn_type"), _box_of_cell),
    Rule(("dimensions", "start"), _entry_of_box(STARTS)),
    Rule(("dimensions", "inputs", "n_head_direction_cells"), _plane_inputs),
    Rule(("n_grad_steps_per_epoch", "n_epochs"), _steps),
    Rule(("n_environments", "place_field_values"), environment_rules.of_code),
    Rule(("n_environments", "start", "context_input"), environment_rules.of_start),
    Rule(("n_environments", "rnn_type"), environment_rules.of_cell),
    Rule(("n_environments", "state_objective"), environment_rules.of_objective),
    Rule(("landmark_rate", "rnn_type"), landmark_rules.of_cell),
    Rule(("landmark_rate", "state_objective"), landmark_rules.of_objective),
    Rule(("landmark_rate", "place_field_values"), landmark_rules.of_code),
    Rule(("n_head_direction_cells", "rnn_type"), _headings),
)


class Readings:
    """Readings of values that further networks with the same registered plugins share."""

    def __init__(self) -> None:
        self._values: dict[Hashable, FieldValue] = {}
        self._accepted: dict[Hashable, dict[str, Any]] = {}
        """values other than seeds of networks without a problem -> the same after reading"""

    def value(self, name: str, value: Any, code: str) -> FieldValue:
        """Return the reading of a value of a field of a network with a target code."""
        if not has_hash(value):
            return _reading(name, value, code)
        key = (name, exact_key(value), code)
        if key not in self._values:
            self._values[key] = _reading(name, value, code)
        return self._values[key]

    def accept(self, spec: NetworkSpec, values: dict[str, Any]) -> None:
        """Record the values after reading of a network without a problem."""
        key = values_but_seeds(spec)
        if key is not None:
            self._accepted[key] = {
                name: each for name, each in values.items() if name not in ALL_SEEDS
            }

    def accepted(self, spec: NetworkSpec) -> dict[str, Any] | None:
        """Return the values after reading if only the seeds differ from an accepted network.

        No rule depends on a seed.
        """
        key = values_but_seeds(spec)
        others = None if key is None else self._accepted.get(key)
        if others is None:
            return None
        seeds = {name: self.value(name, getattr(spec, name), "") for name in ALL_SEEDS}
        if any(one.has_problem for one in seeds.values()):
            return None
        return others | {name: one.value for name, one in seeds.items()}


def read_spec(spec: NetworkSpec, readings: Readings | None = None) -> NetworkSpec:
    """Return the spec after reading and checking every value like a value of a sweep file.

    ``readings`` are extended. Raises GridjaxError with every problem.
    """
    known = Readings() if readings is None else readings
    accepted = known.accepted(spec)
    if accepted is not None:
        return make_spec(accepted)
    code: Any = spec.place_field_values
    code = code if isinstance(code, str) else ""
    point = {name: known.value(name, getattr(spec, name), code) for name in FIELDS}
    limits = [Limits.of(name) for name, one in point.items() if one.has_problem]
    constraints: list[Constraint] = [*limits, *RULES]
    found = (each.problem([point[name] for name in each.fields], None) for each in constraints)
    problems = [problem for problem in found if problem]
    if problems:
        raise GridjaxError(problems)
    values = {name: one.value for name, one in point.items()}
    known.accept(spec, values)
    return make_spec(values)


def _reading(name: str, value: Any, code: str) -> FieldValue:
    try:
        return read_field_value(name, value, None, (code,))
    except GridjaxError as error:  # a wrong type: no rule can be checked with it
        (problem,) = error.problems
        return FieldValue(None, None, problem, problem)


def make_spec(values: dict[str, Any]) -> NetworkSpec:
    """Return the network of these values; omit each stream's seed that equals ``seed``.

    Two descriptions of one network are then equal specs with the same run_id.
    """
    for name in SEEDS:
        if name in values and values[name] == values.get("seed", 0):
            values[name] = None
    return NetworkSpec(**values)
