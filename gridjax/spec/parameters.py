"""Parameters of a network: all fields together, and which of them a network reads.

The names are those of the study (No Free Lunch from Deep Learning in Neuroscience, 2022). Names
that are not from the study end with their unit. To add a parameter, add a field to a module of
gridjax.spec.fields. Sweep files, static config, traced parameters, identities and tables are
derived from its metadata.
"""

from __future__ import annotations

import dataclasses
from dataclasses import Field, dataclass

from gridjax.spec.fidelity import CORRECTED, Fidelity
from gridjax.spec.fields.declarations import (
    BANINO,
    declare,
    evaluated,
    info_of,
    reads_target_code,
)
from gridjax.spec.fields.distributions import Uniform
from gridjax.spec.fields.environment_fields import EnvironmentFields
from gridjax.spec.fields.landmark_fields import LandmarkFields
from gridjax.spec.fields.network_fields import NetworkFields
from gridjax.spec.fields.noise_fields import NoiseFields
from gridjax.spec.fields.state_objective_fields import StateObjectiveFields, has_state_objective
from gridjax.spec.fields.target_code_fields import TargetCodeFields
from gridjax.spec.fields.training_fields import TrainingFields
from gridjax.spec.fields.uses import STATIC
from gridjax.spec.fields.world_fields import WorldFields
from gridjax.spec.registry import REGISTRIES, has_plugins, plugin_hash_of

SEEDS = ("layout_seed", "weight_seed", "motion_seed")
"""Fields that seed one random stream each; ``seed`` is the default of all of them."""
ALL_SEEDS = ("seed", *SEEDS)
"""All fields that are seeds."""


@dataclass(frozen=True)
class NetworkParameters(
    TrainingFields,
    WorldFields,
    StateObjectiveFields,
    EnvironmentFields,
    TargetCodeFields,
    LandmarkFields,
    NoiseFields,
    NetworkFields,
):
    """The parameters of one network: its cells, its target code, its world and its training.

    The fields of the base classes come first, those of the last one before the others.

    Metadata of a field:
    ``kind`` and ``used_by``: see gridjax.spec.fields.uses.
    ``doc``: the description of the field.
    ``of_code``: a function of a TargetCodeInfo; whether that target code reads the field. A value
    that is not read may be any number.
    ``read_if``: a function of the network; whether the network reads the field. If it does not, the
    default replaces the value.
    Static config, traced parameters and every identity are derived from this metadata
    (gridjax.spec.lowering).

    Limits in the metadata:
    ``choices``: gridjax's values; users may register more.
    ``never``: values that cannot be used, each with the reason.
    ``above`` and ``below``: exclusive limits.
    ``at_least`` and ``at_most``: inclusive limits.
    ``why``: text that is printed with a limit.
    ``only``: the one supported value.
    ``mean_at_most``: largest mean of a Poisson distribution.
    ``setting``: whether the field is allowed in the ``gridjax:`` block.
    A field whose type includes ``Uniform`` or ``Poisson`` also accepts that distribution.
    """

    bin_side_in_m: float = evaluated(
        0.05, "side of a bin of the reported rate maps, metres", above=0.0
    )

    fidelity: Fidelity = declare(
        STATIC, CORRECTED, "do what was meant, or reproduce the study's computation", setting=True
    )

    @property
    def n_grad_steps(self) -> int:
        """Number of gradient steps of the whole training."""
        return self.n_epochs * self.n_grad_steps_per_epoch

    @property
    def n_bins_reported(self) -> int:
        """Number of bins along each side of the rate maps for reported scores (44 in 2.2 m)."""
        return bins_across(self.box_width_in_m, self.bin_side_in_m)

    @property
    def n_analysed(self) -> int:
        """Number of units of the analysed layer."""
        return self.n_bottleneck if self.architecture == BANINO else self.Ng

    @property
    def has_outputs(self) -> bool:
        """Whether the network has outputs, which the loss of the target code trains."""
        return self.place_loss_weight > 0 or not has_state_objective(self)

    @property
    def has_place_code(self) -> bool:
        """Whether the target is a population of place cells."""
        info = info_of(self.place_field_values)
        return info is not None and info.has_place_cells

    @property
    def is_homogeneous(self) -> bool:
        """Whether all place cells have a single field with the same width and surround."""
        widths = (self.place_cell_rf, self.surround_scale)
        drawn = any(isinstance(width, Uniform) for width in widths)
        return self.n_place_fields_per_cell == 1 and not drawn

    @property
    def plugins(self) -> dict[str, str]:
        """The SHA-256 of each value that a user registered; keys are ``plugin:`` and its name."""
        if not has_plugins():
            return {}
        names = {parameter: getattr(self, parameter) for parameter in REGISTRIES}
        hashes = {name: plugin_hash_of(parameter, name) for parameter, name in names.items()}
        return {f"plugin:{name}": sha for name, sha in hashes.items() if sha is not None}


FIELDS: dict[str, Field] = {field.name: field for field in dataclasses.fields(NetworkParameters)}
"""Every parameter of a network by its name."""


DRAWN_PARAMETERS = tuple(
    name for name, field in FIELDS.items() if str(field.type).endswith(("Uniform", "Poisson"))
)
"""Parameters that accept a distribution; values are drawn for each field or cell of a layout."""
_CONDITIONAL = tuple(
    field for field in FIELDS.values() if "of_code" in field.metadata or "read_if" in field.metadata
)


def depends_on_code(field: Field) -> bool:
    """Return whether only some target codes read a field."""
    return "of_code" in field.metadata


def is_read_by(field: Field, code: str) -> bool:
    """Return whether a target code (a value of place_field_values) reads a field."""
    if not depends_on_code(field):
        return True
    info = info_of(code)
    return info is not None and field.metadata["of_code"](info)


def is_read(field: Field, network: NetworkParameters) -> bool:
    """Return whether a network reads a field. A field that is not read changes no result."""
    reads = field.metadata.get("read_if")
    if depends_on_code(field) and not reads_target_code(network):
        return False
    return is_read_by(field, network.place_field_values) and (reads is None or reads(network))


def unread(network: NetworkParameters) -> tuple[Field, ...]:
    """Return the fields that a network does not read."""
    return tuple(field for field in _CONDITIONAL if not is_read(field, network))


def bins_across(width: float, side: float) -> int:
    """Return the number of bins across a width: width / side, rounded to an integer; at least 1.

    Args:
        width, side: width of the box and side of a bin, both in metres.
    """
    return max(1, round(width / side))
