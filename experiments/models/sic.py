"""Self-supervised grid cells of Schaeffer et al. (2023) as a plugin: action network and its losses.

g_t = N(relu(W(v_t) g_{t-1})): the matrix W of a move comes from an MLP of the move; N divides by
the norm (``activation: norm_relu``); all paths begin in one learned state (``start: learned``) and
are permutations of one sequence of moves (``motion: permuted_velocities``). The paper does not give
the hidden width of the MLP and the weight of the conformal loss: 256 and 1 are used here. Its
learning rate falls on plateaus, of which it does not say the length, and each update has the mean
gradient of two batches. It gives a gradient clip of .1, but not of what: here of the norm of this
mean gradient, as an independent port has it. The first move is left out of the conformal loss.

Separation and invariance are sums over ordered pairs of states, so that their size beside the other
losses depends on the number of states. With fewer states than the 7,800 of the paper (130 paths of
60 moves) they are multiplied by the ratio of the numbers of pairs.

    gridjax sweep experiments/models/sic.yaml --plugin experiments/models/sic.py --out runs/sic

Source: Schaeffer, Khona, Ma, Eyzaguirre, Koyejo and Fiete (2023), arXiv 2311.02316, appendix.
"""

from itertools import pairwise

import jax
import jax.numpy as jnp
import optax

import gridjax as gj

HIDDEN = (256, 256)
PUBLISHED_STATES = 130 * 60
SIGMA_G, SEPARATION, INVARIANCE, CAPACITY, CONFORMAL = 0.4, 1.0, 0.1, 0.5, 1.0
CLIP, FALL = 0.1, 0.1


def init(key, n_inputs, n_units, initializer):
    """Draw the MLP from a move to a matrix [Ng, Ng]."""
    del initializer
    params = {}
    for layer, (n_in, n_out) in enumerate(pairwise((n_inputs, *HIDDEN, n_units**2))):
        params[f"W{layer}"] = gj.glorot_uniform(jax.random.fold_in(key, layer), n_in, n_out)
        params[f"b{layer}"] = jnp.zeros(n_out)
    return params


def step(params, state, moves, activation):
    """Return the rates after one move [batch, 2], metres."""
    h = jax.nn.relu(moves @ params["W0"] + params["b0"])
    h = jax.nn.relu(h @ params["W1"] + params["b1"])
    W = (h @ params["W2"] + params["b2"]).reshape(len(moves), *2 * state[0].shape[-1:])
    return (activation(jnp.einsum("bij,bj->bi", W, state[0])),)


def losses(states, outputs, positions, moves, context):
    """Return separation and invariance of as many pairs as published, capacity and conformal."""
    del outputs
    sigma_x = context.distance_range_m
    g, x = (each.reshape(-1, each.shape[-1]) for each in (states, positions))
    distance = jnp.sqrt(jnp.square(x[:, None] - x[None]).sum(-1))
    square = jnp.maximum(jnp.square(g).sum(-1)[:, None] + jnp.square(g).sum(-1) - 2 * g @ g.T, 0)
    is_far, upper = distance > sigma_x, jnp.triu(jnp.ones_like(square), 1)
    separation = (upper * is_far * jnp.exp(-square / (2 * SIGMA_G**2))).sum()
    invariance = (upper * (distance < sigma_x) * square).sum()
    capacity = -jnp.square(g.mean(0)).sum()
    change = jnp.square(states[1:] - states[:-1]).sum(-1)
    length = jnp.sqrt(jnp.square(moves[1:]).sum(-1))
    is_short = (length > 0) & (length < sigma_x) & (change > 0)
    ratio = jnp.sqrt(jnp.where(is_short, change, 1)) / jnp.where(is_short, length, 1)
    n_short = jnp.maximum(is_short.sum(), 1)
    away = jnp.where(is_short, ratio - jnp.where(is_short, ratio, 0).sum() / n_short, 0)
    conformal = jnp.square(away).sum() / n_short
    published = PUBLISHED_STATES * (PUBLISHED_STATES - 1)
    per_pair = 2 * published / (len(g) * (len(g) - 1))  # a pair is above the diagonal once
    pairs = per_pair * (SEPARATION * separation + INVARIANCE * invariance)
    return pairs + CAPACITY * capacity + CONFORMAL * conformal


def make(context):
    """Return AdamW on mean gradients of a norm of at most CLIP; its rate falls on plateaus."""
    adamw = optax.adamw(context.learning_rate, weight_decay=context.decoupled_weight_decay)
    clipped, every = (
        optax.chain(optax.clip_by_global_norm(CLIP), adamw),
        context.accumulated_batches,
    )
    every = context.accumulated_batches
    steps = optax.MultiSteps(clipped, every_k_schedule=lambda n_updates: every)
    patience, mean_of = context.plateau_patience, context.plateau_steps
    falling = optax.contrib.reduce_on_plateau(FALL, patience, accumulation_size=mean_of)
    return optax.chain(steps.gradient_transformation(), falling)


action = gj.CellInfo("action", has_layers=False, n_gates=260, activations_per_unit=300.0)
gj.register_cell(action, gj.Cell(init, step))
of_pairs = gj.StateObjectiveInfo("sic", reads=("distance_range_m",))
gj.register_state_objective(of_pairs, gj.StateObjective(losses))
numbers = ("decoupled_weight_decay", "accumulated_batches", "plateau_steps", "plateau_patience")
gj.register_optimizer(gj.OptimizerInfo("adamw_clipped", numbers), gj.Optimizer(make))
