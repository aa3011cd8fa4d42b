"""Every promise of the README and the docs, run as written."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

import gridjax as gj
from gridjax.run.storage.schema import TABLES
from gridjax.sweep.run_settings import SETTINGS
from gridjax.sweep.sweep import Sweep

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


AFTERWARDS = """
assert len(run.networks) == 4
assert maps.dims == ("unit", "x", "y")
assert paths.positions.shape == (8, 20, 2)
assert network.spec.run_id == run_id
print("all of it")
"""


def test_the_five_calls_work_as_shown(tmp_path):
    (sweep,) = blocks(README, "yaml")
    (code,) = blocks(README, "python")
    (tmp_path / "sweep.yaml").write_text(sweep)
    (tmp_path / "readme.py").write_text(code + AFTERWARDS)
    command = [sys.executable, "readme.py"]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert shown.stdout.endswith("all of it\n"), shown.stderr


def test_every_promise_names_the_tests_that_try_to_break_it():
    table = README.partition("## Six promises")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| **")]
    assert len(rows) == 6
    for row in rows:
        tests = re.findall(r"\]\((tests/\S+)\)", row)
        assert tests
        assert all("def test_" in (ROOT / test).read_text() for test in tests)


def test_every_parameter_and_setting_is_documented_with_its_default():
    text = (ROOT / "docs" / "sweeps.md").read_text()
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


def test_every_column_is_documented():
    text = (ROOT / "docs" / "results.md").read_text()
    parameters = {field.name for field in dataclasses.fields(gj.NetworkSpec)}
    short = {"share_above_0.8": "`_0.8`", "share_above_1.2": "`_1.2`"}
    for schema in TABLES.values():
        for name in set(schema.names) - parameters:
            assert short.get(name, f"`{name}`") in text, name


def test_the_sweep_file_of_the_docs_is_one():
    (sweep,) = blocks((ROOT / "docs" / "sweeps.md").read_text(), "yaml")
    assert len(Sweep.from_dict(yaml.safe_load(sweep)).specs) == 18


def test_every_picture_and_link_leads_somewhere():
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = page.read_text()
        for target in re.findall(r"\]\(([^):]+)\)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
        for picture in re.findall(r"!\[[^]]+\]\((\S+)\)", text):
            assert (page.parent / picture).stat().st_size > 10_000


def result(name):
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}-cpu.json").read_text())[name]


def rounds_to(shown, value):
    """Tell whether a number is shown as it is to its last digit, halves either way."""
    digits = len(shown.partition(".")[2])
    return abs(float(shown) - value) <= 0.5001 * 10**-digits


def test_the_table_of_speed_is_that_of_the_benchmark():
    table = README.partition("## Speed")[2].partition("\n## ")[0]
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
    shown = re.search(r"network-step differs by ([\d.]+) %", README)
    assert shown
    assert rounds_to(shown[1], 100 * result("scaling")["spread_from_8"])


def test_what_is_said_of_predicted_memory_is_what_was_measured():
    text = " ".join((ROOT / "docs" / "speed.md").read_text().split())
    memory = result("memory")
    said = re.search(r"less than ([\d.]+) % of what .* all but two .* −(\d+) and \+(\d+) %", text)
    assert said
    told = memory["median_error"], -memory["lowest"], memory["highest"]
    assert all(rounds_to(one, 100 * value) for one, value in zip(said.groups(), told, strict=True))
    errors = [row["predicted_bytes"] / row["needed_bytes"] - 1 for row in memory["rows"]]
    assert sum(abs(error) > 0.15 for error in errors) == 2
