"""Studies: folders of sweep files, a claims file and an analysis.

A study is a folder with ``claims.yaml``, ``analysis.py`` and a sweep file (or a folder of them) for
each size: ``quick``, ``desk``, ``paper``, and ``published`` for the published design. A study whose
networks depend on a pilot (for a learning rate, say) also has sweep files ``pilot/quick.yaml`` and
so on, and a function ``settle(pilot, specs)`` in its analysis.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.python_files import import_file
from gridjax.io.text import did_you_mean
from gridjax.studies.claim_tests import estimate_claim
from gridjax.studies.claims_file import CLAIMS, Claims, read_claims
from gridjax.sweep.catalog import EXPERIMENTS

if TYPE_CHECKING:
    from gridjax.plotting import FigureResult
    from gridjax.spec.network import NetworkSpec
    from gridjax.studies.estimates import Estimate
    from gridjax.studies.evidence import Evidence

ANALYSIS, PILOT = "analysis.py", "pilot"
SIZES = ("quick", "desk", "paper")
PUBLISHED = "published"
ALL = "all"
NETWORKS = "networks"
"""The folder of the run that the studies share, beside the studies' own folders."""
ORDER = ("emergence", "encodings", "modules", "turing", "width-sensitivity", "heterogeneity")
"""The shipped studies of published results, in the order of these results."""


@dataclass(frozen=True)
class Study:
    """One study: a folder with claims, an analysis and sweep files."""

    name: str
    folder: Path
    base: Path | None = None
    """a sweep file that replaces those of all sizes"""

    @cached_property
    def claims(self) -> Claims:
        """The claims of the study; raises GridjaxError where their file is invalid."""
        return read_claims(self.folder / CLAIMS)

    def has(self, size: str) -> bool:
        """Whether there are sweep files of a size."""
        return self.base is not None or bool(_yaml(self.folder, size))

    def files(self, size: str) -> list[Path]:
        """Return the sweep files of a size. Raises GridjaxError where there are none."""
        files = [self.base] if self.base else _yaml(self.folder, size)
        if not files:
            sizes = [each for each in (*SIZES, PUBLISHED) if self.has(each)]
            message = f"the study {self.name} has no size {size}"
            raise GridjaxError(Problem(message, fix=f"it has {', '.join(sizes) or 'none'}"))
        return files

    def pilot_files(self, size: str) -> list[Path]:
        """Return the sweep files of the pilot of a size; none where it has no pilot."""
        return [] if self.base else _yaml(self.folder / PILOT, size)

    def settle(self, pilot: Evidence, specs: Sequence[NetworkSpec]) -> list[NetworkSpec]:
        """Return specs with the values that the analysis chooses from the pilot's results."""
        return self._function("settle")(pilot, specs)

    def estimates(self, evidence: Evidence) -> dict[str, Estimate]:
        """Return the estimate of every claim, by the test that the claims file names.

        Raises GridjaxError where ``select()`` of the analysis does not give every claim, and no
        other, the arguments of its test.
        """
        selected = self._function("select")(evidence)
        claims = self.claims.claims
        place = Place(str(self.folder / ANALYSIS))
        missing = [claim.name for claim in claims if claim.name not in selected]
        unknown = selected.keys() - {claim.name for claim in claims}
        if missing or unknown:
            what = ", ".join([*missing, *sorted(unknown)])
            message = f"select() and {CLAIMS} differ in {what}"
            fix = "select the networks of every claim and of no other"
            raise GridjaxError(Problem(message, place, fix=fix))
        return {
            claim.name: estimate_claim(claim.name, claim.test, selected[claim.name], place)
            for claim in claims
        }

    def figures(self, evidence: Evidence, estimates: dict[str, Estimate]) -> list[FigureResult]:
        """Return the study's figures."""
        return self._function("figures")(evidence, estimates)

    @cached_property
    def _module(self) -> ModuleType:
        name = f"gridjax_study_{self.name.replace('-', '_')}"
        return import_file(self.folder / ANALYSIS, name)

    def _function(self, name: str) -> Callable[..., Any]:
        function = getattr(self._module, name, None)
        if not callable(function):
            place = Place(str(self.folder / ANALYSIS))
            raise GridjaxError(Problem(f"no function {name}", place, fix=f"define {name}()"))
        return function


def shipped_studies() -> list[str]:
    """Return the names of the shipped studies, those of the published results first."""
    names = sorted(path.parent.name for path in EXPERIMENTS.glob(f"*/{CLAIMS}"))
    return [*(name for name in ORDER if name in names), *(n for n in names if n not in ORDER)]


def find_studies(name: str) -> list[Study]:
    """Return the studies of a name: ``all``, a shipped study, or the folder of a study.

    The analysis of a folder is Python code that gridjax runs: name only folders that you trust.

    Raises GridjaxError where there is no such study.
    """
    shipped = shipped_studies()
    if name == ALL:
        return [Study(each, EXPERIMENTS / each) for each in shipped]
    if name in shipped:
        return [Study(name, EXPERIMENTS / name)]
    folder = Path(name)
    if (folder / CLAIMS).is_file() and (folder / ANALYSIS).is_file():
        return [Study(_name(folder), folder)]
    fix = did_you_mean(name, [*shipped, ALL])
    fix = fix or f"the studies are {', '.join([*shipped, ALL])}, or a folder with {CLAIMS}"
    raise GridjaxError(Problem(f"no study {name!r}", fix=fix))


def _name(folder: Path) -> str:
    """Return the name of a study's folder. Raises GridjaxError for a reserved or empty name."""
    name = folder.resolve().name
    if name in ("", NETWORKS):
        message = f"a study in {folder} would be called {name!r}, a name that is reserved"
        raise GridjaxError(Problem(message, fix="give its folder another name"))
    return name


def _yaml(folder: Path, name: str) -> list[Path]:
    file = folder / f"{name}.yaml"
    return [file] if file.is_file() else sorted((folder / name).glob("*.yaml"))
