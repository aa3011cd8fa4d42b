"""Data of the cards that gridjax can compile for without the card, each with its source.

Rates are the peak rates of the vendor without sparsity, in operations per second. Roofline times
use the share of the peaks that programs without special tuning reach
(gridjax.accelerators.roofline).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridjax.errors import GridjaxError, Problem
from gridjax.io.text import did_you_mean

GPU, TPU = "gpu", "tpu"
OTHER_MEMORY = 16 << 30
"""Assumed memory of an accelerator without a record, bytes."""

FLOAT64, FLOAT32, TF32, BF16, VECTOR = "float64", "float32", "tf32", "bf16", "vector"
"""Kinds of arithmetic that have separate rates: matrix products by the precision of their operands,
and the operations of all other instructions (VECTOR)."""


@dataclass(frozen=True)
class GpuInfo:
    """Properties of an NVIDIA card from which its compiler chooses tiles and memory plans."""

    compute_capability: tuple[int, int]
    multiprocessors: int
    shared_memory_per_multiprocessor: int
    """bytes"""
    shared_memory_per_block: int
    """bytes, for a kernel that requests more than the default"""
    l2_cache: int
    """bytes"""
    clock_ghz: float


@dataclass(frozen=True)
class CardInfo:
    """One accelerator card, or one chip of a TPU."""

    name: str
    """the name in commands"""
    label: str
    """the name in messages"""
    memory: int
    """bytes of the card"""
    usable_share: float
    """share of the memory that programs get: on a GPU the share that JAX takes at its start
    (XLA_PYTHON_CLIENT_MEM_FRACTION), on a TPU the memory that the compiler does not reserve"""
    bytes_per_s: float
    """bandwidth of the memory"""
    rates: Mapping[str, float]
    """kind of arithmetic -> peak operations per second; kinds that the card lacks are left out"""
    launch_s: float
    """overhead of one kernel, seconds; 0 on a TPU, which does not launch kernels one by one"""
    source: str
    gpu: GpuInfo | None = None
    """None for a TPU"""
    topology: str = ""
    """name of the slice with the four chips of one host; empty for a GPU"""
    slice_type: str = ""
    """type of this slice (TPU_ACCELERATOR_TYPE); empty for a GPU"""
    reported_name: str = ""
    """the name that JAX reports (Device.device_kind), if it is not the label"""

    @property
    def kind(self) -> str:
        """GPU or TPU."""
        return TPU if self.gpu is None else GPU

    @property
    def device_kind(self) -> str:
        """The name that JAX reports."""
        return self.reported_name or self.label

    @property
    def usable_memory(self) -> int:
        """Bytes that programs can use."""
        return round(self.memory * self.usable_share)


_LAUNCH_S = 2.5e-6
"""Overhead of one kernel on a GPU, seconds. In profiles of training on an H200
(benchmarks/results/accelerator-h200.json), the smallest kernels take 1.5 us each, and 0.7 to 2 us
pass between two kernels."""
_JAX_SHARE = 0.75
_HOPPER_RATES = {
    FLOAT64: 66.9e12,
    FLOAT32: 66.9e12,
    TF32: 494.7e12,
    BF16: 989.4e12,
    VECTOR: 66.9e12,
}


def _tpu_rates(bf16: float, vector: float) -> dict[str, float]:
    """Return the rates of a TPU, whose matrix units multiply only bfloat16 numbers.

    A product of float32 operands takes six products of bfloat16. A product of operands with 10 bits
    of mantissa takes three (jax.lax.Precision). There is no rate for float64, which the compiler
    emulates.
    """
    return {FLOAT32: bf16 / 6, TF32: bf16 / 3, BF16: bf16, VECTOR: vector}


_HOPPER = GpuInfo((9, 0), 132, 233_472, 232_448, 50 << 20, 1.755)

CARDS: dict[str, CardInfo] = {
    card.name: card
    for card in (
        CardInfo(
            name="h100",
            label="NVIDIA H100 80GB HBM3",
            memory=84_978_434_048,
            usable_share=_JAX_SHARE,
            bytes_per_s=3.352e12,
            rates=_HOPPER_RATES,
            launch_s=_LAUNCH_S,
            source="NVIDIA H100 Tensor Core GPU Architecture, 2022, H100 SXM5",
            gpu=_HOPPER,
        ),
        CardInfo(
            name="h200",
            label="NVIDIA H200",
            memory=150_110_011_392,
            usable_share=_JAX_SHARE,
            bytes_per_s=4.8e12,
            rates=_HOPPER_RATES,
            launch_s=_LAUNCH_S,
            source="NVIDIA H200 Tensor Core GPU datasheet, 2024, H200 SXM",
            gpu=_HOPPER,
        ),
        CardInfo(
            name="a100",
            label="NVIDIA A100-SXM4-80GB",
            memory=85_094_825_984,
            usable_share=_JAX_SHARE,
            bytes_per_s=2.039e12,
            rates={
                FLOAT64: 19.5e12,
                FLOAT32: 19.5e12,
                TF32: 156e12,
                BF16: 312e12,
                VECTOR: 19.5e12,
            },
            launch_s=_LAUNCH_S,
            source="NVIDIA A100 Tensor Core GPU datasheet, 2021, A100 80GB SXM",
            gpu=GpuInfo((8, 0), 108, 167_936, 166_912, 40 << 20, 1.41),
        ),
        CardInfo(
            name="v5e",
            label="TPU v5e",
            memory=16 << 30,
            usable_share=15.75 / 16,
            bytes_per_s=819e9,
            rates=_tpu_rates(197e12, 6.1e12),
            launch_s=0.0,
            source="Google Cloud TPU documentation, TPU v5e; vector unit: 8 x 128 lanes of 4 units"
            " at the 1.5 GHz that the peak of its 4 matrix units of 128 x 128 implies",
            topology="v5e:2x2",
            slice_type="v5litepod-4",
            reported_name="TPU v5 lite",
        ),
        CardInfo(
            name="v6e",
            label="TPU v6e",
            memory=32 << 30,
            usable_share=31.25 / 32,
            bytes_per_s=1638e9,
            rates=_tpu_rates(918e12, 7.2e12),
            launch_s=0.0,
            source="Google Cloud TPU documentation, TPU v6e; vector unit: 8 x 128 lanes of 4 units"
            " at an assumed 1.75 GHz",
            topology="v6e:2x2",
            slice_type="v6e-4",
            reported_name="TPU v6 lite",
        ),
    )
}
"""Name -> card."""


def card_info(name: str) -> CardInfo:
    """Return the card with a name, in upper or lower case.

    Raises GridjaxError for an unknown name; the message lists the names.
    """
    card = CARDS.get(name.strip().lower())
    if card is None:
        names = ", ".join(CARDS)
        fix = did_you_mean(name, CARDS) or f"give one of {names}"
        raise GridjaxError(Problem(f"unknown card: {name}; expected one of {names}", fix=fix))
    return card


def memory_of(device_kind: str) -> int:
    """Return the memory of an accelerator in bytes, from the name that JAX reports for it.

    It depends only on the name, not on the state of the device. An accelerator without a record
    is assumed to have OTHER_MEMORY.
    """
    known = (card.memory for card in CARDS.values() if card.device_kind == device_kind)
    return next(known, OTHER_MEMORY)
