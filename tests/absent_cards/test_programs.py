"""Every program of gridjax compiles for cards that are not attached; each test prints what it is.

The compilers of the cards are in packages that few machines have: pip install '.[cuda13]' and
'.[tpu]'. Networks are tiny, because the time of a compilation hardly depends on their size.
"""

import subprocess
import sys
from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest

from gridjax.accelerators.absent_device import on_device
from gridjax.accelerators.card_info import VECTOR
from gridjax.accelerators.compiled_program import launches, launches_per_step, read_program
from gridjax.metrics.nulls import isotropic_fields
from gridjax.run.card_plan.programs import (
    CardProgram,
    evaluation_programs,
    support_programs,
    training_program,
)
from gridjax.spec.network import NetworkSpec
from gridjax.spec.records.cell_info import CELL_INFOS
from gridjax.spec.registry import CELLS
from gridjax.spec.shapes import steps_ahead
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.task.motion import square_walk
from gridjax.training.memory_analysis import bytes_needed

LANES = 4
SPEC = NetworkSpec(
    place_field_values="difference_of_gaussians",
    Ng=32,
    Np=32,
    batch_size=16,
    sequence_length=3,
    bin_side_in_m=0.11,
)
SETTINGS = EvaluationSettings(batch_size=100, samples_per_bin=20)


@pytest.fixture(scope="module")
def programs(device):
    return evaluation_programs(SPEC, SETTINGS, LANES, device)


@pytest.fixture
def compiled(card, capsys):
    """A function that compiles a program, prints what is in it, and returns the compiled one."""

    def compile_and_print(program: CardProgram):
        done = program.compile()
        launched = launches(read_program(done.as_text()))
        kinds = ", ".join(f"{n:.2g} {kind}" for kind, n in launched.operations.items())
        with capsys.disabled():
            print(
                f"\n{card.name}: {program.name}: {launched.n_kernels:.0f} kernels,"
                f" {bytes_needed(done) / 1e6:.1f} MB, operations: {kinds}"
            )
        assert launched.n_kernels >= 1
        assert 0 < bytes_needed(done) < card.usable_memory
        return done

    return compile_and_print


@pytest.mark.parametrize("cell", [info.name for info in CELL_INFOS])
def test_training_compiles_for_every_cell(compiled, device, cell):
    spec = replace(SPEC, rnn_type=cell)
    done = compiled(training_program(spec, spec.static, LANES, device))
    step = launches_per_step(read_program(done.as_text()), steps_ahead(spec.static))
    products = sum(n for kind, n in step.operations.items() if kind != VECTOR)
    assert products > 2 * 3 * LANES * spec.batch_size * spec.sequence_length * spec.Ng * spec.Np


@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_a_precision_is_that_of_the_products_of_the_compiled_step(compiled, device, precision):
    spec = replace(SPEC, matmul_precision=precision)
    done = compiled(training_program(spec, spec.static, LANES, device))
    step = launches_per_step(read_program(done.as_text()), steps_ahead(spec.static))
    assert step.operations[precision] > 0.9 * sum(
        n for kind, n in step.operations.items() if kind != VECTOR
    )


# cell, activation, precision, Ng, batch size, rate of dropout; TF32 and UGRNN beyond 128 units read
# their kernel matrices in chunks
FUSED = {
    "small": ("RNN", "relu", "tf32", 128, 64, 0.0),
    "medium": ("RNN", "relu", "bf16", 256, 100, 0.0),
    "medium in chunks": ("RNN", "relu", "tf32", 256, 100, 0.0),
    "two gates": ("UGRNN", "tanh", "tf32", 128, 64, 0.2),
    "two gates in chunks": ("UGRNN", "relu", "bf16", 256, 200, 0.2),
    "odd sizes": ("SRNN", "sigmoid", "bf16", 100, 70, 0.2),
    "odd sizes in chunks": ("UGRNN", "linear", "tf32", 200, 70, 0.0),
}


IN_GATE = ("small", "two gates in chunks")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name in IN_GATE else pytest.mark.slow) for name in FUSED],
)
def test_the_recurrence_in_one_kernel_compiles_and_needs_few_launches(compiled, card, device, name):
    if card.kind != "gpu":
        pytest.skip("the kernel is one of NVIDIA GPUs")
    cell, activation, precision, n_units, batch_size, dropout = FUSED[name]
    spec = replace(
        SPEC,
        rnn_type=cell,
        activation=activation,
        matmul_precision=precision,
        Ng=n_units,
        batch_size=batch_size,
        recurrent_dropout=dropout,
        sequence_length=20,
    )

    done = compiled(training_program(spec, spec.static, LANES, device, is_fused=True))
    step = launches_per_step(read_program(done.as_text()), steps_ahead(spec.static))
    assert [kernel.kind for kernel, _ in step.of].count("__gpu$xla.gpu.triton") == 2
    assert step.n_kernels <= 110  # with a loop over time at least 120
    of_recurrence = 6 * LANES * batch_size * 20 * n_units**2 * CELLS.info(cell).n_gates
    assert of_recurrence < step.operations[precision]


def test_the_start_of_training_and_its_progress_compile(compiled, device):
    for program in support_programs(SPEC, SPEC.static, LANES, device):
        compiled(program)


NAMES = [
    *("autocorrelograms", "exact correlations", "grid scores", "plane waves", "lattices"),
    *("copies", "spectra", "dimensions", "null readouts"),
    *("rate maps and errors", "norms of the weights"),
]
UNKNOWN = {"tpu": {"exact correlations"}}
"""Programs that an evaluation on other cards has: a TPU has no transforms that they correct."""


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_compiles(compiled, card, programs, name):
    if name in UNKNOWN.get(card.kind, ()):
        pytest.skip(f"{name} are not computed on a {card.kind}")
    for program in programs:
        if program.name.startswith(name):
            compiled(program)


def test_the_programs_of_an_evaluation_are_all_tested(programs, card):
    expected = set(NAMES) - UNKNOWN.get(card.kind, set())
    assert {program.name.split(",")[0] for program in programs} == expected


def test_public_functions_of_one_network_compile(compiled, device):
    """Trajectories for users, and the isotropic null of gridjax score."""
    key = jax.eval_shape(lambda: jax.random.key(0))
    traced = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((), leaf.dtype), SPEC.traced)
    key, traced = on_device((key, traced), device)
    simulate = partial(square_walk._simulate.lower, key, 20, 200, traced)
    compiled(CardProgram("trajectories", simulate))
    maps, table = on_device(
        (
            jax.ShapeDtypeStruct((8, 20, 20), np.float32),
            jax.tree.map(
                lambda leaf: jax.ShapeDtypeStruct(np.shape(leaf), np.asarray(leaf).dtype),
                isotropic_fields.rings(20),
            ),
        ),
        device,
    )
    compiled(CardProgram("isotropic model", partial(isotropic_fields._model.lower, maps, table)))
    models = jax.eval_shape(isotropic_fields.model, maps, table)
    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), models)
    draw = partial(isotropic_fields._draw.lower, key, on_device(one, device), table, 8)
    compiled(CardProgram("isotropic fields", draw))


STARTED = """
from gridjax.accelerators.absent_device import absent_device
from gridjax.accelerators.card_info import CARDS
from jax._src import xla_bridge
print(absent_device(CARDS[{name!r}]).device_kind, sorted(xla_bridge._backends))
"""


def test_no_backend_starts_for_an_absent_card(card):
    command = [sys.executable, "-c", STARTED.format(name=card.name)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith(" []\n")
