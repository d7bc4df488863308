"""`porchctl fn doc`: the built-in functions, listed, and explained one by one.

Pure but for importing the ports, whose docstrings say what they do. What a function is told, and
an example that works, is here; tests run every example.
"""

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import indent

from porch.cli.errors import BadArguments
from porch.functions.images import LATEST
from porch.functions.registry import PORTS


@dataclass(frozen=True, slots=True)
class Usage:
    """How a function is told what to do."""

    config: str  # its settings, one a line
    example: str  # a step of a pipeline


USAGE: Mapping[str, Usage] = {
    "apply-replacements": Usage(
        "A resource of kind ApplyReplacements (fn.kpt.dev/v1alpha1), by `configPath`:\n"
        "replacements[].source   one resource: kind, name, …; `fieldPath`, `options`\n"
        "replacements[].targets  `select`, `reject`, `fieldPaths`, `options.create`",
        "image: apply-replacements:v0.1.1\nconfigPath: replacements.yaml",
    ),
    "apply-setters": Usage(
        "NAME: VALUE  for each setter that comments `# kpt-set: ${NAME}` name",
        "image: apply-setters:v0.2.0\nconfigMap:\n  replicas: '3'",
    ),
    "create-setters": Usage(
        "NAME: VALUE  for each setter; a VALUE that is a YAML list marks whole lists",
        "image: create-setters:v0.1.0\nconfigMap:\n  value: v",
    ),
    "delete-annotations": Usage(
        "annotationKeys: KEY,KEY  the annotations to remove",
        "image: delete-annotations:v0.1.0\nconfigMap:\n  annotationKeys: team,owner",
    ),
    "ensure-name-substring": Usage(
        "prepend: TEXT  or  append: TEXT, exactly one of them\n"
        "or kind EnsureNameSubstring: substring, editMode, additionalNameFields",
        "image: ensure-name-substring:v0.2.0\nconfigMap:\n  prepend: prod-",
    ),
    "gen-pkg-context": Usage("It takes no config.", "image: builtins/gen-pkg-context"),
    "kubeconform": Usage(
        "strict: 'true'                  fields that a schema does not name are errors\n"
        "ignore_missing_schemas: 'true'  kinds without a schema are left out\n"
        "skip_kinds: KIND,KIND           kinds that are left out; Kind or group/version/Kind\n"
        "schema_location: DIRECTORY      schemas instead of the built-in ones\n"
        "additional_schema_locations: DIRECTORY,DIRECTORY  schemas for what has none so far",
        "image: kubeconform:v0.1.1\nconfigMap:\n  strict: 'true'\n  ignore_missing_schemas: 'true'",
    ),
    "list-setters": Usage("It takes no config.", "image: list-setters:v0.1.0"),
    "remove-local-config-resources": Usage(
        "It takes no config.", "image: remove-local-config-resources:v0.1.0"
    ),
    "search-replace": Usage(
        "by-value: TEXT         fields that hold exactly this\n"
        "by-value-regex: RE2    fields that match this; groups are ${1}, ${2}, …\n"
        "by-path: PATTERN       fields at this path; `*` is one step, `**` any number\n"
        "by-file-path: GLOB     only in these files\n"
        "put-value: TEXT        what is put there\n"
        "put-comment: TEXT      the comment that is put there",
        "image: search-replace:v0.2.0\nconfigMap:\n  by-value: old\n  put-value: new",
    ),
    "set-annotations": Usage(
        "KEY: VALUE  for each annotation\n"
        "or kind SetAnnotations: annotations, additionalAnnotationFields",
        "image: set-annotations:v0.1.4\nconfigMap:\n  team: payments",
    ),
    "set-enforcement-action": Usage(
        "enforcementAction: deny, warn or dryrun",
        "image: set-enforcement-action:v0.1.0\nconfigMap:\n  enforcementAction: dryrun",
    ),
    "set-image": Usage(
        "name: TEXT     the image to change (required)\n"
        "newName: TEXT  newTag: TEXT  digest: TEXT   at least one of them\n"
        "or kind SetImage: image, additionalImageFields",
        "image: set-image:v0.1.1\nconfigMap:\n  name: nginx\n  newTag: '1.27'",
    ),
    "set-labels": Usage(
        "KEY: VALUE  for each label\nor kind SetLabels: labels",
        "image: set-labels:v0.2.0\nconfigMap:\n  app: shop",
    ),
    "set-name-prefix": Usage(
        "prefix: TEXT     what names begin with afterwards; default: the package's name\n"
        "oldPrefix: TEXT  what they begin with now; default: packagename",
        "image: set-name-prefix\nconfigMap:\n  prefix: shop",
    ),
    "set-namespace": Usage(
        "namespace: NAME         the namespace to set (required)\n"
        "namespaceMatcher: NAME  change only resources that are in this one\n"
        "or kind SetNamespace with the same fields",
        "image: set-namespace:v0.4.1\nconfigMap:\n  namespace: shop",
    ),
    "set-project-id": Usage(
        "project-id: ID  the project for what has none",
        "image: set-project-id:v0.2.0\nconfigMap:\n  project-id: shop-prod",
    ),
    "starlark": Usage(
        'source: SCRIPT  changes `ctx.resource_list["items"]`, or calls fail("why")\n'
        "or kind StarlarkRun: source, params",
        "image: starlark:v0.4.3\nconfigMap:\n  source: |\n"
        '    for item in ctx.resource_list["items"]:\n'
        '      item["metadata"].setdefault("labels", {})["seen"] = "yes"',
    ),
    "upsert-resource": Usage(
        "The resource itself, or a List of them, by `configPath`; its annotation\n"
        "config.kubernetes.io/target-path names the file it is in or goes to",
        "image: upsert-resource:v0.2.0\nconfigPath: replacements.yaml",
    ),
}


def function_list() -> str:
    """Every built-in with its summary."""
    width = max(map(len, PORTS)) + 2
    lines = [f"{name:<{width}}{_summary(name)}\n" for name in sorted(PORTS)]
    hint = "\nporchctl fn doc NAME explains one of them.\n"
    return "".join(lines) + hint


def function_help(name: str) -> str:
    """What a built-in does, its config, an example, and the tags that it stands for."""
    if name not in PORTS:
        known = ", ".join(sorted(PORTS))
        raise BadArguments(f"{name!r} must be a built-in function: {known}")
    summary, _, rest = _description(name).partition("\n")
    sections = [f"{name}: {summary.partition(': ')[2] or summary}", rest.strip()]
    usage = USAGE.get(name)
    if usage is not None:
        step = "- " + indent(usage.example, "  ").lstrip()
        sections += [_section("Config", usage.config), _section("Example", step)]
    sections.append(_section("Tags", _tags(name)))
    return "\n\n".join(filter(None, sections)) + "\n"


def _section(title: str, text: str) -> str:
    return f"{title}\n{indent(text, '  ')}"


def _summary(name: str) -> str:
    first = _description(name).partition("\n")[0]
    return first.partition(": ")[2] or first


def _description(name: str) -> str:
    module = importlib.import_module(f"porch.functions.builtin.{PORTS[name].module}")
    return inspect.getdoc(module) or name


def _tags(name: str) -> str:
    tags = PORTS[name].tags
    if not tags:
        return f"builtins/{name}, {LATEST}"
    return ", ".join(tags) + f"\n{LATEST}: as documented, where these tags are not"
