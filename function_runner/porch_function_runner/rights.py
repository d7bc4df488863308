"""What to do where the API server does not let the runner do its work.

Pure. Only what an authorizer refuses is ours to advise on: a quota or an admission policy refuses
with the same class, and its words already say what to change.
"""

import re

from porch.errors import PorchError
from porch.runtime.apierrors import Forbidden

ROLE = "porch-function-executor"
MANIFESTS = "manifests/functions"

_REFUSED = re.compile(
    r'cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)"'
    r'(?:.* in the namespace "(?P<namespace>[^"]+)"|.* at the cluster scope)?'
)


def advised(err: PorchError) -> str:
    """The words of an error, and what to apply when a right is missing."""
    refused = _REFUSED.search(str(err)) if isinstance(err, Forbidden) else None
    if refused is None:
        return str(err)
    where = f"in namespace {refused['namespace']!r}" if refused["namespace"] else "everywhere"
    return (
        f"the runner must be allowed to {refused['verb']} {refused['resource']} {where}, and is"
        f" not: apply Role {ROLE!r} and its RoleBinding (`kubectl apply -k {MANIFESTS}`; the"
        f" subject must be the runner's ServiceAccount); {err}"
    )
