"""kubeconform: what is checked, by which schemas, and how problems are told."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from porch.functions.builtin import kubeconform
from porch.functions.builtin.contract import Edition
from porch.functions.schemafiles import SchemaDirectories
from porch.kpt.evaluate import FieldRef, FileRef, ResourceRef
from tests.unit.functions.calls import (
    CATALOGUE,
    CORRECTED,
    Caller,
    NothingUntrusted,
    calling,
    in_file,
    items,
    resource,
    several,
    written,
)

call = calling(kubeconform.run)


def settings(**data: str) -> str:
    """The config that kpt makes of a Kptfile's configMap."""
    return resource("ConfigMap", "data:", *(f"  {key}: {text!r}" for key, text in data.items()))


STRICT = settings(strict="true")
WIDGETS = "example.com/v1"


def deployment(*spec: str, pod: tuple[str, ...] = ()) -> str:
    """A Deployment with these lines in its spec and in its pod's."""
    template = ("template:", "  metadata: {labels: {a: b}}", "  spec:", *(f"    {x}" for x in pod))
    lines = ("selector: {matchLabels: {a: b}}", *spec, *(template if pod else ("template: {}",)))
    return resource("Deployment", "spec:", *(f"  {line}" for line in lines), api_version="apps/v1")


def problems(text: str, *, config: str | None = None, edition: Edition = CORRECTED) -> list[str]:
    """What is wrong, as `field: message`."""
    answer = call(text, config=config, edition=edition)
    assert answer.text == written(items(text))
    assert answer.exit_code == int(bool(answer.results))
    results = answer.output.results
    return [f"{each.field.path if each.field else ''}: {each.message}" for each in results]


@pytest.mark.parametrize(
    "text",
    [
        resource("ConfigMap", "data: {k: v} # c", "immutable: true"),
        deployment("replicas: 3", pod=("containers:", "- {name: a, image: b}")),
        deployment("replicas: null"),
        deployment("strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}"),
        deployment(pod=("containers:", "- {name: a, resources: {limits: {cpu: 2, memory: 1Gi}}}")),
        resource("Service", "spec: {ports: [{port: 80, targetPort: http}]}"),
        resource("ConfigMap", "data: {k: }"),
        resource("Secret", "  creationTimestamp: null", "stringData: {k: 'true'}"),
        resource("NetworkPolicy", "spec: {podSelector: {}}", api_version="networking.k8s.io/v1"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {k: &a v, l: *a}\n",
    ],
)
@pytest.mark.parametrize("config", [None, STRICT])
def test_what_the_api_server_takes_passes(text: str, config: str | None) -> None:
    """Quantities as numbers, ports as names, and null for what may be left out."""
    assert problems(text, config=config) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (deployment("replicas: three"), ["spec.replicas: got string, want null or integer"]),
        (resource("ConfigMap", "data: {k: 1}"), ["data.k: got number, want null or string"]),
        (resource("ConfigMap", "data: [k]"), ["data: got array, want null or object"]),
        (
            resource("ConfigMap", "  labels: {on: true}"),
            ["metadata.labels.on: got boolean, want null or string"],
        ),
        (
            resource("Deployment", "spec: {replicas: 1}", api_version="apps/v1"),
            ["spec: missing properties 'selector', 'template'"],
        ),
        (
            deployment(pod=("containers:", "- {name: a}", "- {image: x}")),
            ["spec.template.spec.containers[1]: missing property 'name'"],
        ),
        (
            deployment(pod=("containers: [null]",)),
            ["spec.template.spec.containers[0]: got null, want object"],
        ),
        (
            deployment(pod=("containers: [{name: a, resources: {limits: {cpu: [2]}}}]",)),
            [
                "spec.template.spec.containers[0].resources.limits.cpu: "
                "got array, want null or number or string"
            ],
        ),
        (
            resource("Deployment", "spec: {template: null, selector: {}}", api_version="apps/v1"),
            ["spec.template: got null, want object"],
        ),
    ],
)
def test_a_problem_is_told_at_its_field(text: str, told: list[str]) -> None:
    """In the words of kubeconform, which pipelines and people know."""
    assert problems(text) == told


def test_only_strict_checks_tell_unknown_fields() -> None:
    """As one problem a place, at any depth."""
    text = deployment("replica: 1", pod=("containers: [{name: a, img: b, cmd: c}]",))

    assert problems(text, config=settings(strict="false")) == []
    assert problems(text, config=STRICT) == [
        "spec.template.spec.containers[0]: additional properties 'img', 'cmd' not allowed",
        "spec: additional properties 'replica' not allowed",
    ]


def test_problems_are_told_as_the_image_tells_them() -> None:
    """In the catalogue's own example: a misspelt template, and replicas in words."""
    body = ("spec:", "  templates: {}", "  replicas: asdf")
    text = resource("ReplicationController", *in_file("app.yaml"), *body, name="bob")
    config = settings(strict="true", skip_kinds="MyCustom,MyOtherCustom")

    answer = call(text, config=config)

    assert answer.results == [
        "[error] v1/ReplicationController/bob spec.replicas: got string, want null or integer",
        "[error] v1/ReplicationController/bob spec: additional properties 'templates' not allowed",
    ]
    assert answer.output.stderr == "failed to evaluate function: error: function failure"
    assert answer.exit_code == 1


@pytest.mark.parametrize(
    ("edition", "path"), [(CATALOGUE, "spec.ports.0.port"), (CORRECTED, "spec.ports[0].port")]
)
def test_a_result_names_resource_field_and_file(edition: Edition, path: str) -> None:
    """An editor can go there."""
    index = "internal.config.kubernetes.io/index: '2'"
    text = resource(
        "Service", "  namespace: shop", *in_file("d/s.yaml", index), "spec: {ports: [{port: x}]}"
    )

    answer = call(text, edition=edition)

    (result,) = answer.output.results
    assert result.severity == "error"
    assert result.resource == ResourceRef(
        api_version="v1", kind="Service", namespace="shop", name="a"
    )
    assert (result.field, result.file) == (FieldRef(path=path), FileRef(path="d/s.yaml", index=2))


@pytest.mark.parametrize(
    "config",
    [
        settings(ignore_missing_schemas="true"),
        settings(skip_kinds="Gadget, Widget"),
        settings(skip_kinds="example.com/v1/Widget"),
    ],
)
def test_a_kind_without_a_schema_is_an_error_unless_it_is_left_out(config: str) -> None:
    """Otherwise a misspelt kind would pass."""
    text = resource("Widget", api_version=WIDGETS)

    (told,) = problems(text)
    assert told.startswith(
        ": could not find schema for Widget: example.com/v1/Widget is not a kind of Kubernetes 1.34"
    )
    assert problems(text, config=config) == []


def test_a_kind_is_skipped_only_by_its_own_name() -> None:
    """Case counts, as in kubeconform; another version is another kind."""
    text = resource("ConfigMap", "data: {k: 1}")

    assert problems(text, config=settings(skip_kinds="ConfigMap")) == []
    assert problems(text, config=settings(skip_kinds="v1/ConfigMap")) == []
    assert problems(text, config=settings(skip_kinds="configmap,v2/ConfigMap")) != []


@pytest.mark.parametrize("edition", [CATALOGUE, CORRECTED])
def test_a_kptfile_is_never_checked(edition: Edition) -> None:
    """It is of no cluster; every package has one."""
    kptfile = resource("Kptfile", api_version="kpt.dev/v1")

    assert problems(kptfile, edition=edition) == []


def test_only_the_catalogue_checks_local_configuration() -> None:
    """Configs of functions are of kinds that no cluster knows."""
    note = "config.kubernetes.io/local-config: 'true'"
    text = resource("StarlarkRun", *in_file("s.yaml", note), api_version="fn.kpt.dev/v1alpha1")

    assert problems(text) == []
    assert len(problems(text, edition=CATALOGUE)) == 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (settings(strict="yes"), '`data.strict` must be "true" or "false", found \'yes\''),
        (
            settings(stricter="true"),
            "`data` must have keys of strict, ignore_missing_schemas, schema_location, "
            "additional_schema_locations, skip_kinds, found 'stricter'",
        ),
    ],
)
def test_a_setting_that_means_nothing_fails_only_the_corrected_edition(
    config: str, message: str
) -> None:
    """A check that was asked for would not be made."""
    assert call(resource("ConfigMap"), config=config).exit_code == 0
    assert problems(resource("ConfigMap"), config=config) == [f": {message}"]


def test_settings_may_stand_at_the_top_of_any_config() -> None:
    """As in the image."""
    config = resource("Kubeconform", "strict: true", api_version="fn.kpt.dev/v1alpha1")

    assert len(problems(resource("ConfigMap", "x: y"), config=config)) == 1


# -- custom resources


def definition(*schema: str, version: str = "v1") -> str:
    """The definition of Widgets, with these lines of the schema of their spec."""
    return resource(
        "CustomResourceDefinition",
        "spec:",
        "  group: example.com",
        "  scope: Namespaced",
        "  names: {kind: Widget, plural: widgets}",
        "  versions:",
        f"  - name: {version}",
        "    served: true",
        "    storage: true",
        "    schema:",
        "      openAPIV3Schema:",
        "        type: object",
        "        properties:",
        "          spec:",
        *(f"            {line}" for line in schema),
        api_version="apiextensions.k8s.io/v1",
        name="widgets.example.com",
    )


def widget(*lines: str) -> str:
    """A Widget."""
    return resource("Widget", *lines, api_version=WIDGETS)


@pytest.mark.parametrize(
    ("schema", "spec", "told"),
    [
        ("{type: object, required: [n]}", "{}", ["spec: missing property 'n'"]),
        ("{type: string, enum: [a, b]}", "c", ["spec: value must be one of 'a', 'b'"]),
        ("{type: string, pattern: '^a+$'}", "b", ["spec: 'b' does not match pattern '^a+$'"]),
        ("{type: integer, minimum: 3}", "2", ["spec: minimum: got 2, want 3"]),
        (
            "{type: integer, minimum: 3, exclusiveMinimum: true}",
            "3",
            ["spec: exclusiveMinimum: got 3, want 3"],
        ),
        ("{type: string, maxLength: 2}", "abc", ["spec: maxLength: got 3, want 2"]),
        ("{type: array, minItems: 1}", "[]", ["spec: minItems: got 0, want 1"]),
        (
            "{type: object, maxProperties: 1}",
            "{a: b, c: d}",
            ["spec: maxProperties: got 2, want 1"],
        ),
        ("{type: integer, multipleOf: 2}", "3", ["spec: multipleOf: got 3, want 2"]),
        ("{type: array, uniqueItems: true}", "[a, a]", ["spec: items must be unique"]),
        ("{type: string, format: date-time}", "x", ["spec: 'x' is not valid date-time"]),
        ("{x-kubernetes-int-or-string: true}", "80", []),
        ("{x-kubernetes-int-or-string: true}", "[]", ["spec: got array, want integer or string"]),
        ("{type: string, nullable: true, enum: [a]}", "null", []),
        ("{type: string}", "null", ["spec: got null, want string"]),
        (
            "{type: object, anyOf: [{required: [a]}, {required: [b]}]}",
            "{}",
            ["spec: anyOf failed: missing property 'a'; or missing property 'b'"],
        ),
        (
            "{type: object, oneOf: [{required: [a]}, {required: [b]}]}",
            "{a: 1, b: 1}",
            ["spec: oneOf failed, several schemas matched"],
        ),
        ("{type: object, not: {required: [a]}}", "{a: 1}", ["spec: not failed"]),
        (
            "{type: array, items: {type: integer}}",
            "[1, x]",
            ["spec[1]: got string, want integer"],
        ),
        (
            "{type: object, additionalProperties: {type: integer}}",
            "{a.b/c: x}",
            ["spec.a.b/c: got string, want integer"],
        ),
    ],
)
def test_custom_resources_are_checked_by_definitions_of_the_package(
    schema: str, spec: str, told: list[str]
) -> None:
    """Wherever the definition stands among the items."""
    assert problems(several(widget(f"spec: {spec}"), definition(schema))) == told


@pytest.mark.parametrize(
    ("schema", "spec", "told"),
    [
        (
            "{type: object, properties: {a: {type: string}}}",
            "{b: 1}",
            ["spec: additional properties 'b' not allowed"],
        ),
        ("{type: object}", "{b: 1}", []),
        (
            "{type: object, properties: {a: {}}, x-kubernetes-preserve-unknown-fields: true}",
            "{b: 1}",
            [],
        ),
        ("{type: object, properties: {a: {}}, additionalProperties: true}", "{b: 1}", []),
        (
            "{type: object, properties: {a: {}, b: {}}, oneOf: [{properties: {a: {minimum: 1}}}]}",
            "{a: 1, b: 1}",
            [],
        ),
        (
            "{type: object, x-kubernetes-embedded-resource: true, properties: {a: {}}}",
            "{apiVersion: v1, kind: A, metadata: {}, a: 1, b: 1}",
            ["spec: additional properties 'b' not allowed"],
        ),
    ],
)
def test_a_strict_check_knows_where_unknown_fields_are_kept(
    schema: str, spec: str, told: list[str]
) -> None:
    """What the API server would drop is a mistake; what it keeps is not."""
    text = several(definition(schema), widget("  labels: {a: b}", f"spec: {spec}"))

    assert problems(text, config=STRICT) == told


def test_the_metadata_of_custom_resources_is_checked_too() -> None:
    """Every object has the same, whatever its definition says of it."""
    text = several(definition("{type: object}"), widget("  labels: {a: 1}"))

    assert problems(text) == ["metadata.labels.a: got number, want null or string"]


def test_a_version_that_is_not_defined_has_no_schema() -> None:
    """Another version may have other fields."""
    text = several(definition("{type: object}", version="v2"), widget())

    assert [told.partition(":")[2][:30] for told in problems(text)] == [
        " could not find schema for Wid"
    ]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ("{$ref: 'http://example.com/s.json'}", "`$ref` must not be used, found 'http://exa"),
        ("{type: [1]}", "[1] is not valid under any of the schemas"),
        ("{type: string, pattern: '('}", '"(" is not a "regex"'),
        ("{type: string, pattern: '(a{1000}){1000}'}", '"(a{1000}){1000}" is not a "regex"'),
        ("{type: string, pattern: '(?!a)'}", '"(?!a)" is not a "regex"'),
    ],
)
def test_a_definition_that_no_cluster_would_take_is_told_at_its_resources(
    schema: str, why: str
) -> None:
    """Not a crash, nothing fetched, and the other items are checked all the same."""
    text = several(definition(schema), widget("spec: x"), resource("ConfigMap", "data: {k: 1}"))

    told = problems(text, config=settings(skip_kinds="CustomResourceDefinition"))

    assert told[0].startswith(f": schema of Widget must be structural: {why}")
    assert told[1:] == ["data.k: got number, want null or string"]


# -- given locations

SCHEMA = '{"type": "object", "required": ["spec"]}'


@pytest.fixture
def checked(tmp_path: Path) -> Callable[..., list[str]]:
    """Checks with schema files below a directory that is admitted."""
    caller = Caller(kubeconform.run, NothingUntrusted(), SchemaDirectories((tmp_path,)))

    def check(text: str, *, edition: Edition = CORRECTED, **config: str) -> list[str]:
        answer = caller(text, config=settings(**config), edition=edition)
        return [result.message for result in answer.output.results]

    return check


def put(directory: Path, name: str, text: str = SCHEMA) -> None:
    """Write a file, with its directories."""
    (directory / name).parent.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text(text)


@pytest.mark.parametrize(
    ("text", "file"),
    [
        (widget(), "master-standalone/widget-example-v1.json"),
        (widget(), "master-standalone-strict/widget-example-v1.json"),
        (resource("Pod"), "master-standalone/pod-v1.json"),
    ],
)
def test_a_directory_of_schemas_is_laid_out_as_for_kubeconform(
    checked: Callable[..., list[str]], tmp_path: Path, text: str, file: str
) -> None:
    """Existing directories can be used as they are, by path or by URL."""
    put(tmp_path, file)
    strict = "true" if "strict" in file else "false"

    for location in (str(tmp_path), f"file://{tmp_path}"):
        told = checked(text, schema_location=location, strict=strict)
        assert told == ["missing property 'spec'"]


def test_a_location_may_be_a_template_of_file_names(
    checked: Callable[..., list[str]], tmp_path: Path
) -> None:
    """With the variables of kubeconform."""
    put(tmp_path, "example.com/widget_v1.json")
    location = f"{tmp_path}/{{{{ .Group }}}}/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json"

    assert checked(widget(), schema_location=location) == ["missing property 'spec'"]


@pytest.mark.parametrize(("edition", "finds"), [(CATALOGUE, False), (CORRECTED, True)])
def test_only_the_corrected_edition_adds_locations_to_what_is_built_in(
    checked: Callable[..., list[str]], tmp_path: Path, edition: Edition, finds: bool
) -> None:
    """Additional is what the setting is called; the image then uses nothing else."""
    put(tmp_path, "master-standalone/widget-example-v1.json")
    text = several(resource("ConfigMap"), widget("spec: {}"))

    told = checked(text, edition=edition, additional_schema_locations=str(tmp_path))

    assert (told == []) is finds


def test_locations_are_asked_in_order_and_default_is_what_is_built_in(
    checked: Callable[..., list[str]], tmp_path: Path
) -> None:
    """The first that knows a kind decides."""
    put(tmp_path / "a", "master-standalone/pod-v1.json")
    text = several(resource("Pod"), resource("ConfigMap", "data: {k: 1}"))

    told = checked(text, schema_location=str(tmp_path / "a"), additional_schema_locations="default")

    assert told == ["missing property 'spec'", "got number, want null or string"]


def test_schemas_may_refer_to_files_beside_them(
    checked: Callable[..., list[str]], tmp_path: Path
) -> None:
    """As those that are not stand-alone do."""
    reference = '{"properties": {"spec": {"$ref": "_definitions.json#/definitions/S"}}}'
    put(tmp_path, "master-standalone/widget-example-v1.json", reference)
    put(tmp_path, "master-standalone/_definitions.json", '{"definitions": {"S": {"type": "null"}}}')

    told = checked(widget("spec: 1"), schema_location=str(tmp_path))

    assert told == ["got number, want null"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ('{"$ref": "http://example.com/s.json"}', ["`$ref` must name a file", "no network"]),
        ('{"$ref": "gone.json"}', ["`$ref` must name a file that exists", "gone.json"]),
        ('{"$ref": "file:///etc/hostname"}', ["must be in a directory that is admitted"]),
        ("{", ["must be a JSON schema"]),
        ("[]", ["must be a JSON schema", "list"]),
        ('{"$schema": "http://example.com/draft"}', ["http://example.com/draft"]),
    ],
)
def test_a_file_that_is_no_schema_is_told_with_what_is_wrong(
    checked: Callable[..., list[str]], tmp_path: Path, schema: str, words: list[str]
) -> None:
    """Nothing is fetched to make it one."""
    put(tmp_path, "master-standalone/widget-example-v1.json", schema)

    (told,) = checked(widget(), schema_location=str(tmp_path))

    assert [word for word in words if word not in told] == []


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://user:secret@example.com/s?token=x", ["https://example.com…", "no network"]),
        ("schemas", ["absolute path", "'schemas'"]),
        ("/etc", ["directory that is admitted", "PORCH_RENDER_SCHEMA_DIRECTORIES"]),
        ("/{{.Nope}}.json", ["ResourceKind", "'Nope'"]),
    ],
)
def test_a_location_that_must_not_be_used_is_an_error(
    checked: Callable[..., list[str]], location: str, words: list[str]
) -> None:
    """Its text alone must let the user go on; secrets of an address are not in it."""
    (told,) = checked(resource("ConfigMap"), schema_location=location)

    assert [word for word in words if word not in told] == []
    assert "secret" not in told
    assert "token" not in told


@pytest.mark.parametrize("kind", ["../outside", "a/../../outside", "..", "a b"])
def test_a_kind_cannot_name_files_elsewhere(
    checked: Callable[..., list[str]], tmp_path: Path, kind: str
) -> None:
    """It is text of the package."""
    put(tmp_path, "outside-v1.json", "{}")

    (told,) = checked(
        resource(kind), schema_location=f"{tmp_path}/in/{{{{.ResourceKind}}}}-v1.json"
    )

    assert told.startswith("could not find schema")


# -- bounds


def test_a_pattern_takes_linear_time() -> None:
    """One that backtracks would not end."""
    text = several(
        definition("{type: string, pattern: '^(a+)+$'}"), widget(f"spec: {'a' * 100_000}b")
    )
    begun = time.process_time()

    (told,) = problems(text)

    assert told.endswith("does not match pattern '^(a+)+$'")
    assert time.process_time() - begun < 10


def test_a_definition_with_patterns_without_end_is_refused() -> None:
    """Each of them takes memory for as long as it is kept."""
    fields = ", ".join(f"f{number}: {{pattern: a}}" for number in range(1_001))
    text = several(definition(f"{{type: object, properties: {{{fields}}}}}"), widget())

    (told,) = problems(text)

    assert told.endswith("it must not have more than 1000 patterns, found 1001")


def test_a_hundred_problems_of_an_item_are_told() -> None:
    """The first ones are enough to begin with."""
    text = resource("ConfigMap", "data:", *(f"  k{number}: {number}" for number in range(1_000)))

    told = problems(text)

    assert len(told) == 101
    assert told[-1] == ": more than 100 problems: further problems are not told"


def test_of_a_huge_item_the_first_problem_is_told() -> None:
    """All of them would take a gigabyte."""
    numbers = "".join(f"\n  - {number}" for number in range(60_000))
    text = resource("ConfigMap", f"data:\n  k:{numbers}")
    begun = time.process_time()

    assert problems(text) == [
        "data.k: got array, want null or string",
        ": more than 50000 values: further problems are not told",
    ]
    assert time.process_time() - begun < 20


def test_junctions_within_junctions_take_bounded_time() -> None:
    """Each level must not double the work."""
    schema = "{type: integer}"
    for _ in range(20):
        schema = f"{{anyOf: [{schema}, {{type: boolean}}]}}"
    begun = time.process_time()

    assert len(problems(several(definition(schema), widget("spec: x")))) == 1
    assert time.process_time() - begun < 10


def test_an_alias_bomb_is_told() -> None:
    """As every other way to read it tells it."""
    bomb = ["a: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 7)]

    (told,) = problems(resource("ConfigMap", *bomb))

    assert "nodes" in told
