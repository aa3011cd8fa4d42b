"""Programs that a worker compiles for a block of networks, lowered for a given device.

They are the programs of training and of evaluation, with arguments as a worker gives them. Small
programs that only cut, join or select arrays are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from gridjax.accelerators.absent_device import lowering_for, on_device
from gridjax.metrics import map_batches
from gridjax.metrics.float_pairs import FloatPair, computes_in_float64
from gridjax.metrics.gridscore import autocorrelogram, centred_sums, grid_score
from gridjax.metrics.lattice import lattice
from gridjax.metrics.ratemaps.copies import copies_in_lanes
from gridjax.metrics.spectral import radial_spectrum
from gridjax.run.evaluation import lane_measures
from gridjax.spec.lowering import StaticConfig, readout_config
from gridjax.spec.network import NetworkSpec
from gridjax.sweep.settings.evaluation_sizes import MOST_POINTS, Design, design_of
from gridjax.sweep.settings.run_settings import EvaluationSettings
from gridjax.training import position_metrics, train_step
from gridjax.training.memory_analysis import shapes_of_block
from gridjax.training.population import MATMUL_PRECISION, chunk_of_block, over_networks


class CardProgram(NamedTuple):
    """One program, not yet compiled."""

    name: str
    lower: Callable[[], jax.stages.Lowered]
    """traces the program and lowers it for its device"""

    def compile(self) -> jax.stages.Compiled:
        """Compile the program; raises jax.errors.JaxRuntimeError if the compiler refuses it."""
        return self.lower().compile()


def training_program(
    spec: NetworkSpec,
    static: StaticConfig,
    lane_width: int,
    device: Any,
    is_fused: bool = False,
) -> CardProgram:
    """Return the program that trains a block of networks like ``spec``: a chunk of gradient steps.

    Args:
        spec: a network of the bucket.
        static: the static config in which the bucket is trained.
        lane_width: networks of the block.
        device: the device to compile for, attached or not.
        is_fused: whether the recurrence is one kernel (gridjax.model.fused_recurrence).
    """
    shapes = on_device(shapes_of_block(spec, static, lane_width), device)
    chunk = jax.jit(chunk_of_block(static, lane_width, is_fused), donate_argnums=1)

    def lower() -> jax.stages.Lowered:
        with lowering_for(device):
            return _lower(chunk, *shapes)

    return CardProgram("training", lower if is_fused else partial(_lower, chunk, *shapes))


def support_programs(
    spec: NetworkSpec, static: StaticConfig, lane_width: int, device: Any
) -> list[CardProgram]:
    """Return the programs that start the training of a block and measure its progress.

    The arguments are those of ``training_program``.
    """
    traced, state, _ = on_device(shapes_of_block(spec, static, lane_width), device)
    init = jax.jit(over_networks(partial(train_step.init, static), lane_width))
    progress = jax.jit(over_networks(partial(position_metrics.progress, static), lane_width))
    return [
        CardProgram("initial state", partial(_lower, init, traced)),
        CardProgram("progress", partial(_lower, progress, traced, state)),
    ]


def evaluation_programs(
    spec: NetworkSpec, settings: EvaluationSettings, lane_width: int, device: Any
) -> list[CardProgram]:
    """Return the programs that evaluate a block of networks like ``spec``, without padding.

    The programs that take longest to compile are the last ones. The scores of volumes, which take
    little memory, are not among them.

    The arguments are those of ``training_program``; ``settings`` are the sizes of the evaluation.
    """
    design = design_of(spec, settings)
    traced, state, _ = on_device(shapes_of_block(spec, spec.static, lane_width), device)
    static = lane_measures.measured_config(spec)
    axis = _array((lane_width, design.n_bins[-1]), np.float32, device)
    of_lanes = (static, design, lane_width, traced, state.params, state.layout, axis)
    of_weights = (static, lane_width, traced, state.params)
    n_points = min(MOST_POINTS, design.batch_size * design.n_batches)
    points = _array((lane_width, n_points, spec.static.n_analysed), np.float32, device)
    maps = _array((lane_width, spec.static.n_analysed, *2 * design.n_bins[-1:]), np.float32, device)
    of_readouts = (readout_config(spec.static), design, lane_width, traced, state.layout)
    measures = partial(_lower, lane_measures.measure_lanes, *of_lanes)
    dimensions = _lowering(device, lane_measures.dimensions, lane_width, points)
    is_square, of_null = spec.dimensions == 2, []
    if spec.dimensions > 1:
        lower = partial(_lower, lane_measures.readout_maps, *of_readouts)
        of_null = [CardProgram("null readouts", lower)]
    masked = spec.fidelity.empty_bins == "mask"
    return [
        CardProgram(
            "norms of the weights", partial(_lower, lane_measures.weight_measures, *of_weights)
        ),
        *(score_programs(design, device, masked) if is_square else ()),
        *([CardProgram("copies", partial(_lower, copies_in_lanes, maps))] if is_square else ()),
        CardProgram("dimensions", dimensions),
        *of_null,
        CardProgram("rate maps and errors", measures),
    ]


def score_programs(design: Design, device: Any, masked: bool = True) -> list[CardProgram]:
    """Return the programs that score maps, fit lattices and compute spectra.

    Args:
        design: the numbers of bins along each side of the maps.
        device: the device to compile for. Chunks of maps have the size that accelerators use. On a
            device without float64, each number is a pair of float32 numbers.
        masked: whether the grid score leaves unvisited bins out.
    """
    programs: dict[
        str, CardProgram
    ] = {}  # maps of several sizes are padded to one size and share programs
    for n in design.n_bins:
        lattices = _lattices(n, device) if n in design.n_bins_compared else ()
        for program in (*_grid_scores(n, device, masked), *lattices):
            programs.setdefault(program.name, program)
    n = design.n_bins[-1]
    tables = radial_spectrum._tables(n, len(radial_spectrum.rings(n)), "none")
    of_maps = _chunk(n, device), _tables(tables, device)
    spectra = CardProgram(f"spectra, {n} bins", _lowering(device, radial_spectrum._power, *of_maps))
    return [*programs.values(), spectra]


def _grid_scores(n: int, device: Any, masked: bool) -> Iterator[CardProgram]:
    """Yield the programs of grid scores of maps of n x n bins."""
    side = map_batches.common_side(n)
    tables = _tables(grid_score._tables(n, side, False, device.platform), device)
    basis, reach, taps, weights = tables
    sac = yield from _autocorrelograms(_chunk(side, device), basis, reach, device, masked)
    # The function is jitted again, without its compiler options, which are valid only on a CPU.
    in_rings = jax.jit(_unjitted(grid_score._in_rings), static_argnames="adaptive")
    of_rings = sac, taps, weights, _array((), np.bool_, device)
    lower = _lowering(device, in_rings, *of_rings, adaptive=False)
    yield CardProgram(f"grid scores, {side} bins", lower)


def _lattices(n: int, device: Any) -> Iterator[CardProgram]:
    """Yield the programs of lattices in maps of n x n bins, which are pooled if n is large."""
    block = lattice.pooling(n)
    chunk = _chunk(n if block > 1 else map_batches.common_side(n), device)
    tables = _tables(lattice._tables(n), device)
    search, basis, reach, template = tables
    side = len(search.position)
    pooled = _result(partial(_unjitted(lattice._pooled), block=block, side=side), device, chunk)
    shape = f"{pooled[1].shape[0]} maps, {side} bins"
    yield CardProgram(f"plane waves, {shape}", _lowering(device, lattice._fit, *pooled, search))
    fit, known = _result(_unjitted(lattice._fit), device, *pooled, search)
    sac = yield from _autocorrelograms(known, basis, reach, device, masked=True)
    whole = _result(_unjitted(autocorrelogram.joined), device, sac)
    scalar = _array((), np.float32, device)
    measures = fit, whole, template, scalar, scalar, scalar
    lower = _lowering(device, lattice._measures, *measures)
    yield CardProgram(f"lattices, {shape}", lower)


def _autocorrelograms(
    maps: Any, basis: Any, reach: Any, device: Any, masked: bool
) -> Generator[CardProgram, None, Any]:
    """Yield the programs of autocorrelograms of a chunk; return the shapes of their result."""
    n_maps, side, _ = jax.tree.leaves(maps)[0].shape
    shape = f"{n_maps} maps, {side} bins" + ("" if masked else ", unvisited bins as 0")
    if isinstance(maps, FloatPair):
        centred = centred_sums.quadrants
        lower = _lowering(device, centred, maps, basis, masked=masked)
        yield CardProgram(f"autocorrelograms, {shape}", lower)
        return _result(partial(_unjitted(centred), masked=masked), device, maps, basis)
    sums = jax.jit(_unjitted(autocorrelogram._sums), static_argnames="masked")
    lower = _lowering(device, sums, maps, basis, masked=masked)
    yield CardProgram(f"autocorrelograms, {shape}", lower)
    of_maps = *_result(partial(_unjitted(sums), masked=masked), device, maps, basis), basis, reach
    mended = autocorrelogram._mended
    lower = _lowering(device, mended, *of_maps, masked=masked)
    yield CardProgram(f"exact correlations, {shape}", lower)
    return _result(partial(_unjitted(mended), masked=masked), device, *of_maps)


def _chunk(side: int, device: Any) -> Any:
    """Return the shape of a chunk of maps in arrays of side x side bins, on an accelerator."""
    if computes_in_float64(device.platform):
        size = map_batches.chunk_size(side, "gpu")
        return _array((size, side, side), np.float64, device)
    size = map_batches.chunk_size(side, device.platform)
    part: Any = _array((size, side, side), np.float32, device)
    return FloatPair(part, part)


def _lower(function: Any, *arguments: Any) -> jax.stages.Lowered:
    with jax.default_matmul_precision(MATMUL_PRECISION):
        return function.lower(*arguments)


def _lowering(
    device: Any, function: Any, *arguments: Any, **static: Any
) -> Callable[[], jax.stages.Lowered]:
    """Return a function that lowers a measurement of maps, with float64 if the device has it."""

    def lower() -> jax.stages.Lowered:
        with jax.enable_x64(computes_in_float64(device.platform)):
            return function.lower(*arguments, **static)

    return lower


def _unjitted(function: Any) -> Callable[..., Any]:
    """Return the function that was jitted, without its compiler options."""
    return function.__wrapped__


def _array(shape: tuple[int, ...], dtype: Any, device: Any) -> jax.ShapeDtypeStruct:
    return on_device(jax.ShapeDtypeStruct(shape, dtype), device)


def _tables(tables: Any, device: Any) -> Any:
    """Return the shapes of tables on a device, in 32 bits if the device has no float64."""

    def shape(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct(np.shape(leaf), jax.dtypes.canonicalize_dtype(leaf.dtype))

    with jax.enable_x64(computes_in_float64(device.platform)):
        return on_device(jax.tree.map(shape, tables), device)


def _result(function: Callable[..., Any], device: Any, *arguments: Any) -> Any:
    """Return the shapes of the result of a function without compiler options, on a device."""
    with jax.enable_x64(computes_in_float64(device.platform)):
        return on_device(jax.eval_shape(function, *arguments), device)
