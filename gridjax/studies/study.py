"""Studies: folders that contain sweep files, a claims file and an analysis.

A study is a folder with ``claims.yaml``, ``analysis.py`` (or a package, ``analysis/__init__.py``)
and a sweep file (or a folder of sweep files) for each size. The sizes are ``quick``, ``desk``,
``paper``, and ``published`` for the published design. If the networks depend on a pilot (for
example for a learning rate), the study also has sweep files ``pilot/quick.yaml`` and so on, and its
analysis has a function ``settle(pilot, specs)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gridjax.errors import GridjaxError, Place, Problem
from gridjax.io.python_files import import_file
from gridjax.io.text import did_you_mean
from gridjax.run.execution.plugins import load_plugin
from gridjax.studies.arms import Arm, arms_of
from gridjax.studies.claims.claim_tests import estimate_claim
from gridjax.studies.claims.claims_file import CLAIMS, Claims, read_claims
from gridjax.studies.competence import FINISHED
from gridjax.sweep.catalog import EXPERIMENTS

if TYPE_CHECKING:
    from gridjax.plotting import FigureResult
    from gridjax.spec.network import NetworkSpec
    from gridjax.studies.estimates import Estimate
    from gridjax.studies.evidence import Evidence

ANALYSIS, ANALYSIS_PACKAGE = "analysis.py", "analysis/__init__.py"
PILOT = "pilot"
QUICK = "quick"
"""The size of smoke tests."""
SIZES = (QUICK, "desk", "paper")
PUBLISHED = "published"
ALL = "all"
NETWORKS = "networks"
"""Name of the folder of the run that the studies share; it is next to the studies' folders."""
ORDER = ("emergence", "encodings", "modules", "turing", "width-sensitivity", "heterogeneity")
"""The shipped studies of published results, in their order on the page."""


@dataclass(frozen=True)
class Study:
    """One study: a folder with claims, an analysis and sweep files."""

    name: str
    folder: Path
    base: Path | None = None
    """a sweep file that replaces the sweep files of all sizes"""

    @cached_property
    def claims(self) -> Claims:
        """The claims of the study. Raises GridjaxError if their file is invalid."""
        return read_claims(self.folder / CLAIMS)

    def load_plugins(self) -> None:
        """Run the plugins that the claims file names, which register parts of the networks.

        Raises GridjaxError if the claims file is invalid, or if a plugin does not exist or fails.
        """
        for name in self.claims.plugins:
            load_plugin(self.folder / name)

    def check_analysis(self) -> None:
        """Raise GridjaxError if the analysis cannot be imported or has no select() or figures()."""
        for name in ("select", "figures"):
            self._function(name)

    def has(self, size: str) -> bool:
        """Return whether there are sweep files of a size."""
        return self.base is not None or bool(_yaml(self.folder, size))

    def files(self, size: str) -> list[Path]:
        """Return the sweep files of a size. Raises GridjaxError if there are none."""
        files = [self.base] if self.base else _yaml(self.folder, size)
        if not files:
            sizes = [each for each in (*SIZES, PUBLISHED) if self.has(each)]
            message = f"the study {self.name} has no size {size}"
            raise GridjaxError(Problem(message, fix=f"it has {', '.join(sizes) or 'none'}"))
        return files

    def pilot_files(self, size: str) -> list[Path]:
        """Return the sweep files of the pilot of a size; an empty list if there is no pilot."""
        return [] if self.base else _yaml(self.folder / PILOT, size)

    def settle(self, pilot: Evidence, specs: Sequence[NetworkSpec]) -> list[NetworkSpec]:
        """Return specs with the values that the analysis chooses from the pilot's results."""
        return self._function("settle")(pilot, specs)

    def estimates(self, evidence: Evidence) -> dict[str, Estimate]:
        """Return the estimate of every claim, computed by its test in the claims file.

        A claim uses all networks that did not diverge, the competent ones or all finished ones, as
        its ``asked_of`` says.

        Raises GridjaxError if ``select()`` of the analysis does not return the arguments of the
        test for every claim, or returns arguments for an unknown claim.
        """
        claims = self.claims.claims
        selected = {
            whom: self._select(evidence.ask(whom)) for whom in {claim.asked_of for claim in claims}
        }
        return {
            claim.name: estimate_claim(
                claim.name, claim.test, selected[claim.asked_of][claim.name], self._place
            )
            for claim in claims
        }

    def arms(self, evidence: Evidence) -> dict[str, tuple[Arm, ...]]:
        """Return the arms of every claim, with all their finished networks.

        Raises GridjaxError in the same cases as ``estimates``, and if the arms of a claim are not
        rows of networks.
        """
        selected = self._select(evidence.ask(FINISHED))
        return {
            claim.name: arms_of(claim.name, selected[claim.name], self._place)
            for claim in self.claims.claims
        }

    def figures(self, evidence: Evidence, estimates: dict[str, Estimate]) -> list[FigureResult]:
        """Return the study's figures."""
        from gridjax.plotting import FigureResult

        drawn = self._function("figures")(evidence, estimates)
        is_list = isinstance(drawn, list | tuple)
        if not is_list or not all(isinstance(one, FigureResult) for one in drawn):
            message = "figures() does not return a list of gridjax.plotting.FigureResult"
            raise GridjaxError(Problem(message, self._place, fix="return one; it may be empty"))
        return list(drawn)

    @property
    def _place(self) -> Place:
        return Place(str(_analysis_file(self.folder)))

    def _select(self, evidence: Evidence) -> Mapping[str, Any]:
        """Return the arguments of the test of every claim, as the analysis selects them."""
        selected = self._function("select")(evidence)
        names = [claim.name for claim in self.claims.claims]
        if not isinstance(selected, Mapping):
            message = f"select() returns {type(selected).__name__}"
            fix = f"return a dict with the arguments of the test of {', '.join(names)}"
            raise GridjaxError(Problem(message, self._place, fix=fix))
        missing = [name for name in names if name not in selected]
        unknown = selected.keys() - set(names)
        if missing or unknown:
            what = ", ".join([*missing, *sorted(unknown)])
            message = f"select() and {CLAIMS} differ in {what}"
            fix = "select the networks of every claim and of no other"
            raise GridjaxError(Problem(message, self._place, fix=fix))
        return selected

    @cached_property
    def _module(self) -> ModuleType:
        name = f"gridjax_study_{self.name.replace('-', '_')}"
        try:
            return import_file(_analysis_file(self.folder), name)
        except GridjaxError:
            raise
        except Exception as error:
            message = f"fails: {type(error).__name__}: {error}"
            fix = f"python -c 'import analysis' in {self.folder} shows where"
            raise GridjaxError(Problem(message, self._place, fix=fix)) from error

    def _function(self, name: str) -> Callable[..., Any]:
        function = getattr(self._module, name, None)
        if not callable(function):
            fix = f"define {name}()"
            raise GridjaxError(Problem(f"no function {name}", self._place, fix=fix))
        return function


def shipped_studies() -> list[str]:
    """Return the names of the shipped studies; studies of published results come first."""
    names = sorted(path.parent.name for path in EXPERIMENTS.glob(f"*/{CLAIMS}"))
    return [*(name for name in ORDER if name in names), *(n for n in names if n not in ORDER)]


def with_size(studies: Sequence[Study], size_name: str) -> tuple[list[Study], list[str]]:
    """Return the studies that have sweep files of a size, and the names of the others."""
    return [one for one in studies if one.has(size_name)], [
        one.name for one in studies if not one.has(size_name)
    ]


def find_studies(name: str) -> list[Study]:
    """Return the studies for a name: ``all``, the name of a shipped study, or a study's folder.

    gridjax runs the analysis of a folder, which is Python code: use only folders that you trust.

    Raises GridjaxError if there is no such study.
    """
    shipped = shipped_studies()
    if name == ALL:
        return [Study(each, EXPERIMENTS / each) for each in shipped]
    if name in shipped:
        return [Study(name, EXPERIMENTS / name)]
    folder = Path(name)
    if (folder / CLAIMS).is_file() and _analysis_file(folder).is_file():
        return [Study(_name(folder), folder)]
    fix = did_you_mean(name, [*shipped, ALL])
    fix = fix or f"the studies are {', '.join([*shipped, ALL])}, or a folder with {CLAIMS}"
    raise GridjaxError(Problem(f"no study {name!r}", fix=fix))


def _analysis_file(folder: Path) -> Path:
    """Return the file of a study's analysis: the module, or else that of the package."""
    package = folder / ANALYSIS_PACKAGE
    return package if package.is_file() and not (folder / ANALYSIS).exists() else folder / ANALYSIS


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
