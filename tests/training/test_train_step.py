"""Training one network: its steps against float64, its streams, its chunks and its divergence."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from oracles import cells as cell_oracle
from oracles import decoders as decoder_oracle
from oracles import encodings as code_oracle
from oracles import losses as loss_oracle
from oracles import motion as motion_oracle
from oracles import network as oracle
from oracles import optimizers as optimizer_oracle
from training.blocks import (
    BANINO,
    CUBE,
    DIVERGING,
    MEASURED,
    OTHER_MOTION,
    RICH,
    SPEC,
    Block,
    assert_same_bits,
    compilations,
)

from gridjax.model import network
from gridjax.prng import Stream, stream
from gridjax.spec.fidelity import PUBLISHED
from gridjax.spec.lowering import TracedParams
from gridjax.spec.records.optimizer_info import OPTIMIZER_NUMBERS
from gridjax.spec.registry import CELLS
from gridjax.task import motion
from gridjax.task.landmarks import draw_landmarks
from gridjax.training import environments as environments_of_steps
from gridjax.training import train_step
from gridjax.training.noise import draw_noise
from gridjax.training.population import lane
from gridjax.training.train_step import NOT_DIVERGED

N_STEPS = 3
CARTESIAN = replace(
    SPEC, Np=2, place_field_values="cartesian", place_field_loss="mse", activation="linear"
)
LANDMARKS = {"landmark_rate": 0.4, "landmark_noise_in_m": 0.2}
NOISY = replace(SPEC, state_noise=0.1, velocity_noise=0.3, activation="tanh", **LANDMARKS)
IN_ENVIRONMENTS = replace(SPEC, n_environments=3, context_input="one_hot", **LANDMARKS)
OPTIMIZERS = {"adam": optimizer_oracle.Adam, "rmsprop_momentum": optimizer_oracle.BaninoRMSProp}


@pytest.fixture(scope="module")
def cartesian():
    """Blocks of one network with another target, loss and activation."""
    return Block(1, CARTESIAN.static)


@pytest.fixture(scope="module")
def noisy():
    """Blocks of one network with noise on its state and its velocity input, and landmarks."""
    return Block(1, NOISY.static)


@pytest.fixture(scope="module")
def environments():
    """Blocks of one network with several environments and landmarks, told the environment."""
    return Block(1, IN_ENVIRONMENTS.static)


@pytest.fixture(scope="module")
def banino():
    """Blocks of one network of another architecture, with dropout and clipping."""
    return Block(1, BANINO.static)


@pytest.fixture(scope="module")
def rich():
    """Blocks of one network that reads every traced number but measured place cells."""
    return Block(1, RICH.static)


@pytest.fixture(scope="module")
def other_motion():
    """Blocks of one network with another motion and another optimiser."""
    return Block(1, OTHER_MOTION.static)


@pytest.fixture(scope="module")
def cube():
    """Blocks of one network in a cube."""
    return Block(1, CUBE.static)


@pytest.fixture(scope="module")
def measured():
    """Blocks of one network with measured place cells."""
    return Block(1, MEASURED.static)


def trajectories_of(spec, purpose, step):
    key = stream(spec.motion_seed, purpose, step)
    paths = motion._simulate(key, spec.sequence_length, spec.batch_size, spec.traced)
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


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        pytest.param(SPEC, "block", id="cells"),
        pytest.param(CARTESIAN, "cartesian", id="cartesian"),
        pytest.param(NOISY, "noisy", id="noise"),
        pytest.param(IN_ENVIRONMENTS, "environments", id="environments", marks=pytest.mark.slow),
        pytest.param(BANINO, "banino", id="banino", marks=pytest.mark.slow),
    ],
)
def test_three_steps_agree_with_float64(spec, name, request):
    assert_three_steps_agree(spec, request.getfixturevalue(name))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rates", "noise"),
    [((0.0, 0.0), 0.0), ((0.3, 0.2), 0.0), ((0.3, 0.2), 0.1)],
    ids=["whole", "dropout", "noise"],
)
@pytest.mark.parametrize("rnn_type", list(CELLS))
def test_three_steps_of_every_cell_agree_with_float64(rnn_type, rates, noise):
    spec = replace(
        SPEC, Ng=6, rnn_type=rnn_type, recurrent_dropout=rates[0], readout_dropout=rates[1]
    )
    spec = replace(spec, activation="tanh", state_noise=noise)
    assert spec.static.has_dropout == any(rates)
    assert_three_steps_agree(spec, Block(1, spec.static))


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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spec", "name"), [(SPEC, "block"), (BANINO, "banino")], ids=["cells", "banino"]
)
def test_progress_agrees_with_float64_on_its_own_trajectories_without_dropout(spec, name, request):
    block = request.getfixturevalue(name)
    traced = block.stack([spec])
    state = block.trainer.chunk(traced, block.trainer.init(traced), block.until(2))
    progress = block.trainer.progress(traced, state)
    state = lane(jax.tree.map(np.array, state), 0)
    paths = trajectories_of(spec, Stream.PROGRESS, 2)
    params, layout = oracle.as_float64(state.params), state.layout
    start_code = targets_of(spec, layout, paths.start, paths.start_heading)
    outputs = outputs_of(spec, params, start_code, inputs_of(spec, paths))
    targets = targets_of(spec, layout, paths.positions, paths.headings)
    loss = losses_of(spec, outputs, targets).mean()
    n = spec.Np
    decoded = decoder_oracle.top_cells(
        outputs[..., :n], code_oracle.single_fields(layout.code.centres[:, 0], 1.0)
    )
    error = np.linalg.norm(decoded - paths.positions, axis=-1).mean()
    assert float(progress.loss[0]) == pytest.approx(loss, rel=1e-5)
    least = loss_oracle.entropy(targets[..., :n]) + loss_oracle.entropy(targets[..., n:])
    assert float(progress.loss_excess[0]) == pytest.approx(loss - least.mean(), abs=1e-5)
    assert float(progress.position_error_m[0]) == pytest.approx(error, rel=1e-5)


def test_progress_is_measured_in_all_environments(environments):
    spec, block = IN_ENVIRONMENTS, environments
    state = block.trainer.init(block.stack([spec]))
    progress = block.trainer.progress(block.stack([spec]), state)
    state = lane(jax.tree.map(np.array, state), 0)
    paths = trajectories_of(spec, Stream.PROGRESS, 0)
    start_code = targets_of(spec, state.layout, paths.start, paths.start_heading)
    targets = targets_of(spec, state.layout, paths.positions, paths.headings)
    params = oracle.as_float64(state.params)
    outputs = outputs_of(spec, params, start_code, inputs_of(spec, paths))
    loss = losses_of(spec, outputs, targets).mean()
    assert float(progress.loss[0]) == pytest.approx(loss, rel=1e-5)


def test_one_environment_runs_the_plain_path(monkeypatch):
    """With one environment, nothing of gridjax.task.environments is called or stored."""
    static, traced = SPEC.static, SPEC.traced

    def program():
        return str(jax.make_jaxpr(lambda state: train_step.step(static, traced, state))(state))

    def refuse(*_):
        raise AssertionError("one environment needs no choice of a layout")

    state = jax.eval_shape(lambda: train_step.init(static, traced))
    assert state.layout.further is None
    assert state.layout.environment is None
    assert "randint" in str(
        jax.make_jaxpr(
            lambda state: train_step.step(IN_ENVIRONMENTS.static, IN_ENVIRONMENTS.traced, state)
        )(jax.eval_shape(lambda: train_step.init(IN_ENVIRONMENTS.static, IN_ENVIRONMENTS.traced)))
    )
    assert "randint" not in program()
    for name in ("draw_environments", "layout_in"):
        monkeypatch.setattr(environments_of_steps, name, refuse)
    program()


@pytest.mark.slow
def test_progress_is_measured_in_single_precision_whatever_training_rounds(block):
    rounded = Block(1, replace(SPEC, matmul_precision="bf16").static)
    state, traced = block.train([SPEC], N_STEPS), block.stack([SPEC])
    whole, other = (each.trainer.progress(traced, state) for each in (block, rounded))
    assert_same_bits(whole, other)
    assert not np.array_equal(
        rounded.train([SPEC], N_STEPS).params["decoder"], state.params["decoder"]
    )


OF_MAPS = pytest.param("place_maps", marks=pytest.mark.slow)  # a compilation of its own


@pytest.mark.parametrize(
    "name",
    [OF_MAPS, *(name for name in TracedParams._fields if name not in ("padding", "place_maps"))],
)
def test_every_traced_field_moves_the_result_and_none_compiles(name, request):
    is_map = name == "place_maps"
    others = {
        "place_maps": ("measured", MEASURED),
        **dict.fromkeys(("vertical_scale", *LANDMARKS), ("cube", CUBE)),
        **dict.fromkeys(("turn_kappa", *OPTIMIZER_NUMBERS), ("other_motion", OTHER_MOTION)),
    }
    fixture, spec = others.get(name, ("rich", RICH))
    block = request.getfixturevalue(fixture)
    usual = block.train([spec], N_STEPS)
    traced = block.stack([spec])
    value = getattr(traced, name)
    if is_map:
        other = jax.device_put(np.asarray(value)[:, ::-1], block.device)
    else:
        other = value + 1 if value.dtype == np.int32 else value * np.float32(2)
    traced = traced._replace(**{name: other})
    with compilations() as compiled:
        moved = block.trainer.chunk(traced, block.trainer.init(traced), block.until(N_STEPS))
    assert not compiled
    differs = [
        not np.array_equal(a, b) for a, b in zip(*map(leaves_of, (usual, moved)), strict=True)
    ]
    # the number of steps is read above the steps: by the loop that gives them their target
    assert all(differs) == (name != "n_grad_steps")
    assert any(differs) == (name != "n_grad_steps")


@pytest.mark.slow
def test_dropout_of_nothing_is_no_dropout(block):
    dropping = Block(1, replace(SPEC, recurrent_dropout=0.5).static)
    traced = dropping.stack([SPEC])
    state = dropping.trainer.chunk(traced, dropping.trainer.init(traced), dropping.until(N_STEPS))
    usual = block.train([SPEC], N_STEPS)

    def near(ours, theirs):
        # masks of ones change no number, but the compiler may round otherwise
        assert np.abs(ours - theirs).max() < 0.01 * SPEC.learning_rate

    jax.tree.map(near, state.params, usual.params)
    for rates in ({"recurrent_dropout": 0.5}, {"readout_dropout": 0.5}):
        dropped = dropping.train([replace(SPEC, **rates)], N_STEPS)
        for ours, theirs in zip(*map(leaves_of, (dropped, usual)), strict=True):
            # a step of Adam whose gradient changes its sign differs by twice the rate
            assert np.abs(ours - theirs).max() > 0.5 * SPEC.learning_rate


@pytest.mark.bits
def test_noise_of_chunks_is_that_of_one_chunk_bit_for_bit(noisy):
    at_once = noisy.train([NOISY], N_STEPS)
    assert_same_bits(noisy.train([NOISY], 1, N_STEPS), at_once)
    other = noisy.train([replace(NOISY, state_noise=0.2)], N_STEPS)
    assert not np.array_equal(other.params["decoder"], at_once.params["decoder"])


def test_inert_dropout_is_no_dropout_bit_for_bit():
    inert = replace(SPEC, readout_dropout=0.5, recurrent_dropout=0.4, fidelity=PUBLISHED)
    assert inert.static == replace(SPEC, fidelity=PUBLISHED).static
    assert inert.traced == replace(SPEC, fidelity=PUBLISHED).traced
    assert inert.static == SPEC.static


@pytest.mark.slow
@pytest.mark.bits
def test_no_clipping_is_clipping_at_infinity_and_a_limit_is_felt(block):
    usual = block.train([SPEC], N_STEPS)
    far = block.train([replace(SPEC, gradient_clip=1e3)], N_STEPS)
    assert_same_bits(far, usual)
    near = block.train([replace(SPEC, gradient_clip=1e-4)], N_STEPS)
    assert all(
        not np.array_equal(a, b) for a, b in zip(*map(leaves_of, (near, usual)), strict=True)
    )
    largest = max(np.abs(leaf).max() for leaf in jax.tree.leaves(near.optimizer.mean))
    assert largest <= 1e-4 * (1 + 1e-5)


def leaves_of(state):
    return jax.tree.leaves(state.params)


def test_the_list_of_compilations_can_be_other_than_empty():
    def fresh(x):
        return x * 3 + 1

    with compilations() as compiled:
        jax.jit(fresh)(np.float32(2))
    assert ["jit(fresh)" in message for message in compiled] == [True]


def test_the_second_call_compiles_nothing(block):
    block.train([SPEC], 1)
    with compilations() as compiled:
        block.train([replace(SPEC, seed=9, layout_seed=None, learning_rate=0.1)], 2, 5)
    assert not compiled


def test_each_seed_moves_its_own_stream_alone(block):
    def initial(**seeds):
        state = lane(block.train([replace(SPEC, **seeds)]), 0)
        return state.params, state.layout

    def same(one, other):
        equal = jax.tree.map(np.array_equal, one, other)
        values = jax.tree.leaves(equal)
        assert all(values) or not any(values)
        return all(values)

    params, layout = initial()
    for name, moved in {"layout_seed": 1, "weight_seed": 0, "motion_seed": None}.items():
        other = initial(**{name: 99})
        assert same(other[0], params) == (moved != 0)
        assert same(other[1].code.centres, layout.code.centres) == (moved != 1)
    # that trajectories come from motion_seed alone: three_steps_agree gives each seed its own value


@pytest.mark.bits
def test_the_length_of_a_chunk_changes_no_bits(block):
    at_once = block.train([SPEC], 12)
    for steps in (range(1, 13), (5, 12), (3, 3, 4, 12), (12, 7)):
        assert_same_bits(block.train([SPEC], *steps), at_once)


@pytest.mark.slow
@pytest.mark.bits
def test_a_chunk_to_a_step_already_made_changes_nothing(block):
    made = block.train([SPEC], 6)
    assert_same_bits(block.train([SPEC], 6, 6, 2, 0), made)
    assert made.step.tolist() == [6]


def test_chunks_reuse_the_memory_of_the_state_and_not_of_the_settings(block):
    traced = block.stack([SPEC])
    state = block.trainer.init(traced)
    following = block.trainer.chunk(traced, state, block.until(2))
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(state))
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves((traced, following)))
    block.trainer.progress(traced, following)
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(following))


@pytest.mark.bits
def test_a_diverged_network_keeps_the_weights_of_its_last_finite_step(block):
    before = block.train([DIVERGING], 1)
    assert before.diverged_at.tolist() == [NOT_DIVERGED]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(before))
    diverged = block.train([DIVERGING], 20)
    assert diverged.diverged_at.tolist() == diverged.step.tolist() == [1]
    assert_same_bits(diverged.replace(diverged_at=before.diverged_at), before)
    assert_same_bits(block.train([DIVERGING], 1, 2, 3, 50), diverged)


def test_a_network_whose_squared_gradients_overflow_has_diverged(cartesian):
    state = cartesian.train([replace(CARTESIAN, learning_rate=300.0)], 40)
    # sqrt(v) = inf would make every later update 0: trained to its end, but not moving
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(state))
    assert state.diverged_at.tolist() == state.step.tolist()
