"""Isosurfaces against surfaces whose area and place are known."""

import numpy as np
import pytest

from gridjax.theory.isosurface import isosurface


def distance_from_centre(n):
    axis = np.arange(n) - (n - 1) / 2
    return np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)


def area(triangles):
    sides = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    return np.linalg.norm(sides, axis=1).sum() / 2


def edges(triangles):
    """How often each edge occurs, by its rounded ends."""
    found = {}
    for triangle in triangles.round(6):
        corners = [tuple(corner) for corner in triangle]
        for one, other in zip(corners, corners[1:] + corners[:1], strict=True):
            if one != other:
                edge = tuple(sorted((one, other)))
                found[edge] = found.get(edge, 0) + 1
    return found


def test_a_ball_has_its_radius_its_area_and_no_holes():
    triangles = isosurface(-distance_from_centre(21), -7.3)
    radius = np.linalg.norm(triangles - 10, axis=-1)
    np.testing.assert_allclose(radius, 7.3, atol=0.06)
    assert area(triangles) == pytest.approx(4 * np.pi * 7.3**2, rel=0.01)
    assert set(edges(triangles).values()) == {2}


def test_a_field_at_the_border_is_closed():
    values = np.zeros((6, 6, 6))
    values[:3] = 1.0
    triangles = isosurface(values, 0.5)
    assert set(edges(triangles).values()) <= {2, 4}
    assert triangles[..., 0].max() == pytest.approx(2.5)
    assert triangles.min() >= -1


def test_a_level_outside_of_the_values_has_no_surface():
    assert len(isosurface(distance_from_centre(5), 100.0)) == 0
