"""Part h: populations of sweep files, trained and evaluated, with their tables and maps.

Each file is one block of lanes. It is trained to its last step or until its share of the time is
spent, and then evaluated. A row of ``networks`` contains the number of steps. ``answers.tar.0`` and
so on are rewritten after each network; ``cat answers.tar.* | tar x`` gives the folder ``answers``.
Meanwhile ``weights.tar.0`` and so on contain the weights of networks that are not evaluated yet.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .part import PIECE, Part, pack

FILES = (("paper/units-1024", 0.5), ("paper/units-4096", 0.95), ("widths-256", 1.0))
"""Sweep files under experiments/lattices/, and the maximum share of the remaining time for each.

``--rows`` selects others; each then may take all of the remaining time."""
TRAINING_SHARE = 0.75
"""Share of a file's time for training; the rest is for evaluation."""
CHUNK_S = 0.25
"""Seconds of one chunk. Evaluations that compile meanwhile wait this long for the device."""
KEPT_MAPS = "best:96"
N_HISTORY = 24
MOST_WEIGHTS = 3 * PIECE - (1 << 20)
"""Largest number of bytes of all weights that are kept; those of the first networks."""
TABLES = ("networks", "units", "history", "drift", "spectra", "nulls")


@dataclass
class Kept:
    """Tables and maps of all networks so far."""

    work: Path
    out: Path
    tables: dict[str, list[Any]] = field(default_factory=dict)
    maps: dict[str, np.ndarray] = field(default_factory=dict)
    weights: dict[str, dict[str, Any]] = field(default_factory=dict)
    """run_id -> weights of a network that is not evaluated yet"""

    def add_weights(self, specs: Sequence[Any], state: Any) -> None:
        """Write the weights of trained networks, in case that their evaluation fails."""
        from gridjax.run.storage.kept_weights.weights import flatten_weights
        from gridjax.training.population import unpadded_lane

        used = sum(each.nbytes for one in self.weights.values() for each in one.values())
        for number, spec in enumerate(specs):
            one = flatten_weights(unpadded_lane(state, number, spec))
            used += sum(each.nbytes for each in one.values())
            if used > MOST_WEIGHTS:
                break
            self.weights[spec.run_id] = one
        self._write_weights()

    def _write_weights(self) -> None:
        for piece in self.out.glob("weights.tar.*"):
            piece.unlink()
        if not self.weights:
            return
        folder = self.work / "weights"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for run_id, one in self.weights.items():
            np.savez(folder / f"{run_id}.npz", **one)
        pack(folder, self.out / "weights.tar")

    def add(self, result: Any) -> None:
        """Add one network, which is evaluated."""
        self.weights.pop(result.run_id, None)
        for name, table in result.tables().items():
            self.tables.setdefault(name, []).append(table)
        if result.maps is not None:
            self.maps[f"{result.run_id}/units"] = result.maps.units
            self.maps[f"{result.run_id}/maps"] = result.maps.maps.astype(np.float16)

    def write(self) -> None:
        """Write an archive of the tables (Parquet) and best maps (one npz of float16)."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        folder = self.work / "answers"
        folder.mkdir(exist_ok=True)
        for name in TABLES:
            joined = pa.concat_tables(self.tables[name])
            pq.write_table(joined, folder / f"{name}.parquet", compression="zstd")
        maps: dict[str, Any] = self.maps
        np.savez_compressed(folder / "maps.npz", **maps)
        pack(folder, self.out / "answers.tar")
        self._write_weights()


def measure(part: Part) -> None:
    """Train and evaluate the networks of every file until the time is spent."""
    chosen = [(name, 1.0) for name in part.rows] or list(FILES)
    kept, sweeps = Kept(part.work, part.out), {name: _read(part, name) for name, _ in chosen}
    warm = Warm(part, list(sweeps.values()))
    for name, share in chosen:
        if part.left < 20 and not part.tiny:
            part.row("left_out", {"file": name})
            continue
        sweep = sweeps[name]
        seconds = max(15.0, share * part.left)
        row: dict[str, Any] = {"file": name, "networks": len(sweep.specs), "may_take_s": seconds}
        try:
            row |= _train_and_evaluate(part, sweep, seconds, kept, warm)
        except Exception as error:
            row["error"] = f"{type(error).__name__}: {error}"[:600]
        part.row("files", row)


def _read(part: Part, name: str) -> Any:
    from gridjax import Sweep
    from gridjax.sweep.catalog import EXPERIMENTS

    tiny = {"Ng": 32, "Np": 32, "batch_size": 16, "n_epochs": 1, "n_grad_steps_per_epoch": 20}
    file = EXPERIMENTS / "lattices" / f"{name}.yaml"
    return Sweep.from_yaml(
        file, overrides=tiny if part.tiny else {}, first=2 if part.tiny else None
    )


class Warm:
    """Evaluates an untrained network of each file on other cores while the first networks train.

    This compiles the evaluation, and an error in it is known before a network has been trained.
    """

    def __init__(self, part: Part, sweeps: Sequence[Any]):
        self._part, self._sweeps = part, sweeps
        self._threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Start compiling, once. Call it when the first chunk is compiled."""
        if not self._threads:
            self._threads = [
                threading.Thread(target=self._evaluate, args=(sweep,), daemon=True)
                for sweep in self._sweeps
            ]
            for thread in self._threads:
                thread.start()

    def wait(self) -> None:
        """Wait until all is compiled."""
        for thread in self._threads:
            thread.join()

    def _evaluate(self, sweep: Any) -> None:
        try:
            _evaluate_untrained(sweep)
        except Exception as error:
            told = {"Ng": sweep.specs[0].Ng, "error": f"{type(error).__name__}: {error}"[:600]}
            self._part.row("untrained", told)


def _evaluate_untrained(sweep: Any) -> None:
    """Evaluate one untrained network of a sweep, and build its tables."""
    import jax

    from gridjax.run.evaluation.block_evaluation import evaluate_block
    from gridjax.run.storage.tables.network_result import NetworkResult
    from gridjax.training import population

    begun, spec = time.perf_counter(), sweep.specs[0]
    trainer = population.make_trainer(spec.static, len(sweep.specs))
    traced = trainer.stack(sweep.specs, jax.devices()[0])
    state = trainer.init(traced)
    jax.block_until_ready(trainer.progress(traced, state))
    one = jax.tree.map(lambda leaf: leaf[:1], state)
    (found,) = evaluate_block([spec], one, sweep.settings.evaluation, {}, KEPT_MAPS)
    NetworkResult(found, [], found.maps, {}, 0.0, 0, False).tables()
    print(f"  compiled the evaluation of {spec.Ng} units in {time.perf_counter() - begun:.0f} s")


def _train_and_evaluate(
    part: Part, sweep: Any, seconds: float, kept: Kept, warm: Warm
) -> dict[str, Any]:
    import jax

    from gridjax.run.evaluation.block_evaluation import evaluate_block
    from gridjax.run.storage.tables.network_result import NetworkResult

    begun = time.perf_counter()
    specs, nulls = list(sweep.specs), {}
    state, histories, row = _train(part, specs, TRAINING_SHARE * seconds, warm)
    trained_s = time.perf_counter() - begun
    for spec, history in zip(specs, histories, strict=True):
        step, last = history[-1]
        part.row(
            "learned",
            {
                **_label(spec),
                "step": step,
                "loss_excess": float(last.loss_excess),
                "err_cm": 100 * float(last.position_error_m),
            },
        )
    kept.add_weights(specs, state)
    warm.wait()
    longest = 0.0
    for number, spec in enumerate(specs):
        if part.left < 1.5 * longest + 2:
            part.row("not_evaluated", _label(spec))
            continue
        before = time.perf_counter()
        one = jax.tree.map(lambda leaf, at=number: leaf[at : at + 1], state)
        (evaluation,) = evaluate_block([spec], one, sweep.settings.evaluation, nulls, KEPT_MAPS)
        if evaluation.null is not None:
            nulls[evaluation.null.null_id] = evaluation.null
        shown = NetworkResult(
            evaluation, histories[number], evaluation.maps, {}, trained_s / len(specs), 0, False
        )
        kept.add(shown)
        kept.write()
        found = evaluation.network
        part.row(
            "networks",
            {
                **_label(spec),
                "steps": found["n_grad_steps"],
                "loss_excess": found["loss_excess"],
                "err_ml_cm_T50": found["decode_err_ml_cm_T50"],
                "above_.3": found["share_above_0.3"],
                "above_.8": found["share_above_0.8"],
                "above_null": found["share_above_null_99"],
                "best": found["score_60_by_neuron_max"],
                "evaluation_s": time.perf_counter() - before,
            },
        )
        longest = max(longest, time.perf_counter() - before)
    return row | {"train_s": trained_s, "all_s": time.perf_counter() - begun}


def _label(spec: Any) -> dict[str, Any]:
    """Return the values that distinguish the networks of these files."""
    return {
        "run_id": spec.run_id,
        "Ng": spec.Ng,
        "rf": spec.place_cell_rf,
        "surround": spec.surround_scale,
        "lr": spec.learning_rate,
        "decay": spec.weight_decay,
        "epsilon": spec.adam_epsilon,
        "seed": spec.seed,
    }


def _train(
    part: Part, specs: Sequence[Any], seconds: float, warm: Warm
) -> tuple[Any, list[list[Any]], dict[str, Any]]:
    """Train one block for at most ``seconds``; return its state, histories and speed."""
    import jax

    from gridjax.run.planning.plan import flop_per_step
    from gridjax.training import population

    begun, device, lanes = time.perf_counter(), jax.devices()[0], len(specs)
    spec = specs[0]
    assert len({each.static for each in specs}) == 1, "the networks of a file share a compilation"
    trainer = population.make_trainer(spec.static, lanes)
    traced = trainer.stack(specs, device)
    state = trainer.init(traced)
    histories: list[list[Any]] = [[] for _ in specs]
    points = np.unique(np.geomspace(1, spec.n_grad_steps, N_HISTORY).astype(int))
    made, spent, timed, n_timed = 0, 0.0, 0.0, 0
    for point in points:
        while made < point and time.perf_counter() - begun < seconds:
            per_step = spent / max(made, 1)
            most = 8 if made < 8 else max(8, int(CHUNK_S / per_step))
            n_steps = int(min(most, point - made))
            before = time.perf_counter()
            goal = jax.device_put(np.full(lanes, made + n_steps, np.int32), device)
            state = jax.block_until_ready(trainer.chunk(traced, state, goal))
            taken = time.perf_counter() - before
            if made:  # the first chunk compiles
                spent, timed, n_timed = spent + taken, timed + taken, n_timed + n_steps
            made += n_steps
            warm.begin()
        progress = jax.tree.map(np.asarray, trainer.progress(traced, state))
        for number, history in enumerate(histories):
            history.append((made, population.lane(progress, number)))
        if time.perf_counter() - begun >= seconds:
            break
    flop = flop_per_step(spec.static) * lanes
    speed = {
        "lanes": lanes,
        "steps": made,
        "network_steps_per_s": lanes * n_timed / max(timed, 1e-9),
        "tflop_per_s": flop * n_timed / max(timed, 1e-9) / 1e12,
    }
    part.row("training", {"Ng": spec.Ng, **speed, "seconds": time.perf_counter() - begun})
    return state, histories, speed
