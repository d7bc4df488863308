"""Admission policies: what depends on who asks, or on what is being deleted.

Pure. They are shipped with the CRDs and hold in the API server itself, with no webhook installed.
Which changes need the approval right comes from the table of the life cycle.

Approval   `update` on packagerevisions/approval, so that roles written for the existing system
           keep their meaning. The subresource need not exist for the right to be asked for.
Operator   a ServiceAccount of its name, in whatever namespace it runs, that may also update
           packagerevisionresources/status where the object is: the operator's role says so and
           roles for people do not.
Source     expressions that were tried on Kubernetes 1.34; the suite holds each both ways.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from porch.api.cel import matches, text_list
from porch.api.lifecycle import CREATIONS, TRANSITIONS, Lifecycle, Right
from porch.api.names import LABEL
from porch.api.packagerevision import PackageRevision
from porch.api.packagerevisionresources import PackageRevisionResources
from porch.api.wellknown import OPERATOR_ACCOUNT, PORCH_GROUP

Operation = Literal["CREATE", "UPDATE", "DELETE"]
Manifest: TypeAlias = dict[str, Any]  # Any: JSON of any shape

_REVISIONS = PackageRevision.KIND
_RESOURCES = PackageRevisionResources.KIND


@dataclass(frozen=True, slots=True)
class Validation:
    """One thing that must hold; the message is text, or CEL when it names what was found."""

    expression: str
    message: str
    message_expression: str = ""

    def wire(self) -> dict[str, str]:
        """The member of `spec.validations`."""
        members = {
            "expression": self.expression,
            "message": self.message,
            "messageExpression": self.message_expression,
            "reason": "Forbidden",
        }
        return {key: value for key, value in members.items() if value}


@dataclass(frozen=True, slots=True)
class Policy:
    """One ValidatingAdmissionPolicy and its binding."""

    name: str
    version: str  # of the group porch.kpt.dev
    resources: tuple[str, ...]
    operations: tuple[Operation, ...]
    validations: tuple[Validation, ...]
    variables: Mapping[str, str] = field(default_factory=dict)  # evaluated when first used


def manifests(policy: Policy) -> tuple[Manifest, Manifest]:
    """The policy and the binding that makes it hold everywhere."""
    group = "admissionregistration.k8s.io"
    rule = {
        "apiGroups": [PORCH_GROUP],
        "apiVersions": [policy.version],
        "resources": list(policy.resources),
        "operations": list(policy.operations),
    }
    return (
        {
            "apiVersion": f"{group}/v1",
            "kind": "ValidatingAdmissionPolicy",
            "metadata": {"name": policy.name},
            "spec": {
                "failurePolicy": "Fail",
                "matchConstraints": {"resourceRules": [rule]},
                "variables": [
                    {"name": name, "expression": expression}
                    for name, expression in policy.variables.items()
                ],
                "validations": [each.wire() for each in policy.validations],
            },
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": policy.name},
            "spec": {"policyName": policy.name, "validationActions": ["Deny"]},
        },
    )


def _may_update(resource: str, subresource: str) -> str:
    return (
        f"authorizer.group('{PORCH_GROUP}').resource('{resource}').subresource('{subresource}')"
        ".namespace(request.namespace).name(variables.name).check('update').allowed()"
    )


_NAME = "object != null ? object.metadata.name : oldObject.metadata.name"
_IS_OPERATOR = (
    "request.userInfo.username.startsWith('system:serviceaccount:') && "
    f"request.userInfo.username.endsWith(':{OPERATOR_ACCOUNT}') && "
    + _may_update(_RESOURCES.plural, "status")
)
_WHO = {"name": _NAME, "isOperator": _IS_OPERATOR}
_NAMESPACE_GOES = "has(namespaceObject.metadata.deletionTimestamp)"


def _changes_that_need(right: Right) -> str:
    """The creations and transitions for which the one who asks must hold the right."""
    wishes = text_list(each.wish for each in CREATIONS if each.needs is right)
    cases = [f"(request.operation == 'CREATE' && object.spec.lifecycle in {wishes})"]
    for end in Lifecycle:
        starts = [each.start for each in TRANSITIONS if each.end is end and each.needs is right]
        if starts:
            cases.append(
                f"(request.operation == 'UPDATE' && object.spec.lifecycle == '{end}' && "
                f"oldObject.spec.lifecycle in {text_list(starts)})"
            )
    return " || ".join(cases)


_WISH = "oldObject.spec.lifecycle"
_FACT = (
    "(has(oldObject.status) && has(oldObject.status.lifecycle) ? oldObject.status.lifecycle : '')"
)
_PROPOSE_DELETION = (
    "published PackageRevisions must be proposed for deletion by setting spec.lifecycle to "
    "'DeletionProposed' prior to deletion"
)

_REVISION_POLICY = Policy(
    name="porch-packagerevisions",
    version=_REVISIONS.version,
    resources=(_REVISIONS.plural, f"{_REVISIONS.plural}/status"),
    operations=("CREATE", "UPDATE", "DELETE"),
    variables=_WHO
    | {
        "mayApprove": _may_update(_REVISIONS.plural, "approval"),
        "needsApproval": _changes_that_need(Right.APPROVAL),
        "needsOperator": _changes_that_need(Right.OPERATOR),
        "isPublished": f"request.operation == 'DELETE' && ({_WISH} == 'Published' || "
        f"({_FACT} == 'Published' && {_WISH} != 'DeletionProposed'))",
    },
    validations=(
        Validation(
            "!has(request.subResource) || request.subResource != 'status' || variables.isOperator",
            "status of PackageRevisions is written by the operator",
            "'status of PackageRevisions is written by the operator, not by ' + "
            "request.userInfo.username",
        ),
        Validation(
            "!variables.needsApproval || variables.mayApprove",
            "approving needs the right to update packagerevisions/approval",
            "'approving needs the right to update packagerevisions/approval, which ' + "
            "request.userInfo.username + ' does not have in namespace ' + request.namespace + "
            "'; ask an approver'",
        ),
        Validation(
            "!variables.needsOperator || variables.isOperator",
            "a PackageRevision must be created as Draft, Proposed or Published, found "
            "DeletionProposed",
        ),
        Validation(
            "request.operation != 'CREATE' || "
            f"{matches(LABEL, subject='object.spec.workspaceName')} || variables.isOperator",
            "spec.workspaceName must not have dots; only versions that were found in git do",
            '"spec.workspaceName must not have dots, found \'" + object.spec.workspaceName + '
            '"\'; only versions that were found in git do"',
        ),
        Validation(
            f"!variables.isPublished || {_NAMESPACE_GOES} || variables.isOperator",
            _PROPOSE_DELETION,
            f"{_FACT} == 'Published' ? \"{_PROPOSE_DELETION}\" : "
            f'"{_PROPOSE_DELETION}, or, as its approval has not been carried out yet, back to '
            "'Draft'\"",
        ),
    ),
)

_SEALED = (
    "oldObject != null && has(oldObject.status) && has(oldObject.status.lifecycle) && "
    f"oldObject.status.lifecycle != '{Lifecycle.DRAFT}'"
)
_SAME_STATUS = (
    "has(object.status) == has(oldObject.status) && "
    "(!has(object.status) || object.status == oldObject.status)"
)
_NO_RESULT = (
    "(!has(object.status.renderStatus.error) || object.status.renderStatus.error == '') && "
    "(!has(object.status.renderStatus.result) || "
    "!has(object.status.renderStatus.result.items) || "
    "object.status.renderStatus.result.items.size() == 0)"
)


def _absent_or_kept(member: str) -> str:
    return (
        f"(!has(object.status.{member}) || (oldObject != null && has(oldObject.status) && "
        f"has(oldObject.status.{member}) && "
        f"object.status.{member} == oldObject.status.{member}))"
    )


_HARMLESS_STATUS = (
    "!has(object.status) || ("
    + " && ".join(
        (
            _absent_or_kept("observedGeneration"),
            _absent_or_kept("lifecycle"),
            _absent_or_kept("omitted"),
            _absent_or_kept("conditions"),
            f"({_absent_or_kept('renderStatus')} || ({_NO_RESULT}))",
        )
    )
    + ")"
)

_RESOURCES_POLICY = Policy(
    name="porch-packagerevisionresources",
    version=_RESOURCES.version,
    resources=(_RESOURCES.plural,),
    operations=("CREATE", "UPDATE", "DELETE"),
    variables=_WHO | {"isSealed": _SEALED},
    validations=(
        Validation(
            "request.operation == 'DELETE' || "
            f"(variables.isSealed ? ({_SAME_STATUS}) : ({_HARMLESS_STATUS})) || "
            "variables.isOperator",
            "status of PackageRevisionResources is written by the operator; leave it out, or send "
            "it as it was read",
        ),
        Validation(
            f"request.operation != 'DELETE' || !variables.isSealed || {_NAMESPACE_GOES} || "
            "variables.isOperator",
            "the files of a proposed or published revision go with their PackageRevision",
            "'the files of a revision that is ' + oldObject.status.lifecycle + ' go with their "
            "PackageRevision; delete that instead'",
        ),
    ),
)

POLICIES: tuple[Policy, ...] = (_REVISION_POLICY, _RESOURCES_POLICY)
