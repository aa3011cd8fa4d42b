"""Reader of the ``config.yaml`` of a Weights & Biases run, as a sweep of one network.

W&B writes each value of a run's configuration as ``name: {value: x, desc: null}``. It writes its
own data under ``_wandb``.
"""

from __future__ import annotations

from dataclasses import replace

from gridjax.io.source_location import SourcedValue

_OF_WANDB = ("_wandb", "wandb_version")


def is_run_config(document: SourcedValue) -> bool:
    """Return whether a file is the configuration of a W&B run."""
    content = document.value
    return isinstance(content, dict) and not set(content).isdisjoint(_OF_WANDB)


def sweep_of_run(document: SourcedValue) -> SourcedValue:
    """Return the configuration of a W&B run as the content of a sweep file with one network.

    Dicts among the values become nested groups of parameters, as in sweep files.
    """
    parameters = {
        name: _parameter(replace(item.value["value"], name_place=item.name_place))
        if isinstance(item.value, dict) and "value" in item.value
        else item
        for name, item in document.value.items()
        if name not in _OF_WANDB
    }
    return replace(document, value={"parameters": SourcedValue(parameters, document.place)})


def _parameter(item: SourcedValue) -> SourcedValue:
    """Return the mapping of a parameter with one value, or of a group of parameters."""
    if not isinstance(item.value, dict):
        return replace(item, value={"value": item})
    group = {name: _parameter(inner) for name, inner in item.value.items()}
    return replace(item, value={"parameters": replace(item, value=group)})
