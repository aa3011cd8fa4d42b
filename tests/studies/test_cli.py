"""gridjax study and gridjax scan: plans train nothing, bad input is one message."""

import re
import shutil

import pytest
from commands import in_this_process as gridjax

import gridjax as gj
from gridjax.callbacks import Stopped
from gridjax.run.execution.stop_signal import EXIT_STOPPED
from gridjax.studies.networks.scan import scanning
from gridjax.studies.networks.training import Request, lay_out
from gridjax.studies.output.tables import plan_lines
from gridjax.studies.study import find_studies


@pytest.mark.parametrize("command", ["study modules", "scan --widths 0.1:0.12:0.01 --seeds 3"])
def test_a_plan_prices_every_network_and_writes_nothing(command, tmp_path):
    done = gridjax(tmp_path, *command.split(), "--plan", "--out", "out")
    assert done.returncode == 0, done.stderr
    request = Request(n_seeds=3, overrides={"place_cell_rf": [0.1, 0.11, 0.12]})
    is_scan = command.startswith("scan")
    study = scanning(None, "quick") if is_scan else find_studies("modules")[0]
    specs = lay_out(study, request if is_scan else Request()).specs
    (row,) = re.findall(rf"^ *{study.name} +([\d,]+) +– +([\d,]+)", done.stdout, re.MULTILINE)
    numbers = [int(number.replace(",", "")) for number in row]
    assert numbers == [len(specs), sum(spec.n_grad_steps for spec in specs)]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("order", ["--published --size desk", "--size quick --published"])
def test_a_size_of_the_published_design_is_refused(order, tmp_path):
    done = gridjax(tmp_path, "study", "emergence", "--plan", *order.split())
    assert done.returncode == 2
    assert "--published and --size both choose the networks" in done.stderr


def test_a_plan_of_several_counts_what_they_share_once():
    studies = [find_studies(name)[0] for name in ("modules", "turing", "encodings")]
    table, together, shared, *_, pilot = plan_lines(studies, Request(), "cpu")
    of = [set(lay_out(study, Request()).specs) for study in studies]
    pilots = set(lay_out(studies[2], Request(), studies[2].pilot_files("quick")).specs)
    everything = set.union(*of, pilots)
    assert f"together {len(everything):,} networks" in together
    assert int(shared.split()[0]) == sum(map(len, of)) + len(pilots) - len(everything) > 0
    assert list(table.columns[2].cells) == ["–", "–", str(len(pilots))]
    assert "encodings: its pilot sets" in pilot


def test_a_list_of_units_adds_the_networks_of_every_size(tmp_path):
    done = gridjax(
        tmp_path, *["study", "modules", "--seeds", "2", "--set", "Ng=[8,16,24]", "--plan"]
    )
    assert done.returncode == 0, done.stderr
    (row,) = re.findall(r"^ *modules +([\d,]+)", done.stdout, re.MULTILINE)
    (study,) = find_studies("modules")
    assert int(row) == 3 * len(lay_out(study, Request(n_seeds=2)).specs)


def test_a_plan_is_that_of_the_devices_that_would_train():
    (study,) = find_studies("modules")
    lanes = {}
    for kind in ("cpu", "NVIDIA H200"):
        *_, table = plan_lines([study], Request(), kind)
        (column,) = (column for column in table.columns if column.header == "lanes")
        lanes[kind] = set(map(int, column.cells))
    assert lanes["cpu"] == {1}
    assert min(lanes["NVIDIA H200"]) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("study --plan", "Missing argument 'NAME'"),
        ("study x --plan", "the studies are emergence, encodings"),
        ("study turing --size Desk --plan", "one of quick, desk, paper"),
        ("scan --widths .1:.2:.1 --size large --plan", "--size large is unknown"),
        ("study encodings --published --plan", "has no size published"),
        ("study turing --seeds 0 --plan", "Invalid value for '--seeds'"),
        ("study turing --set Nq=3 --plan", "unknown parameter 'Nq'"),
        ("study turing --set Ng=3 --time-limit soon --out out", "--time-limit"),
        ("study turing --accept devise --out out", "did you mean device?"),
        ("scan --widths .1:.2:.1 --accept all --out out", "--accept all is unknown"),
        ("study turing --part 3/2 --out out", "3/2"),
        ("study turing --part 1/2 --plan", "--part 1/2 and --plan exclude each other"),
        ("study turing --part 1/2 --no-training --out out", "--part 1/2 and --no-training exclude"),
        ("study encodings --part 1/2 --out out", "the networks of encodings depend on a pilot"),
        ("scan --plan", "Missing option '--widths'"),
        ("scan --widths 0.1:0.2:0.1", "no --out DIR is given"),
        ("scan --widths 0.1:0.2:0.1 --set Ng=[8,x] --plan", "'x' is not a whole number"),
        ("study turing --set Ng=[] --plan", "a value between the brackets is missing"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments, message, tmp_path):
    done = gridjax(tmp_path, *arguments.split())
    assert done.returncode == 2
    assert message in re.sub(r"[│╭╰─╮╯\s]+", " ", done.stderr)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_claim_of_a_wrong_shape_is_one_message_and_exit_code_2(page_study, tmp_path):
    folder = shutil.copytree(page_study, tmp_path / "fast")
    head = (folder / "claims.yaml").read_text().partition("claims:\n")[0]
    (folder / "claims.yaml").write_text(head + "claims:\n  faster_is_better: 1 cm\n")
    done = gridjax(tmp_path, "study", "fast", "--out", "out")
    assert done.returncode == 2
    assert done.stderr.count("claims.yaml") == 1
    assert "fast/claims.yaml:5:21: the claim 'faster_is_better' is '1 cm', not" in done.stderr
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("command", ["study modules", "scan --widths 0.1:0.12:0.01 --seeds 3"])
def test_trackers_follow_the_training_of_networks(command, tmp_path, monkeypatch):
    given, tracker = [], object()

    def train(studies, request, out, callbacks, accept, progress, part):
        given.extend(callbacks)
        raise Stopped("the test")

    monkeypatch.setattr("gridjax.studies.networks.training.train_studies", train)
    monkeypatch.setattr(gj.trackers, "WandB", lambda project, per_network: tracker)
    done = gridjax(tmp_path, *command.split(), "--out", "out", "--track", "wandb")
    assert done.returncode == EXIT_STOPPED, done.stderr
    assert tracker in given
    for option in ("--plan", "--no-training"):
        done = gridjax(tmp_path, *command.split(), "--out", "out", "--track", "wandb", option)
        assert done.returncode == 2
        assert f"--track wandb has no effect with {option}" in done.stderr
    done = gridjax(tmp_path, *command.split(), "--out", "out", "--track-networks")
    assert done.returncode == 2
    assert "--track-networks needs --track" in done.stderr
