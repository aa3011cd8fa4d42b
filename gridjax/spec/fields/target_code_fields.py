"""Fields of a network: its target code (of positions and of head directions) and the loss."""

from __future__ import annotations

from dataclasses import dataclass

from gridjax.spec.fields.declarations import (
    chooses_normalization,
    code_reads,
    code_takes_normalization,
    declare,
    has_head_direction,
    has_outputs,
    names_of,
    reads_target_code,
    static,
    traced,
)
from gridjax.spec.fields.distributions import Poisson, Uniform
from gridjax.spec.fields.uses import CODE, HEAD, LOSS, STATIC
from gridjax.spec.place_maps import PlaceMaps
from gridjax.spec.records.cell_info import LOSS_INFOS
from gridjax.spec.records.target_code_info import TARGET_CODES

_MOST_FIELDS = 32
_HIGHEST_POISSON = 10


@dataclass(frozen=True)
class TargetCodeFields:
    """The target code (place cells, head-direction cells, or coordinates) and the loss."""

    place_field_values: str = static(
        "difference_of_gaussians",
        "target code",
        CODE,
        choices=names_of(TARGET_CODES),
        read_if=reads_target_code,
    )
    place_maps: PlaceMaps | None = declare(
        STATIC,
        None,
        "file of measured place cells [Np, n, n] over the box (.npy)",
        CODE,
        setting=True,
        of_code=code_reads("place_maps"),
    )
    place_field_normalization: str = static(
        "global",
        "normalisation of the place code over cells",
        CODE,
        choices=("global", "none", "local"),
        never={"local": "the study's code fails with it"},
        of_code=code_takes_normalization,
        read_if=chooses_normalization,
    )
    place_field_loss: str = static(
        "crossentropy",
        "loss between target and output",
        LOSS,
        choices=names_of(LOSS_INFOS),
        read_if=has_outputs,
    )
    Np: int = static(
        512,
        "outputs: place cells, or target dimensions",
        CODE,
        at_least=1,
        at_most=65536,
        read_if=reads_target_code,
    )
    n_place_fields_per_cell: int | Poisson = static(
        1,
        "fields per place cell",
        CODE,
        at_least=1,
        at_most=_MOST_FIELDS,
        mean_at_most=_HIGHEST_POISSON,
        of_code=code_reads("n_place_fields_per_cell"),
    )
    place_cell_rf: float | Uniform = traced(
        0.12,
        "width sigma_E of a place field, metres",
        CODE,
        above=0.0,
        of_code=code_reads("place_cell_rf"),
    )
    surround_scale: float | Uniform = traced(
        2.0,
        "surround over centre width s (surround_convention says of what), dimensionless",
        CODE,
        above=1.0,
        why="at 1, centre and surround cancel, and every target is zero",
        of_code=code_reads("surround_scale"),
    )
    place_cell_alpha_e: float = traced(
        1.0,
        "weight of the centre, dimensionless",
        CODE,
        at_least=0.0,
        of_code=code_reads("place_cell_alpha_e"),
    )
    place_cell_alpha_i: float = traced(
        1.0,
        "weight of the surround, dimensionless",
        CODE,
        at_least=0.0,
        of_code=code_reads("place_cell_alpha_i"),
    )
    surround_convention: str = static(
        "std",
        "whether surround_scale is a ratio of standard deviations or of variances",
        CODE,
        choices=("std", "variance"),
        setting=True,
        of_code=code_reads("surround_convention"),
    )
    n_head_direction_cells: int = static(
        0,
        "head-direction cells beside the place code",
        HEAD,
        at_least=0,
        at_most=65536,
        setting=True,
        read_if=reads_target_code,
    )
    head_direction_kappa: float = traced(
        20.0,
        "concentration of head-direction cells, dimensionless",
        HEAD,
        above=0.0,
        setting=True,
        read_if=has_head_direction,
    )
