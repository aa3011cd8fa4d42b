"""A study that is stopped, in its pilot and later, and goes on: nothing is trained twice."""

import contextlib
import io
import math
import shutil
import signal
import sys
from dataclasses import dataclass

import pytest
from torture.sweeps import promised, steps_kept

import gridjax as gj
from gridjax.callbacks import TrainingSteps
from gridjax.cli import main
from gridjax.run.execution import progress_bar
from gridjax.run.execution.stop_signal import EXIT_STOPPED
from gridjax.studies.networks.training import NETWORKS

pytestmark = pytest.mark.usefixtures("evaluation_without_compilation")

STEPS, N_PILOT, N_NETWORKS = 60, 2, 10
# the shapes of tiny.CARTESIAN, which other tests compile
SMALL = (
    *("place_field_values=cartesian", "place_field_loss=mse", "Np=2", "sequence_length=7"),
    f"n_grad_steps_per_epoch={STEPS}",
)
SELECT = """def settle(pilot, specs):
    from dataclasses import replace

    best = pilot.networks.set_index("learning_rate")[ERROR].idxmin()
    return [replace(spec, learning_rate=best) for spec in specs]


def select(evidence):
    return {"faster_is_better": {"frame": evidence.networks, "column": ERROR}}


def figures("""


@dataclass(frozen=True)
class Sitting:
    """What one call of ``gridjax study`` printed and trained."""

    code: int
    text: str
    steps: int
    """network-steps that were reported"""

    @property
    def verdicts(self):
        """The table of verdicts, as it was printed."""
        return self.text.partition("Fast learners")[2].partition("report in")[0]


@pytest.fixture(scope="module")
def piloted(page_study, tmp_path_factory):
    """The page's study of one arm, whose learning rate a pilot of another seed settles."""
    folder = shutil.copytree(page_study, tmp_path_factory.mktemp("piloted") / "fast")
    sweep, analysis = folder / "quick.yaml", folder / "analysis.py"
    of_pilot = sweep.read_text().replace("[0, 1, 2, 3, 4, 5, 6, 7]", "[8]")
    (folder / "pilot").mkdir()
    (folder / "pilot" / "quick.yaml").write_text(of_pilot)
    sweep.write_text(sweep.read_text().replace("[1e-3, 3e-3]", "[2e-3]"))
    of_page, _, drawing = analysis.read_text().partition("def figures(")
    analysis.write_text(of_page.partition("def select(")[0] + SELECT + drawing)
    claims = folder / "claims.yaml"
    claims.write_text(claims.read_text().replace("paired_difference", "mean_vs_null"))
    return folder


def study(folder, out, options=(), sends=None, after=math.inf):
    """Call ``gridjax study``, which is sent a signal once it has made some network-steps."""
    made = [0]

    class Sending(progress_bar.ProgressBar):
        def on_event(self, event):
            super().on_event(event)
            if isinstance(event, TrainingSteps):
                before, made[0] = made[0], made[0] + event.network_steps
                if before < after <= made[0]:
                    signal.raise_signal(sends)

    settings = [part for setting in SMALL for part in ("--set", setting)]
    command = ["gridjax", "study", folder, "--out", out, *settings, *options]
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as text:
        patch.setattr(progress_bar, "ProgressBar", Sending)
        patch.setattr(sys, "argv", [str(part) for part in command])
        with pytest.raises(SystemExit) as end:
            main()
    return Sitting(end.value.code or 0, text.getvalue(), made[0])


STOPS = {
    "the time limit": {"options": ("--time-limit", "0.001s")},
    "SIGTERM": {"sends": signal.SIGTERM, "after": STEPS * N_PILOT + 70},
    "SIGINT": {"sends": signal.SIGINT, "after": 130},
}
"""The first in the pilot, whose two networks have no more steps than the second waits for."""


@pytest.mark.slow
def test_a_study_stopped_three_times_ends_as_one_that_nobody_stopped(piloted, tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    at_once = study(piloted, whole)
    assert (at_once.code, at_once.steps) == (0, STEPS * N_NETWORKS)
    kept = 0
    for reason, how in STOPS.items():
        sitting = study(piloted, stopped, **how)
        assert sitting.code == EXIT_STOPPED
        assert f"stopped by {reason}" in sitting.text
        assert "the same command resumes" in sitting.text
        before, kept = kept, steps_kept(stopped / NETWORKS, STEPS)
        assert kept >= before + sitting.steps > before  # all that was made is kept
        assert kept < STEPS * N_NETWORKS
        n_known = len(gj.open_run(stopped / NETWORKS).manifest["run_ids"])
        assert n_known == (N_PILOT if reason == "the time limit" else N_NETWORKS)
        assert not (stopped / "report.html").exists()
    last = study(piloted, stopped)
    assert last.code == 0
    assert "resumed " in last.text
    assert " at step " in last.text
    assert last.steps == STEPS * N_NETWORKS - kept
    assert last.verdicts == at_once.verdicts
    assert "After sixty steps" in last.verdicts
    assert promised(stopped / NETWORKS) == promised(whole / NETWORKS)
    for name in ("verdicts.json", "rows/faster_is_better.csv"):
        assert (stopped / "fast" / name).read_bytes() == (whole / "fast" / name).read_bytes()
    assert not gj.open_run(stopped / NETWORKS).networks["resumed"].any()
