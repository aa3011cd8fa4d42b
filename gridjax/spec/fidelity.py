"""Fidelity switches: the differences between the study's computation and the intended one.

``corrected`` is the intended computation. ``published`` reproduces the study's computation with its
peculiarities, so that numbers can be compared. Every switch can be set on its own.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from gridjax.spec.fields.uses import CODE, EVALUATION, READOUT, TRAINING, WEIGHTS


def _switch(corrected: str, published: str, doc: str, effect: str, *used_by: str) -> Any:
    metadata: dict[str, Any] = {"doc": doc, "effect": effect, "choices": (corrected, published)}
    metadata["used_by"] = frozenset(used_by)
    return dataclasses.field(default=corrected, metadata=metadata)


Bins = Literal["mask", "zero"]


@dataclass(frozen=True, slots=True)
class Fidelity:
    """One switch for each difference.

    The first choice of each field is the corrected one, the second is the published one. In the
    metadata, ``effect`` describes how the published choice changes the numbers, and ``used_by``
    lists the uses of the switch (gridjax.spec.fields.uses).
    """

    dropout: str = _switch(
        "active",
        "inert",
        "whether dropout drops anything in training",
        "The forward pass of training ran in inference mode, so dropout drops nothing."
        " Networks that differ only in dropout rates are the same network.",
        TRAINING,
    )
    ugrnn_initializer: str = _switch(
        "given",
        "glorot_uniform",
        "initialiser of UGRNN's kernel",
        "UGRNN does not read its initialiser. Its three values give the same network.",
        WEIGHTS,
    )
    ugrnn_weight_decay: str = _switch(
        "kernel",
        "bias",
        "what weight decay falls on in UGRNN",
        "Weight decay acts on the bias of UGRNN, which starts at 0, and not on its kernel.",
        TRAINING,
    )
    polar_angle: str = _switch(
        "atan2",
        "atan",
        "angle of polar targets",
        "atan(y / x) is the same for opposite positions, so polar targets cannot be decoded"
        " in half the box. The study swept no polar code with it.",
        CODE,
    )
    empty_bins: Bins = _switch(
        "mask",
        "zero",
        "bins of a rate map that no sample visited, when it is scored",
        "In scores, bins without samples count as rate 0. They are 11 % of 44 x 44 bins at"
        " batch size 200, and 72 % at 30. Scores change.",
        READOUT,
    )
    evaluation_positions: str = _switch(
        "cover",
        "one_batch",
        "where rate maps and errors are taken",
        "Rate maps and errors are from one batch of batch_size trajectories of 50 moves, too"
        " few to visit every bin. The corrected value takes as many as"
        " evaluation.samples_per_bin needs.",
        EVALUATION,
    )
    loss_column: str = _switch(
        "data",
        "with_penalty",
        "what the column loss holds",
        "The column loss includes the weight penalty (up to .018 nat). The column"
        " weight_penalty has it separately in both cases.",
        EVALUATION,
    )

    def __str__(self) -> str:
        """Return ``corrected`` or ``published``, and the switches that differ from it."""
        texts = []
        for name, preset in PRESETS.items():
            others = [
                f"{switch}={getattr(self, switch)}"
                for switch in SWITCHES
                if getattr(self, switch) != getattr(preset, switch)
            ]
            texts.append((len(others), ", ".join([name, *others])))
        return min(texts, key=lambda pair: pair[0])[1]


SWITCHES = {field.name: field for field in dataclasses.fields(Fidelity)}
"""The field of every switch by its name."""
CORRECTED = Fidelity()
PUBLISHED = Fidelity(**{name: field.metadata["choices"][1] for name, field in SWITCHES.items()})
PRESETS = {"corrected": CORRECTED, "published": PUBLISHED}


def parse_fidelity(text: str) -> Fidelity:
    """Return the fidelity of a text that str() wrote. Raises ValueError for any other text."""
    preset, *others = text.split(", ")
    if preset not in PRESETS:
        raise ValueError(f"no fidelity {preset!r}")
    switches = dict(part.split("=", 1) for part in others if "=" in part)
    if len(switches) != len(others) or not switches.keys() <= SWITCHES.keys():
        raise ValueError(f"no fidelity {text!r}")
    for name, value in switches.items():
        if value not in SWITCHES[name].metadata["choices"]:
            raise ValueError(f"no fidelity {text!r}")
    return dataclasses.replace(PRESETS[preset], **switches)
