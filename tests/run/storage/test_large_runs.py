"""A run of 11,608 networks, as many as the published study: its files, opening and resuming."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import synthetic_results

import gridjax as gj
from gridjax.run.evaluation.network_metrics import spec_columns
from gridjax.run.planning.blocks import missing_blocks
from gridjax.run.planning.plan import make_plan
from gridjax.run.storage.block_results import results_of
from gridjax.run.storage.manifest import make_manifest
from gridjax.run.storage.run_folder import FolderStore, commit_block
from gridjax.spec.network import NetworkSpec

N_NETWORKS = 11_608
SHAPES = [
    {"rnn_type": cell, "Np": n, "sequence_length": length, "Ng": 32}
    for cell in ("RNN", "LSTM", "GRU", "UGRNN")
    for n in (32, 64)
    for length in (10, 20)
]

OPEN = """
import json, resource, sys, time
start, cpu = time.perf_counter(), time.process_time()
import gridjax as gj
imported = time.perf_counter() - start
{action}
print(json.dumps({{"imports_s": imported, "seconds": time.perf_counter() - start - imported,
    "cpu_s": time.process_time() - cpu, "networks": len(run.networks),
    "max_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}}))
"""


def networks():
    """Networks of 16 shapes and as many seeds as it takes."""
    specs = [
        NetworkSpec(seed=number // len(SHAPES), n_epochs=1, **SHAPES[number % len(SHAPES)])
        for number in range(N_NETWORKS)
    ]
    return [replace(spec, n_grad_steps_per_epoch=100) for spec in specs]


@pytest.mark.slow
def test_the_largest_published_study_is_below_3000_files_and_opens(tmp_path, capsys):
    folder = tmp_path / "run"
    sweep = gj.Sweep.from_specs(networks())
    plan = make_plan(sweep.specs)
    device = {"platform": "cpu", "kind": "a test", "threads": 1}
    FolderStore.create(folder, make_manifest(sweep, plan, device, "float32"), {})
    for block in missing_blocks(plan, set()):
        (one,) = synthetic_results(block.specs[:1], keep_maps="best:4")
        results = [_with_spec(one, spec) for spec in block.specs]
        commit_block(folder, results_of(results))
    n_files = sum(path.is_file() for path in folder.rglob("*"))
    n_bytes = sum(path.stat().st_size for path in folder.rglob("*"))
    open_it = f"run = gj.open_run({str(folder)!r}); run.networks"
    resume_it = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r});"
        " from run.storage.test_large_runs import networks;"
        f" run = gj.train(gj.Sweep.from_specs(networks()), {str(folder)!r})"
    )
    printed = {"open": _measured(open_it), "resume": _measured(resume_it)}
    with capsys.disabled():
        print(f"\n{n_files:,} files, {n_bytes / 1e6:,.0f} MB; {json.dumps(printed, indent=1)}")
    assert n_files < 3000
    assert all(each["networks"] == N_NETWORKS for each in printed.values())
    assert all(each["max_bytes"] < 2e9 for each in printed.values())


def _with_spec(result, spec):
    """The same measures as those of another network."""
    columns = result.evaluation.network | spec_columns(spec)
    return replace(result, evaluation=replace(result.evaluation, network=columns))


def _measured(action):
    tests = Path(__file__).parents[2]
    paths = os.pathsep.join([str(tests.parent), str(tests)])
    result = subprocess.run(
        [sys.executable, "-c", OPEN.format(action=action)],
        env=os.environ | {"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout.splitlines()[-1])
