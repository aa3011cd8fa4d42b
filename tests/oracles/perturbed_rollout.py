"""A network under perturbations, by NumPy in float64, one condition at a time."""

import jax
import numpy as np

from gridjax.prng import Stream, stream
from gridjax.sweep.settings.perturbations import (
    KICK_ALONG,
    KICK_OFF,
    KICKED_AT,
    LESION_GRID,
    LESION_MATCHED,
    LESION_RANDOM,
    MOVES,
    MOVES_AFTER_KICK,
    N_MOVES,
    NONE,
    STATE_NOISE,
    VELOCITY_NOISE,
)
from gridjax.task import task
from gridjax.task.motion.motion_models import draw_paths

from . import cells as cell_oracle
from . import network as network_oracle


def perturbed_rollouts(spec, traced, state, states, n_paths):
    """Position errors (cm) and parts of the kicks of a network, one condition at a time."""
    n_units = spec.Ng
    key = stream(traced.motion_seed, Stream.PERTURBATIONS)

    def normal(number, shape):
        return np.asarray(jax.random.normal(jax.random.fold_in(key, number), shape), np.float64)

    paths = draw_paths(jax.random.fold_in(key, 0), N_MOVES, n_paths, spec.static, traced)
    moves = np.asarray(paths.moves, np.float64)
    positions = np.asarray(paths.positions, np.float64)
    params = network_oracle.as_float64(state.params)
    start = np.asarray(task.start_code(state.layout, paths, spec.static))

    def run(noise=None, kept=None, velocity=0.0):
        inputs = moves + velocity
        recurrent = kept if spec.rnn_type == "RNN" else None
        h = cell_oracle.run(spec.rnn_type, params, start, inputs, "tanh", recurrent, noise)
        layer = cell_oracle.analysed(spec.rnn_type, params, h, "tanh")
        error = np.linalg.norm(
            cell_oracle.logits(spec.rnn_type, params, layer, kept) - positions, axis=-1
        )
        return h, layer, 100 * error.mean(axis=1)

    def at(values):
        return values[np.array(MOVES) - 1]

    clean, layer, error = run()
    rms = np.sqrt((clean**2).mean())
    found = {NONE: {"pos_decoding_err": at(error)}}
    speed = np.sqrt((moves**2).sum(-1).mean())
    noise = speed * normal(1, (N_MOVES, n_paths, 2)) / np.sqrt(2)
    found[VELOCITY_NOISE] = {"pos_decoding_err": at(run(velocity=noise)[2])}
    noise = 0.2 * rms * normal(2, clean.shape)
    found[STATE_NOISE] = {"pos_decoding_err": at(run(noise)[2])}

    n_silent, order = round(0.3 * n_units), np.arange(n_units)[::-1]  # the last scores best
    drawn = np.asarray(jax.random.uniform(jax.random.fold_in(key, 3), (n_paths, n_units)))
    rate = np.sqrt((layer**2).mean(axis=(0, 1)))
    partners = nearest_partners(order, rate, np.linalg.norm(params["decoder"], axis=-1))
    lesions = {
        LESION_RANDOM: [np.argsort(row)[:n_silent] for row in drawn],
        LESION_GRID: [order[:n_silent]] * n_paths,
        LESION_MATCHED: [partners[:n_silent]] * n_paths,
    }
    for name, silent in lesions.items():
        kept = np.ones((n_paths, n_units))
        for row, units in zip(kept, silent, strict=True):
            row[units] = 0
        found[name] = {"pos_decoding_err": at(run(kept=kept)[2])}

    planes = planes_around(states)
    basis = np.array(
        [
            [plane_at(*planes, clean[KICKED_AT - 1 + k, n]) for n in range(n_paths)]
            for k in MOVES_AFTER_KICK
        ]
    )
    plane_0 = basis[0]
    off = normal(4, (n_paths, n_units))
    off -= np.einsum("nua,nva,nv->nu", plane_0, plane_0, off)
    weights = normal(5, (n_paths, 2))
    along = np.einsum("na,nua->nu", weights, plane_0)
    for name, direction in ((KICK_OFF, off), (KICK_ALONG, along)):
        kick = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        noise = np.zeros_like(clean)
        noise[KICKED_AT - 1] = 0.1 * rms * np.sqrt(n_units) * kick
        kicked, _, error = run(noise)
        later = np.array(MOVES_AFTER_KICK) + KICKED_AT - 1
        deviation = (kicked - clean)[later]
        part = np.einsum("knua,knva,knv->knu", basis, basis, deviation)
        size = 0.1 * rms * np.sqrt(n_units)
        found[name] = {
            "pos_decoding_err": error[later],
            "rho_par": np.sqrt((part**2).sum(-1).mean(1)) / size,
            "rho_perp": np.sqrt(((deviation - part) ** 2).sum(-1).mean(1)) / size,
        }
    return found


def nearest_partners(order, rate, norm):
    """Partners of the first 40 % of the units, one after the other."""
    n_units = len(rate)
    logs = np.log(np.stack([rate, norm], axis=-1))
    features = (logs - logs.mean(0)) / logs.std(0)
    n_chosen = round(0.4 * n_units)
    free, partners = list(range(n_units)), []
    free = [unit for unit in free if unit not in order[:n_chosen]]
    for unit in order[:n_chosen]:
        best = min(free, key=lambda other: np.square(features[unit] - features[other]).sum())
        free.remove(best)
        partners.append(best)
    return np.array(partners)


def planes_around(states):
    """Mean state [n, n, unit] and slopes [n, n, 2, unit] of a plane fitted around each bin."""
    n, _, n_units = states.shape
    place = np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), axis=-1)
    fitted = np.empty((n, n, 3, n_units))
    for i, j in np.ndindex(n, n):
        away = (place - [i, j]).reshape(-1, 2)
        root = np.exp(-np.square(away).sum(axis=1) / (4 * 0.7**2))[:, None]
        rows = np.concatenate([np.ones((len(away), 1)), away], axis=1)
        values = states.reshape(-1, n_units)
        fitted[i, j] = np.linalg.lstsq(root * rows, root * values, rcond=None)[0]
    return fitted[:, :, 0], fitted[:, :, 1:]


def plane_at(mean, slopes, h):
    """Orthonormal basis [unit, 2] of the tangent plane at the point nearest to a state."""
    distance = np.square(mean - h).sum(-1)
    i, j = np.unravel_index(distance.argmin(), distance.shape)
    step = np.linalg.lstsq(slopes[i, j].T, h - mean[i, j], rcond=None)[0]
    place = np.clip(np.array([i, j]) + np.clip(step, -1, 1), 0, len(mean) - 1)
    low = np.minimum(place.astype(int), len(mean) - 2)
    a, b = place - low
    between = sum(
        weight * slopes[low[0] + di, low[1] + dj]
        for weight, di, dj in (
            ((1 - a) * (1 - b), 0, 0),
            ((1 - a) * b, 0, 1),
            (a * (1 - b), 1, 0),
            (a * b, 1, 1),
        )
    )
    x = between[0] / np.linalg.norm(between[0])
    y = between[1] - (between[1] @ x) * x
    return np.stack([x, y / np.linalg.norm(y)], axis=1)
