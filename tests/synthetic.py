"""Runs made up in memory: every table, map and weight of a run, without training one."""

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import numpy as np
import pyarrow as pa

from gridjax.metrics.volume.grid_score_3d import Symmetry, VolumeScores
from gridjax.prng import Stream, stream
from gridjax.run.evaluation.emergence import emergence_row
from gridjax.run.evaluation.evaluation import DIVERGED, FINISHED, Evaluation, KeptMaps, NullScores
from gridjax.run.evaluation.network_metrics import THRESHOLDS, spec_columns
from gridjax.run.evaluation.volume_scores import volume_columns, volume_shares
from gridjax.run.results.run import Run
from gridjax.run.storage.block_results import BlockResults, results_of
from gridjax.run.storage.kept_weights.weights import flatten_weights
from gridjax.run.storage.tables.network_result import NetworkResult
from gridjax.run.storage.tables.schema import NETWORKS
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.perturbations import ALL, KICK_OFF, KICKS, VELOCITY_NOISE, conditions_of
from gridjax.sweep.settings.run_settings import EvaluationSettings, Settings
from gridjax.task import task
from gridjax.training import train_step
from gridjax.training.lane_progress import evaluation_steps
from gridjax.training.position_metrics import Progress

OTHER_BINS = (20, 32)
N_READOUTS = 100


class MemoryStore:
    """Store of results in memory: one block with the results of all finished networks."""

    def __init__(self, manifest: dict[str, Any], networks: Sequence[NetworkResult]):
        self.manifest, self.networks = manifest, networks
        self.results: BlockResults = results_of(networks)

    def committed(self) -> set[str]:
        return set(self.results.run_ids)

    def table(self, name: str) -> pa.Table:
        return self.results.tables[name]

    def maps(self, run_id: str) -> KeptMaps | None:
        arrays = self.results.maps.get(run_id)
        return None if arrays is None else KeptMaps(**arrays)

    def weights(self, run_id: str) -> dict[str, np.ndarray] | None:
        return self.results.weights.get(run_id)


def quickstart_specs(seeds: Iterable[int] = range(3), n_units: int = 24) -> list[NetworkSpec]:
    """Networks like the quickstart's: Cartesian, and two place codes of two widths."""
    specs = []
    for seed in seeds:
        common: dict[str, Any] = {"Ng": n_units, "seed": seed, "n_epochs": 1}
        common |= {"n_grad_steps_per_epoch": 500, "sequence_length": 20}
        specs.append(
            NetworkSpec(place_field_values="cartesian", place_field_loss="mse", Np=2, **common)
        )
        specs += [
            NetworkSpec(place_field_values=code, Np=32, place_cell_rf=width, **common)
            for code in ("gaussian", "difference_of_gaussians")
            for width in (0.2, 0.24)
        ]
    return specs


def synthetic_run(
    specs: Sequence[NetworkSpec],
    *,
    keep_maps: str = "all",
    weights: bool = True,
    diverged: Iterable[int] = (),
    missing: Iterable[int] = (),
    n_evaluations: int = 0,
    sources: Sequence[tuple[str, str]] = (("made_up.yaml", "method: grid"),),
) -> Run:
    """A run of these specs; ``diverged`` and ``missing`` are positions among them.

    ``n_evaluations`` is the number of evaluations along the training of each network.
    """
    settings = Settings(
        evaluation=EvaluationSettings(along_training=n_evaluations), keep_maps=keep_maps
    )
    manifest = {
        "gridjax": "0.0.test",
        "sources": [{"name": name, "text": text} for name, text in sources],
        "settings": settings.to_dict(),
        "lane_widths": [{"networks": len(specs), "lane_width": 1}],
        "matmul_precision": "float32",
        "device": {"platform": "cpu", "kind": "cpu", "threads": 1, "deterministic": False},
        "versions": {"python": "3.11", "jax": "0.10"},
        "run_ids": [spec.run_id for spec in specs],
        "specs": [spec.to_sparse_dict() for spec in specs],
    }
    networks = [
        _result(position, spec, keep_maps, weights, position in set(diverged), n_evaluations)
        for position, spec in enumerate(specs)
        if position not in set(missing)
    ]
    return Run(MemoryStore(manifest | {"segments": [{}]}, networks))


def synthetic_results(specs: Iterable[NetworkSpec], keep_maps: str) -> list[NetworkResult]:
    """Results of these specs with random measures, without weights."""
    return [_result(spec.seed, spec, keep_maps, False, False, 0) for spec in specs]


def _result(
    position: int,
    spec: NetworkSpec,
    keep_maps: str,
    weights: bool,
    diverged: bool,
    n_evaluations: int,
) -> NetworkResult:
    random = np.random.default_rng(position)
    steps = np.unique(np.geomspace(1, spec.n_grad_steps, 12).astype(int))
    history = _history(random, spec, [0, *steps[: 6 if diverged else None]])
    evaluation = synthetic_evaluation(
        random, spec, keep_maps, float(history[-1][0] + 1) if diverged else None
    )
    kept_weights = _weights(spec) if weights else {}
    last = history[-1][0]
    evaluated = evaluation_steps(spec.n_grad_steps, n_evaluations)
    rows = [_emergence(position, spec, step, evaluation) for step in evaluated if step <= last]
    return NetworkResult(evaluation, history, evaluation.maps, kept_weights, 1.5, 0, False, rows)


def synthetic_evaluation(
    random: np.random.Generator,
    spec: NetworkSpec,
    keep_maps: str,
    diverged_at_step: float | None = None,
) -> Evaluation:
    """An evaluation of a network with random measures."""
    row: dict[str, Any] = dict.fromkeys(NETWORKS.names, float("nan"))
    row |= spec_columns(spec) | {"null_id": "", "padded_to": ""}
    row |= {"status": FINISHED, "n_grad_steps": spec.n_grad_steps}
    row |= {"evaluation_sequence_length": 50}
    if diverged_at_step is not None:
        row |= {"status": DIVERGED, "diverged_at_step": diverged_at_step}
        return Evaluation(row, {}, {}, {}, {}, None, None)
    if spec.dimensions == 3:
        return _in_cube(random, spec, keep_maps, row)
    units = _units(random, spec)
    reported = units["nbins"] == spec.n_bins_reported
    scores = units["score_60_by_neuron"][reported]
    null = _null(random, spec)
    row |= {
        "loss": 1.0,
        "loss_excess": 0.1 if spec.has_place_code else float("nan"),
        "weight_penalty": 0.01,
        "pos_decoding_err": random.uniform(5, 15),
        "pos_decoding_err_T50": random.uniform(10, 30),
        "score_60_by_neuron_max": scores.max(),
        "score_90_by_neuron_max": 0.5,
        "share_active": units["active"][reported].mean(),
        "n_distinct_maps": float(units["active"][reported].sum()),
        "share_of_bins_visited": 0.997,
        "samples_per_bin": 50.0,
    }
    row["decode_err_ml_cm"] = 0.9 * row["pos_decoding_err"]
    row |= {f"share_above_{level}": (scores > level).mean() for level in THRESHOLDS}
    level = np.percentile(null.score_60[spec.n_bins_reported], 99)
    row |= {"null_id": null.null_id, "null_99": level}
    row |= {"share_above_null_99": (scores > level).mean()}
    maps = None if keep_maps == "none" else _maps(random, spec, scores, keep_maps)
    drift, spectra = _drift(random, spec), _spectra(random)
    if not spec.has_outputs:
        row |= _without_outputs(scores)
        return Evaluation(row, units, drift, spectra, _robustness(random), None, maps)
    return Evaluation(row, units, drift, spectra, _robustness(random), null, maps)


def _without_outputs(scores: np.ndarray) -> dict[str, Any]:
    """The columns of a network without outputs: nulls of its own and a readout, and no code's."""
    names = ("loss", "loss_excess", "pos_decoding_err", "pos_decoding_err_T50", "decode_err_ml_cm")
    row: dict[str, Any] = dict.fromkeys((*names, "null_99", "share_above_null_99"), float("nan"))
    row |= {"null_id": "", "readout_err_cm": 61.0, "readout_chance_err_cm": 84.0}
    for name, level in (("untrained", 0.4), ("isotropic", 0.6), ("shuffled", 0.1)):
        row |= {f"{name}_99": level, f"share_above_{name}_99": (scores > level).mean()}
    return row


def volume_scores(random: np.random.Generator, n: int) -> VolumeScores:
    """Scores of n maps of a cube."""
    lattice = random.choice(["bcc", "fcc", "columns", "local", "none"], n)
    period = np.where(lattice == "none", np.nan, random.uniform(6, 9, n))
    p_values = random.integers(1, 101, (3, n)) / 100
    symmetry = Symmetry(*random.uniform(0.1, 0.9, (6, n)))
    return VolumeScores(
        random.random(n),
        p_values[0],
        lattice,
        symmetry,
        period,
        variation=random.random(n),
        height_variation=np.full(n, 0.2),
        spacing_p_value=p_values[1],
        spheres_p_value=p_values[2],
    )


def _in_cube(
    random: np.random.Generator, spec: NetworkSpec, keep_maps: str, row: dict[str, Any]
) -> Evaluation:
    """An evaluation of a network in a cube; ``row`` has its parameters."""
    n, active = spec.n_bins_reported, random.random(spec.n_analysed) < 0.9
    units = volume_columns(spec, n, volume_scores(random, spec.n_analysed), active)
    units["copy_of"] = np.arange(spec.n_analysed, dtype=np.float32)
    readouts = volume_scores(random, 32)
    unknown = {n: np.full(32, np.nan)}
    null = NullScores(f"null-{spec.run_id}", unknown, unknown, readouts)
    row |= {"loss": 1.0, "loss_excess": 0.1, "weight_penalty": 0.01, "null_id": null.null_id}
    row |= {"pos_decoding_err": random.uniform(5, 15), "decode_err_ml_cm": random.uniform(5, 15)}
    row |= {"pos_decoding_err_T50": random.uniform(10, 30), "share_active": active.mean()}
    row |= {"n_distinct_maps": float(active.sum())}
    row |= {"share_of_bins_visited": 0.997, "samples_per_bin": 50.0}
    row |= volume_shares(units, readouts)
    maps = None
    if keep_maps != "none":
        count = spec.n_analysed if keep_maps == "all" else int(keep_maps.split(":")[1])
        waves = np.cos(random.uniform(2, 5, (count, 3, 1)) * np.linspace(0, 3, n))
        kept = np.einsum("ux,uy,uz->uxyz", *waves.swapaxes(0, 1)).astype(np.float32) + 1
        kept[:, 0, 1, 2] = np.nan
        maps = KeptMaps(np.arange(count), kept, np.full((n, n, n), 50.0, np.float32))
    return Evaluation(row, units, _drift(random, spec), {}, {}, null, maps)


def _units(random: np.random.Generator, spec: NetworkSpec) -> dict[str, np.ndarray]:
    sizes = (*OTHER_BINS, spec.n_bins_reported)
    n = len(sizes) * spec.n_analysed
    mean = {"cartesian": -0.4, "gaussian": -0.2}.get(spec.place_field_values, 0.3)
    score = random.normal(mean, 0.4, n).astype(np.float32)
    active = random.random(n) < 0.9
    period = np.where(random.random(n) < 0.5, random.uniform(60, 170, n), np.nan)
    return {
        "unit": np.tile(np.arange(spec.n_analysed, dtype=np.int32), len(sizes)),
        "nbins": np.repeat(np.asarray(sizes, np.int32), spec.n_analysed),
        "score_60_by_neuron": np.where(active, score, 0).astype(np.float32),
        "score_60_mean_by_neuron": np.where(active, score + 0.1, 0).astype(np.float32),
        "score_90_by_neuron": np.where(active, 0.1, 0).astype(np.float32),
        "period_cm": np.where(active, period, np.nan).astype(np.float32),
        "orientation_rad": np.zeros(n, np.float32),
        "phase_x_cm": np.zeros(n, np.float32),
        "phase_y_cm": np.zeros(n, np.float32),
        "lattice_p_value": np.where(active, 0.01, 1).astype(np.float32),
        "active": active,
        "copy_of": np.tile(np.arange(spec.n_analysed, dtype=np.float32), len(sizes)),
    }


def _spectra(random: np.random.Generator) -> dict[str, np.ndarray]:
    cycles = np.arange(0, 12.25, 0.25)
    return {"cycles_per_box": cycles, "power": random.random(49), "power_code": random.random(49)}


def _null(random: np.random.Generator, spec: NetworkSpec) -> NullScores:
    sizes = (*OTHER_BINS, spec.n_bins_reported)
    scores = {n: random.normal(0.0, 0.4, N_READOUTS).astype(np.float32) for n in sizes}
    return NullScores(f"null-{spec.run_id}", scores, scores)


def _maps(
    random: np.random.Generator, spec: NetworkSpec, scores: np.ndarray, keep: str
) -> KeptMaps:
    n = spec.n_bins_reported
    order = np.argsort(-scores, kind="stable")
    units = np.arange(spec.n_analysed) if keep == "all" else order[: int(keep.split(":")[1])]
    maps = random.random((len(units), n, n)).astype(np.float32)
    maps[:, 0, 1] = np.nan
    samples = np.full((n, n), 50.0, np.float32)
    samples[0, 1] = 0
    return KeptMaps(units, maps, samples)


def _history(
    random: np.random.Generator, spec: NetworkSpec, steps: Iterable[int]
) -> list[tuple[int, Progress]]:
    history = []
    for step in steps:
        falling = (1 + step) ** -0.5 * random.uniform(0.8, 1.2)
        excess = falling if spec.has_place_code else np.nan
        progress = Progress(falling + 3.0, excess, falling, np.nan)
        if not spec.has_outputs:
            progress = Progress(np.nan, np.nan, np.nan, falling)
        history.append((int(step), progress))
    return history


def _emergence(
    position: int, spec: NetworkSpec, step: int, evaluation: Evaluation
) -> dict[str, float]:
    """The measures of another network at each step but the last, with errors that fall."""
    if step < spec.n_grad_steps:
        seed = spec.n_grad_steps * (position + 1) + step
        evaluation = synthetic_evaluation(np.random.default_rng(seed), spec, "none")
    row = emergence_row(step, evaluation)
    return row | {"pos_decoding_err": 80 * (1 + step) ** -0.3} if step < spec.n_grad_steps else row


def _drift(random: np.random.Generator, spec: NetworkSpec) -> dict[str, np.ndarray]:
    """A floor, and an error that grows with the root of the moves."""
    move = np.arange(1, max(10 * spec.sequence_length, 50) + 1)
    steps = random.normal(0, random.uniform(0.5, 4), (len(move), 2))
    error = np.hypot(random.uniform(3, 9), np.hypot(*steps.cumsum(axis=0).T))
    return {"move": move, "pos_decoding_err": error, "loss": error / 30}


def _robustness(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Errors that grow with dose and move; kicks whose part off the manifold halves each move."""
    conditions = conditions_of(ALL)
    moves = [np.array(one.moves) for one in conditions]
    name = np.repeat([one.perturbation for one in conditions], [len(each) for each in moves])
    dose = np.repeat([one.dose for one in conditions], [len(each) for each in moves])
    move, is_kick = np.concatenate(moves), np.isin(name, KICKS)
    error = (4 + 10 * dose * np.sqrt(move)) * random.uniform(0.8, 1.2, len(move))
    rest = np.where(name == KICK_OFF, 0.5**move, 0.1) * random.uniform(0.9, 1.1, len(move))
    nan = np.nan
    return {
        "perturbation": name,
        "dose": dose,
        "move": move,
        "pos_decoding_err": error,
        "decode_err_ml_cm": 0.9 * error,
        "decode_err_rms_cm": 1.1 * error,
        "excess_err_cm": np.where(name == VELOCITY_NOISE, 0.2 * error, nan),
        "diffusion_cm2_per_move": np.where(is_kick | (move == 1), nan, 1 + 20 * dose),
        "rho_par": np.where(is_kick, np.where(name == KICK_OFF, 0.1, 0.9), nan),
        "rho_perp": np.where(is_kick, rest, nan),
    }


def _weights(spec: NetworkSpec) -> dict[str, np.ndarray]:
    """A layout as networks have it, and parameters that are all 0."""
    static, traced = spec.static, spec.traced
    shapes = jax.eval_shape(lambda traced: train_step.init(static, traced), traced)
    params = jax.tree.map(lambda one: np.zeros(one.shape, one.dtype), shapes.params)
    layout = task.draw(stream(traced.layout_seed, Stream.LAYOUT), static, traced)
    return flatten_weights(shapes.replace(params=params, layout=layout))
