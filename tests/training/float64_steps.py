"""Gradient steps of one network in float64, by the oracles."""

from dataclasses import replace

import jax
import numpy as np
from oracles import cells as cell_oracle
from oracles import encodings as code_oracle
from oracles import losses as loss_oracle
from oracles import motion as motion_oracle
from oracles import network as oracle
from oracles import optimizers as optimizer_oracle
from training.blocks import N_STEPS

from gridjax.model import network
from gridjax.prng import Stream, stream
from gridjax.task.landmarks import draw_landmarks
from gridjax.task.motion import square_walk
from gridjax.training.noise import draw_noise
from gridjax.training.population import lane
from gridjax.training.train_step import NOT_DIVERGED

OPTIMIZERS = {"adam": optimizer_oracle.Adam, "rmsprop_momentum": optimizer_oracle.BaninoRMSProp}


def trajectories_of(spec, purpose, step):
    key = stream(spec.motion_seed, purpose, step)
    paths = square_walk._simulate(key, spec.sequence_length, spec.batch_size, spec.traced)
    return motion_oracle.Path(*(np.asarray(array, np.float64) for array in paths))


def environments_of(spec, step):
    """The environment of each trajectory of a gradient step."""
    key = stream(spec.motion_seed, Stream.ENVIRONMENTS, step)
    return np.asarray(jax.random.randint(key, (spec.batch_size,), 0, spec.n_environments))


def inputs_of(spec, paths, step=0, landmarks=None):
    if spec.static.has_landmarks:
        without = inputs_of(replace(spec, landmark_rate=0.0), paths, step)
        none = np.zeros((*without.shape[:-1], spec.Np))
        return np.concatenate([without, none if landmarks is None else landmarks], axis=-1)
    if spec.context_input == "one_hot":
        plain = inputs_of(replace(spec, context_input="none"), paths)
        context = np.eye(spec.n_environments)[environments_of(spec, step)]
        return np.concatenate(
            [plain, np.broadcast_to(context, (*plain.shape[:-1], spec.n_environments))], axis=-1
        )
    if spec.inputs == "displacement":
        return paths.moves
    one_by_one = [
        motion_oracle.egocentric(
            paths.moves[:, i], paths.start_heading[i], paths.headings[:, i], spec.dt_s
        )
        for i in range(spec.batch_size)
    ]
    return np.stack(one_by_one, axis=1)


def targets_of(spec, layout, positions, headings, step=0):
    if spec.n_environments > 1:  # one trajectory after the other, with the cells of its environment
        one, codes = replace(spec, n_environments=1), [layout.code]
        for number in range(spec.n_environments - 1):
            codes.append(jax.tree.map(lambda leaf, at=number: leaf[at], layout.further))
        layouts = [layout.replace(code=codes[where]) for where in environments_of(spec, step)]
        return np.stack(
            [
                targets_of(one, own, positions[..., at, :], headings[..., at])
                for at, own in enumerate(layouts)
            ],
            axis=-2,
        )
    if spec.place_field_values == "cartesian":
        return positions
    names = code_oracle.Cells._fields
    cells = code_oracle.Cells(*(getattr(layout.code, name) for name in names))
    code = code_oracle.difference_of_softmaxes(positions, cells)
    if layout.head is None:
        return code
    head = code_oracle.head_directions(headings, layout.head.preferred, spec.head_direction_kappa)
    return np.concatenate([code, head], axis=-1)


def landmarks_of(spec, layout, paths, step):
    """The code of the measured positions of a gradient step, and 0 at the other moves."""
    key = stream(spec.motion_seed, Stream.LANDMARKS, step)
    numbers = spec.landmark_rate, spec.landmark_noise_in_m
    drawn = draw_landmarks(key, np.asarray(paths.positions, np.float32), *numbers)
    code = targets_of(spec, layout, np.asarray(drawn.positions, np.float64), paths.headings, step)
    code = code[..., : spec.Np]
    for move, trajectory in np.ndindex(drawn.is_seen.shape):
        if not drawn.is_seen[move, trajectory]:
            code[move, trajectory] = 0.0
    return code


def outputs_of(spec, params, start_code, inputs, masks=(None, None), noise=None):
    given = (params, start_code, inputs, spec.activation)
    if spec.architecture == "study":
        return oracle.outputs(spec.rnn_type, *given, masks, noise)
    hidden = cell_oracle.run_banino(*given, masks[0])
    layer = cell_oracle.analysed_banino(params, hidden)
    return cell_oracle.logits_banino(params, layer, masks[1])


def losses_of(spec, outputs, targets):
    n = spec.Np
    loss = loss_oracle.LOSSES[spec.place_field_loss](outputs[..., :n], targets[..., :n])
    if spec.n_head_direction_cells:
        loss = loss + loss_oracle.cross_entropy(outputs[..., n:], targets[..., n:])
    return loss


def flat(tree):
    return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree.leaves_with_path(tree)}


def assert_three_steps_agree(spec, block):
    states = [lane(block.train([spec], step), 0) for step in range(N_STEPS + 1)]
    params, layout = oracle.as_float64(states[0].params), states[0].layout
    optimizer = OPTIMIZERS[spec.optimizer](spec.learning_rate)
    for step in range(N_STEPS):
        paths = trajectories_of(spec, Stream.MOTION, step)
        start_code = targets_of(spec, layout, paths.start, paths.start_heading, step)
        targets = targets_of(spec, layout, paths.positions, paths.headings, step)
        landmarks, masks = None, (None, None)
        if spec.static.has_dropout:
            key = stream(spec.motion_seed, Stream.DROPOUT, step)
            masks = network.draw_masks(key, spec.static, spec.traced)
        noise = draw_noise(spec.static, spec.traced, step)
        if noise.velocity is not None:  # on the input alone: the targets are those of the true path
            moves = paths.moves + spec.dt_s * np.asarray(noise.velocity, np.float64)
            paths = paths._replace(moves=moves)
        if spec.static.has_landmarks:
            landmarks = landmarks_of(spec, layout, paths, step)
        inputs = inputs_of(spec, paths, step, landmarks)

        def objective(
            tree, start=start_code, inputs=inputs, targets=targets, masks=masks, noise=noise.state
        ):
            outputs = outputs_of(spec, tree, start, inputs, masks, noise)
            penalty = oracle.weight_penalty(tree, spec.weight_decay)
            return losses_of(spec, outputs, targets).mean() + penalty

        gradients = flat(oracle.central_differences(objective, params))
        if spec.gradient_clip is not None:
            clipped = optimizer_oracle.clipped(gradients, spec.gradient_clip)
            sizes = [np.abs(gradient) > spec.gradient_clip for gradient in gradients.values()]
            assert 0.02 < np.concatenate([size.ravel() for size in sizes]).mean() < 0.98
            gradients = clipped
        updates = optimizer.updates(gradients)
        leaves, structure = jax.tree.flatten(params)
        moved = [leaf + updates[name] for leaf, name in zip(leaves, flat(params), strict=True)]
        params = jax.tree.unflatten(structure, moved)

        reached = states[step + 1]
        assert int(reached.step) == step + 1
        assert int(reached.diverged_at) == NOT_DIVERGED
        if spec.optimizer == "adam":
            assert int(reached.optimizer.n_updates) == step + 1
            for name, ours in flat(reached.optimizer.mean).items():
                theirs = optimizer.m[name]
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * np.abs(theirs).max())
        for name, ours in flat(reached.params).items():
            # in units of the largest step an update makes; gradients are good to 1e-6 or so, and
            # one as small as that is blown up to a step by Adam
            largest = spec.learning_rate * (spec.gradient_clip or 1)
            difference = np.abs(ours - flat(params)[name]) / largest
            assert difference.max() < 0.01, (name, step)
