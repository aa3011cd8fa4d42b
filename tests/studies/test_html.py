"""The page of studies: self-contained, escaped, verdicts first, rows behind every number."""

import base64
import csv
import html
import io
import json
import re
from dataclasses import replace

import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax.errors import DamageError, GridjaxError
from gridjax.studies.networks.training import StudyPlan
from gridjax.studies.output.html import write_page
from gridjax.studies.output.results import conclude
from gridjax.studies.study import Study
from gridjax.sweep.sweep import Sweep

EVIL = '<script>alert(1)</script> "><img src=x onerror=alert(2)> {{ 7 * 7 }} [/b]'
CLAIM = """\
  {name}:
    claim: '{text}'
    published: '{text}'
    estimand: '{text}'
    test: {test}
    null: '{text}'
    role: {role}
    unit: percent
    holds: {holds}
    asked_of: all
"""
ANALYSIS = """\
from gridjax import plotting
from gridjax.plotting import FigureResult

EVIL = {evil!r}


def select(evidence):
    rows = evidence.networks
    dos = rows["place_field_values"] == "difference_of_gaussians"
    gaussian = rows["place_field_values"] == "gaussian"
    column = {{"frame": rows, "column": "share_grid", "remark": EVIL}}
    return {{
        "more": column | {{"first": dos, "second": gaussian, "within": (-1, 1)}},
        "mean": {{"frame": rows, "column": "share_grid", "null": 0.01}},
        "share": {{"frame": rows, "is_counted": rows["share_grid"] > 0.2, "null": 0.05}},
        "none": column | {{"frame": rows[:0]}},
    }}


def figures(evidence, estimates):
    figure = plotting.new_figure(2)
    figure.subplots().plot([0, 1], [0, 1])
    drawn = FigureResult("one", EVIL, figure, EVIL, EVIL, (("a", EVIL), ("1", EVIL)))
    return [drawn, FigureResult("none", "No figure", None, EVIL)]
"""
N_NETWORKS = {"more": 32, "mean": 40, "share": 40, "none": 0}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "own"
    folder.mkdir()
    shown = EVIL.replace("'", "''")
    claims = [
        CLAIM.format(name=name, test=test, text=shown, role=role, holds=holds)
        for name, test, role, holds in (
            ("more", "paired_difference", "primary", "{above: 0.01}"),
            ("mean", "mean_vs_null", "secondary", "{between: [0, 1]}"),
            ("share", "share", "secondary", "{below: 0.0001}"),
            ("none", "mean_vs_null", "primary", "{above: 0.01}"),
        )
    ]
    texts = "".join(f"{name}: '{shown}'\n" for name in ("title", "question", "caution"))
    (folder / "claims.yaml").write_text(texts + "claims:\n" + "".join(claims))
    (folder / "analysis.py").write_text(ANALYSIS.format(evil=EVIL))
    return Study("own", folder)


@pytest.fixture(scope="module")
def run(study):
    made = synthetic_run(quickstart_specs(range(8)), keep_maps="none", weights=False)
    made.manifest["claims"] = {"own": study.claims.sha256}
    return made


@pytest.fixture(scope="module")
def asked(study, run):
    return StudyPlan(study, Sweep.from_specs(quickstart_specs(range(8))))


@pytest.fixture
def out(asked, run, tmp_path):
    conclude(asked, run, "desk", tmp_path)
    return tmp_path


@pytest.fixture
def page(out):
    return write_page(out).read_text()


def test_it_reaches_for_nothing_and_runs_nothing(page):
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'; img-src data:" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert "<script" not in page
    assert "onerror" not in re.sub(r'"[^"]*"', "", html_tags(page))


def html_tags(page):
    """The tags alone; texts are escaped, so every < begins one."""
    return "".join(re.findall(r"<[^>]*>", page))


def test_every_text_is_shown_as_it_was_written(page):
    # title (thrice), question, caution; four claims with six texts each and more
    assert html.unescape(page).count(EVIL) >= 25
    assert "49" not in re.sub(r"base64,[\w+/=]*|sha256 \w*", "", page)


def test_verdicts_stand_first(page):
    assert page.index('<table class="verdicts">') < page.index("<section")
    assert page.index('<table class="verdicts">') < page.index("<figure>")
    table = page.partition('<table class="verdicts">')[2].partition("</table>")[0]
    outcomes = re.findall(r'<span class="verdict \w+">([^<]*)</span>', table)
    assert outcomes[1:] == ["holds", "does not hold", "not answerable at this size"]


def test_every_number_leads_to_its_rows(page, run):
    found = dict(re.findall(r'download="own-(\w+)\.csv" href="data:text/csv;base64,([^"]*)"', page))
    assert found.keys() == N_NETWORKS.keys()
    share = run.networks.set_index("run_id")["seed"]
    for name, encoded in found.items():
        rows = list(csv.DictReader(io.StringIO(base64.b64decode(encoded).decode())))
        assert len(rows) == N_NETWORKS[name]
        assert [int(row["seed"]) for row in rows] == [share[row["run_id"]] for row in rows]


def test_the_rows_make_the_number(page, out):
    told = json.loads((out / "own" / "verdicts.json").read_text())["verdicts"]
    mean = next(verdict for verdict in told if verdict["name"] == "mean")
    rows = list(csv.DictReader((out / "own" / "rows" / "mean.csv").open()))
    values = [float(row["share_grid"]) for row in rows]
    assert mean["value"] == pytest.approx(100 * sum(values) / len(values))
    assert f'<td class="ours">{mean["shown"]["value"]}<small>' in page


def test_figures_are_pictures_and_their_absence_is_told(page):
    assert len(re.findall(r'<img src="data:image/svg\+xml;base64,', page)) == 1
    assert "<p>No figure: " in page


def test_a_figure_that_is_not_drawn_any_more_is_not_shown(out, asked, run):
    figures = out / "own" / "figures"
    (figures / "none.svg").write_text("<svg/>")
    conclude(asked, run, "desk", out)
    assert not (figures / "none.svg").exists()
    assert (figures / "one.svg").exists()


def told_of(out, **changes):
    path = out / "own" / "verdicts.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return write_page(out).read_text()


def test_what_was_not_written_down_first_is_told(out, page):
    assert "were changed after" not in page
    assert "not in the networks' manifest" not in html.unescape(page)
    assert "were changed after" in told_of(out, claims_sha256_before_training="0" * 64)
    assert "not in the networks' manifest" in html.unescape(
        told_of(out, claims_sha256_before_training=None)
    )


def test_what_is_missing_and_what_is_quick_is_told(out, page):
    assert "Not trained yet" not in page
    assert "Size quick: " not in page
    shown = told_of(out, missing=1234, size="quick")
    assert "Not trained yet: 1,234 of own." in shown
    assert "Size quick: own." in shown


def test_a_sentence_about_several_claims_is_said_once(out):
    one, other, *_ = json.loads((out / "own" / "verdicts.json").read_text())["verdicts"]
    short = {"outcome": "undecided", "value": None, "remark": "too few seeds with a value (3)"}
    short["sentence"] = f"Undecided: {short['remark']}."
    verdicts = [one | short | {"claim": "A."}, other | {"claim": "B."}, one | short]
    verdicts[2] |= {"claim": "C."}
    told = told_of(out, verdicts=verdicts).partition("<ul>")[2].partition("</ul>")[0]
    items = [" ".join(item.split()) for item in told.split("<li>")[1:]]
    assert items[0] == f"<strong>A.</strong><br> <strong>C.</strong> {short['sentence']}</li>"
    assert items[1].startswith("<strong>B.</strong> ")
    assert len(items) == 2


def test_a_number_of_networks_is_told_only_where_it_is_known(out):
    verdicts = json.loads((out / "own" / "verdicts.json").read_text())["verdicts"]

    def shown(**changes):
        one = verdicts[1] | {"outcome": "undecided", "networks_needed": None} | changes
        page = told_of(out, verdicts=[one])
        return re.findall(r'<td class="n">([^<]*)</td>', page)[-1]

    assert shown(networks_needed=1234) == "1,234"
    assert shown() == "millions"
    assert shown(shown=verdicts[1]["shown"] | {"interval": ""}) == "–"
    assert shown(outcome="holds") == "–"


OF_SIZE = {"Ng": 64, "value": "1 %", "interval": "0 % to 2 %", "outcome": "undecided"}
OF_SIZE |= {"n": 9, "rows": "more"}


def test_results_by_number_of_units_are_a_table(out):
    shown = told_of(out, by_units=[{"claim": EVIL, "sizes": [OF_SIZE, OF_SIZE | {"Ng": 256}]}])
    assert '<th scope="col">Ng 256</th>' in shown
    assert "<script" not in shown


def test_results_by_number_of_units_hold_both_verdicts(out, asked, run):
    larger = [replace(spec, Ng=48) for spec in asked.sweep.specs]
    both = synthetic_run([*asked.sweep.specs, *larger], keep_maps="none", weights=False)
    conclude(asked, both, "desk", out, [StudyPlan(asked.study, Sweep.from_specs(larger))])
    by_units = json.loads((out / "own" / "verdicts.json").read_text())["by_units"]
    assert [[size["Ng"] for size in line["sizes"]] for line in by_units] == [[24, 48]] * 4
    page = write_page(out).read_text()
    assert "Ng 48" in page
    for line, name in zip(by_units, N_NETWORKS, strict=True):
        own, larger = line["sizes"]
        assert (own["rows"], larger["rows"]) == (name, f"{name}.Ng48")
        rows = (out / "own" / "rows" / f"{name}.Ng48.csv").read_text()
        assert larger["n"] == len(rows.splitlines()) - 1 == N_NETWORKS[name]
        assert f'download="own-{name}.Ng48.csv"' in page
        assert page.count(f'download="own-{name}.csv"') == 1
    conclude(asked, both, "desk", out)
    assert {path.stem for path in (out / "own" / "rows").iterdir()} == set(N_NETWORKS)


def test_a_pilot_is_told_and_without_all_of_it_no_verdict_has_a_number(asked, tmp_path):
    pilot = [replace(spec, seed=900) for spec in asked.sweep.specs[:2]]
    chosen = (("learning_rate, chosen", "networks"), ("0.001 (the smallest)", "64"))
    plan = replace(asked, pilot=tuple(pilot), chosen=chosen)

    def concluded(*trained):
        made = synthetic_run([*asked.sweep.specs, *trained], keep_maps="none", weights=False)
        verdicts = conclude(plan, made, "desk", tmp_path)
        return {one.outcome for one in verdicts}, " ".join(write_page(tmp_path).read_text().split())

    outcomes, page = concluded(pilot[0])
    assert outcomes == {"not finished"}
    assert "1 of 2 networks of the pilot are not trained" in page
    assert "The pilot has 2 networks (1 not trained yet), which do not count" in page
    outcomes, page = concluded(*pilot)
    assert "not finished" not in outcomes
    assert "The pilot has 2 networks, which do not count in the verdicts. It chose" in page
    assert "<td>0.001 (the smallest)</td><td>64</td>" in page


def without(key):
    return lambda told: {name: value for name, value in told.items() if name != key}


def first(part, **changes):
    return lambda told: told | {part: [told[part][0] | changes, *told[part][1:]]}


def with_size(**changes):
    return lambda told: told | {"by_units": [{"claim": "a", "sizes": [OF_SIZE | changes]}]}


DAMAGE = {
    "a list": lambda told: [told],
    **{
        f"no {key}": without(key)
        for key in ("study", "missing", "seeds", "by_units", "claims_sha256_before_training")
    },
    "verdicts are a number": lambda told: told | {"verdicts": 3},
    "a verdict is a text": lambda told: told | {"verdicts": ["x"]},
    "a verdict has a name alone": lambda told: told | {"verdicts": [{"name": "more"}]},
    "a verdict shows nothing": first("verdicts", shown={}),
    "a p is a text": first("verdicts", p_holm="much"),
    "a need is a list": first("verdicts", networks_needed=[1]),
    "networks are a text": lambda told: told | {"networks": "many"},
    "a name leads out": first("verdicts", name="../../etc/passwd"),
    "a name holds a null": first("verdicts", name="more\0"),
    "rows that are not there": first("verdicts", name="other"),
    "a figure without title": lambda told: told | {"figures": [{"name": "one"}]},
    "a table of numbers": first("figures", table=[1, 2]),
    "units of texts": lambda told: told | {"by_units": ["x"]},
    "a size without rows": with_size(rows=None),
    "a size's rows lead out": with_size(rows="../../../etc/passwd"),
    "a size's rows are not there": with_size(rows="more.Ng3"),
}


@pytest.mark.slow
@pytest.mark.parametrize("how", DAMAGE)
def test_damaged_verdicts_are_refused_in_one_line(out, how):
    path = out / "own" / "verdicts.json"
    path.write_text(json.dumps(DAMAGE[how](json.loads(path.read_text()))))
    assert_refused(out, path)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"study": 1e999', "\ud800"])
def test_what_is_no_json_is_refused_in_one_line(out, text):
    path = out / "own" / "verdicts.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert_refused(out, path)


def test_links_in_place_of_rows_are_not_followed(out, tmp_path):
    rows = out / "own" / "rows" / "more.csv"
    rows.unlink()
    (tmp_path / "secret").write_text("secret")
    rows.symlink_to(tmp_path / "secret")
    assert_refused(out, out / "own" / "verdicts.json")


def assert_refused(out, path):
    before = (out / "report.html").exists()
    with pytest.raises(DamageError) as caught:
        write_page(out)
    (problem,) = caught.value.problems
    assert "damaged: " in problem.message
    assert str(problem.place) == str(path)
    assert "\n" not in problem.message
    assert len(problem.message) < 200
    assert (out / "report.html").exists() == before


def test_a_folder_without_studies_is_refused(tmp_path):
    with pytest.raises(GridjaxError, match="no verdicts of a study"):
        write_page(tmp_path)
