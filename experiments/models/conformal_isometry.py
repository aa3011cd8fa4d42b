"""Conformal isometry (Xu, Gao, Zhang, Wei and Wu 2025) as a plugin: three transformations.

v(x) is a table on 40 x 40 places, bilinear between them, of rates that are not negative and have
norm 1. F(v, d) shall be v(x + d) for short moves d, and |v(x + d) - v(x)| shall be s |d| for longer
ones: ``state_distance_per_m`` is s, dt_s times speed_scale the longest move. F is v + |d| B v
(``conformal_linear``), relu(A v + |d| B v + b) (``conformal_nonlinear``) or relu(A v + |d| B + b)
(``conformal_additive``), where B depends on the direction of d, one of 18, or of 72 in the last
case. The box is 1 m wide.

    gridjax sweep experiments/models/conformal_isometry.yaml \
        --plugin experiments/models/conformal_isometry.py --out runs/conformal

Source: Xu, Gao, Zhang, Wei and Wu (2025), arXiv 2405.16865, and their repository.
"""

from functools import partial

import jax
import jax.numpy as jnp
import optax

import gridjax as gj

N_BINS, LONGEST_SHORT_MOVE = 40, 3 / 40
N_DIRECTIONS = {"linear": 18, "nonlinear": 18, "additive": 72}
TRANSFORM, ISOMETRY = 30_000.0, {"nonlinear": 30.0, "additive": 2_000.0}
LINEAR_SCALES, LINEAR_ISOMETRY = (5.0, 10.0, 15.0), (10.0, 10.0, 20.0)
"""The published weights of the isometry of the linear transformation, by s."""


def init(key, n_inputs, n_units, initializer, kind):
    """Draw the table and the transformation, all of them small."""
    del n_inputs, initializer
    keys = jax.random.split(key, 3)
    inner = () if kind == "additive" else (n_units,)
    shape = (N_DIRECTIONS[kind], n_units, *inner)
    if kind == "additive":
        B = jax.random.uniform(keys[1], shape, minval=-1e-3, maxval=1e-3)
    else:
        B = 1e-3 * jax.random.normal(keys[1], shape)
    params = {"table": 1e-3 * jax.random.normal(keys[0], (N_BINS, N_BINS, n_units)), "B": B}
    if kind != "linear":
        params["A"] = jax.random.uniform(keys[2], (n_units, n_units), minval=-1e-3, maxval=1e-3)
        params["b"] = jnp.zeros(n_units if kind == "additive" else 1)
    return params


def step(params, state, positions, activation):
    """Return v at positions [batch, 2] in a box of 1 m; there is no state."""
    del state, activation
    place = jnp.clip((positions + 0.5) * N_BINS - 0.5, 0, N_BINS - 1)
    low = jnp.clip(jnp.floor(place), 0, N_BINS - 2)
    (x, y), (right, up) = low.astype(jnp.int32).T, (place - low).T[..., None]
    table = params["table"]
    left = (1 - up) * table[x, y] + up * table[x, y + 1]
    return ((1 - right) * left + right * ((1 - up) * table[x + 1, y] + up * table[x + 1, y + 1]),)


def transformed(params, v, moves, kind):
    """Return F(v, d) of states [batch, Ng] and moves [batch, 2]."""
    n_directions = N_DIRECTIONS[kind]
    turn = jnp.round(jnp.arctan2(moves[:, 1], moves[:, 0]) / (2 * jnp.pi / n_directions))
    B = params["B"][turn.astype(jnp.int32) % n_directions]
    length = jnp.sqrt(jnp.square(moves).sum(-1, keepdims=True))
    driven = length * (B if kind == "additive" else jnp.einsum("bij,bj->bi", B, v))
    return v + driven if kind == "linear" else jax.nn.relu(v @ params["A"] + driven + params["b"])


def losses(v, outputs, positions, inputs, context, kind):
    """Return the losses of both pairs: places 0 and 1 are a short move, 2 and 3 a longer one."""
    del outputs, inputs
    moves = positions[1] - positions[0], positions[3] - positions[2]
    error = jnp.square(transformed(context.cell, v[0], moves[0], kind) - v[1]).sum(-1).mean()
    apart = jnp.sqrt(jnp.maximum(jnp.square(v[3] - v[2]).sum(-1), 1e-12))
    wanted = context.state_distance_per_m * jnp.sqrt(jnp.square(moves[1]).sum(-1))
    if kind == "linear":
        scales, weights = jnp.asarray(LINEAR_SCALES), jnp.asarray(LINEAR_ISOMETRY)
        weight = jnp.interp(context.state_distance_per_m, scales, weights)
    else:
        weight = ISOMETRY[kind]
    return TRANSFORM * error + weight * jnp.square(apart - wanted).sum()


def pairs(key, n_moves, n_paths, context, n_directions):
    """Draw pairs of places: in turn a short move in one of the directions and a longer move."""
    n_pairs, half = -(-n_moves // 2), context.box_width_in_m / 2
    keys, shape = jax.random.split(key, 3), (n_pairs, n_paths)
    is_short = jnp.arange(n_pairs)[:, None] % 2 == 0
    longest = jnp.where(is_short, LONGEST_SHORT_MOVE, context.dt_s * context.speed_scale)
    length = longest * jnp.sqrt(jax.random.uniform(keys[0], shape))
    angle = jax.random.uniform(keys[1], shape)
    angle = jnp.where(is_short, jnp.floor(angle * n_directions) / n_directions, angle)
    angle = 2 * jnp.pi * angle
    move = length[..., None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1)
    low, high = jnp.maximum(-half, -half - move), jnp.minimum(half, half - move)
    first = low + (high - low) * jax.random.uniform(keys[2], (*shape, 2))
    places = jnp.stack([first, first + move], axis=1).reshape(-1, n_paths, 2)
    return gj.trajectories_along(jnp.concatenate([places[:1], places[:n_moves]]))


def project(updates, params):
    """Change the updates so that the new table is not negative and has norm 1 at each place."""
    old = params["cell"]["table"]
    new = jnp.maximum(old + updates["cell"]["table"], 0)
    new = new / jnp.maximum(jnp.linalg.norm(new, axis=-1, keepdims=True), 1e-12)
    return updates | {"cell": updates["cell"] | {"table": new - old}}


def make(context):
    """Return Adam whose rate rises to step 15 %, stays to 30 %, and falls to 0; then project."""

    def rate(step):
        share = step / context.n_grad_steps
        return context.learning_rate * jnp.minimum(share / 0.15, jnp.minimum(1, (1 - share) / 0.7))

    return optax.chain(optax.clip_by_global_norm(10.0), optax.adam(rate), optax.stateless(project))


for kind in N_DIRECTIONS:
    cell = gj.CellInfo(
        f"conformal_{kind}",
        n_states=0,
        has_layers=False,
        n_gates=1,
        dimensions=(2,),
        box_width_in_m=1.0,
    )
    gj.register_cell(cell, gj.Cell(partial(init, kind=kind), step))
    info = gj.StateObjectiveInfo(cell.name, reads=("state_distance_per_m",), per_pair=False)
    gj.register_state_objective(info, gj.StateObjective(partial(losses, kind=kind)))
for name, n_directions in (("pairs_of_places", 18), ("pairs_of_places_72", 72)):
    draw = partial(pairs, n_directions=n_directions)
    gj.register_motion(gj.MotionInfo(name, reads=("speed_scale",)), gj.Motion(draw))
gj.register_optimizer(gj.OptimizerInfo("projected_adam"), gj.Optimizer(make))
