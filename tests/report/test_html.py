import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from synthetic import quickstart_specs, synthetic_run

from gridjax.errors import GridjaxError
from gridjax.io.numbers import percent
from gridjax.report.html import write_report
from gridjax.report.run_data import read_run_data
from gridjax.report.settings import constant_parameters
from gridjax.report.summary import SHARES, summary_rows
from gridjax.run.storage.tables.schema import TABLES
from gridjax.spec.fidelity import CORRECTED, PUBLISHED, SWITCHES
from gridjax.spec.network import NetworkSpec

HOSTILE = "<script>alert('x')</script> {{ 7 * 7 }}"
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """The tags of a page: every opening one with its attributes, and what was not closed."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    run = synthetic_run(
        quickstart_specs(range(2)),
        diverged=[3],
        missing=[6],
        n_evaluations=4,
        sources=[("a<b>.yaml", HOSTILE)],
    )
    assert write_report(run, folder) == folder / "report.html"
    return folder


@pytest.fixture(scope="module")
def text(folder):
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_page_is_whole(page):
    assert page.open == []
    assert len(page.of("h1")) == 1
    assert len(page.of("figure")) == 9
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


def test_what_a_sweep_file_says_is_text(text, page):
    assert "<script" not in text
    assert HOSTILE in page.text
    assert "a<b>" in page.text


def test_nothing_is_loaded_from_elsewhere(text, page):
    """Every image is in the page; no link, script, import or url() of anything else."""
    sources = [attributes["src"] for attributes in page.of("img")]
    assert len(sources) == 9
    assert all(source.startswith("data:image/") for source in sources)
    assert not page.of("link")
    assert not page.of("script")
    assert not re.search(r"(?:href|srcset|url\(|@import)", text)
    assert len(text) < 5_000_000


def test_the_images_are_those_of_the_folder(folder, page):
    files = [file.read_bytes() for file in (folder / "figures").iterdir()]
    assert len(files) == 18
    for attributes in page.of("img"):
        assert base64.b64decode(attributes["src"].split(",")[1]) in files


def test_who_cannot_see_the_figures_is_told(page):
    assert all(len(attributes["alt"]) > 40 for attributes in page.of("img"))
    assert all("scope" in attributes for attributes in page.of("th"))
    assert all(
        attributes.get("aria-label") or attributes.get("aria-labelledby")
        for attributes in page.of("div")
        if attributes.get("role") == "region"
    )


def test_the_table_comes_first_and_says_what_it_is_measured_against(page):
    text = " ".join(page.text.split())
    assert text.index("position error (cm)") < text.index("How to read this")
    assert text.index("How to read this") < text.index("Rate maps")
    assert "Random readouts of a target code" in text
    assert "Read every statement about grid cells together with the position error" in text
    for code, width in (("Gaussian", 20), ("Gaussian", 24), ("DoS", 20), ("DoS", 24)):
        assert re.search(rf"{code} {width} cm", text)


def test_the_end_of_the_page_names_every_table_of_the_run(page):
    footer = page.text.partition("its tables (")[2].partition(")")[0]
    assert sorted(footer.replace(",", " ").split()) == sorted(TABLES)


def test_what_is_missing_is_said(page):
    text = " ".join(page.text.split())
    assert "9 of 10 networks are done" in text
    assert "1 network diverged" in text


def test_the_page_says_why_few_seeds_have_no_interval(page):
    text = " ".join(page.text.split())
    assert "resampling seeds (bootstrap-t), which needs at least 8 seeds" in text
    assert "Every row of the table has fewer than 8 seeds and therefore no interval" in text


@pytest.mark.slow
def test_eight_seeds_have_an_interval_in_the_table(tmp_path):
    run = synthetic_run(quickstart_specs(range(8))[1::5], keep_maps="none", weights=False)
    page = Page(write_report(run, tmp_path).read_text())
    text = " ".join(page.text.split())
    assert "fewer than 8 seeds and" not in text
    (row,) = summary_rows(read_run_data(run))
    low, high = (percent(row[f"share_above_0.3_{end}"]) for end in ("low", "high"))
    assert f"{low.removesuffix(' %')} to {high.removesuffix(' %')}" in text
    is_open = any(row[name] < row[f"{name}_high"] == 1 for name in SHARES)
    assert ("has no upper bound" in text) == is_open


def test_parameters_count_where_they_are_read(page):
    """Cartesian networks hold a default width, which nothing reads."""
    assert "place_cell_rf: 0.2, 0.24" in " ".join(page.text.split())


def test_parameters_that_no_network_reads_are_not_listed():
    """Their defaults would be read as settings of the training."""

    def listed(**values):
        run = synthetic_run([NetworkSpec(Ng=8, Np=8, **values)], keep_maps="none", weights=False)
        return {name for name, _, _ in constant_parameters(read_run_data(run).records)}

    of_adamw = {"adam_epsilon", "decoupled_weight_decay"}
    of_others = {"vertical_scale", "n_bottleneck", "plateau_steps"}
    assert listed().isdisjoint(of_adamw | of_others)
    of_own = listed(optimizer="adamw")
    assert of_adamw <= of_own
    assert of_own.isdisjoint(of_others)


@pytest.mark.slow
def test_every_switch_of_every_fidelity_is_shown(tmp_path):
    own = replace(PUBLISHED, dropout="active")
    specs = quickstart_specs(range(1))
    run = synthetic_run([specs[0], *(replace(spec, fidelity=own) for spec in specs[1:])])
    write_report(run, tmp_path)
    text = " ".join(Page((tmp_path / "report.html").read_text(encoding="utf-8")).text.split())
    assert "Fidelity corrected, switch by switch" in text
    assert "Fidelity published, dropout=active, switch by switch" in text
    for name, switch in SWITCHES.items():
        for fidelity in (CORRECTED, own):
            assert f"{name}{getattr(fidelity, name)}{switch.metadata['doc']}" in text


def test_periods_that_the_box_holds_are_said(page):
    """Theory: 7.547 sigma, 1.51 m and 1.81 m, in a box of 2.2 m."""
    assert "lattices of 1.2 to 1.5 periods in the box" in " ".join(page.text.split())


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(tmp_path):
    run = synthetic_run(quickstart_specs([0])[:1], diverged=[0])  # few figures, soon drawn
    pages = [write_report(run, tmp_path / name).read_bytes() for name in ("one", "two")]
    assert pages[0] == pages[1]


def test_a_run_without_results_has_a_page(tmp_path):
    page = Page(write_report(synthetic_run([NetworkSpec()], missing=[0]), tmp_path).read_text())
    assert "No network is finished yet." in page.text
    assert not page.of("img")
    assert page.open == []


def test_a_resumed_run_names_every_device_and_version(tmp_path):
    run = synthetic_run(quickstart_specs([0])[:2], diverged=[0, 1])
    later = {"device": {"kind": "other", "platform": "gpu"}, "versions": {"jax": "0.11"}}
    unused = {"device": {"kind": "unused", "platform": "gpu"}, "versions": {"jax": "0.12"}}
    segments = [{}, unused, later | {"accepted": ["device", "versions"]}]
    run.manifest["segments"] = segments
    run.networks["segment"] = [0, 2]
    text = " ".join(Page(write_report(run, tmp_path).read_text()).text.split())
    assert "cpu (cpu) and other (gpu); " in text
    assert "accepted changesdevice, versions" in text
    assert "jax0.10, 0.11" in text
    assert "unused" not in text


def test_a_folder_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    with pytest.raises(GridjaxError, match="cannot be written"):
        write_report(synthetic_run([NetworkSpec()], missing=[0]), blocked)
