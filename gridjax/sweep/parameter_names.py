"""Names of parameters in sweep files: nested and dotted names, and names of other programs."""

from __future__ import annotations

from gridjax.io.source_location import Problems, SourcedValue
from gridjax.io.text import did_you_mean, show
from gridjax.spec.parameters import FIELDS
from gridjax.sweep.run_settings import SETTINGS

_STEPS = "the number of gradient steps is n_epochs times n_grad_steps_per_epoch"
_RATIO = (
    "; in the code of 2019 the surround is a ratio of variances: write gridjax:"
    " {surround_convention: variance}"
)
OTHER_NAMES = {
    **dict.fromkeys(("lr", "step_size"), "write learning_rate"),
    **dict.fromkeys(("n_steps", "num_steps", "train_steps", "n_iterations"), _STEPS),
    **dict.fromkeys(("rnn_class", "cell_type", "model_type"), "write rnn_type"),
    **dict.fromkeys(("hidden_size", "n_hidden", "n_units", "n_grid_cells", "nh"), "write Ng"),
    **dict.fromkeys(("n_place_cells", "num_place_cells", "n_pc", "pc_size"), "write Np"),
    **dict.fromkeys(("pc_rf", "place_cell_width", "place_cell_std"), "write place_cell_rf"),
    **dict.fromkeys(("n_batch", "batch", "minibatch_size"), "write batch_size"),
    **dict.fromkeys(("seq_len", "seq_length", "trajectory_length"), "write sequence_length"),
    **dict.fromkeys(("l2", "wd", "weight_reg", "l2_reg"), "write weight_decay"),
    **dict.fromkeys(("box_width", "env_size", "box_size"), "write box_width_in_m, the whole side"),
    "box_height": "write box_height_in_m, the whole side",
    "periodic": "write is_periodic",
    "dog": f"write place_field_values: {{value: difference_of_gaussians}}{_RATIO}",
    "save_dir": "the folder of the results is given with --out",
}
"""Names of parameters in other programs, in lower case, with what to write here."""


def known_parameters(
    parameters: dict[str, SourcedValue], problems: Problems
) -> dict[str, SourcedValue]:
    """Return parameter name -> its mapping in the file, for each known parameter.

    A nested group (``model: {parameters: {Ng: ...}}``) and a dotted name (``model.Ng``) stand for
    the parameter of the last name. Unknown names are problems, and so is a parameter that is given
    twice.
    """
    known: dict[str, SourcedValue] = {}
    for name, item in _flattened(parameters):
        own = name if name in FIELDS else name.rpartition(".")[2]
        if own not in FIELDS:
            fix = hint(own) or f"the parameters are {', '.join(FIELDS)}"
            if name in SETTINGS or name == "evaluation":
                fix = "it is a setting of the run: put it under gridjax:"
            problems.add(f"unknown parameter {show(name)}", item.name_place, fix)
        elif own in known:
            message = f"{own} is given twice: as {show(name)} and at {known[own].name_place}"
            problems.add(message, item.name_place, "give it once")
        else:
            known[own] = item
    return known


def hint(name: str) -> str | None:
    """Return what to write for an unknown name; None if no known name is meant."""
    return OTHER_NAMES.get(name.lower()) or did_you_mean(name, FIELDS)


def _flattened(parameters: dict[str, SourcedValue]) -> list[tuple[str, SourcedValue]]:
    """Return the parameters with those of nested groups, in the order of the file."""
    flat = []
    for name, item in parameters.items():
        group = item.value.get("parameters") if isinstance(item.value, dict) else None
        if name not in FIELDS and group is not None and isinstance(group.value, dict):
            flat += _flattened(group.value)
        else:
            flat.append((str(name), item))
    return flat
