"""Nested, dotted and other names of parameters, and distributions that draw what nobody means."""

import re

import pytest
from sweep_files import problems_of, write

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.run.planning.plan_by_file import drawn_lines, drawn_ranges, remarks
from gridjax.spec.parameters import FIELDS
from gridjax.sweep.files.other_names import OTHER_NAMES, SAME_MEANING
from gridjax.sweep.settings.run_settings import SETTINGS

QUICK = {"parameters": {"n_epochs": {"value": 1}}}
BASE = {"n_epochs": {"value": 1}, "n_grad_steps_per_epoch": {"value": 2}}


def sweep(parameters, **keys):
    return gj.Sweep.from_dict({"method": "grid", "parameters": parameters | BASE} | keys)


def test_nested_and_dotted_names_are_the_plain_ones():
    plain = {"Ng": {"values": [8, 16]}, "learning_rate": {"values": [1e-3, 3e-4]}}
    nested = {
        "model": {"parameters": {"Ng": plain["Ng"]}},
        "training": {
            "parameters": {"adam": {"parameters": {"learning_rate": plain["learning_rate"]}}}
        },
    }
    dotted = {"model.Ng": plain["Ng"], "training.adam.learning_rate": plain["learning_rate"]}
    assert sweep(nested).specs == sweep(dotted).specs == sweep(plain).specs
    assert len(sweep(plain).specs) == 4


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model.Ng": {"value": 8}, "Ng": {"value": 9}}, "Ng is given twice"),
        ({"a.Ng": {"value": 8}, "b.Ng": {"value": 8}}, "Ng is given twice: as 'b.Ng'"),
        ({"model": {"parameters": {"size": {"value": 8}}}}, "unknown parameter 'size'"),
        ({"model": {"value": {"Ng": 8}}}, "write Ng: {values: [...]} beside it, or model: {param"),
        ({"model": {"Ng": {"value": 8}}}, "write Ng: {values: [...]} beside it, or model: {param"),
        ({"model/Ng": {"value": 8}}, "write Ng"),
        ({"lr": {"value": 8}}, "write learning_rate"),
        ({"optim.lr": {"value": 8}}, "write learning_rate"),
        ({"n_steps": {"value": 8}}, "n_epochs times n_grad_steps_per_epoch"),
        ({"DoG": {"value": True}}, "surround_convention: variance"),
    ],
)
def test_names_that_are_not_known_have_a_hint(parameters, words):
    with pytest.raises(GridjaxError) as caught:
        sweep(parameters)
    assert words in str(caught.value)


def drawn(kind, low, high, name="learning_rate"):
    given = {name: {"distribution": kind, "min": low, "max": high}}
    return sweep(given, method="random", run_cap=20)


def test_exponents_that_are_probably_values_are_questioned():
    doubtful = drawn("log_uniform", 1e-4, 1e-2)
    assert any(
        "draws 1.0001 to 1.0101; did you mean log_uniform_values?" in one
        for one in remarks(doubtful)
    )
    assert "draws 1 to 2.7183; did you" in remarks(drawn("log_uniform", 1e-5, 1))[-1]
    for fine in (drawn("log_uniform", -9, -4), drawn("log_uniform_values", 1e-4, 1e-2)):
        assert len(remarks(fine)) == 1
    assert len(remarks(drawn("uniform", 1e-4, 1e-2))) == 1


@pytest.mark.parametrize(("mu", "is_told"), [(0.001, True), (-6.9, False), (2, False)])
def test_the_exponent_of_a_log_normal_is_questioned(mu, is_told):
    given = {"learning_rate": {"distribution": "log_normal", "mu": mu, "sigma": 0.1}}
    found = remarks(sweep(given, method="random", run_cap=20))
    words = "so the median is 1.001; for a median of 0.001 give mu: -6.9078"
    assert any(words in each for each in found) == is_told


def test_bayes_is_one_problem():
    given = {"learning_rate": {"min": 1e-4, "max": 1e-2}}
    with pytest.raises(GridjaxError, match="use method: random with run_cap") as caught:
        sweep(given, method="bayes")
    assert len(caught.value.problems) == 1


def test_a_plan_says_the_range_of_what_was_drawn():
    one = drawn("log_uniform_values", 1e-4, 1e-2)
    rates = [spec.learning_rate for spec in one.specs]
    (entry,) = drawn_ranges(one)
    assert (entry["smallest"], entry["largest"]) == (min(rates), max(rates))
    assert drawn_lines(one) == [
        f"learning_rate: {min(rates):.6g} to {max(rates):.6g} (log_uniform_values)"
    ]
    assert not drawn_lines(sweep({"Ng": {"values": [8, 16]}}))


OF_2019 = [
    *("save_dir", "n_epochs", "n_steps", "batch_size", "sequence_length", "learning_rate", "Np"),
    *("Ng", "place_cell_rf", "surround_scale", "RNN_type", "activation", "weight_decay", "DoG"),
    *("periodic", "box_width", "box_height", "device"),
]
OF_2018 = [
    *("task_dataset_info", "task_root", "task_env_size", "task_n_pc", "task_pc_scale"),
    *("task_n_hdc", "task_hdc_concentration", "task_neurons_seed", "task_targets_type"),
    *("task_lstm_init_type", "task_velocity_inputs", "task_velocity_noise", "model_nh_lstm"),
    *("model_nh_bottleneck", "model_dropout_rates", "model_weight_decay", "training_epochs"),
    *("model_bottleneck_has_bias", "model_init_weight_disp", "training_steps_per_epoch"),
    *("training_minibatch_size", "training_evaluation_minibatch_size", "training_clipping"),
    *("training_clipping_function", "training_optimizer_class", "training_optimizer_options"),
    *("saver_results_directory", "saver_eval_time"),
]


@pytest.mark.parametrize("name", OF_2019 + OF_2018)
def test_every_option_of_published_code_is_read_or_has_its_own_hint(name):
    own = SAME_MEANING.get(name, name)
    if own in FIELDS:
        default = getattr(gj.NetworkSpec(), own)
        assert gj.Sweep.from_dict({"parameters": {name: {"value": default}}}).specs
        assert gj.Sweep.from_dict(QUICK, overrides={name: default}).specs
        return
    for read in (
        lambda: sweep({name: {"value": 1}}),
        lambda: gj.Sweep.from_dict(QUICK, overrides={name: 1}),
    ):
        with pytest.raises(GridjaxError) as caught:
            read()
        (problem,) = caught.value.problems
        assert problem.message == f"unknown parameter {name!r}"
        assert problem.fix == OTHER_NAMES[name.lower()]


def test_hints_name_parameters_and_settings_that_exist():
    own = {*FIELDS, *SETTINGS, "evaluation"}
    for text in OTHER_NAMES.values():
        written = re.findall(r"write (?:gridjax: \{(?:evaluation: \{)?)?([A-Za-z_]+)", text)
        assert written or "leave it out" in text or "n_grad_steps_per_epoch" in text
        assert all(name in own or f"evaluation.{name}" in own for name in written), text


def test_names_with_the_same_meaning_are_the_parameters():
    """Values that differ from the defaults, so that a name mapped to another one is seen."""
    theirs = {"RNN_type": "LSTM", "training_epochs": 3, "training_steps_per_epoch": 7}
    theirs |= {"training_minibatch_size": 9, "periodic": False}
    spec = gj.NetworkSpec(
        rnn_type="LSTM", n_epochs=3, n_grad_steps_per_epoch=7, batch_size=9, is_periodic=False
    )
    parameters = {name: {"value": value} for name, value in theirs.items()}
    assert gj.Sweep.from_dict({"parameters": parameters}).specs == (spec,)
    assert gj.Sweep.from_dict({"parameters": {}}, overrides=theirs).specs == (spec,)
    assert set(theirs) == set(SAME_MEANING)


def test_the_surround_of_the_code_of_2019_is_questioned():
    given = {"RNN_type": {"value": "RNN"}, "surround_scale": {"value": 3}}
    (remark,) = remarks(sweep({"model": {"parameters": given}}))
    assert remark.startswith(
        "sweep dict: parameters.model.parameters.RNN_type: in the code of 2019"
    )
    assert "surround_convention: variance" in remark
    assert not remarks(sweep(given, gridjax={"surround_convention": "variance"}))
    assert not remarks(sweep({"RNN_type": {"value": "RNN"}}))
    assert not remarks(sweep({"rnn_type": {"value": "RNN"}, "surround_scale": {"value": 3}}))


def test_a_name_and_its_other_name_are_one_parameter():
    with pytest.raises(GridjaxError, match="rnn_type is given twice: as 'RNN_type'"):
        sweep({"rnn_type": {"value": "RNN"}, "RNN_type": {"value": "LSTM"}})


RUN_CONFIG = """wandb_version: 1

_wandb:
  desc: null
  value: {cli_version: 0.16.0, t: {1: [1, 5]}}
Ng: {value: 128, desc: null}
model:
  desc: null
  value: {rnn_type: GRU, training: {learning_rate: 0.002}}
gradient_clip: {desc: null, value: null}
"""


def test_the_configuration_of_a_run_is_one_network(tmp_path):
    path = write(tmp_path, RUN_CONFIG, "config.yaml")
    spec = gj.NetworkSpec(Ng=128, rnn_type="GRU", learning_rate=0.002)
    assert gj.Sweep.from_yaml(path).specs == (spec,)
    of_newer_version = write(tmp_path, RUN_CONFIG.removeprefix("wandb_version: 1"))
    assert gj.Sweep.from_yaml(of_newer_version).specs == (spec,)
    assert gj.Sweep.from_yaml(path, overrides={"seed": [1, 2]}).specs[1].seed == 2


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("ngg: {value: 1, desc: null}", "12:1", "unknown parameter 'ngg'"),
        ("Np: {value: -1, desc: null}", "12:13", "Np: -1 is below 1"),
        ("Np: {desc: null}", "12:6", "unknown key 'desc'"),
        ("m: {value: {Np: 2.5}}", "12:17", "Np: 2.5 is not a whole number"),
    ],
)
def test_problems_of_a_run_configuration_have_their_place(tmp_path, line, place, message):
    path = write(tmp_path, f"{RUN_CONFIG}\n{line}\n")
    problem, *_ = problems_of(gj.Sweep.from_yaml, path)
    assert message in problem.message
    assert str(problem.place) == f"{path}:{place}"


def test_early_termination_is_not_used_and_said(tmp_path):
    with_it = write(tmp_path, "early_terminate: {type: hyperband}\nparameters: {}\n")
    one = gj.Sweep.from_yaml(with_it)
    assert one.specs == gj.Sweep.from_dict({"parameters": {}}).specs
    assert remarks(one) == [
        f"{with_it}:1:1: early_terminate is not used: every network is trained to its last step"
    ]
