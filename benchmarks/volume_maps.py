"""Synthetic rate maps of a volume: lattices, columns, lamellae, local order and random fields.

The generator shares no code with the score. The unit of length is the period: the distance between
the nearest fields, columns or planes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

CLASSES = ("bcc", "fcc", "hcp", "sc", "columns", "lamellae", "local", "none")
LATTICE_CONSTANT = {"bcc": 2 / np.sqrt(3), "fcc": np.sqrt(2)}
"""Side of the cubic cell, periods; 1 for the other lattices."""
MARGIN = 1.5
"""Fields this far outside of the map also contribute, periods."""
GLASS_SIDE, GLASS_DENSITY = 14.0, 1.2


def lattice_points(name: str, reach: float) -> np.ndarray:
    """Return the points [point, 3] of a lattice within a distance of its origin, periods."""
    n = int(np.ceil(1.8 * reach)) + 2
    cell = np.stack(np.meshgrid(*[np.arange(-n, n + 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    if name == "sc":
        points = cell.astype(float)
    elif name == "fcc":
        points = cell[cell.sum(1) % 2 == 0] / np.sqrt(2)
    elif name == "bcc":
        odd = cell % 2
        points = cell[(odd == odd[:, :1]).all(1)] / np.sqrt(3)
    elif name == "hcp":
        basis = np.array([[1, 0, 0], [0.5, np.sqrt(3) / 2, 0], [0, 0, np.sqrt(8 / 3)]])
        layer = cell @ basis
        points = np.concatenate([layer, layer + np.array([0.5, np.sqrt(1 / 12), np.sqrt(2 / 3)])])
    else:
        raise ValueError(name)
    return points[np.linalg.norm(points, axis=1) <= reach]


@lru_cache(maxsize=16)
def glass(seed: int) -> np.ndarray:
    """Return points [point, 3] in a periodic cube: random, then pushed apart to distance 1.

    The packing is disordered: each point has neighbours at about one period, in no direction more
    than in others.
    """
    rng = np.random.default_rng([seed, 101])
    points = rng.uniform(0, GLASS_SIDE, (int(GLASS_DENSITY * GLASS_SIDE**3), 3))
    for _ in range(120):
        tree = KDTree(points, boxsize=GLASS_SIDE)
        first, second = tree.query_pairs(1.02, output_type="ndarray").T
        between = points[first] - points[second]
        between -= GLASS_SIDE * np.round(between / GLASS_SIDE)
        distance = np.linalg.norm(between, axis=1, keepdims=True)
        push = 0.25 * (1.02 - distance) * between / np.maximum(distance, 1e-9)
        move = np.zeros_like(points)
        np.add.at(move, first, push)
        np.add.at(move, second, -push)
        points = (points + move) % GLASS_SIDE
    return points


def _field_points(name: str, reach: float, rng: np.random.Generator) -> np.ndarray:
    """Return points of fields around the origin, randomly oriented, with a random offset."""
    if name == "local":
        points = glass(int(rng.integers(6)))
        points = (points - rng.uniform(0, GLASS_SIDE, 3)) % GLASS_SIDE - GLASS_SIDE / 2
        points = points[np.linalg.norm(points, axis=1) <= min(reach, GLASS_SIDE / 2)]
    else:
        points = lattice_points(name, reach + 2) + rng.uniform(-1, 1, 3)
    return points @ Rotation.random(rng=rng).as_matrix().T


def bumps(
    name: str,
    n: int,
    periods: float,
    jitter: float,
    width: float,
    rng: np.random.Generator,
    log_height: float = 0.0,
) -> np.ndarray:
    """Return a map [n, n, n] as a sum of Gaussian fields, columns or planes.

    Args:
        name: bcc, fcc, hcp, sc, columns, lamellae or local.
        periods: periods along a side.
        jitter: standard deviation of each coordinate of a field's displacement, periods. Columns
            move across their axis, planes along their normal.
        width: standard deviation of a Gaussian field, periods.
        log_height: standard deviation of the logarithm of the heights of fields; columns and planes
            have equal heights.
    """
    axis = ((np.arange(n) + 0.5) / n - 0.5) * periods
    half = periods / 2 + MARGIN
    if name in ("columns", "lamellae"):
        return _rods_and_planes(name, axis, half, jitter, width, rng)
    points = _field_points(name, np.sqrt(3) * half, rng)
    moved = points + jitter * rng.normal(size=points.shape)
    if not log_height:
        return _sum_of_fields(moved, axis, half, width)
    heights = np.exp(log_height * rng.normal(size=len(points)))
    return _sum_of_fields(moved, axis, half, width, heights)


def _sum_of_fields(points, axis, half, width, heights: np.ndarray | float = 1.0):
    heights = np.broadcast_to(heights, len(points))[is_near := (np.abs(points) <= half).all(1)]
    points = points[is_near]
    x, y, z = np.exp(-((axis[:, None, None] - points) ** 2) / (2 * width**2)).transpose(2, 0, 1)
    return np.einsum("ap,bp,cp->abc", heights * x, y, z, optimize=True)


def random_spheres(
    n: int, periods: float, diameter: float, rng: np.random.Generator, width: float = 0.18
) -> np.ndarray:
    """Return a map [n, n, n] with noise of equal fields at random places that do not overlap.

    One field in each cube of one period, in the mean: as many as there are in `local`.

    Args:
        diameter: least distance of two fields, periods.
    """
    axis = ((np.arange(n) + 0.5) / n - 0.5) * periods
    half = periods / 2 + MARGIN
    points = np.zeros((0, 3))
    wanted = rng.poisson((2 * half) ** 3)
    for _ in range(200 * wanted):
        if len(points) == wanted:
            break
        new = rng.uniform(-half, half, 3)
        if not len(points) or np.linalg.norm(points - new, axis=1).min() >= diameter:
            points = np.concatenate([points, new[None]])
    found = _sum_of_fields(points, axis, half, width)
    return found + 0.5 * found.std() * rng.normal(size=found.shape)


def _rods_and_planes(name, axis, half, jitter, width, rng, turn=None):
    turned = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    turned = turned @ (Rotation.random(rng=rng).as_matrix() if turn is None else turn)
    reach = int(np.ceil(2 * half)) + 2
    i = np.arange(-reach, reach + 1)
    found = np.zeros(turned.shape[:3])
    if name == "lamellae":
        for at in i + rng.uniform(-0.5, 0.5) + jitter * rng.normal(size=len(i)):
            found += np.exp(-((turned[..., 2] - at) ** 2) / (2 * width**2))
        return found
    u, v = (part.ravel() for part in np.meshgrid(i, i))
    rods = np.stack([u + 0.5 * v, np.sqrt(3) / 2 * v], -1) + rng.uniform(-1, 1, 2)
    rods = rods + jitter * rng.normal(size=rods.shape)
    for at in rods[np.linalg.norm(rods, axis=1) <= np.sqrt(3) * half]:
        found += np.exp(-((turned[..., :2] - at) ** 2).sum(-1) / (2 * width**2))
    return found


def aligned(
    name: str, n: int, periods: float, jitter: float, rng: np.random.Generator, turn: float = 38.0
) -> np.ndarray:
    """Return a map with noise of FCC, HCP or columns whose hexagonal layers are horizontal.

    Args:
        turn: angle of the layers about the vertical, degrees; 38 is the orientation of FCC for
            which the published planar sections were made.
    """
    axis = ((np.arange(n) + 0.5) / n - 0.5) * periods
    half = periods / 2 + MARGIN
    about_z = Rotation.from_euler("z", turn, degrees=True).as_matrix()
    if name == "columns":
        found = _rods_and_planes(name, axis, half, jitter, 0.18, rng, about_z)
    else:
        third = np.arange(-12, 13)
        i, j, k = (part.ravel() for part in np.meshgrid(third, third, third))
        layer = k % 3 if name == "fcc" else k % 2
        points = np.stack(
            [
                i + j / 2 + layer / 2,
                np.sqrt(3) / 2 * j + layer / np.sqrt(12),
                np.sqrt(2 / 3) * k,
            ],
            axis=-1,
        )
        points = (points + rng.uniform(-1, 1, 3)) @ about_z.T
        points = points[np.linalg.norm(points, axis=1) <= np.sqrt(3) * half]
        found = _sum_of_fields(points + jitter * rng.normal(size=points.shape), axis, half, 0.18)
    return found + 0.5 * found.std() * rng.normal(size=found.shape)


def isotropic_field(whole: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return an [n, n, n] part of a random field with the radial spectrum of a larger map."""
    side = len(whole)
    step = np.fft.fftfreq(side) * side
    radius = np.sqrt(step[:, None, None] ** 2 + step[:, None] ** 2 + step**2)
    power = np.abs(np.fft.fftn(whole - whole.mean())) ** 2
    ring = np.round(radius).astype(int)
    mean = np.bincount(ring.ravel(), power.ravel()) / np.bincount(ring.ravel())
    noise = np.fft.fftn(rng.normal(size=whole.shape))
    field = np.fft.ifftn(noise * np.sqrt(np.interp(radius, np.arange(len(mean)), mean))).real
    return field[:n, :n, :n]


def narrow_band_fields(
    n: int, waves: float, band: float, least: float, rng: np.random.Generator
) -> np.ndarray:
    """Return eight random fields [8, n, n, n] of a narrow band of wavelengths.

    They are the parts, a side apart, of a field in a box of four sides.

    Args:
        waves: mean number of waves along a side.
        band: standard deviation of the number of waves.
        least: rates below this many standard deviations of each field are set to it.
    """
    side = 4 * n
    step = np.fft.fftfreq(side) * n
    radius = np.sqrt(step[:, None, None] ** 2 + step[:, None] ** 2 + step[: side // 2 + 1] ** 2)
    noise = np.fft.rfftn(rng.normal(size=(side,) * 3))
    amplitude = np.exp(-((radius - waves) ** 2) / (4 * band**2))
    whole = np.fft.irfftn(noise * amplitude, (side,) * 3, (0, 1, 2))
    parts = whole.reshape(2, 2 * n, 2, 2 * n, 2, 2 * n)[:, :n, :, :n, :, :n]
    fields = parts.transpose(0, 2, 4, 1, 3, 5).reshape(8, n, n, n)
    return np.maximum(fields, least * fields.std(axis=(1, 2, 3), keepdims=True))


WAVES = {
    "bcc": [(1, 1, 0), (1, -1, 0), (1, 0, 1), (1, 0, -1), (0, 1, 1), (0, 1, -1)],
    "fcc": [(1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1)],
    "sc": [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
    "columns": [(1, 0, 0), (0.5, np.sqrt(0.75), 0), (-0.5, np.sqrt(0.75), 0)],
    "lamellae": [(0, 0, 1)],
}
"""Wave vectors of the shortest shell of the reciprocal lattice, for a cell of side 1."""
WAVES_PER_PERIOD = {
    "bcc": np.sqrt(3) / 2,
    "fcc": 1 / np.sqrt(2),
    "sc": 1.0,
    "columns": 2 / np.sqrt(3),
    "lamellae": 1.0,
}


def plane_waves(name: str, n: int, periods: float, rng: np.random.Generator) -> np.ndarray:
    """Return a map [n, n, n] as a sum of plane waves in phase at a random point."""
    axis = ((np.arange(n) + 0.5) / n - 0.5) * periods
    vectors = np.array(WAVES[name]) * WAVES_PER_PERIOD[name]
    vectors = 2 * np.pi * vectors @ Rotation.random(rng=rng).as_matrix().T
    shift = rng.uniform(-1, 1, 3)
    x, y, z = (np.exp(1j * np.outer(axis - s, k)) for s, k in zip(shift, vectors.T, strict=True))
    return np.einsum("ap,bp,cp->abc", x, y, z, optimize=True).real


def volume_map(
    name: str,
    n: int,
    periods: float,
    jitter: float,
    rng: np.random.Generator,
    noise: float = 0.5,
    width: float = 0.18,
    log_height: float = 0.0,
) -> np.ndarray:
    """Return a map [n, n, n] of a class with white noise.

    A map of "none" is a random field whose radial spectrum is that of a lattice, drawn at random,
    in a volume of twice the side.

    Args:
        noise: standard deviation of the noise, standard deviations of the map.
        log_height: see `bumps`; without effect on "none".
    """
    if name == "none":
        other = CLASSES[int(rng.integers(6))]
        found = isotropic_field(bumps(other, 2 * n, 2 * periods, jitter, width, rng), n, rng)
    else:
        found = bumps(name, n, periods, jitter, width, rng, log_height)
    return found + noise * found.std() * rng.normal(size=found.shape)


def smoothed(maps: np.ndarray, bins: float) -> np.ndarray:
    """Return maps [..., n, n, n] smoothed with a Gaussian kernel."""
    return gaussian_filter(maps, [0] * (maps.ndim - 3) + [bins] * 3, mode="nearest")
