"""Losses of further models of the field in NumPy, one pair or one place at a time."""

from __future__ import annotations

import math

import numpy as np


def leaky_step(
    params: dict[str, np.ndarray], h: np.ndarray, move: np.ndarray, leak: np.ndarray
) -> np.ndarray:
    """One move of a leaky network with relu units (Zhang et al. 2026)."""
    found = []
    for i in range(len(h)):
        drive = sum(move[k] * params["W_x"][k, i] for k in range(2))
        drive += sum(h[j] * params["W"][j, i] for j in range(len(h)))
        found.append(leak[i] * h[i] + (1 - leak[i]) * max(drive, 0.0))
    return np.array(found)


def spacenet(params: dict[str, np.ndarray], positions: np.ndarray, s: float) -> float:
    """Similarities of SpaceNet without contexts, and the penalty of rates."""
    rates = []
    for x in positions:
        h = x
        for layer in range(3):
            h = np.maximum(h @ params[f"W{layer}"] + params[f"b{layer}"], 0)
        rates.append(h)
    errors = []
    for i, p in enumerate(rates):
        for j, q in enumerate(rates[:i]):
            near = math.exp(-(math.dist(positions[i], positions[j]) ** 2) / (2 * s**2))
            errors.append((math.exp(-(math.dist(p, q) ** 2)) - (0.5 + 0.5 * near)) ** 2)
    return float(np.mean(errors) + 0.1 * np.mean(np.square(rates)))


def table_at(table: np.ndarray, position: np.ndarray) -> np.ndarray:
    """A table [40, 40, unit] over a box of 1 m, bilinear at one position."""
    found = np.zeros(table.shape[-1])
    for x in range(40):
        for y in range(40):
            centre = (np.array([x, y]) + 0.5) / 40 - 0.5
            weight = np.maximum(1 - np.abs(position - centre) * 40, 0).prod()
            found += weight * table[x, y]
    return found


def conformal(
    params: dict[str, np.ndarray], places: np.ndarray, s: float, kind: str, weight: float
) -> float:
    """Loss of conformal isometry of places [4, batch, 2]: a short move, and another move."""
    transform, isometry = [], 0.0
    for path in range(places.shape[1]):
        v = [table_at(params["table"], places[t, path]) for t in range(4)]
        move = places[1, path] - places[0, path]
        turn = math.atan2(move[1], move[0]) % (2 * math.pi)
        n_directions = 72 if kind == "additive" else 18
        B = params["B"][round(turn / (2 * math.pi / n_directions)) % n_directions]
        length = math.hypot(*move)
        if kind == "linear":
            moved = (np.eye(len(B)) + B * length) @ v[0]
        elif kind == "nonlinear":
            moved = np.maximum(v[0] @ params["A"] + (B @ v[0]) * length + params["b"], 0)
        else:
            moved = np.maximum(v[0] @ params["A"] + B * length + params["b"], 0)
        transform.append(sum((moved - v[1]) ** 2))
        apart = math.dist(v[3], v[2])
        isometry += (apart - s * math.dist(places[3, path], places[2, path])) ** 2
    return float(30_000 * np.mean(transform) + weight * isometry)


def actionable(
    params: dict[str, np.ndarray], rooms: np.ndarray, sigma: float, factors: dict[str, float]
) -> tuple[float, dict[str, float]]:
    """Loss of the plane of rooms [room, place, 2], and by how much each constraint is missed."""
    n_rooms, n_places = rooms.shape[:2]
    n_units = params["W"].shape[1]
    g = np.zeros((n_rooms, n_places, n_units))
    for r in range(n_rooms):
        for p in range(n_places):
            angles = [float(rooms[r, p] @ k) for k in params["waves"].T]
            basis = [1.0, *map(math.cos, angles), *map(math.sin, angles)]
            g[r, p] = np.array(basis) @ params["W"]
    norm = np.array([np.linalg.norm(g[0, :, i]) for i in range(n_units)])
    separation = 0.0
    for i in range(n_places):
        for j in range(n_places):
            kernel = math.exp(-(math.dist(g[0, i] / norm, g[0, j] / norm) ** 2) / (2 * 0.4))
            near = math.exp(-(math.dist(rooms[0, i], rooms[0, j]) ** 2) / (2 * sigma**2))
            separation += kernel * (1 - near) / (2 * n_places) ** 2
    all_norm = np.array([np.linalg.norm(g[:, :, i]) for i in range(n_units)]) / n_rooms
    positive = float(np.mean([max(-v / all_norm[u % n_units], 0) for u, v in enumerate(g.ravel())]))
    squares = [np.linalg.norm(g[r, :, i]) ** 2 for r in range(1, n_rooms) for i in range(n_units)]
    change = math.sqrt(sum((one - 1) ** 2 for one in squares)) / (n_units * (n_rooms - 1))
    lacks = {"positive": math.log(positive) + 9, "norm": math.log(change) - 6}
    if lacks["positive"] > 0:
        lacks["positive"] = math.log(lacks["positive"])
    value = 100 * separation + factors["positive"] * positive + factors["norm"] * change
    return value, lacks


def components(W: np.ndarray, positions: np.ndarray, length: float) -> tuple[float, np.ndarray]:
    """Minus the variance of components at positions, and the weights after a projected step."""
    places = [((x + 0.5) / 24 - 0.5, (y + 0.5) / 24 - 0.5) for x in range(24) for y in range(24)]
    code = np.zeros((len(positions), len(places)))
    for n, x in enumerate(positions):
        for i, centre in enumerate(places):
            square = math.dist(x, centre) ** 2
            code[n, i] = math.exp(-square / (2 * 0.04**2)) - math.exp(-square / (2 * 0.08**2)) / 4
    y = code @ W
    uphill = np.cov(code.T, bias=True) @ W
    new = np.maximum(W + length * uphill / np.linalg.norm(uphill, axis=0), 0)
    return -float(np.mean(np.var(y, axis=0))), new / np.linalg.norm(new, axis=0)
