"""Actionable representation of the plane (Dorrell et al. 2023) as a plugin: waves and weights.

g(x) = W [1, cos k_m x, sin k_m x] with learned wave vectors k_m: a matrix acts on g for each move.
The loss separates the states of distant places, and has two penalties: negative rates, and the
change of a unit's norm between rooms. The factor of each penalty follows GECO: its logarithm rises
by 1e-4 times a moving mean of what the constraint lacks. Each path of the motion visits one place
of a room and the same place of other rooms.

    gridjax sweep experiments/models/actionable.yaml \
        --plugin experiments/models/actionable.py --out runs/actionable

Source: Dorrell, Latham, Behrens and Whittington (2023), ICLR, and their repository (plane).
"""

import jax
import jax.numpy as jnp
import optax

import gridjax as gj

LARGEST_WAVE, SHIFT_SD, SEPARATION, KERNEL_VARIANCE = 2.0, 5.0, 100.0, 0.4
FIRST_FACTOR, GOAL = {"positive": 0.1, "norm": 0.005}, {"positive": -9.0, "norm": 6.0}
GECO_RATE, GECO_MEMORY = 1e-4, 0.9
EPSILON = 1e-8


def init(key, n_inputs, n_units, initializer):
    """Draw wave vectors and weights; the number of waves is (Ng - 1) / 2, rounded down."""
    del initializer
    of_waves, of_weights = jax.random.split(key)
    n_waves = (n_units - 1) // 2
    return {
        "waves": jax.random.uniform(of_waves, (n_inputs, n_waves), maxval=LARGEST_WAVE),
        "W": jax.random.normal(of_weights, (2 * n_waves + 1, n_units)),
        **{f"log_factor_{name}": jnp.log(jnp.asarray(f)) for name, f in FIRST_FACTOR.items()},
    }


def step(params, state, positions, activation):
    """Return the rates at positions [batch, 2]; there is no state and no activation."""
    del state, activation
    angles = positions @ params["waves"]
    return (
        jnp.hstack([jnp.ones_like(angles[:, :1]), jnp.cos(angles), jnp.sin(angles)]) @ params["W"],
    )


def losses(g, outputs, positions, inputs, context):
    """Return the separation in the first room, and the penalties with their factors."""
    del outputs, inputs
    n_rooms, n_places, n_units = g.shape
    room, others = g[0], g[1:]
    unit_norm = jnp.sqrt(jnp.square(room).sum(0))
    scaled = room / unit_norm
    apart = jnp.square(scaled[:, None] - scaled[None]).sum(-1)
    far = jnp.square(positions[0][:, None] - positions[0][None]).sum(-1)
    weight = 1 - jnp.exp(-far / (2 * jnp.square(context.distance_range_m)))
    kernel = jnp.exp(-apart / (2 * KERNEL_VARIANCE))
    separation = SEPARATION * (kernel * weight).sum() / (2 * n_places) ** 2
    over_all = jnp.sqrt(jnp.square(g).sum((0, 1))) / n_rooms
    change = jnp.square(others).sum(1) - 1
    penalty = {
        "positive": jnp.maximum(-g / over_all, 0).mean(),
        "norm": jnp.sqrt(jnp.square(change).sum()) / (n_units * (n_rooms - 1)),
    }
    value = separation
    for name, size in penalty.items():
        lacks = jnp.log(jnp.maximum(size, 1e-30)) - GOAL[name]
        if name == "positive":
            lacks = jnp.where(lacks > 0, jnp.log(jnp.where(lacks > 0, lacks, 1.0)), lacks)
            lacks = jnp.where(size > 0, lacks, -5.0)
        factor, fixed = context.cell[f"log_factor_{name}"], jax.lax.stop_gradient
        # the last term is 0; its gradient by the factor is minus what the constraint lacks
        value += fixed(jnp.exp(factor)) * size - (factor - fixed(factor)) * fixed(lacks)
    return value


def rooms(key, n_moves, n_paths, context):
    """Draw normal places around the centre, and their shifts by the same vectors for all paths."""
    del context
    of_places, of_shifts = jax.random.split(key)
    places = jax.random.normal(of_places, (n_paths, 2))
    shifts = SHIFT_SD * jax.random.normal(of_shifts, (n_moves, 1, 2))
    return gj.trajectories_along(places + shifts.at[0].set(0.0)[jnp.r_[0, 0:n_moves]])


def make(context):
    """Return Adam for waves and weights, and GECO for the logarithms of the factors.

    As published, epsilon is inside the root: gradients below 1e-4 make small updates.
    """

    def names(params):
        return jax.tree_util.tree_map_with_path(
            lambda path, _: "geco" if "log_factor" in str(path) else "adam", params
        )

    geco = optax.chain(optax.ema(GECO_MEMORY, debias=False), optax.scale(-GECO_RATE))
    adam = optax.adam(context.learning_rate, b2=0.9, eps=0.0, eps_root=EPSILON)
    return optax.multi_transform({"adam": adam, "geco": geco}, names)


waves = gj.CellInfo("waves", n_states=0, has_layers=False, n_gates=1, activations_per_unit=8.0)
gj.register_cell(waves, gj.Cell(init, step))
separate = gj.StateObjectiveInfo("actionable", reads=("distance_range_m",), per_pair=False)
gj.register_state_objective(separate, gj.StateObjective(losses))
gj.register_motion(gj.MotionInfo("rooms"), gj.Motion(rooms))
gj.register_optimizer(gj.OptimizerInfo("adam_with_geco"), gj.Optimizer(make))
