"""One trained network of a run: responses, maps and measures along paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from gridjax.agents.population import Agents
from gridjax.agents.settings import AgentSettings
from gridjax.forked_process import refuse_forked_process
from gridjax.metrics.arguments import check_int
from gridjax.metrics.coding.outside_box import OutsideBox
from gridjax.metrics.coding.outside_box import outside_box as measure_outside
from gridjax.metrics.ratemaps.heading_tuning import HeadingTuning, heading_tuning
from gridjax.model.weights import Params
from gridjax.run.evaluation.one_network import closed_loop
from gridjax.run.evaluation.one_network.closed_loop import ClosedLoop
from gridjax.run.evaluation.one_network.given_positions import check_positions
from gridjax.run.evaluation.one_network.heading_samples import heading_samples
from gridjax.run.evaluation.one_network.landmark_errors import LandmarkErrors, landmark_errors
from gridjax.run.evaluation.one_network.navigation import AGENT_CODES, navigation
from gridjax.run.evaluation.one_network.own_paths import own_paths
from gridjax.run.evaluation.one_network.recomputed_maps import layout_of_environment, recompute_maps
from gridjax.run.evaluation.one_network.walks_outside import walk_outside
from gridjax.run.results.labelled_maps import labelled_maps
from gridjax.spec.lowering import evaluation_config
from gridjax.spec.network import NetworkSpec
from gridjax.task import task
from gridjax.task.motion.trajectories import along
from gridjax.task.task import Layout
from gridjax.training.forward_pass import forward
from gridjax.training.population import MATMUL_PRECISION

if TYPE_CHECKING:
    import xarray as xr


class Response(NamedTuple):
    """Activity and outputs of a network along given positions."""

    activity: Float[Array, "batch time analysed"]
    """rates of the analysed layer"""
    logits: Float[Array, "batch time out"]
    """outputs, before any softmax"""
    decoded: Float[Array, "batch time 2"]
    """decoded positions, metres; NaN for a network without outputs"""


@dataclass(frozen=True)
class Network:
    """One trained network of a population."""

    spec: NetworkSpec
    params: Params
    layout: Layout
    """place cells, or the parameters of another target code, in all environments"""

    @property
    def place_cells(self) -> Any:
        """Centres [Np, field, 2] and widths [Np, field] of the place cells, in metres.

        For another target code, its random parameters, or None if it has none. With several
        environments, they are those of environment 0; ``layout.further`` has the others.
        """
        return self.layout.code

    def paths(
        self, n_paths: int = 1000, n_moves: int | None = None
    ) -> Float[np.ndarray, "path time+1 d"]:
        """Draw new paths of the network's own motion, which are none of its training.

        Args:
            n_paths: Number of paths.
            n_moves: Moves of a path; by default as many as in the network's training.

        Returns:
            Positions in metres, as `respond` takes them. The same call returns the same paths.
            Those of ``permuted_velocities`` end in different places, unlike those of a batch of the
            training.

        Raises:
            GridjaxError: A number is invalid.
        """
        refuse_forked_process()
        return own_paths(self.spec, n_paths, n_moves)

    def respond(self, positions: Float[Array, "batch time+1 2"], environment: int = 0) -> Response:
        """Run the network along paths.

        Args:
            positions: Positions in metres from the middle of the box, [batch, time + 1, dimensions
                of the box]; the first of each path is its start, in the box. Later ones may lie
                outside, up to ten sides from the middle.
            environment: Number of the environment, from 0, for networks with several environments.

        Returns:
            Activity, outputs and decoded positions at the ``time`` later positions.

        Raises:
            GridjaxError: The positions have another shape, or fewer than two time points; a path
                starts more than a tenth of a side outside the box; or there is no such environment.
        """
        refuse_forked_process()
        positions = check_positions(self.spec, positions)
        layout = layout_of_environment(self.spec, self.layout, environment)
        trajectories = along(positions.swapaxes(0, 1))
        static, dt_s = evaluation_config(self.spec.static), jnp.asarray(self.spec.traced.dt_s)
        with jax.default_matmul_precision(MATMUL_PRECISION):
            analysed, outputs = forward(self.params, layout, trajectories, dt_s, static)
        if static.has_outputs:
            code, _ = task.split_outputs(outputs, static)
            decoded = task.decode(layout, code, static)
        else:
            decoded = jnp.full((*outputs.shape[:2], self.spec.dimensions), jnp.nan)
        return Response(*(value.swapaxes(0, 1) for value in (analysed, outputs, decoded)))

    def rate_maps(
        self, n_bins: int | None = None, samples_per_bin: int = 50, environment: int = 0
    ) -> xr.DataArray:
        """Compute the rate maps of all units again, from the weights.

        Args:
            n_bins: Bins along each side of the box; by default the number of the run's maps.
            samples_per_bin: Mean number of samples in a bin. At the run's number of bins, with the
                default sizes of the evaluation, the maps are those of the run.
            environment: Number of the environment, from 0, for networks with several environments.

        Returns:
            Mean activity of the analysed units, labelled as by `Run.rate_maps`.

        Raises:
            GridjaxError: A number is invalid.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            maps, samples = recompute_maps(
                self.spec, self.params, self.layout, n_bins, samples_per_bin, environment
            )
        return labelled_maps(self.spec, maps, np.arange(len(maps)), samples)

    def outside_box(
        self,
        n_paths: int = 6000,
        n_moves: int = 50,
        units: Sequence[int] | None = None,
        within_cm: float = 40.0,
    ) -> OutsideBox:
        """Run the network out of its box on velocities alone, and decode its states there.

        The walks start in the box, where the network receives their place code; no wall holds them.
        A network can only be measured as far as it integrates: choose ``n_moves`` so that its
        errors in the box stay small. Networks with several environments are in environment 0.

        Args:
            n_paths: Number of walks; rounded up to a multiple of 250. Half of them make the code
                book, the others are decoded.
            n_moves: Number of moves of a walk, at least 5.
            units: Units of the analysed layer that are read; by default all. Memory grows by
                8 bytes for each unit, move and walk.
            within_cm: What the first decoder knows about the position
                (`gridjax.metrics.outside_box`).

        Returns:
            Ranges, errors by the distance from the walls, reliability and maps.

        Raises:
            GridjaxError: A number is invalid, or the network has no recurrence, no square box or
                another motion than the walk.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            positions, rates = walk_outside(
                self.spec, self.params, self.layout, n_paths, n_moves, units
            )
        return measure_outside(positions, rates, self.spec.box_width_in_m, within_cm)

    def closed_loop(self, every: int = 10, n_moves: int = 50, n_paths: int = 1000) -> ClosedLoop:
        """Feed the place code that the network computes back through its start encoder.

        Networks with several environments are in environment 0.

        Args:
            every: Moves between two replacements of the state.
            n_moves: Moves of a trajectory, a multiple of ``every`` and at least two of them.
            n_paths: Number of trajectories.

        Returns:
            Errors and diffusion constants without feedback, with the outputs fed back, and with the
            place code of the decoded position fed back, along the same trajectories.

        Raises:
            GridjaxError: A number is invalid, or the outputs of the network are not the place code
                of its start.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            return closed_loop.closed_loop(
                self.spec, self.params, self.layout, every, n_moves, n_paths
            )

    def landmarks(
        self,
        rate: float | None = None,
        noise_in_m: float | None = None,
        velocity_noise: float | None = None,
        n_moves: int = 50,
        burn_in: int = 20,
        every: int = 5,
        n_paths: int = 1000,
    ) -> LandmarkErrors:
        """Compare the network with a Kalman filter on the same noisy moves and landmarks.

        Networks with several environments are in environment 0. The filter knows the start, the
        noisy moves, the landmarks and both noises, but not which moves are probable. The network
        can learn this, so that an efficiency can exceed 1. An efficiency contains all errors of the
        network, also those that have nothing to do with landmarks.

        Args:
            rate: Probability of a landmark after a move; by default that of the training, as the
                next two.
            noise_in_m: Sd of the noise on each coordinate of a landmark, metres.
            velocity_noise: Sd of the noise on each component of the velocity, m/s.
            n_moves: Moves of a trajectory.
            burn_in: Number of the first moves that the efficiencies leave out.
            every: Moves between two measurements.
            n_paths: Number of trajectories.

        Returns:
            Mean squared errors by move, of the network with landmarks and without, and of the
            filter; and the efficiencies.

        Raises:
            GridjaxError: A number is invalid, or the network has no landmark input or egocentric
                inputs.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            return landmark_errors(
                self.spec,
                self.params,
                self.layout,
                rate,
                noise_in_m,
                velocity_noise,
                n_moves,
                burn_in,
                every,
                n_paths,
            )

    def agents(
        self,
        codes: Sequence[str] = AGENT_CODES,
        lesions: Mapping[str, Sequence[int]] | None = None,
        seeds: Sequence[int] = (0,),
        settings: AgentSettings | None = None,
    ) -> Agents:
        """Train agents that navigate to goals on codes of this network, and test them.

        The network integrates the agent's moves from its place code at the start of a trial, so
        that what the agent reads contains the network's errors. The memory of a goal is the mean
        rates there. Four codes always know the position.
        `gridjax.train_agents` trains agents on maps, without a network.

        Args:
            codes: What the agents observe of their position and of their goal. Without errors of
                path integration, ``place``: the network's own place cells; ``maps``: the mean rate
                maps of the units; ``isotropic``: random fields with the radial spectrum and the
                values of each unit's map, the null of ``maps``; ``place_wide``: Gaussian place
                cells of 30 cm. Read from the network, ``units``: the analysed layer; ``outputs``:
                the outputs after a softmax, which estimate the place cells; ``readouts``: random
                readouts of these outputs, the null of ``units``. ``place_units`` and
                ``place_readouts``: place cells together with units, or with readouts, and so with
                twice as many units as the others.
            lesions: Units that agents do not receive in a test, by the name of the lesion. Codes
                without units have NaN there.
            seeds: Seeds of the agents of each code.
            settings: Sizes, arena and training; by default `gridjax.AgentSettings()`.

        Returns:
            Training curves, and success and efficiency of every agent in the tests.

        Raises:
            GridjaxError: A code, a unit or a seed is invalid, or the network cannot integrate the
                moves of an agent.
        """
        refuse_forked_process()
        with jax.default_matmul_precision(MATMUL_PRECISION):
            return navigation(
                self.spec, self.params, self.layout, codes, lesions or {}, seeds, settings
            )

    def heading_tuning(
        self,
        n_paths: int = 20_000,
        n_bins: int = 20,
        n_headings: int = 36,
        n_shuffles: int = 200,
        seed: int = 0,
    ) -> HeadingTuning:
        """Measure whether the units are tuned to the heading beyond their position.

        Args:
            n_paths: Number of paths of the network's own motion, as long as those of the rate maps.
                Each gives one sample, after its last move; the heading is this move's direction.
            n_bins: Position bins along each side of the box.
            n_headings: Heading bins.
            n_shuffles: Number of shuffles.
            seed: Random seed of the shuffles.

        Returns:
            `gridjax.metrics.HeadingTuning` of the analysed units.

        Raises:
            GridjaxError: A number is invalid, or the box is no square.
        """
        refuse_forked_process()
        key = jax.random.key(check_int("seed", seed, 0, 2**32 - 1), impl="threefry2x32")
        with jax.default_matmul_precision(MATMUL_PRECISION):
            samples = heading_samples(self.spec, self.params, self.layout, n_paths)
        sizes = n_bins, n_headings, n_shuffles
        return heading_tuning(key, *samples, self.spec.box_width_in_m, *sizes)
