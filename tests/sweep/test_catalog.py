"""The shipped experiments: found by their names, readable, and what they say they are."""

import pytest

from gridjax.errors import GridjaxError
from gridjax.sweep.catalog import EXPERIMENTS, plugin_file, sweep_files
from gridjax.sweep.sweep import Sweep

TWO_SIZES = ("nfl-ideal", "sorscher2019", "nayebi2021", "banino2018")


def specs_of(name):
    return Sweep.from_yaml(*sweep_files(name)).specs


@pytest.mark.parametrize("name", TWO_SIZES)
def test_a_name_is_the_quick_size_and_the_paper_stands_beside_it(name):
    assert sweep_files(name) == sweep_files(f"{name}/quick") == [EXPERIMENTS / name / "quick.yaml"]
    assert sweep_files(f"{name}/paper") == [EXPERIMENTS / name / "paper.yaml"]
    quick, paper = specs_of(name), specs_of(f"{name}/paper")
    assert max(spec.n_grad_steps for spec in quick) < min(spec.n_grad_steps for spec in paper) / 10
    for same in ("rnn_type", "activation", "place_field_values", "surround_convention", "inputs"):
        assert {getattr(spec, same) for spec in quick} == {getattr(spec, same) for spec in paper}


def test_experiments_hold_what_their_papers_did():
    assert {spec.rnn_type for spec in specs_of("nfl-ideal/paper")} == {"RNN", "UGRNN"}
    assert {spec.place_cell_rf for spec in specs_of("nfl-ideal/paper")} == {0.12}
    for name in ("sorscher2019/paper", "nayebi2021/paper"):
        assert {spec.surround_convention for spec in specs_of(name)} == {"variance"}
    assert {spec.initializer for spec in specs_of("sorscher2019")} == {"pytorch_uniform"}
    pairs = {(spec.rnn_type, spec.activation) for spec in specs_of("nayebi2021/paper")}
    assert len(pairs) == 5 * 4
    for banino in specs_of("banino2018/paper"):
        assert (banino.architecture, banino.inputs) == ("banino2018", "egocentric")
        assert (banino.n_head_direction_cells, banino.readout_dropout) == (12, 0.5)
        assert (banino.optimizer, banino.gradient_clip) == ("rmsprop_momentum", 1e-5)
        assert (banino.batch_size, banino.sequence_length) == (10, 100)
        assert banino.n_bins_reported == 20


def test_a_folder_without_sizes_is_all_its_files():
    assert len(sweep_files("quickstart")) == 3
    assert len(sweep_files("quickstart/gaussian.yaml")) == 1
    assert [str(path) for path in sweep_files("nothing")] == ["nothing"]


def test_a_plugin_is_a_file_or_a_shipped_one_by_name(tmp_path, monkeypatch):
    shipped = EXPERIMENTS / "models" / "piso.py"
    assert plugin_file("models/piso.py") == plugin_file(shipped) == shipped
    assert str(plugin_file("models/nothing.py")) == "models/nothing.py"
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "piso.py").touch()
    monkeypatch.chdir(tmp_path)
    assert str(plugin_file("models/piso.py")) == "models/piso.py"  # a user's file comes first


@pytest.mark.parametrize("name", ["width-sensitivity", EXPERIMENTS / "precision"])
def test_the_name_of_a_study_is_no_sweep(name):
    with pytest.raises(GridjaxError, match=r"is a study, not a sweep") as error:
        sweep_files(name)
    assert f"gridjax study {name}, or" in str(error.value)
    example = str(error.value).rpartition(" ")[2]
    assert specs_of(example)
