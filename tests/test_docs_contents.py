"""The README and the pages of the docs: parameters, columns, links, numbers and public names."""

import dataclasses
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import yaml
from source_tree import text_of

import gridjax as gj
from gridjax.run.storage.tables.schema import TABLES
from gridjax.sweep.settings.run_settings import SETTINGS
from gridjax.sweep.sweep import Sweep

ROOT = Path(__file__).parents[1]
README = text_of("README.md")
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
SPEED = text_of("docs", "howto", "speed.md")
PUBLIC = ("gridjax", "gridjax.metrics", "gridjax.studies")


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_readme_fits_on_a_few_screens():
    assert len(README.splitlines()) <= 150


def test_the_readme_makes_the_promises_that_its_page_explains():
    page = (DOCS / "explanation" / "bits.md").read_text()
    explained, short = (
        text.partition("## Six promises")[2].partition("\n## ")[0] for text in (page, README)
    )
    promises = re.findall(r"^- (\*\*.*?\*\*)", short, flags=re.MULTILINE)
    assert promises
    assert promises == re.findall(r"^\| (\*\*.*?\*\*)", explained, flags=re.MULTILINE)


def test_every_parameter_and_setting_is_documented_with_its_default():
    text = (DOCS / "reference" / "parameters.md").read_text()
    rows = dict(re.findall(r"^\| `(\S+)` \|(.*)$", text, flags=re.MULTILINE))
    for field in dataclasses.fields(gj.NetworkSpec):
        row = rows.pop(field.name)
        assert field.metadata["doc"] in row
        default = field.default
        told = f"{default:.6g}" if isinstance(default, float) else str(default)
        absent = "that of `seed`" if field.name.endswith("_seed") else "none"
        assert (told if default is not None else absent) in row
    for name, field in SETTINGS.items():
        assert field.metadata["doc"] in rows.pop(name)
    assert rows == {}


def documented_columns(text):
    """Return the columns that a page's table describes, and check that each row has a unit."""
    rows = re.findall(r"^\| (`\S+`(?:, `\S+`)*) \| (.+) \| (.+) \|$", text, flags=re.MULTILINE)
    assert all(meaning.strip() and unit.strip() for _, meaning, unit in rows)
    return [name for names, _, _ in rows for name in re.findall(r"`(\S+)`", names)]


@pytest.mark.parametrize("table", TABLES)
def test_every_column_of_a_run_is_documented_with_its_unit(table):
    page = (DOCS / "reference" / "results.md").read_text()
    section = page.partition(f"\n## {table}.parquet\n")[2].partition("\n## ")[0]
    parameters = {field.name for field in dataclasses.fields(gj.NetworkSpec)}
    columns = [name for name in TABLES[table].names if name not in parameters]
    assert sorted(documented_columns(section)) == sorted(columns)


def test_every_column_of_scored_cells_is_documented_with_its_unit():
    page = (DOCS / "howto" / "scoring.md").read_text()
    section = page.partition("\n## What it writes\n")[2].partition("\n## ")[0]
    cell = gj.MapSet("maps.npy", ("0",), np.random.default_rng(0).uniform(size=(1, 8, 8)))
    table = gj.score_table(gj.score_inputs([cell], gj.ScoreOptions()))
    assert sorted(documented_columns(section)) == sorted(table.columns)


def test_the_sweep_file_of_the_docs_is_one():
    (sweep,) = blocks((DOCS / "howto" / "sweeps.md").read_text(), "yaml")
    assert len(Sweep.from_dict(yaml.safe_load(sweep)).specs) == 18


def anchors(page):
    """Return the anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}


def test_every_picture_and_link_leads_somewhere():
    for page in (ROOT / "README.md", *PAGES):
        text = page.read_text()
        for target in re.findall(r"\]\(([^):]+)\)", text):
            path, _, anchor = target.partition("#")
            aim = page.parent / path if path else page
            assert aim.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(aim), f"{page.name}: {target}"
        for picture in re.findall(r"!\[[^]]+\]\((\S+)\)", text):
            assert (page.parent / picture).stat().st_size > 10_000


def result(name):
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}-cpu.json").read_text())[name]


def rounds_to(shown, value):
    """Tell whether a number is shown as it is to its last digit, halves either way."""
    digits = len(shown.partition(".")[2])
    return abs(float(shown) - value) <= 0.5001 * 10**-digits


def test_the_table_of_speed_is_that_of_the_benchmark():
    table = SPEED.partition("## Beside PyTorch and NumPy")[2].partition("\n## ")[0]
    for row in result("train")["rows"]:
        (line,) = (line for line in table.splitlines() if line.startswith(f"| {row['size']} ("))
        sizes, shown = line.strip("| ").split(" | ", 1)
        assert sizes.endswith("({Ng}, {Np}, {batch_size})".format(**row))
        theirs = row["pytorch"]
        values = [
            row["ms_per_network_step"],
            100 * row["share_of_ceiling"],
            theirs["ms_per_network_step"],
            theirs["times_slower"],
            theirs["per_core_ms_per_network_step"],
            theirs["per_core_times_slower"],
        ]
        numbers = re.findall(r"[\d.]+", shown)
        pairs = list(zip(numbers, values, strict=True))
        assert all(rounds_to(one, value) for one, value in pairs), pairs
    shown = re.search(r"network-step varies by ([\d.]+) %", SPEED)
    assert shown
    assert rounds_to(shown[1], 100 * result("scaling")["spread_from_8"])
    said = re.search(r"takes ([\d.]+) to ([\d.]+) times as long in PyTorch", README)
    assert said
    slower = [row["pytorch"] for row in result("train")["rows"]]
    ratios = [each[name] for each in slower for name in ("times_slower", "per_core_times_slower")]
    assert rounds_to(said[1], min(ratios))
    assert rounds_to(said[2], max(ratios))


def test_the_speed_of_an_accelerator_in_the_readme_is_that_of_its_page():
    said = re.search(
        r"([\d,]+) network-steps a second, and 16 networks of paper size\sat ([\d,]+)", README
    )
    assert said
    table = SPEED.partition("## Accelerators")[2].partition("\n## ")[0]
    (small,) = re.findall(r"^\| small \| TF32 \| 256 \| [\d.]+ \| ([\d,]+) ", table, re.MULTILINE)
    (paper,) = re.findall(
        r"^\| paper \(.*\) \| TF32 \| 16 \| [\d.]+ \| ([\d,]+) ", table, re.MULTILINE
    )
    number = [int(each.replace(",", "")) for each in (said[1], said[2], small, paper)]
    assert number[0] == round(number[2], -4)
    assert number[1] == number[3]


def test_what_is_said_of_predicted_memory_is_what_was_measured():
    text = " ".join(SPEED.split())
    memory = result("memory")
    said = re.search(r"less than ([\d.]+) % from the .* all but two .* −(\d+) and \+(\d+) %", text)
    assert said
    told = memory["median_error"], -memory["lowest"], memory["highest"]
    assert all(rounds_to(one, 100 * value) for one, value in zip(said.groups(), told, strict=True))
    errors = [row["predicted_bytes"] / row["needed_bytes"] - 1 for row in memory["rows"]]
    assert sum(abs(error) > 0.15 for error in errors) == 2


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_is_in_the_reference(package):
    page = (DOCS / "reference" / f"{package.rpartition('.')[2]}.md").read_text()
    told = re.findall(r"^\.\. (?:auto|py:)\w+:: (\S+)$", page, flags=re.MULTILINE)
    public = {f"{package}.{name}" for name in import_module(package).__all__}
    assert set(told) == public
    assert len(told) == len(public)


def test_every_page_is_in_a_table_of_contents():
    read, left = set(), [DOCS / "index.md"]
    while left:
        page = left.pop()
        read.add(page)
        for toctree in blocks(page.read_text(), r"\{toctree\}"):
            entries = [line for line in toctree.splitlines() if line and line[0] != ":"]
            left += [page.parent / f"{entry}.md" for entry in entries]
    assert sorted(read) == PAGES


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    for package in ("sphinx", "furo", "myst_nb"):
        pytest.importorskip(package)
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    built = subprocess.run(
        [*command, str(DOCS), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    commands = (tmp_path / "reference" / "cli.html").read_text()
    assert all(f">gridjax {name}<" in commands for name in ("sweep", "study", "score", "theory"))
    assert "share_above_null_99" in (tmp_path / "reference" / "results.html").read_text()
    for name in ("first-population", "score-maps"):
        notebook = (tmp_path / "tutorial" / f"{name}.html").read_text()
        assert re.search(r'class="cell_output [^"]*".*<img ', notebook, flags=re.DOTALL)


def test_the_citation_is_of_this_version():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cited["version"] == gj.__version__
    assert cited["license"] == "Apache-2.0"
    assert cited["authors"] == [{"name": "The gridjax developers"}]


def test_every_target_of_the_contributors_page_exists():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    rules = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (?:PYTHON=\S+ )?([\w-]+)`", page):
        assert f"\n{target}:" in rules, target
    for path in re.findall(r"`((?:tests|gridjax|benchmarks|\.ci)/[\w./]*)`", page):
        assert (ROOT / path).exists(), path
