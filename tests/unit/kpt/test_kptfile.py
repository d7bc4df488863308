"""The Kptfile: what is read from it, what makes it invalid, and edits that keep what is there."""

import pytest

from porch.kpt import kptfile_edit
from porch.kpt.kptfile import (
    Condition,
    ForeignKptfile,
    Function,
    GitRef,
    OldKptfile,
    Selector,
    UnreadableKptfile,
    Upstream,
    UpstreamLock,
    parse_kptfile,
)
from porch.kpt.kptfile_validation import InvalidKptfile, validate_pipeline
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse

HEAD = "apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: p\n"

FULL = (
    HEAD
    + """  namespace: n
  labels: {l: 1}
  annotations:
    kpt.dev/bfs-rendering: "True"
upstream:
  type: git
  git: {repo: https://git.example.com/r, directory: /d, ref: v1}
  updateStrategy: resource-merge
upstreamLock:
  type: git
  git: {repo: https://git.example.com/r, directory: /d, ref: v1, commit: c0ffee}
info:
  site: s
  emails: [e]
  license: Apache-2.0
  licenseFile: LICENSE
  description: words
  keywords: [k, 2]
  man: m
  readinessGates:
  - conditionType: a.b/Ready
pipeline:
  mutators:
  - image: set-labels:v0.1
    name: labels
    configMap: {a: on, b: 1.0}
    selectors:
    - {kind: Deployment, labels: {app: web}}
    exclude:
    - {name: x}
  validators:
  - exec: ./check
    configPath: c.yaml
inventory: {namespace: i}
status:
  conditions:
  - {type: Rendered, status: "True", reason: RenderSuccess}
"""
)


def test_every_field_is_read() -> None:
    """Numbers and words of YAML 1.1 are taken as they are written."""
    kptfile = parse_kptfile(FULL)

    git = GitRef("https://git.example.com/r", "/d", "v1")
    assert kptfile.upstream == Upstream("git", git, "resource-merge")
    assert kptfile.upstream_lock == UpstreamLock(
        "git", GitRef("https://git.example.com/r", "/d", "v1", "c0ffee")
    )
    assert kptfile.labels == {"l": "1"}
    assert kptfile.is_set("kpt.dev/bfs-rendering")
    assert kptfile.info.keywords == ("k", "2")
    assert kptfile.info.readiness_gates == ("a.b/Ready",)
    assert kptfile.pipeline.mutators == (
        Function(
            image="set-labels:v0.1",
            name="labels",
            config_map={"a": "on", "b": "1.0"},
            selectors=(Selector(kind="Deployment", labels={"app": "web"}),),
            exclude=(Selector(name="x"),),
        ),
    )
    assert kptfile.pipeline.validators == (Function(exec="./check", config_path="c.yaml"),)
    assert kptfile.conditions == (Condition("Rendered", "True", "RenderSuccess"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "inf: {}\n", "Kptfile: line 5: field inf not found in the Kptfile"),
        (HEAD + "status:\n  conditions: {}\n", "line 6: `status.conditions` must be a list"),
        (HEAD + "info:\n  site: [x]\n", "line 6: `info.site` must be text, found a sequence"),
        ("apiVersion: kpt.dev/v1\nkind: Kptfile\n", "missing Resource metadata"),
        (HEAD + "---\n" + HEAD, "must hold one document, found 2"),
        (HEAD + "a: 'x\n", "unexpected end of stream"),
        ("", "must hold one document, found 0"),
    ],
)
def test_a_kptfile_off_its_schema_is_unreadable(text: str, message: str) -> None:
    """A field that nothing reads would be a wish that nobody hears."""
    with pytest.raises(UnreadableKptfile, match="Kptfile") as caught:
        parse_kptfile(text)

    assert message in str(caught.value)


def test_other_versions_and_kinds_are_told_apart() -> None:
    """Old ones can be migrated, foreign ones cannot."""
    with pytest.raises(OldKptfile, match="v1alpha2"):
        parse_kptfile(HEAD.replace("/v1", "/v1alpha2"))
    with pytest.raises(ForeignKptfile, match="ConfigMap"):
        parse_kptfile("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n")


CONFIG = Node.from_data({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}})
FILES = {"c.yaml": [CONFIG], "two.yaml": [CONFIG, CONFIG], "bare.yaml": [Node.mapping()]}


@pytest.mark.parametrize(
    ("step", "field", "reason"),
    [
        ("name: x", "", "must specify a functon (`image` or `exec`) to execute"),
        ("{image: a, exec: b}", "", "must not specify both `image` and `exec` at the same time"),
        ("image: 'a b'", ".image", 'function name "a b" is invalid'),
        ("image: 'a:'", ".image", 'function name "a:" is invalid'),
        (
            "{image: a, configPath: c.yaml, configMap: {a: b}}",
            "",
            "functionConfig must not specify both `configMap` and `configPath` at the same time",
        ),
        ("{image: a, configPath: ' '}", ".configPath", "path must not be empty"),
        ("{image: a, configPath: /c.yaml}", ".configPath", "path must be relative"),
        (
            "{image: a, configPath: x/../../c}",
            ".configPath",
            "path must not be outside the package",
        ),
        ("{image: a, configPath: d}", ".configPath", "functionConfig must exist in the current"),
        ("{image: a, configPath: two.yaml}", ".configPath", "more than one config, got 2"),
        ("{image: a, configPath: bare.yaml}", ".configPath", "resource must have `apiVersion`"),
    ],
)
def test_a_function_that_cannot_run_is_told_by_field_and_reason(
    step: str, field: str, reason: str
) -> None:
    """In kpt's words, which people search for."""
    kptfile = parse_kptfile(HEAD + f"pipeline:\n  validators:\n  - image: ok\n  - {step}\n")

    with pytest.raises(InvalidKptfile) as caught:
        validate_pipeline(kptfile.pipeline, FILES.get)

    assert caught.value.field == "pipeline.validators[1]" + field
    assert reason in caught.value.why


@pytest.mark.parametrize(
    "image",
    ["a", "a:v1", "UPPER/case:v1", "localhost:5000/a/b_c.d-e:1", "r.io/a:v1@sha256:" + "0" * 64],
)
def test_image_references_of_every_shape_are_valid(image: str) -> None:
    """Registry, port, tag and digest, together, too."""
    kptfile = parse_kptfile(HEAD + f"pipeline:\n  mutators:\n  - image: {image}\n")

    validate_pipeline(kptfile.pipeline, FILES.get)


# -- edits


def edited(text: str) -> Node:
    [document] = parse(text)
    return document.root


def test_a_condition_is_set_in_place_and_a_new_one_goes_last() -> None:
    """Comments and other conditions stay; `status` comes after `pipeline`."""
    root = edited(HEAD + "status:\n  conditions:\n  - type: A # mine\n    status: Unknown\n")
    kptfile_edit.set_condition(root, Condition("B", "True"))
    kptfile_edit.set_condition(root, Condition("A", "False", "Because", "of it"))

    assert emit_document(root) == HEAD + (
        'status:\n  conditions:\n  - type: A # mine\n    status: "False"\n    reason: Because\n'
        '    message: of it\n  - type: B\n    status: "True"\n'
    )


def test_removing_the_last_condition_removes_what_held_it() -> None:
    """No empty `status` is left behind."""
    root = edited(HEAD + "status:\n  conditions:\n  - {type: A, status: 'True'}\n")
    kptfile_edit.remove_condition(root, "A")

    assert emit_document(root) == HEAD


def test_new_sections_take_their_place_in_kpts_order() -> None:
    """As if kpt had written them, whatever was there before."""
    root = edited(HEAD + "pipeline: {}\n")
    kptfile_edit.set_upstream_lock(root, UpstreamLock("git", GitRef("r", "d", "v1", "c0")))
    kptfile_edit.set_upstream(root, Upstream("git", GitRef("r", "d", "v1"), "resource-merge"))
    kptfile_edit.set_readiness_gates(root, ["a", "b"])

    assert root.keys() == [
        "apiVersion", "kind", "metadata", "upstream", "upstreamLock", "info", "pipeline",
    ]  # fmt: skip
    assert parse_kptfile(emit_document(root)).info.readiness_gates == ("a", "b")


def test_readiness_gates_keep_order_and_comments_of_those_that_stay() -> None:
    """The gates become exactly the wanted ones."""
    root = edited(
        HEAD + "info:\n  readinessGates:\n  # first\n  - conditionType: b\n  - conditionType: a\n"
    )
    kptfile_edit.set_readiness_gates(root, ["c", "b"])

    assert emit_document(root) == HEAD + (
        "info:\n  readinessGates:\n  # first\n  - conditionType: b\n  - conditionType: c\n"
    )
