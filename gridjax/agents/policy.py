"""Actor-critic of an agent: two layers, decisions and values."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Float

_N_CONJUNCTIVE = 32
"""Units of the second layer, which are multiplied by every head-direction cell."""


class Observation(NamedTuple):
    """What agents observe."""

    here: Float[Array, "*n unit"]
    """code of the position"""
    goal: Float[Array, "*n unit"]
    """code of the goal"""
    heading: Float[Array, "*n cell"]
    """head-direction cells"""
    is_blocked: Float[Array, "*n 1"]
    """1 if a wall blocked the last decision, else 0"""


class ActorCritic(nn.Module):
    """The policy of an agent and its estimate of the rewards to come.

    It has no memory: what the agent knows about its position and its goal is in what it observes.

    Args:
        n_actions: number of decisions that the agent can take.
        n_hidden: units of each layer.
    """

    n_actions: int
    n_hidden: int

    @nn.compact
    def __call__(self, seen: Observation) -> tuple[Float[Array, "*n action"], Float[Array, "*n"]]:
        """Return the log odds of the decisions, and the values.

        The first layer reads the codes of the position and of the goal: their sums, and products of
        one with the other, because a displacement between two phases of a wave is a function of
        products (Bush et al. 2015). The third layer reads products with the head-direction cells,
        as conjunctive cells of the entorhinal cortex (Sargolini et al. 2006), because a turn
        depends on where the agent heads.
        """
        places = jnp.concatenate([seen.here, seen.goal], axis=-1)
        sums = nn.relu(nn.Dense(self.n_hidden)(places))
        products = nn.Dense(self.n_hidden)(seen.here) * nn.Dense(self.n_hidden)(seen.goal)
        x = nn.relu(nn.Dense(_N_CONJUNCTIVE)(jnp.concatenate([sums, products], axis=-1)))
        x = (x[..., None] * seen.heading[..., None, :]).reshape(*x.shape[:-1], -1)
        x = nn.relu(nn.Dense(self.n_hidden)(jnp.concatenate([x, seen.is_blocked], axis=-1)))
        small = nn.initializers.normal(0.01)
        return nn.Dense(self.n_actions, kernel_init=small)(x), nn.Dense(1)(x)[..., 0]


def act(
    policy: ActorCritic, params: Any, seen: Observation
) -> tuple[Float[Array, "*n action"], Float[Array, "*n"]]:
    """Return the log odds of the decisions, and the values, of a policy with given parameters."""
    logits, values = cast(Any, policy.apply(params, seen))
    return logits, values
