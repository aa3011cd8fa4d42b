"""Non-negative principal components of a place code (Dordek et al. 2016) as a plugin: a control.

Each unit has non-negative weights of norm 1 to place cells with balanced surrounds, and ascends the
variance of its activity: the first non-negative component, from its own random start. There is no
movement and no readout. Differences of Gaussians of .04 and .08 m (each with integral 1) stand at
24 x 24 places of a box of 1 m. At random places, components stay where places are dense.

    gridjax sweep experiments/models/nonnegative_pca.yaml \
        --plugin experiments/models/nonnegative_pca.py --out runs/pca

Source: Dordek, Soudry, Meir and Derdikman (2016), eLife 5:e10094, without its further components.
"""

import jax
import jax.numpy as jnp
import optax

import gridjax as gj

N_SIDE, WIDTH_M, SURROUND = 24, 0.04, 2.0


def init(key, n_inputs, n_units, initializer):
    """Draw the weights, which are not negative."""
    del n_inputs, initializer
    W = jnp.abs(jax.random.normal(key, (N_SIDE**2, n_units)))
    return {"W": W / jnp.linalg.norm(W, axis=0)}


def step(params, state, positions, activation):
    """Return the activity at positions [batch, 2] in a box of 1 m; there is no state."""
    del state, activation
    side = (jnp.arange(N_SIDE) + 0.5) / N_SIDE - 0.5
    places = jnp.stack(jnp.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    square = jnp.square(positions[:, None] - places).sum(-1) / WIDTH_M**2
    cells = jnp.exp(-square / 2) - jnp.exp(-square / (2 * SURROUND**2)) / SURROUND**2
    return (cells @ params["W"],)


def minus_variance(states, outputs, positions, inputs, context):
    """Return minus the mean over units of the variance of their activity over positions."""
    del outputs, positions, inputs, context
    return -states.reshape(-1, states.shape[-1]).var(axis=0).mean()


def make(context):
    """Return projected ascent: steps of equal length for all units, which fall to 0."""

    def update(updates, state, params=None):
        assert params is not None
        W, downhill = params["cell"]["W"], updates["cell"]["W"]
        length = context.learning_rate * (1 - state / context.n_grad_steps)
        new = W - length * downhill / jnp.maximum(jnp.linalg.norm(downhill, axis=0), 1e-30)
        new = jnp.maximum(new, 0)
        new = new / jnp.maximum(jnp.linalg.norm(new, axis=0), 1e-12)
        return {"cell": {"W": new - W}}, state + 1

    return optax.GradientTransformation(lambda params: jnp.zeros((), jnp.int32), update)


cells = gj.CellInfo(
    "components", n_states=0, has_layers=False, n_gates=8, dimensions=(2,), box_width_in_m=1.0
)
gj.register_cell(cells, gj.Cell(init, step))
variance = gj.StateObjectiveInfo("minus_variance", per_pair=False)
gj.register_state_objective(variance, gj.StateObjective(minus_variance))
gj.register_optimizer(gj.OptimizerInfo("projected_ascent"), gj.Optimizer(make))
