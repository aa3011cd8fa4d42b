"""Settings of a whole run: the ``gridjax:`` block of a sweep file."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gridjax.errors import GridjaxError
from gridjax.io.source_location import Problems, SourcedValue
from gridjax.io.text import did_you_mean, show
from gridjax.spec.fidelity import PRESETS, SWITCHES
from gridjax.spec.parameters import FIELDS
from gridjax.spec.value_reader import read_value
from gridjax.sweep.files.place_map_files import read_place_maps_at
from gridjax.sweep.settings import perturbations


def _setting(default: Any, doc: str, **limits: Any) -> Any:
    return dataclasses.field(default=default, metadata={"doc": doc, **limits})


def _keep(default: str, doc: str) -> Any:
    return _setting(
        default, doc, pattern="all|none|best:[1-9][0-9]{0,8}", form="all, none or best:N"
    )


@dataclass(frozen=True)
class EvaluationSettings:
    """Settings of the evaluation of trained networks."""

    sequence_length: int = _setting(
        50, "moves of an evaluation trajectory", at_least=1, at_most=100_000
    )
    batch_size: int = _setting(200, "trajectories in a batch", at_least=1, at_most=1_000_000)
    samples_per_bin: int = _setting(
        50, "mean number of samples in a bin of the finest rate map", at_least=1, at_most=1_000_000
    )
    n_readouts: int = _setting(
        1024,
        "random readouts of the target code of each layout",
        at_least=1024,
        at_most=1_000_000,
    )
    all_bins: bool = _setting(
        False, "null scores and lattices for every number of bins, not only for the reported one"
    )
    along_training: int = _setting(
        0,
        "evaluations of each network, at step 0 and at log-spaced steps up to the last; 0: only"
        " at the last",
        at_least=0,
        at_most=64,
        never={1: "the evaluation at the last step always takes place"},
    )
    robustness: str = _setting(
        perturbations.NONE,
        "perturbations under which trained networks are evaluated too",
        pattern=perturbations.PATTERN,
        form=f"none, all, or some of {', '.join(perturbations.GROUPS)}, separated by commas",
    )
    environments: bool = _setting(
        False, "whether networks with several environments are compared between them"
    )


@dataclass(frozen=True)
class Settings:
    """Settings of training, evaluation and storage, the same for all networks of a run.

    If ``lane_width`` is None, the default for the device, the shapes and their networks is used
    (gridjax.run.planning.plan).
    """

    lane_width: int | None = _setting(
        None, "networks trained together by one vmap", at_least=1, at_most=65536
    )
    merge: bool = _setting(False, "train networks of several shapes together, by padding")
    fused_recurrence: bool = _setting(
        False, "compute all times of the recurrence in one kernel of an NVIDIA H100 or H200"
    )
    evaluation: EvaluationSettings = dataclasses.field(default_factory=EvaluationSettings)
    keep_maps: str = _keep("best:32", "units of each network whose rate maps are kept")
    keep_weights: str = _keep("all", "networks whose weights are kept")

    def to_dict(self) -> dict[str, Any]:
        """Return all settings by name as JSON values; the evaluation settings are a nested dict."""
        return dataclasses.asdict(self)


EVALUATION = {f"evaluation.{field.name}": field for field in dataclasses.fields(EvaluationSettings)}
GENERAL = {field.name: field for field in dataclasses.fields(Settings)}
del GENERAL["evaluation"]
SETTINGS = {**GENERAL, **EVALUATION}
"""The field of every setting by its dotted name inside the ``gridjax:`` block."""

OF_NETWORKS = tuple(name for name, field in FIELDS.items() if field.metadata.get("setting"))
"""Network parameters that the block may contain; they apply to all networks of the file."""


def flatten(block: SourcedValue, problems: Problems) -> dict[str, SourcedValue]:
    """Return the settings of one ``gridjax:`` block by dotted name; add errors to ``problems``."""
    given: dict[str, SourcedValue] = {}
    for name, item in _items(block, "gridjax", problems):
        if name == "fidelity":
            given[name] = _fidelity(item, problems)
        elif name == "place_maps":
            given[name] = read_place_maps_at(item, problems)
        elif name == "evaluation":
            for inner, value in _items(item, "gridjax.evaluation", problems):
                _add(given, "evaluation.", inner, value, problems)
        else:
            _add(given, "", name, item, problems)
    return given


def read_settings(
    blocks: Sequence[Mapping[str, SourcedValue]],
    overrides: Mapping[str, SourcedValue],
    problems: Problems,
) -> Settings:
    """Return the settings of a run from the flattened block of each file and from overrides.

    Contradictions between files are added to ``problems``.
    """
    given: dict[str, tuple[Any, SourcedValue]] = {}
    for block in [{**block, **overrides} for block in blocks] or [overrides]:
        for name, item in block.items():
            if name not in SETTINGS:
                continue
            try:
                value = read_value(SETTINGS[name], item.plain())
            except GridjaxError as error:
                problems.add_error(error, item.place)
                continue
            first, where = given.setdefault(name, (value, item))
            if first != value:
                message = f"{name}: {show(value)} contradicts {show(first)} at {where.place}"
                problems.add(message, item.place, "give all files of one run the same settings")
    values = {name: value for name, (value, _) in given.items()}
    evaluation = {field.name: values[name] for name, field in EVALUATION.items() if name in values}
    general = {name: values[name] for name in GENERAL if name in values}
    return Settings(evaluation=EvaluationSettings(**evaluation), **general)


def change_settings(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Return settings with other values, given by name. Raises GridjaxError if one is invalid."""
    changed = {name: read_value(SETTINGS[name], value) for name, value in values.items()}
    return replace(settings, **changed)


def _fidelity(item: SourcedValue, problems: Problems) -> SourcedValue:
    """Convert a fidelity from a dict (``{preset: corrected, dropout: inert}``) or text to text."""
    if not isinstance(item.value, dict):
        return item
    preset, switches = "corrected", []
    for name, inner in item.value.items():
        choices = PRESETS if name == "preset" else ()
        if name in SWITCHES:
            choices = SWITCHES[name].metadata["choices"]
        elif name != "preset":
            known = ("preset", *SWITCHES)
            fix = did_you_mean(name, known) or f"the switches are {', '.join(known)}"
            problems.add(f"unknown switch fidelity.{name}", inner.name_place, fix)
            continue
        if not isinstance(inner.value, str) or inner.value not in choices:
            message = f"fidelity.{name}: {show(inner.plain())} is unknown"
            problems.add(message, inner.place, f"one of {', '.join(choices)}")
        elif name == "preset":
            preset = inner.value
        else:
            switches.append(f"{name}={inner.value}")
    return replace(item, value=", ".join([preset, *switches]))


def _items(block: SourcedValue, name: str, problems: Problems) -> list[tuple[str, SourcedValue]]:
    if block.value is None:
        return []
    if not isinstance(block.value, dict):
        message = f"{name}: {show(block.plain())} is not a mapping of settings"
        problems.add(message, block.place, "write name: value, one setting a line")
        return []
    return list(block.value.items())


def _add(
    given: dict[str, SourcedValue], group: str, name: str, item: SourcedValue, problems: Problems
) -> None:
    known = [*SETTINGS, *OF_NETWORKS]
    if group + name in known:
        given[group + name] = item
        return
    known = [each.removeprefix(group) for each in known if each.startswith(group)]
    fix = did_you_mean(name, known) or "the settings are " + ", ".join(known)
    if name in FIELDS:
        fix = f"it is a parameter of networks: put it under parameters: as {name}: {{value: ...}}"
    problems.add(f"unknown setting {show(group + name)}", item.name_place, fix)
