"""Files that somebody might give as a sweep: bytes, texts, sweeps gone wrong, mutants of real ones.

Numbers of draws and ranges are small or absurd, so that what is accepted is small.
"""

import re
from pathlib import Path

import yaml
from hypothesis import strategies as st
from source_tree import shipped

from gridjax.spec.parameters import FIELDS
from gridjax.sweep.search.distributions import DISTRIBUTIONS
from gridjax.sweep.settings.run_settings import OF_NETWORKS, SETTINGS

_ROOT = Path(__file__).parents[2]
_SOURCES = sorted(shipped("experiments").glob("*/*.yaml")) + sorted(
    (_ROOT / "tests" / "sweeps").rglob("*.yaml")
)
_RANDOM = b"""method: random
run_cap: 9
parameters:
  Ng: {min: 8, max: 64}
  place_cell_rf: {distribution: q_normal, mu: 0.1, sigma: 0.2, q: 0.01}
  surround_scale: {values: [1.5, "Uniform(2, 3)"], probabilities: [0.25, 0.75]}
  n_place_fields_per_cell: {value: Poisson(2)}
  weight_decay: {distribution: beta, a: 2, b: 3}
gridjax: {fidelity: {preset: published, dropout: active}, evaluation: {n_readouts: 2048}}
"""
TEXTS = [path.read_bytes() for path in _SOURCES] + [_RANDOM] * 4

NASTY = [
    *("", "~", "null", "true", "yes", "NaN", ".nan", ".inf", "-.inf", "1:30", "010", "0x1F", "0o7"),
    *("1e-4", "1e400", "-1e-400", "1_000", "-0", "-0.0", "1e38", "3.5e38", "1" * 5000, "1.5.2"),
    *("9" * 25, "-1", "0", "1", "2", "3.0", "0.5", "1e300", "5e-324", "2147483648", "1e99x"),
    *("*a", "&a 1", "&a", "<<", "<<: *a", "!!int 3", "!!python/object/apply:os.system ['true']"),
    *("!!python/object:os.Stat {a: 1}", "!!python/object/new:os.system [true]", "-1:30", "1:30.5"),
    *("!!python/name:os.system", "!!binary aGk=", "!!set {a}", "!x", "! y", "%YAML 1.1", "---"),
    *("...", "|", ">", "|\n  x", "'", '"', "'1e-4'", '"\\x00"', '"\\ud800"', '"\\uD83D\\uDE00"'),
    *("{", "}", "[", "]", "[]", "{}", "[[]]", "{a: 1}", "? a", "- a", ": ", "#", "@", "`", "\t"),
    *("2022-11-28", "12:30:45", "Uniform(1,2)", "Uniform(2,1)", "uniform(1e400,2)", "Poisson(3)"),
    *("Poisson(-1)", "Uniform(", "Poisson(1e300)", "\ufeff", "\x00", "\x1b[31m", "\u2028", "\x85"),
    *("é", "\U0001f600", "a" * 3000, "best:0", "best:5", "all", "grid", "random", "bayes", "none"),
    *("/dev/zero", "/dev/null", ".", "corrected, dropout=inert", "published", "[1, 2, x]"),
]
_WORDS = [
    *("method", "parameters", "gridjax", "evaluation", "run_cap", "metric", "program", "ng"),
    *("values", "value", "distribution", "min", "max", "q", "mu", "sigma", "a", "b"),
    *("probabilities", "preset", "fidelity", "place_maps"),
    *(*FIELDS, *SETTINGS, *OF_NETWORKS, *DISTRIBUTIONS),
]
_CHOICES = [str(each) for field in FIELDS.values() for each in field.metadata.get("choices", ())]

numbers = st.one_of(
    st.integers(-3, 9),
    st.floats(),
    st.sampled_from([0.5, 1e-4, 64, 2**31, 2**63, 10**25, 1e300, -1e300, 5e-324, 0.1]),
)
scalars = st.one_of(
    numbers,
    st.none(),
    st.booleans(),
    st.text(max_size=6),
    st.sampled_from(NASTY),
    st.sampled_from(_CHOICES),
    st.dates(),
    st.binary(max_size=4),
)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(_WORDS) | st.integers(), inner, max_size=4)
    ),
    max_leaves=8,
)

_ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "cp037"]


@st.composite
def encoded(draw):
    """A real sweep in some encoding, whole or cut."""
    content = draw(st.sampled_from(TEXTS)).decode().encode(draw(st.sampled_from(_ENCODINGS)))
    return content[draw(st.integers(0, 3)) : draw(st.none() | st.integers(0, 400))]


raw_bytes = st.one_of(st.binary(max_size=300), encoded())

_PIECES = st.one_of(
    st.sampled_from(_WORDS),
    st.sampled_from(NASTY),
    st.sampled_from(
        ["\n", "\n  ", "\n    ", ": ", ", ", "- ", "{", "}", "[", "]", "values: [", " "]
    ),
    st.text(max_size=3),
)
_OPENINGS = st.sampled_from(
    ["", "method: ", "parameters:\n  seed: ", "parameters: {Ng: {values: [", "gridjax: {"]
)
yaml_texts = st.tuples(_OPENINGS, st.lists(_PIECES, max_size=30)).map(
    lambda parts: (parts[0] + "".join(parts[1])).encode("utf-8", "surrogatepass")
)


@st.composite
def spaces(draw, name):
    """What a sweep says of a parameter: a distribution with keys right and wrong."""
    kinds = [*DISTRIBUTIONS, *["choices"] * 6, *["range"] * 6, "values", "value", "tree"]
    kind = draw(st.sampled_from(kinds))
    if kind == "choices":
        metadata = FIELDS[name].metadata
        good = [*metadata.get("choices", ()), *metadata.get("never", ()), 1.5, 0.25, 32, 200]
        return {"values": draw(st.lists(st.sampled_from(good), min_size=1, max_size=3))}
    if kind == "values":
        return {"values": draw(st.lists(scalars, max_size=3))}
    if kind == "value":
        return {"value": draw(scalars | st.just(FIELDS[name].default))}
    if kind == "range":
        low = draw(st.integers(1, 40))
        return {"min": low, "max": low + draw(st.integers(-1, 4))}
    if kind == "tree":
        return draw(trees)
    wanted = DISTRIBUTIONS[kind]
    keys = [*wanted.required, *(key for key in wanted.optional if draw(st.booleans()))]
    lists = st.lists(numbers, max_size=3)
    space = {key: draw(lists if key in ("values", "probabilities") else numbers) for key in keys}
    return {"distribution": kind} | space


@st.composite
def structured(draw):
    """A sweep of known names with values right and wrong, as PyYAML writes it."""
    names = draw(st.lists(st.sampled_from([*FIELDS]), max_size=5, unique=True))
    parameters = {name: draw(spaces(name)) for name in names}
    sweep = {"method": draw(st.sampled_from([*["grid", "random"] * 5, "bayes", 3]))}
    sweep["parameters"] = parameters
    if draw(st.integers(0, 9)):
        sweep["run_cap"] = draw(st.integers(1, 60) | st.integers(1, 60) | numbers)
    if draw(st.integers(0, 3)) == 0:
        names = st.sampled_from([*SETTINGS, *OF_NETWORKS, "evaluation", "fidelity"])
        sweep["gridjax"] = draw(st.dictionaries(names, scalars | trees, max_size=3))
    if draw(st.integers(0, 9)) == 0:
        sweep[draw(st.sampled_from(_WORDS))] = draw(trees)
    flow = draw(st.sampled_from([None, False, True]))
    text = yaml.dump(sweep, Dumper=yaml.SafeDumper, default_flow_style=flow, allow_unicode=True)
    return text.encode("utf-8", "surrogatepass")


_SCALAR = re.compile(rb"[\w.+-]+")


def _changed_lines(draw, content):
    lines = content.split(b"\n")
    i, j = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    how = draw(st.sampled_from(["delete", "duplicate", "swap", "indent"]))
    if how == "delete":
        del lines[i]
    elif how == "duplicate":
        lines.insert(j, lines[i])
    elif how == "swap":
        lines[i], lines[j] = lines[j], lines[i]
    else:
        lines[i] = draw(st.sampled_from([b" ", b"  ", b"\t", b"- ", b"? ", b"# "])) + lines[i]
    return b"\n".join(lines)


def _changed_scalar(draw, content):
    found = list(_SCALAR.finditer(content))
    if not found:
        return content
    where = draw(st.sampled_from(found))
    put = draw(st.sampled_from(NASTY) | st.sampled_from(_WORDS)).encode()
    return content[: where.start()] + put + content[where.end() :]


def _spliced(draw, content):
    at, cut = draw(st.integers(0, len(content))), draw(st.integers(0, 8))
    put = draw(st.binary(max_size=3) | st.text("[]{}:,-\"'&*!|>%@\n\t #e.x~", max_size=4))
    put = put.encode() if isinstance(put, str) else put
    return content[:at] + put + content[at + cut :]


@st.composite
def mutants(draw):
    """A shipped sweep with one to five changes."""
    content = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 5))):
        change = draw(st.sampled_from([_changed_lines, _changed_scalar, _changed_scalar, _spliced]))
        content = change(draw, content)
    return content


_BEGINNINGS = ["[", "{a: ", "- ", "? ", "!!seq [", "&a [", "a:\n- ", "!!python/object:x.Y [", "'"]
_ITEMS = ["1", "1e-4", "a: 1", "1:30", "[]", "*a", "&a 1", ".nan", "!!python/name:x", "relv", "64"]
_MANY = st.sampled_from([3, 49, 50, 51, 1000, 19_990, 20_001, 100_000])


_GROWN_NAMES = st.sampled_from([*FIELDS, *["seed", "layout_seed", "motion_seed", "n_epochs"] * 9])


def _aliases(draw):
    """Lists of aliases of lists of aliases: ten to the depth, where somebody expands them."""
    width, depth = draw(st.integers(2, 10)), draw(st.integers(1, 60))
    way = draw(st.sampled_from(["{0}: &{0} [{1}]\n", "{0}: &{0} {{<<: [{1}]}}\n"]))
    lines = [way.format(f"a{k}", ", ".join([f"*a{k - 1}"] * width)) for k in range(1, depth)]
    return "a0: &a0 {x: 1}\n" + "".join(lines)


def _nested(draw):
    beginning, depth = draw(st.sampled_from(_BEGINNINGS)), draw(_MANY)
    return beginning * depth + draw(st.sampled_from(["", "1", "]" * depth, "}" * depth, "*a"]))


def _long(draw):
    item, number = draw(st.sampled_from(_ITEMS)), draw(_MANY)
    items = [item] * number if draw(st.booleans()) else [f"{item}{k}" for k in range(number)]
    return "[" + ", ".join(items) + "]"


def _ranges(draw):
    ends = st.sampled_from([0, 1, 9, 19_999, 20_000, 10**5, 10**6, 10**12, 1e30])
    q = draw(st.sampled_from(["", ", distribution: q_uniform, q: 0.5", ", q: 1e-300"]))
    return f"{{min: {draw(ends)}, max: {draw(ends)}{q}}}"


@st.composite
def bombs(draw):
    """Something that grows, alone or as what a sweep says of some parameters."""
    grown = [draw(st.sampled_from([_aliases, _nested, _long, _ranges, _ranges]))(draw)]
    if draw(st.booleans()):
        return grown[0].encode()
    names = draw(st.lists(_GROWN_NAMES, min_size=1, max_size=6, unique=True))
    grown += [_ranges(draw) for _ in names[1:]]
    kind = draw(st.sampled_from(["{values: %s}", "{value: %s}", "%s", "%s"]))
    lines = [f"  {name}: {kind % each}\n" for name, each in zip(names, grown, strict=True)]
    return ("method: grid\nparameters:\n" + "".join(lines)).encode()


KINDS = {
    "bytes": raw_bytes,
    "texts": yaml_texts,
    "sweeps": structured(),
    "mutants": mutants(),
    "bombs": bombs(),
}
