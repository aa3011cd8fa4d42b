"""A user's own study from its folder to its page, as docs/howto/own-study.md shows it."""

import base64
import csv
import hashlib
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from commands import in_this_process
from studies.conftest import gridjax
from tiny import Recorder

import gridjax as gj
from gridjax.errors import GridjaxError
from gridjax.studies.networks.training import NETWORKS, Request, train_studies
from gridjax.studies.study import find_studies

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")


def read(out):
    return json.loads((out / "fast" / "verdicts.json").read_text())


@pytest.mark.slow
def test_the_study_of_the_page_is_trained_and_evaluated_by_its_command(page_study, tmp_path):
    """In a process of its own, as a user runs it, with the measures of its networks."""
    done = gridjax("study", page_study, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Fast learners" in done.stdout
    rows = gj.open_run(tmp_path / "networks").networks
    wide = rows.pivot_table(index="seed", columns="learning_rate", values="decode_err_ml_cm")
    (verdict,) = read(tmp_path)["verdicts"]
    assert verdict["value"] == pytest.approx((wide[3e-3] - wide[1e-3]).mean(), rel=1e-5)
    assert verdict["outcome"] in done.stdout


@pytest.mark.slow
def test_networks_that_are_there_are_not_trained_again(studied):
    out, told = studied
    assert "training 12 of 16 networks" in told
    assert len(gj.open_run(out / "networks").networks) == 16


def test_the_estimate_is_what_the_table_says(studied):
    out, told = studied
    rows = gj.open_run(out / "networks").networks
    wide = rows.pivot_table(index="seed", columns="learning_rate", values="decode_err_ml_cm")
    (verdict,) = read(out)["verdicts"]
    assert verdict["value"] == pytest.approx((wide[3e-3] - wide[1e-3]).mean(), rel=1e-5)
    assert verdict["n"] == 16
    assert verdict["outcome"] in told
    assert verdict["low"] < verdict["value"] < verdict["high"]


def test_the_function_gives_the_verdicts_of_the_command(studied, page_study, tmp_path):
    out, _ = studied
    shutil.copytree(out, tmp_path / "out")
    found = gj.study(str(page_study), tmp_path / "out", no_training=True)
    (verdict,) = read(out)["verdicts"]
    (row,) = found.to_dict("records")
    assert row["study"] == page_study.name
    assert (row["claim"], row["text"]) == (verdict["name"], verdict["claim"])
    for name in ("value", "low", "high", "n", "outcome", "sentence", "unit"):
        assert row[name] == verdict[name], name
    again = gj.study(str(page_study), tmp_path / "out")  # all networks are there
    assert again.equals(found)


def test_the_function_refuses_what_it_does_not_know(page_study, tmp_path):
    with pytest.raises(GridjaxError, match="size 'larg' is unknown"):
        gj.study(str(page_study), tmp_path, size="larg")
    with pytest.raises(GridjaxError, match="seeds=0 gives no network"):
        gj.study(str(page_study), tmp_path, seeds=0)
    with pytest.raises(GridjaxError, match="nothing_of_this_name"):
        gj.study("nothing_of_this_name", tmp_path)
    with pytest.raises(GridjaxError, match="time_limit"):
        gj.study(str(page_study), tmp_path, time_limit=-1)
    assert not list(tmp_path.iterdir())


def test_every_number_leads_to_its_rows(studied):
    out, _ = studied
    page = (out / "report.html").read_text()
    (encoded,) = re.findall(r'href="data:text/csv;base64,([^"]*)"', page)
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(encoded).decode())))
    assert {row["run_id"] for row in rows} == set(gj.open_run(out / "networks").networks["run_id"])
    assert set(rows[0]) == {"run_id", "seed", "decode_err_ml_cm"}


def test_the_last_of_two_parts_writes_the_page(studied, page_study, tmp_path):
    """Both parts record the claims; the verdicts are those of one command."""
    out, _ = studied
    told, command = [], ["study", str(page_study), "--out", "out", "--seeds", "8"]
    for part in ("2/2", "1/2"):
        done = in_this_process(tmp_path, *command, "--part", part)
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
        assert (tmp_path / "out" / "report.html").exists() == (part == "1/2")
    assert "this part is finished, and 8 networks of all parts" in told[0].replace("\n", " ")
    manifests = [gj.open_run(each / "networks").manifest for each in (out, tmp_path / "out")]
    assert manifests[0]["claims"] == manifests[1]["claims"]
    both, one = (read(each)["verdicts"][0] for each in (tmp_path / "out", out))
    assert (both["value"], both["outcome"]) == (one["value"], one["outcome"])


def test_the_page_opens_anywhere_and_begins_with_the_verdicts(studied):
    out, _ = studied
    page = (out / "report.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "default-src 'none'" in page
    assert page.index('<h2 id="verdicts">') < page.index("<figure>")
    assert "data:image/svg+xml" in page
    assert (out / "fast" / "figures" / "fast.png").stat().st_size > 5000


def test_the_claims_are_in_the_manifest_before_training(studied, page_study):
    out, _ = studied
    digest = hashlib.sha256((page_study / "claims.yaml").read_bytes()).hexdigest()
    assert gj.open_run(out / "networks").manifest["claims"] == {"fast": digest}
    assert "were changed after" not in (out / "report.html").read_text()


def test_analysing_again_trains_nothing_and_tells_of_changed_claims(studied, page_study, tmp_path):
    out, changed = tmp_path / "out", tmp_path / "fast"
    shutil.copytree(studied[0], out)
    shutil.copytree(page_study, changed)
    claims = changed / "claims.yaml"
    claims.write_text(claims.read_text().replace("below: -1", "above: -1000"))
    claims.write_text(
        claims.read_text().replace("the larger learning rate gives", "<script>alert(1)</script>")
    )
    done = in_this_process(tmp_path, "study", changed, "--no-training", "--out", out)
    assert done.returncode == 0, done.stderr
    assert "training" not in done.stdout
    page = (out / "report.html").read_text()
    assert "were changed after" in page
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert read(out)["verdicts"][0]["outcome"] == "holds"


@pytest.mark.slow
def test_a_study_goes_on_where_its_output_cannot_be_written(studied, page_study, tmp_path):
    """What it finds is kept in files, as by a sweep: under nohup, on a full disk, after a pipe."""
    out = shutil.copytree(studied[0], tmp_path / "out")
    (out / "report.html").unlink()
    with Path("/dev/full").open("wb") as full:
        done = gridjax("study", page_study, "--no-training", "--out", out, stdout=full)
    assert (done.returncode, done.stderr) == (0, "")
    assert (out / "report.html").exists()


def test_damaged_verdicts_are_named(studied, tmp_path):
    from gridjax.errors import GridjaxError
    from gridjax.studies.output.html import write_page

    out = tmp_path / "out"
    shutil.copytree(studied[0] / "fast", out / "fast")
    write_page(out)
    (out / "fast" / "verdicts.json").write_text("{}")
    with pytest.raises(GridjaxError, match="damaged"):
        write_page(out)
    with pytest.raises(GridjaxError, match="no verdicts of a study"):
        write_page(tmp_path / "nothing")


def test_an_analysis_that_leaves_a_claim_out_is_refused(studied, page_study, tmp_path):
    out, other = tmp_path / "out", tmp_path / "fast"
    shutil.copytree(studied[0], out)
    shutil.copytree(page_study, other)
    analysis = other / "analysis.py"
    analysis.write_text(analysis.read_text().replace('"faster_is_better"', '"slower"'))
    before = (out / "report.html").read_bytes()
    done = in_this_process(tmp_path, "study", other, "--no-training", "--out", out)
    assert done.returncode == 2
    assert "faster_is_better, slower" in done.stderr
    assert "Traceback" not in done.stderr
    assert (out / "report.html").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"first"', '"frist"', "faster_is_better: the test paired_difference: "),
        ("return {", "arms = 3\n    return {", "select() gives int for the test"),
    ],
)
def test_arguments_that_are_not_those_of_the_test_are_refused(
    studied, page_study, tmp_path, old, new, message
):
    out, other = shutil.copytree(studied[0], tmp_path / "out"), tmp_path / "fast"
    shutil.copytree(page_study, other)
    analysis = other / "analysis.py"
    assert old in analysis.read_text()
    analysis.write_text(analysis.read_text().replace(old, new))
    done = in_this_process(tmp_path, "study", other, "--no-training", "--out", out)
    assert done.returncode == 2
    assert message in done.stderr
    assert "frame, column, first, second" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_test_that_the_claims_name_is_the_one_that_is_run(studied, page_study, tmp_path):
    out, other = shutil.copytree(studied[0], tmp_path / "out"), tmp_path / "fast"
    shutil.copytree(page_study, other)
    claims, analysis = other / "claims.yaml", other / "analysis.py"
    claims.write_text(claims.read_text().replace("test: paired_difference", "test: mean_vs_null"))
    done = in_this_process(tmp_path, "study", other, "--no-training", "--out", out)
    assert done.returncode == 2
    assert "the test mean_vs_null: " in done.stderr
    text = analysis.read_text().replace(', "first": fast, "second": ~fast', "")
    analysis.write_text(text)
    done = in_this_process(tmp_path, "study", other, "--no-training", "--out", out)
    assert done.returncode == 0, done.stderr
    (verdict,) = read(out)["verdicts"]
    assert verdict["test"] == "mean_vs_null"
    rows = gj.open_run(out / "networks").networks
    assert verdict["value"] == pytest.approx(rows["decode_err_ml_cm"].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["study", "turin", "--plan"], "did you mean turing?"),
        (["study", "turing", "--size", "huge", "--plan"], "--size huge is unknown"),
        (["study", "turing", "--arms", "mine", "--plan"], "No such option: --arms"),
        (["study", "turing"], "no --out DIR is given"),
        (["study", "turing", "--seeds", "3", "--set", "seed=1", "--plan"], "both give the seeds"),
        (["study", "turing", "--no-training", "--out", "none"], "holds no run"),
        (["scan", "--widths", "9:15:1", "--plan"], "--widths 0.09:0.15:0.01"),
        (
            ["scan", "--widths", ".1:.2:.1", "--set", "place_cell_rf=.1", "--plan"],
            "give the widths",
        ),
        (["scan", "--widths", ".1:.2:.1", "--base", "no.yaml", "--plan"], "does not exist"),
    ],
)
def test_bad_input_is_one_message_and_exit_code_2(arguments, message, tmp_path):
    done = in_this_process(tmp_path, *arguments)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_plan_trains_nothing(tmp_path):
    done = in_this_process(tmp_path, "scan", "--widths", "0.09:0.15:0.03", "--seeds", "5", "--plan")
    assert done.returncode == 0, done.stderr
    assert "width-sensitivity" in done.stdout
    (networks,) = re.findall(r"width-sensitivity +([\d,]+)", done.stdout)
    assert int(networks) >= 15


def test_another_study_takes_the_networks_that_are_there_and_records_its_claims(
    studied, page_study, tmp_path
):
    out, other = tmp_path / "out", tmp_path / "other"
    shutil.copytree(studied[0], out)
    shutil.copytree(page_study, other)
    text = (other / "claims.yaml").read_text() + "# other\n"
    (other / "claims.yaml").write_text(text)
    before = gj.open_run(out / NETWORKS)
    recorder = Recorder()
    run, by_units = train_studies(find_studies(str(other)), Request(n_seeds=5), out, [recorder])
    assert recorder.start.n_finished == 10
    assert recorder.n_steps == 0
    assert len(by_units[0][0].evidence(run).networks) == 10
    assert run.networks.equals(before.networks)
    now = gj.open_run(out / NETWORKS).manifest["claims"]
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert now == before.manifest["claims"] | {"other": digest}


def test_claims_that_were_changed_after_training_do_not_replace_those_recorded_before(
    studied, page_study, tmp_path
):
    out, changed = tmp_path / "out", tmp_path / page_study.name
    shutil.copytree(studied[0], out)
    shutil.copytree(page_study, changed)
    before = gj.open_run(out / NETWORKS).manifest["claims"]
    (changed / "claims.yaml").write_text((changed / "claims.yaml").read_text() + "# later\n")
    request = Request(n_seeds=5)
    train_studies(find_studies(str(changed)), request, out)
    assert gj.open_run(out / NETWORKS).manifest["claims"] == before
