"""Optimisers: those of the study, and others, as optax transformations with traced numbers.

The study used Keras, where Adam has the epsilon-hat form. At paper size the gradients are as small
as epsilon, so the position of epsilon in the formula affects learning; optax.adam gives different
results.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from gridjax.spec.lowering import StaticConfig, TracedParams
from gridjax.spec.records.optimizer_info import OPTIMIZER_NUMBERS, OptimizerInfo
from gridjax.spec.registry import OPTIMIZERS

ADAM_B1 = 0.9
ADAM_B2 = 0.999
EPSILON = 1e-7
"""Epsilon of Adam, RMSprop and Adagrad in Keras."""
RMSPROP_DECAY = 0.9
ADAGRAD_START = 0.1
BANINO_MOMENTUM = 0.9
BANINO_EPSILON = 1e-10
PLATEAU_FACTOR = 0.1
"""Factor of the learning rate at each plateau of the loss."""


class AdamState(NamedTuple):
    """Moments of the gradient and the number of updates."""

    n_updates: Int[Array, ""]
    mean: Any
    square: Any


def adam(learning_rate: Float[Array, ""]) -> optax.GradientTransformation:
    """Return Adam in the epsilon-hat form (Kingma and Ba 2015, end of section 2).

    update = -lr sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + 1e-7).
    """

    def init(params: Any) -> AdamState:
        zeros = jax.tree.map(jnp.zeros_like, params)
        return AdamState(jnp.zeros((), jnp.int32), zeros, jax.tree.map(jnp.zeros_like, params))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, AdamState]:
        del params
        n_updates = state.n_updates + 1
        mean = optax.tree.update_moment(updates, state.mean, ADAM_B1, 1)
        square = optax.tree.update_moment(updates, state.square, ADAM_B2, 2)
        t = n_updates.astype(jnp.float32)
        rate = learning_rate * jnp.sqrt(1 - ADAM_B2**t) / (1 - ADAM_B1**t)
        steps = jax.tree.map(lambda m, v: -rate * m / (jnp.sqrt(v) + EPSILON), mean, square)
        return steps, AdamState(n_updates, mean, square)

    return optax.GradientTransformation(init, update)


def rmsprop(learning_rate: Float[Array, ""]) -> optax.GradientTransformation:
    """Return RMSprop: update = -lr g / (sqrt(v) + 1e-7), v = .9 v + .1 g^2 from 0."""
    scale = optax.scale_by_rms(RMSPROP_DECAY, eps=EPSILON, eps_in_sqrt=False)
    return optax.chain(scale, optax.scale(-learning_rate))


def sgd(learning_rate: Float[Array, ""]) -> optax.GradientTransformation:
    """Return gradient descent: update = -lr g."""
    return optax.scale(-learning_rate)


class AdagradState(NamedTuple):
    """Sum of squared gradients."""

    square: Any


def adagrad(learning_rate: Float[Array, ""]) -> optax.GradientTransformation:
    """Return Adagrad: update = -lr g / (sqrt(v) + 1e-7), v = v + g^2 from .1.

    In Keras, epsilon is outside of the square root; in optax it is inside.
    """

    def init(params: Any) -> AdagradState:
        return AdagradState(jax.tree.map(lambda p: jnp.full_like(p, ADAGRAD_START), params))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, AdagradState]:
        del params
        square = jax.tree.map(lambda v, g: v + jnp.square(g), state.square, updates)
        steps = jax.tree.map(
            lambda g, v: -learning_rate * g / (jnp.sqrt(v) + EPSILON), updates, square
        )
        return steps, AdagradState(square)

    return optax.GradientTransformation(init, update)


def rmsprop_momentum(learning_rate: Float[Array, ""]) -> optax.GradientTransformation:
    """Return RMSProp with momentum as in Banino et al. (2018).

    v = .9 v + .1 g^2 from 1; m = .9 m + lr g / sqrt(v + 1e-10); update = -m.
    """
    scale = optax.scale_by_rms(
        RMSPROP_DECAY, eps=BANINO_EPSILON, initial_scale=1.0, eps_in_sqrt=True
    )
    return optax.chain(scale, optax.scale(-learning_rate), optax.trace(BANINO_MOMENTUM))


_ContextFields: Any = namedtuple(
    "_ContextFields", ("learning_rate", "n_grad_steps", *OPTIMIZER_NUMBERS)
)


class OptimizerContext(_ContextFields):
    """Numbers that an optimiser may read, as traced 0-d arrays.

    learning_rate, n_grad_steps (gradient steps of the whole training), adam_epsilon,
    decoupled_weight_decay, accumulated_batches, plateau_steps, plateau_patience.
    """

    __slots__ = ()


class Optimizer(NamedTuple):
    """An optimiser as a pure function."""

    make: Callable[[OptimizerContext], optax.GradientTransformation]
    """numbers -> the optax transformation, whose update is added to the parameters. It receives the
    gradients after ``gradient_clip``, and the parameters"""


def register_optimizer(info: OptimizerInfo, optimizer: Optimizer) -> None:
    """Add an optimiser: its record and its function. ``info.name`` is its name in sweep files.

    Raises GridjaxError if the name is already used, or the source of the function cannot be found.
    """
    OPTIMIZERS.register(info, Optimizer(*optimizer), OptimizerInfo)


def optimizer_of(static: StaticConfig, traced: TracedParams) -> optax.GradientTransformation:
    """Return the optimiser of a network. Its update may read the loss of the step, ``value``."""
    optimizer: Optimizer = OPTIMIZERS[static.optimizer]
    return optimizer.make(optimizer_context(traced))


def optimizer_context(traced: TracedParams) -> OptimizerContext:
    """Return the numbers of one network."""
    return OptimizerContext(*(getattr(traced, name) for name in OptimizerContext._fields))


def _of_rate(
    make: Callable[[Float[Array, ""]], optax.GradientTransformation],
) -> Optimizer:
    """Return the optimiser that reads the learning rate alone."""
    return Optimizer(lambda context: make(context.learning_rate))


def _optax_adam(context: OptimizerContext) -> optax.GradientTransformation:
    return optax.adam(context.learning_rate, eps=context.adam_epsilon)


def _adamw(
    context: OptimizerContext, rate: optax.ScalarOrSchedule | None = None
) -> optax.GradientTransformation:
    """Return AdamW with a learning rate other than the context's, if one is given."""
    return optax.adamw(
        context.learning_rate if rate is None else rate,
        eps=context.adam_epsilon,
        weight_decay=context.decoupled_weight_decay,
    )


def _lion(context: OptimizerContext) -> optax.GradientTransformation:
    return optax.lion(context.learning_rate, weight_decay=context.decoupled_weight_decay)


def _adamw_cosine(context: OptimizerContext) -> optax.GradientTransformation:
    """Return AdamW whose learning rate falls from its value to 0 along half a cosine."""

    def rate(step: Any) -> Any:
        share = jnp.minimum(step / context.n_grad_steps, 1.0)
        return context.learning_rate * (1 + jnp.cos(jnp.pi * share)) / 2

    return _adamw(context, rate)


def _adamw_accumulated(context: OptimizerContext) -> optax.GradientTransformation:
    """Return AdamW on the mean gradient of ``accumulated_batches`` gradient steps."""
    every = context.accumulated_batches
    steps = optax.MultiSteps(_adamw(context), every_k_schedule=lambda n_updates: every)
    return steps.gradient_transformation()


def _adamw_plateau(context: OptimizerContext) -> optax.GradientTransformationExtraArgs:
    """Return the same, with a learning rate that falls to a tenth where the loss stops falling.

    Factor and threshold (1e-4 of the lowest loss) are the defaults of PyTorch's
    ReduceLROnPlateau.
    """
    falling = optax.contrib.reduce_on_plateau(
        factor=PLATEAU_FACTOR,
        patience=context.plateau_patience,
        accumulation_size=context.plateau_steps,
    )
    return optax.chain(_adamw_accumulated(context), falling)


OPTIMIZERS.build_in(
    adam=_of_rate(adam),
    rmsprop=_of_rate(rmsprop),
    sgd=_of_rate(sgd),
    adagrad=_of_rate(adagrad),
    rmsprop_momentum=_of_rate(rmsprop_momentum),
    optax_adam=Optimizer(_optax_adam),
    adamw=Optimizer(_adamw),
    lion=Optimizer(_lion),
    adamw_cosine=Optimizer(_adamw_cosine),
    adamw_accumulated=Optimizer(_adamw_accumulated),
    adamw_plateau=Optimizer(_adamw_plateau),
)
