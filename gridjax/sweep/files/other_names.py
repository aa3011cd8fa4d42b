"""Names of parameters in other programs, including the published code of 2018 and 2019."""

from __future__ import annotations

from gridjax.io.text import did_you_mean
from gridjax.spec.parameters import FIELDS

OF_2019 = {"RNN_type": "rnn_type", "periodic": "is_periodic"}
"""Options of grid-pattern-formation (Sorscher et al. 2019), main.py, with the parameters that have
exactly the same meaning. Options with the same name as a parameter are not listed."""
SAME_MEANING = OF_2019 | {
    # grid-cells (Banino et al. 2018), train.py
    "training_epochs": "n_epochs",
    "training_steps_per_epoch": "n_grad_steps_per_epoch",
    "training_minibatch_size": "batch_size",
}
"""Names of published code with the parameters that have exactly the same meaning."""

_STEPS = (
    "the number of gradient steps is n_epochs times n_grad_steps_per_epoch; n_steps of the code of"
    " 2019 is n_grad_steps_per_epoch"
)
_RATIO = (
    "; in the code of 2019 the surround is a ratio of variances: write gridjax:"
    " {surround_convention: variance}"
)
_OUT = "leave it out: the folder of the results is given with --out"
_PATHS = "leave it out: gridjax simulates the paths of the animal"
_BANINO = "gridjax: {architecture: banino2018}"
_OF_2018 = {
    **dict.fromkeys(("task_dataset_info", "task_root"), _PATHS),
    "task_env_size": "write box_width_in_m and box_height_in_m, the whole side in metres",
    "task_n_pc": "write Np, a number instead of a list",
    "task_pc_scale": "write place_cell_rf, a number in metres instead of a list",
    "task_n_hdc": "write n_head_direction_cells, a number instead of a list",
    "task_hdc_concentration": "write head_direction_kappa, a number instead of a list",
    "task_neurons_seed": "write layout_seed, the seed of the place cells",
    "task_targets_type": "leave it out if it is softmax: place_field_values: gaussian is this code",
    "task_lstm_init_type": "leave it out if it is softmax: the initial state is always a linear map"
    " of the target code at the start",
    "task_velocity_inputs": "write gridjax: {inputs: egocentric}",
    "task_velocity_noise": "leave it out if it is 0: gridjax adds no noise to the inputs",
    "model_nh_lstm": f"write Ng, with rnn_type: {{value: LSTM}} and {_BANINO}",
    "model_nh_bottleneck": f"write n_bottleneck, with {_BANINO}",
    "model_dropout_rates": "write readout_dropout, a number instead of a list",
    "model_weight_decay": "write weight_decay: {value: 0}: the code of 2018 does not add the"
    " decay to the loss",
    "model_bottleneck_has_bias": "leave it out if it is False: the bottleneck has no bias",
    "model_init_weight_disp": "leave it out if it is 0: initial weights are not displaced",
    "training_evaluation_minibatch_size": "write gridjax: {evaluation: {samples_per_bin: ...}}, the"
    " amount of data of a rate map",
    "training_clipping_function": "leave it out: gradient_clip limits the size of every gradient",
    "training_clipping": "write gradient_clip",
    "training_optimizer_class": "write optimizer: {value: rmsprop_momentum} for RMSProp with a"
    " momentum of 0.9",
    "training_optimizer_options": "write learning_rate; optimizer: {value: rmsprop_momentum} has"
    " the momentum of 0.9",
    "saver_results_directory": _OUT,
    "saver_eval_time": "write gridjax: {evaluation: {along_training: ...}}, the number of"
    " evaluations",
}
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
    "dog": f"write place_field_values: {{value: difference_of_gaussians}}{_RATIO}",
    "device": "leave it out: the device is set by the environment variable JAX_PLATFORMS, for"
    " instance cpu or cuda",
    **dict.fromkeys(("save_dir", "run_id"), _OUT),
    **_OF_2018,
}
"""Other name of a parameter, in lower case -> what to write in a sweep file of gridjax."""


def hint(name: str, known: tuple[str, ...] = tuple(FIELDS)) -> str | None:
    """Return what to write for an unknown name; None if it is similar to no name in ``known``."""
    return OTHER_NAMES.get(name.lower()) or did_you_mean(name, known)
