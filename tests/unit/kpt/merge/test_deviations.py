"""Where an upgrade deviates from kpt: what each of the two modes makes of the same packages.

The reasons are in docs/reference/kpt-deviations.md, a line for each of these.
"""

from dataclasses import dataclass, field

import pytest

from porch.errors import Permanent
from porch.kpt.compatibility import Compatibility
from porch.kpt.merge.upgrade import Strategy
from tests.unit.kpt.merge.packages import Files, config_map, deployment, kptfile, merged_files

KPT, DEFAULT = Compatibility.KPT, Compatibility.DEFAULT
REMOTE = kptfile("upstream:\n  type: git\n  git:\n    repo: r\n    directory: /d\n    ref: v1\n")
INFO = "info:\n  description: {}\n"


@dataclass(frozen=True, slots=True)
class Deviation:
    """One difference."""

    original: Files
    updated: Files
    local: Files
    kpt: Files | str  # what is left, or words of the error
    default: Files
    strategy: Strategy = field(default=Strategy.RESOURCE_MERGE, kw_only=True)


def of_data(*texts: str) -> Deviation:
    """A deviation in the data of a ConfigMap: original, updated, local, kpt, default."""
    return Deviation(*({"a.yaml": config_map(data)} for data in texts))


def of_pods(*texts: str) -> Deviation:
    """A deviation in the containers of a Deployment, in the same order."""
    return Deviation(*({"a.yaml": deployment(f"{{containers: [{each}]}}")} for each in texts))


def of_kptfile(*texts: str) -> Deviation:
    """A deviation in what the Kptfile says, in the same order."""
    return Deviation(*({"Kptfile": kptfile(rest)} for rest in texts))


def of_functions(*texts: str) -> Deviation:
    """A deviation in the functions of a pipeline, each of which is given by its letter below."""
    pipelines = (
        "pipeline:\n  mutators:\n" + "".join(f"    - {FUNCTIONS[each]}\n" for each in letters)
        for letters in texts
    )
    return of_kptfile(*pipelines)


FUNCTIONS = {
    "a": "image: a:v1\n      configMap:\n        k: v",
    "A": "image: a:v2\n      configMap:\n        k: v",
    "b": "image: b:v1",
    "B": "image: b:v2",
    "c": "image: c:v1",
    "d": "image: d:v1",
    "m": "image: b:v1\n      configMap:\n        k: mine",
    "-": "{}",  # what kpt leaves of a function with a config
    "/": "image: a:v2",  # what it brings back of one
}
SUB = kptfile("")
A = config_map("{x: 1}")
A2 = config_map("{x: 2}")
MINE = config_map("{x: 5}")
MARKED = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: # kpt-merge: /a\n  name: a\n  annotations:\n"
    "    internal.kpt.dev/upstream-identifier: '|ConfigMap|default|a'\ndata: {x: 1}\n"
)
ODD, LAID_OUT = "kind:   A\nmetadata:\n    name: a\n", "kind: A\nmetadata:\n  name: a\n"
ALIASES = "kind: A\nmetadata: {name: a}\nx: &x {p: 1}\ny: *x\nz: "
IGNORE = {".krmignore": "t.yaml\n"}

DEVIATIONS = {
    "files that nothing changed keep their layout": Deviation(
        {"a.yaml": ODD}, {"a.yaml": ODD}, {"a.yaml": ODD}, {"a.yaml": LAID_OUT}, {"a.yaml": ODD}
    ),
    "files that need not be merged need not be YAML": Deviation(
        {"b.yaml": "{{"}, {"b.yaml": "{{"}, {"b.yaml": "{{"}, "expected node content",
        {"b.yaml": "{{"},
    ),
    "marks of a clone do not keep what upstream removed": Deviation(
        {"a.yaml": A}, {}, {"a.yaml": MARKED}, {"a.yaml": MARKED}, {}
    ),
    "a resource moved locally gets the change of upstream": Deviation(
        {"a.yaml": A}, {"a.yaml": A2}, {"b.yaml": A}, {"b.yaml": A}, {"b.yaml": A2}
    ),
    "a resource moved upstream is not there twice": Deviation(
        {"a.yaml": A}, {"b.yaml": A}, {"a.yaml": MINE}, {"a.yaml": MINE, "b.yaml": A},
        {"b.yaml": MINE},
    ),
    "a map removed upstream leaves no empty one": of_data(
        "{a: {b: 1}, c: 1}", "{c: 1}", "{a: {b: 1}, c: 5}", "{a: {}, c: 5}", "{c: 5}"
    ),
    "a map removed locally leaves no empty one": of_data(
        "{a: {b: 1}}", "{a: {b: 1}}", "{}", "{a: {}}", "{}"
    ),
    "nulls stay": of_data(
        "{a: null, b: 1}", "{a: null, b: 2}", "{a: null, b: 1}", "{b: 2}", "{a: null, b: 2}"
    ),
    "a change of type is a change": of_data(
        '{a: "1"}', "{a: 1}", '{a: "1"}', '{a: "1"}', "{a: 1}"
    ),
    "words that nobody touched are not quoted": of_data(
        "{a: yes, b: 1}", "{a: yes, b: 2}", "{a: yes, b: 1, c: 1}",
        '{a: "yes", b: 2, c: 1}', "{a: yes, b: 2, c: 1}",
    ),
    "a new field stands where upstream has it": of_data(
        "{a: 1, z: 1}", "{a: 1, m: 1, z: 1}", "{a: 5, z: 1}", "{a: 5, z: 1, m: 1}",
        "{a: 5, m: 1, z: 1}",
    ),
    "a value may become one of another kind": Deviation(
        {"a.yaml": config_map("{a: {b: 1}}")}, {"a.yaml": config_map("{a: 2}")},
        {"a.yaml": config_map("{a: {b: 1}}")}, "a.yaml: line 5: ",
        {"a.yaml": config_map("{a: 2}")},
    ),
    "aliases are not dropped": Deviation(
        {"a.yaml": ALIASES + "1\n"}, {"a.yaml": ALIASES + "2\n"},
        {"a.yaml": ALIASES + "1\nq: 1\n"},
        {"a.yaml": "kind: A\nmetadata: {name: a}\nx: &x {p: 1}\nz: 2\nq: 1\n"},
        {"a.yaml": "kind: A\nmetadata: {name: a}\nx: {p: 1}\ny: {p: 1}\nz: 2\nq: 1\n"},
    ),
    "an element removed upstream leaves nothing": of_pods(
        "{name: m}, {name: s, resources: {limits: {cpu: 1}}}", "{name: m}",
        "{name: m}, {name: s, resources: {limits: {cpu: 1}}}",
        "{name: m}, {resources: {limits: {}}, name: s}", "{name: m}",
    ),
    "an element removed locally does not come back": of_pods(
        "{name: m}, {name: s, image: i:1, command: [x]}",
        "{name: m}, {name: s, image: i:2, command: [x]}", "{name: m}",
        "{name: m}, {image: i:2, name: s}", "{name: m}",
    ),
    "an element changed locally stays": of_pods(
        "{name: m}, {name: s, image: i:1}", "{name: m}", "{name: m}, {name: s, image: i:5}",
        "{name: m}", "{name: m}, {name: s, image: i:5}",
    ),
    "an element of local only outlives its list": of_pods(
        "{name: m, env: [{name: a}]}", "{name: m}", "{name: m, env: [{name: a}, {name: mine}]}",
        "{name: m}", "{name: m, env: [{name: mine}]}",
    ),
    "an element without its key is not mixed with another one": of_pods(
        "{name: m, image: i:1}", "{name: m, image: i:1}, {name: s}",
        "{image: x, command: [y]}, {name: m, image: i:1}",
        "{image: x, command: [y]}, {name: s}",
        "{image: x, command: [y]}, {name: m, image: i:1}, {name: s}",
    ),
    "elements stand where upstream has them": of_pods(
        "{name: m}", "{name: s}, {name: m}", "{name: m, image: i:5}",
        "{name: m, image: i:5}, {name: s}", "{name: s}, {name: m, image: i:5}",
    ),
    "a function removed upstream leaves nothing": of_functions("ab", "b", "ab", "-b", "b"),
    "a function removed locally does not come back": of_functions("ab", "Ab", "b", "b/", "b"),
    "a function that runs twice merges run by run": of_functions("bb", "bB", "mb", "bB", "mB"),
    "functions stand where upstream has them": of_functions("ab", "cab", "abd", "abdc", "cabd"),
    "comments of a Kptfile stay": of_kptfile(
        INFO.format("old"), INFO.format("new"), "# why\n" + INFO.format("old"),
        INFO.format("new"), "# why\n" + INFO.format("new"),
    ),
    "a Kptfile may have unknown fields": Deviation(
        {"Kptfile": kptfile(INFO.format("old"))}, {"Kptfile": kptfile(INFO.format("new"))},
        {"Kptfile": kptfile("future: 1\n" + INFO.format("old"))}, "line 5: field future not found",
        {"Kptfile": kptfile("future: 1\n" + INFO.format("new"))},
    ),
    "lists of a Kptfile merge by element": of_kptfile(
        "info:\n  keywords:\n    - a\n", "info:\n  keywords:\n    - a\n    - up\n",
        "info:\n  keywords:\n    - a\n    - mine\n", "info:\n  keywords:\n    - a\n    - up\n",
        "info:\n  keywords:\n    - a\n    - mine\n    - up\n",
    ),
    "the root Kptfile merges in every strategy": Deviation(
        {"Kptfile": kptfile(INFO.format("old"))}, {"Kptfile": kptfile(INFO.format("new"))},
        {"Kptfile": kptfile(INFO.format("old"))}, {"Kptfile": kptfile(INFO.format("old"))},
        {"Kptfile": kptfile(INFO.format("new"))}, strategy=Strategy.FORCE_DELETE_REPLACE,
    ),
    "marks of a clone do not hinder a fast-forward": Deviation(
        {"a.yaml": A}, {"a.yaml": A2}, {"a.yaml": MARKED}, "have been modified", {"a.yaml": A2},
        strategy=Strategy.FAST_FORWARD,
    ),
    "files whose names begin with .git are files": Deviation(
        {".gitignore": "1"}, {".gitignore": "2"}, {".gitignore": "1"}, {".gitignore": "1"},
        {".gitignore": "2"},
    ),
    "a file removed locally stays away": Deviation({"f": "1"}, {"f": "1"}, {}, {"f": "1"}, {}),
    "a file that .krmignore hides is a file": Deviation(
        IGNORE | {"t.yaml": "1"}, IGNORE | {"t.yaml": "2"}, IGNORE | {"t.yaml": "1"},
        IGNORE | {"t.yaml": "1"}, IGNORE | {"t.yaml": "2"},
    ),
    "a sub-package with an upstream merges": Deviation(
        {"sub/Kptfile": REMOTE, "sub/a.yaml": A}, {"sub/Kptfile": REMOTE, "sub/a.yaml": A2},
        {"sub/Kptfile": REMOTE, "sub/a.yaml": A}, {"sub/Kptfile": REMOTE, "sub/a.yaml": A},
        {"sub/Kptfile": REMOTE, "sub/a.yaml": A2},
    ),
    "a sub-package may be added on both sides": Deviation(
        {}, {"sub/Kptfile": SUB, "sub/a.yaml": A}, {"sub/Kptfile": SUB, "sub/b": "1"},
        "must not be added both upstream and locally",
        {"sub/Kptfile": SUB, "sub/a.yaml": A, "sub/b": "1"},
    ),
    "a directory may become a sub-package": Deviation(
        {"sub/a.yaml": A, "sub/b": "1"}, {"sub/Kptfile": SUB, "sub/a.yaml": A, "sub/b": "1"},
        {"sub/a.yaml": A, "sub/b": "5"}, "sub/Kptfile: missing Resource metadata",
        {"sub/Kptfile": SUB, "sub/a.yaml": A, "sub/b": "5"},
    ),
    "a sub-package may become a directory": Deviation(
        {"sub/Kptfile": SUB, "sub/a.yaml": A}, {"sub/a.yaml": A2},
        {"sub/Kptfile": SUB, "sub/a.yaml": A}, {"sub/Kptfile": SUB, "sub/a.yaml": A2},
        {"sub/a.yaml": A2},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEVIATIONS)
def test_the_default_mode_deviates(name: str) -> None:
    """As the name says; in mode KPT it does what kpt does."""
    case = DEVIATIONS[name]

    assert outcome(case, DEFAULT) == case.default
    if isinstance(case.kpt, str):
        assert case.kpt in str(outcome(case, KPT))
    else:
        assert outcome(case, KPT) == case.kpt


def outcome(case: Deviation, mode: Compatibility) -> Files | Permanent:
    """What an upgrade leaves, or why it leaves nothing."""
    sides = (case.original, case.updated, case.local)
    try:
        return merged_files(*sides, strategy=case.strategy, mode=mode)
    except Permanent as error:
        return error
