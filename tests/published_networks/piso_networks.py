"""Networks and tables for the tests of the comparison with published networks of PIso."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

import gridjax as gj
from experiments.piso_reproduction.comparison import SHARE
from experiments.piso_reproduction.networks import MODELS, SETTINGS
from gridjax.run.execution.plugins import load_plugin
from gridjax.training import train_step


@cache
def network(**values):
    """A network of models/piso.py with its initial weights."""
    load_plugin(str(MODELS / "piso.py"))
    spec = replace(gj.Sweep.from_yaml(MODELS / "piso.yaml").specs[0], **values)
    state = train_step.init(spec.static, spec.traced)
    return gj.Network(spec, state.params, state.layout)


def table_of(n, rise=0.0, seed=0):
    """Networks of every setting whose shares rise with the setting's number."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, (rho, size) in enumerate(SETTINGS):
        share = np.clip(0.1 + 0.05 * number + rise + 0.05 * rng.normal(size=n), 0, 1)
        spacing = 20 + number + 0.1 * rng.normal(size=n)
        for at in range(n):
            row = {"rho": rho, "size": size, "seed": at, SHARE: share[at]}
            rows.append(row | {"mean_spacing_grid_like": spacing[at]})
    return pd.DataFrame(rows)
