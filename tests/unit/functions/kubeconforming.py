"""Calls of kubeconform, and what it is given to check."""

from porch.functions.builtin import kubeconform
from porch.functions.builtin.contract import Edition
from tests.unit.functions.calls import CORRECTED, calling, items, resource, written

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
