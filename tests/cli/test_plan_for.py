"""gridjax plan --for: refusals, and the plan of a small sweep as a user sees it."""

import importlib.util
import json

import jax
import pytest
import yaml
from commands import in_this_process
from tiny import PLACE_CELLS, sweep_content

from gridjax.accelerators import absent_device
from gridjax.accelerators.card_info import CARDS
from gridjax.run.card_plan import card_plan
from gridjax.run.planning.lane_width import evaluation_width


@pytest.fixture
def without_plugins(monkeypatch):
    monkeypatch.setattr(absent_device, "find_spec", lambda name: None)


@pytest.fixture
def cpu_in_place_of_a_card(monkeypatch):
    """Compile for the CPU where no compiler of a card is installed: the reading is the same."""
    spec = importlib.util.find_spec("json")
    monkeypatch.setattr(absent_device, "find_spec", lambda name: spec)
    monkeypatch.setattr(card_plan, "absent_device", lambda card: jax.devices("cpu")[0])


@pytest.mark.parametrize(("card", "extra"), [("h100", "[cuda13]"), ("V5E", "[tpu]")])
def test_a_missing_extra_is_one_message(without_plugins, card, extra):
    done = in_this_process(".", "plan", "quickstart", "--for", card)
    assert done.returncode == 2
    assert extra in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert done.stdout == ""


def test_an_unknown_card_lists_the_cards():
    done = in_this_process(".", "plan", "quickstart", "--for", "h300")
    assert done.returncode == 2
    assert all(name in done.stderr for name in CARDS)


@pytest.mark.parametrize(
    "options",
    [("--for", "h100", "--measure"), ("--for", "h100", "--device", "h100"), ("--training-only",)],
    ids=" ".join,
)
def test_options_that_contradict_each_other_are_refused(options):
    done = in_this_process(".", "plan", "quickstart", *options)
    assert done.returncode == 2
    assert "--for" in done.stderr


def test_a_fused_recurrence_that_is_not_possible_is_refused(cpu_in_place_of_a_card):
    fused = ("--set", "gridjax.fused_recurrence=true")
    done = in_this_process(".", "plan", "quickstart", "--for", "a100", *fused)
    assert done.returncode == 2
    assert "A100" in done.stderr
    assert "matmul_precision: float32" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_a_plan_for_a_card_says_what_the_compiler_made(cpu_in_place_of_a_card, tmp_path):
    content = sweep_content(**PLACE_CELLS | {"sequence_length": {"value": 3}})
    content["gridjax"]["lane_width"] = 2
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(content))
    command = ("plan", "sweep.yaml", "--for", "h100", "--training-only")
    done = in_this_process(tmp_path, *command, "--json")
    assert done.returncode == 0, done.stderr
    assert "compiling for NVIDIA H100" in done.stderr
    told = json.loads(done.stdout)
    assert told["device_kind"] == CARDS["h100"].device_kind
    for planned, compiled in zip(told["bucket_list"], told["card"]["buckets"], strict=True):
        assert compiled["fits"]
        assert compiled["lane_limit"] == "setting"
        assert compiled["lane_width"] == planned["lane_width"] == 2
        # the prediction without JAX includes the targets, some 20 operations a place cell
        ratio = compiled["flop_per_network_step"] / planned["flop_per_network_step"]
        assert 0.5 < ratio <= 1
        assert compiled["kernels_per_step"] > 10
        parts = (compiled[f"{part}_s"] for part in ("arithmetic", "memory", "launch"))
        assert compiled["step_s"] == pytest.approx(sum(parts))
        steps = planned["network_steps"] / 2
        assert compiled["training_s"] == pytest.approx(steps * compiled["step_s"])
    assert told["card"]["evaluation"] is None
    shown = in_this_process(tmp_path, *command)
    assert "not measurements" in shown.stdout
    assert "network-steps/s" in shown.stdout
    assert "setting" in shown.stdout


@pytest.mark.slow
def test_the_evaluation_is_compiled_for_the_lanes_that_are_evaluated_at_once(
    cpu_in_place_of_a_card, tmp_path, monkeypatch
):
    widths = []

    def programs(spec, settings, lane_width, device):
        widths.append((spec, settings, lane_width))
        return []

    monkeypatch.setattr(card_plan, "evaluation_programs", programs)
    content = sweep_content(**PLACE_CELLS | {"sequence_length": {"value": 3}})
    content["gridjax"] |= {"lane_width": 512, "evaluation": {"batch_size": 2000}}
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(content))
    done = in_this_process(tmp_path, "plan", "sweep.yaml", "--for", "v5e")
    assert done.returncode == 0, done.stderr
    ((spec, settings, width),) = widths
    of_block = spec.static, spec.n_bins_reported, settings, 512
    assert 1 < width < 512
    assert width == evaluation_width(CARDS["v5e"].device_kind, *of_block)
    assert f"{width} lanes at once" in done.stdout
