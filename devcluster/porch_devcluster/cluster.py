"""A cluster as demos and tests see it, wherever it comes from.

Values    kubeconfigs are paths of files that this cluster keeps below its directory.
Errors    CommandFailed with kubectl's own words.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from porch_devcluster import kubeconfigs
from porch_devcluster.api import Api
from porch_devcluster.controlplane import ControlPlane, RunFiles
from porch_devcluster.errors import CommandFailed
from porch_devcluster.kubectl import kubectl as kubectl_program
from porch_devcluster.pki import USERS

ADMIN = "admin"
TOKEN_VALID = timedelta(hours=4)
COMMAND_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Cluster:
    """An API server, and how to be somebody on it."""

    url: str
    directory: Path  # kubeconfigs, one file per user or service account
    control_plane: ControlPlane | None = None  # for fault tests; None when it is not ours

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.directory / f"{ADMIN}.kubeconfig"

    def kubeconfig_for(self, user: str) -> Path:
        """Kubeconfig of `admin`, `author`, `approver` or `viewer`."""
        known = [subject.user for subject in USERS]
        if user not in known:
            raise LookupError(f"user must be one of {', '.join(known)}; found {user!r}")
        return self.directory / f"{user}.kubeconfig"

    def api(self, user: str = ADMIN) -> Api:
        """The API as a user sees it."""
        return Api(self.kubeconfig_for(user))

    def token(self, service_account: str, *, namespace: str, valid: timedelta = TOKEN_VALID) -> str:
        """A fresh token of a ServiceAccount that exists, by the TokenRequest API."""
        answer = self.api().create(
            f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token",
            {"spec": {"expirationSeconds": int(valid.total_seconds())}},
        )
        return str(answer["status"]["token"])

    def service_account_kubeconfig(self, service_account: str, *, namespace: str) -> Path:
        """Kubeconfig that carries a fresh token of a ServiceAccount."""
        admin = json.loads(self.kubeconfig.read_text())
        token = self.token(service_account, namespace=namespace)
        path = self.directory / f"{namespace}.{service_account}.kubeconfig"
        user = {"name": admin["users"][0]["name"], "user": {"token": token}}
        return kubeconfigs.write(path, admin | {"users": [user]})

    def grant(self, user: str, *, role: str, namespace: str | None = None) -> None:
        """Bind the ClusterRole `role` to `user`, in one namespace or (None) in all."""
        name = re.sub(r"[^a-z0-9.-]+", "-", f"{user}-{role}")
        kind, path = "ClusterRoleBinding", "/apis/rbac.authorization.k8s.io/v1/"
        if namespace is not None:
            kind, path = "RoleBinding", f"{path}namespaces/{namespace}/"
        group = "rbac.authorization.k8s.io"
        body = {
            "apiVersion": f"{group}/v1",
            "kind": kind,
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        }
        self.api().apply(f"{path}{kind.lower()}s/{name}", body)

    def run_kubectl(
        self, *arguments: str, user: str = ADMIN, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as `user` and return how it ended, whatever that is."""
        return subprocess.run(
            [str(kubectl_program()), *arguments],
            env=os.environ | {"KUBECONFIG": str(self.kubeconfig_for(user))},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=COMMAND_WITHIN.total_seconds(),
        )

    def kubectl(self, *arguments: str, user: str = ADMIN, stdin: str | None = None) -> str:
        """Run kubectl as `user`; its output, or CommandFailed."""
        done = self.run_kubectl(*arguments, user=user, stdin=stdin)
        if done.returncode:
            command = " ".join(("kubectl", *arguments))
            raise CommandFailed(command, status=done.returncode, output=done.stderr)
        return done.stdout


def cluster_in(files: RunFiles) -> Cluster:
    """The cluster whose kubeconfigs lie in a run directory."""
    kubeconfig = files.kubeconfig(ADMIN)
    server = json.loads(kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
    return Cluster(str(server), kubeconfig.parent)
