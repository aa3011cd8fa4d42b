"""Random sweeps: the same draws whatever is drawn beside them."""

import subprocess
import sys

from sweep_files import sweep_of, values, write

from gridjax.sweep.sweep import Sweep

WIDTHS = {"distribution": "log_uniform_values", "min": 0.05, "max": 0.5}
CELLS = {"values": ["RNN", "LSTM", "GRU"], "probabilities": [0.5, 0.25, 0.25]}
UNITS = {"min": 8, "max": 4000}


def read(first=None, sweep_seed=0, **parameters):
    content = {"method": "random", "run_cap": 12, "parameters": parameters}
    return Sweep.from_dict(content, first=first, sweep_seed=sweep_seed).specs


def test_draws_do_not_depend_on_how_many_are_drawn_nor_on_other_parameters():
    alone = [spec.place_cell_rf for spec in read(place_cell_rf=WIDTHS)]
    assert len(set(alone)) == 12  # run_cap
    assert [spec.place_cell_rf for spec in read(first=5, place_cell_rf=WIDTHS)] == alone[:5]
    assert [spec.place_cell_rf for spec in read(first=40, place_cell_rf=WIDTHS)][:12] == alone
    more = read(place_cell_rf=WIDTHS, rnn_type=CELLS, Ng=UNITS)
    assert [spec.place_cell_rf for spec in more] == alone


def test_parameters_are_drawn_apart_from_each_other():
    widths = {"min": 0.0, "max": 1.0}
    specs = read(first=50, recurrent_dropout=widths, readout_dropout=widths)
    assert all(spec.recurrent_dropout != spec.readout_dropout for spec in specs)


def test_the_sweep_seed_draws_anew_and_is_kept():
    content = {"method": "random", "run_cap": 12, "parameters": {"Ng": UNITS}}
    one, other = (Sweep.from_dict(content, sweep_seed=seed) for seed in (0, 7))
    assert (one.sweep_seed, other.sweep_seed) == (0, 7)
    assert Sweep.from_dict(content).specs == one.specs
    assert [spec.Ng for spec in one.specs] != [spec.Ng for spec in other.specs]
    assert one.is_drawn
    assert not Sweep.from_dict(sweep_of({})).is_drawn


def test_another_process_draws_the_same():
    code = (
        "from gridjax.sweep.sweep import Sweep\n"
        f"content = {{'method': 'random', 'parameters': {{'place_cell_rf': {WIDTHS!r}}}}}\n"
        "print([spec.run_id for spec in Sweep.from_dict(content, first=9).specs])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{[spec.run_id for spec in read(first=9, place_cell_rf=WIDTHS)]}\n"


def test_files_draw_apart_but_the_same_file_twice_is_one(tmp_path):
    text = "method: random\nrun_cap: 9\nparameters: {Ng: {min: 8, max: 4000}}\n"
    one = write(tmp_path, text, "one.yaml")
    copy = write(tmp_path, text, "copy.yaml")
    two = write(tmp_path, text + "# another\nname: another\n", "two.yaml")
    grid = write(tmp_path, "parameters: {Ng: {value: 7}}\n", "grid.yaml")
    alone = Sweep.from_yaml(one).specs
    assert Sweep.from_yaml(one, copy).specs == alone
    both = Sweep.from_yaml(one, two).specs
    assert both[:9] == alone
    assert len(set(both)) == 18
    assert Sweep.from_yaml(grid, one).specs[1:] == alone


def test_equal_draws_are_one_network():
    assert {spec.Ng for spec in read(first=40, Ng={"values": [8, 16, 8]})} == {8, 16}


def test_values_given_more_often_are_drawn_more_often():
    seeds = {"min": 0, "max": 10**9}  # so many that no network is drawn twice
    drawn = [spec.Ng for spec in read(first=3000, Ng={"values": [8, 16, 8, 8]}, seed=seeds)]
    assert len(drawn) == 3000
    assert abs(drawn.count(8) / 3000 - 0.75) < 0.032  # four standard deviations


def test_overrides_and_settings_hold_in_every_draw():
    content = {
        "method": "random",
        "run_cap": 9,
        "parameters": {"Ng": UNITS, "place_cell_rf": WIDTHS},
        "gridjax": {"surround_convention": "variance", "lane_width": 3},
    }
    sweep = Sweep.from_dict(content, overrides={"Ng": 32, "seed": "5"})
    assert {(spec.Ng, spec.seed, spec.surround_convention) for spec in sweep.specs} == {
        (32, 5, "variance")
    }
    assert len({spec.place_cell_rf for spec in sweep.specs}) == 9
    assert sweep.settings.lane_width == 3


def test_run_cap_is_not_used_in_a_grid():
    assert len(Sweep.from_dict(sweep_of(values(seed=range(5)), run_cap=2)).specs) == 5
