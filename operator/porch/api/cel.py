"""Rules of the CRDs in CEL: what one object decides about itself.

Pure. The life cycle comes from its table, the names from the patterns of `names`. A message says
what must hold, what was found and what to do.

Traps   A rule on a field that sees `oldSelf` is skipped when the field is removed: such a rule is
        on the parent, or the field has a default. A message with a line break is replaced by the
        server, so `message` is there beside each `messageExpression` that repeats a user's text.
        Labels and annotations are not visible to these rules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from porch.api.lifecycle import TRANSITIONS, Lifecycle, ends
from porch.api.names import FOREIGN_WORKSPACE, LABEL, PACKAGE

CauseReason = Literal["FieldValueInvalid", "FieldValueForbidden"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule at one place of a schema."""

    at: str  # path of the schema, "" for the root, "spec.source"
    rule: str
    message: str = ""
    expression: str = ""  # CEL of a message; `message` is what is said when it fails
    reason: CauseReason = "FieldValueInvalid"
    about: str = ""  # the field that the refusal names, when it is not the one at `at`

    def wire(self) -> dict[str, str]:
        """The rule as a member of `x-kubernetes-validations`."""
        members = {
            "rule": self.rule,
            "message": self.message,
            "messageExpression": self.expression,
            "reason": self.reason if self.reason != "FieldValueInvalid" else "",
            "fieldPath": self.about,
        }
        return {key: value for key, value in members.items() if value}


def text_list(values: Iterable[str]) -> str:
    """A list literal of texts."""
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def text_map(values: Mapping[str, str]) -> str:
    """A map literal of texts."""
    return "{" + ", ".join(f"'{key}': '{value}'" for key, value in values.items()) + "}"


_NAME_OF_REVISION = (
    "self.spec.repository + '.' + self.spec.packageName.replace('/', '.')"
    " + '.' + self.spec.workspaceName"
)
_NAME_OF_PACKAGE = "self.spec.repository + '.' + self.spec.packageName.replace('/', '.')"
_LABEL_TEXT = "1 to 63 lower-case letters, digits or hyphens, with a letter or digit at both ends"


def matches(pattern: str, *, subject: str = "self") -> str:
    """The whole subject has the pattern."""
    return f"{subject}.matches(r'^({pattern})$')"


def _composed(name: str, shape: str) -> Rule:
    return Rule(
        "",
        f"self.metadata.name == {name}",
        f"metadata.name must be {shape}",
        f'"metadata.name must be {shape}, that is \'" + {name} + "\', '
        'found \'" + self.metadata.name + "\'"',
    )


def _shaped(at: str, pattern: str, must: str) -> Rule:
    return Rule(
        at,
        matches(pattern),
        f"{at} must be {must}",
        f'"{at} must be {must}, found \'" + self + "\'"',
    )


def _immutable(at: str, instead: str) -> Rule:
    """For required fields and fields with a default: they cannot be removed."""
    return Rule(
        at,
        "self == oldSelf",
        f"{at} is immutable; {instead}",
        f'"{at} is immutable, must stay \'" + oldSelf + "\', found \'" + self + "\'; {instead}"',
        reason="FieldValueForbidden",
    )


def _keeps_presence(parent: str, member: str, instead: str) -> Rule:
    return Rule(
        parent,
        f"has(self.{member}) == has(oldSelf.{member})",
        f"{parent}.{member} is immutable, and must not be added or removed; {instead}",
        reason="FieldValueForbidden",
        about=f".{member}",
    )


def _identity(instead: str) -> tuple[Rule, ...]:
    return (
        _shaped("spec.repository", LABEL, _LABEL_TEXT),
        _shaped(
            "spec.packageName",
            PACKAGE,
            f"one or more names separated by slashes, each of them {_LABEL_TEXT}",
        ),
        _immutable("spec.repository", instead),
        _immutable("spec.packageName", instead),
    )


def _lifecycle_rules() -> tuple[Rule, Rule]:
    """The two halves of the table: which wish follows which, and what a published fact forbids."""
    pairs = " || ".join(
        f"(oldSelf.spec.lifecycle == '{start}' && self.spec.lifecycle in {text_list(ends(start))})"
        for start in Lifecycle
    )
    ways = {start.value: " or ".join(ends(start)) for start in Lifecycle}
    forbidden = {each.end for each in TRANSITIONS if each.until_published}
    published = text_list(state for state in Lifecycle if state.is_published)
    return (
        Rule(
            "",
            f"self.spec.lifecycle == oldSelf.spec.lifecycle || {pairs}",
            "spec.lifecycle must not change so",
            "'spec.lifecycle must not go from ' + oldSelf.spec.lifecycle + ' to ' + "
            "self.spec.lifecycle + '; from ' + oldSelf.spec.lifecycle + ' it may go to ' + "
            f"{text_map(ways)}[oldSelf.spec.lifecycle]",
            about=".spec.lifecycle",
        ),
        Rule(
            "",
            "self.spec.lifecycle == oldSelf.spec.lifecycle || "
            f"!(self.spec.lifecycle in {text_list(sorted(forbidden))}) || "
            "!has(oldSelf.status) || !has(oldSelf.status.lifecycle) || "
            f"!(oldSelf.status.lifecycle in {published})",
            "spec.lifecycle must stay Published or DeletionProposed once the revision is published",
            "'spec.lifecycle must stay Published or DeletionProposed once the revision is "
            "published, found ' + self.spec.lifecycle + '; to change its content, make another "
            "revision with spec.source.copyFrom'",
            about=".spec.lifecycle",
        ),
    )


_ANOTHER_REVISION = "create another PackageRevision instead"
_ANOTHER_REPOSITORY = "register another Repository instead"
_SOURCES = ("init", "cloneFrom", "copyFrom", "upgrade")


def _exactly_one(at: str, members: tuple[str, ...]) -> Rule:
    present = ", ".join(f"has(self.{each})" for each in members)
    found = " + ".join(f"(has(self.{each}) ? ' {each}' : '')" for each in members)
    must = f"{at} must have exactly one of {', '.join(members)}"
    return Rule(at, f"[{present}].filter(x, x).size() == 1", must, f"'{must}; found:' + {found}")


PACKAGE_REVISION: tuple[Rule, ...] = (
    _composed(_NAME_OF_REVISION, "<repository>.<package with dots>.<workspace>"),
    *_lifecycle_rules(),
    *_identity(_ANOTHER_REVISION),
    _shaped(
        "spec.workspaceName",
        FOREIGN_WORKSPACE,
        f"one or more names separated by dots, each of them {_LABEL_TEXT}",
    ),
    _immutable("spec.workspaceName", _ANOTHER_REVISION),
    _keeps_presence("spec", "source", _ANOTHER_REVISION),
    Rule(
        "spec.source",
        "self == oldSelf",
        f"spec.source is immutable, it was applied once; {_ANOTHER_REVISION}",
        reason="FieldValueForbidden",
    ),
    _exactly_one("spec.source", _SOURCES),
    _exactly_one("spec.source.cloneFrom", ("git", "upstreamRef")),
)

PORCH_PACKAGE: tuple[Rule, ...] = (
    _composed(_NAME_OF_PACKAGE, "<repository>.<package with dots>"),
    *_identity("packages are shown as the repository has them"),
)

# Refuses "", "/x", "../x", "a/../b", "a//b", ".git/config", "a\b", control characters and "x/".
_PATH = (
    "size(p) <= 1024 && "
    r"!p.matches(r'(?i)(^|/)(\.\.?|\.git)?(/|$)|[\\\p{Cc}]')"
)
_PATH_TEXT = (
    "each path in spec.resources must be relative, of at most 1024 characters, and without empty "
    "segments, '.', '..', '.git', backslashes and control characters"
)
_SEALED = (
    "has(oldSelf.status) && has(oldSelf.status.lifecycle) && "
    f"oldSelf.status.lifecycle != '{Lifecycle.DRAFT}'"
)
_SAME_RESOURCES = (
    "has(self.spec.resources) == has(oldSelf.spec.resources) && "
    "(!has(self.spec.resources) || self.spec.resources == oldSelf.spec.resources)"
)
_HAS_ALL_PARTS = " && ".join(
    f"has(self.spec.{each}) && self.spec.{each} != ''"
    for each in ("repository", "packageName", "workspaceName")
)

PACKAGE_REVISION_RESOURCES: tuple[Rule, ...] = (
    Rule(
        "",
        f"!({_HAS_ALL_PARTS}) || self.metadata.name == {_NAME_OF_REVISION}",
        "metadata.name must be the name of the PackageRevision that the files belong to",
        f"\"metadata.name must be '\" + ({_HAS_ALL_PARTS} ? {_NAME_OF_REVISION} : '') + "
        "\"', the name of the PackageRevision that spec names, found '\" + "
        'self.metadata.name + "\'"',
    ),
    Rule(
        "",
        f"!({_SEALED}) || ({_SAME_RESOURCES})",
        "spec.resources must not change once the revision is proposed",
        "'spec.resources must not change while the revision is ' + oldSelf.status.lifecycle + "
        f"(oldSelf.status.lifecycle == '{Lifecycle.PROPOSED}' ? "
        "'; to edit it, set spec.lifecycle of the PackageRevision to Draft, and read the files "
        "again' : '; to change it, make another revision with spec.source.copyFrom')",
        reason="FieldValueForbidden",
        about=".spec.resources",
    ),
    Rule(
        "",
        f"!({_SEALED}) || !({_SAME_RESOURCES}) || (has(self.status) && has(self.status.lifecycle))",
        "status.lifecycle must not be removed once the revision is proposed",
        "'status.lifecycle must not be removed while the revision is ' + "
        "oldSelf.status.lifecycle + '; read the object again and send status as it is'",
        reason="FieldValueForbidden",
        about=".status",
    ),
    Rule(
        "spec.resources",
        f"self.all(p, {_PATH})",
        _PATH_TEXT,
        f'"{_PATH_TEXT}; found \'" + self.filter(p, !({_PATH}))[0] + "\'"',
    ),
)

_HAS_PLACE = "has(self.git) == (self.type == 'git') && has(self.oci) == (self.type == 'oci')"
_DIRECTORY_IS = "(has(self.directory) ? self.directory : '')"
_DIRECTORY_WAS = "(has(oldSelf.directory) ? oldSelf.directory : '')"

REPOSITORY: tuple[Rule, ...] = (
    Rule(
        "",
        matches(LABEL, subject="self.metadata.name"),
        f"metadata.name must be {_LABEL_TEXT}",
        f'"metadata.name must be {_LABEL_TEXT}, found \'" + self.metadata.name + "\'"',
    ),
    Rule(
        "spec",
        _HAS_PLACE,
        "spec must have the member that spec.type names, and not the other",
        "'spec must have ' + self.type + ', as spec.type says, and not ' + "
        "(self.type == 'git' ? 'oci' : 'git')",
    ),
    _immutable("spec.type", _ANOTHER_REPOSITORY),
    _immutable("spec.git.repo", _ANOTHER_REPOSITORY),
    _immutable("spec.git.branch", _ANOTHER_REPOSITORY),
    Rule(
        "spec.git",
        f"{_DIRECTORY_IS} == {_DIRECTORY_WAS}",
        f"spec.git.directory is immutable; {_ANOTHER_REPOSITORY}",
        f'"spec.git.directory is immutable, must stay \'" + {_DIRECTORY_WAS} + '
        f'"\', found \'" + {_DIRECTORY_IS} + "\'; {_ANOTHER_REPOSITORY}"',
        reason="FieldValueForbidden",
        about=".directory",
    ),
    _immutable("spec.oci.registry", _ANOTHER_REPOSITORY),
)

_EXECUTORS = ("podExecutor", "binaryExecutor", "goExecutor")

FUNCTION_CONFIG: tuple[Rule, ...] = (
    Rule(
        "spec",
        " || ".join(f"has(self.{each})" for each in _EXECUTORS),
        f"spec must have at least one of {', '.join(_EXECUTORS)}",
    ),
)
