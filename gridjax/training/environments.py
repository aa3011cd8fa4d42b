"""Environments of the trajectories of a gradient step."""

from __future__ import annotations

from jaxtyping import Array, Int

from gridjax.prng import Stream, stream
from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.task.environments import draw_environments, layout_in
from gridjax.task.task import Layout


def layout_of_step(
    static: StaticConfig, traced: TracedParams, layout: Layout, step: Int[Array, ""]
) -> Layout:
    """Return the layout of the targets of gradient step ``step``, from those of a network.

    With several environments, each trajectory has the layout of its environment, which is drawn.
    The environments depend only on the number of the step.
    """
    if static.n_environments == 1:
        return layout
    key = stream(traced.motion_seed, Stream.ENVIRONMENTS, step)
    return layout_in(layout, draw_environments(key, static))
