"""Figure of the best map of each network: which networks, which of their maps."""

import numpy as np
import pytest
from studies.conftest import make_competent
from synthetic import synthetic_run

from gridjax.spec.network import NetworkSpec
from gridjax.studies import Study, StudyPlan, figures
from gridjax.studies.best_maps import N_NETWORKS
from gridjax.sweep.sweep import Sweep

SPECS = [NetworkSpec(Ng=12, Np=16, seed=seed) for seed in range(N_NETWORKS + 3)]


def evidence_of(folder, **settings):
    run = make_competent(synthetic_run(SPECS, weights=False, **settings))
    return StudyPlan(Study("own", folder), Sweep.from_specs(SPECS)).evidence(run), run


def images(figure):
    return [np.asarray(axes.images[0].get_array()).T for axes in figure.axes]


@pytest.mark.parametrize("keep", ["all", "best:3"])
def test_networks_and_their_maps_are_the_best_ones(keep, tmp_path):
    evidence, run = evidence_of(tmp_path, keep_maps=keep)
    drawn = figures.best_maps(evidence, {"mine": evidence.networks}, "maps")
    best = run.networks.nlargest(N_NETWORKS, "score_60_by_neuron_max")
    shown = images(drawn.figure)
    assert len(shown) == N_NETWORKS
    units = evidence.units.set_index(["run_id", "unit"])["score_60_by_neuron"]
    titles = [axes.get_title() for axes in drawn.figure.axes]
    for run_id, image, title in zip(best["run_id"], shown, titles, strict=True):
        scores = units.loc[run_id]
        maps = run.rate_maps(run_id)
        assert title == f"{scores.max():.2f}"
        np.testing.assert_array_equal(image, np.asarray(maps.sel(unit=scores.idxmax())))
    assert "mine" in drawn.alt
    assert drawn.table[1] == ("mine", ", ".join(titles))


def test_networks_that_have_not_learned_are_not_shown(tmp_path):
    evidence, run = evidence_of(tmp_path, keep_maps="all")
    best = run.networks.nlargest(1, "score_60_by_neuron_max").index
    run.networks.loc[best, "decode_err_ml_cm_T50"] = 90.0
    rows = evidence.networks
    able = rows[rows["is_competent"]].nlargest(1, "score_60_by_neuron_max")
    drawn = figures.best_maps(evidence, {"mine": rows}, "maps")
    (highest,) = able["score_60_by_neuron_max"]
    assert drawn.figure.axes[0].get_title() == f"{highest:.2f}"
    none = figures.best_maps(evidence, {"mine": rows.assign(is_competent=False)}, "maps")
    assert none.figure is None
    assert "No competent network" in none.caption


def test_without_kept_maps_the_figure_says_so(tmp_path):
    evidence, _ = evidence_of(tmp_path, keep_maps="none")
    drawn = figures.best_maps(evidence, {"mine": evidence.networks}, "maps")
    assert drawn.figure is None
    assert "kept maps" in drawn.caption
