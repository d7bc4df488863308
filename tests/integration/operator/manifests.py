"""Manifests as a GitOps tool keeps them: a revision and its un-rendered files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from porch_devcluster.api import Object
from tests.integration.operator.people import CONFIG_MAP, PIPELINE

KPTFILE = f"apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: web\n{PIPELINE}"
GENERATES = "  - image: gen-pkg-context\n"  # one more mutator: it adds package-context.yaml
SERVICE = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n"


@dataclass(frozen=True, slots=True)
class Manifest:
    """One revision and the files that its author wrote."""

    name: str
    files: Mapping[str, str]
    lifecycle: str = ""  # "": left out, as people move it by hand

    def without(self, path: str) -> Manifest:
        """The manifest after a file was removed from it."""
        left = {each: text for each, text in self.files.items() if each != path}
        return replace(self, files=left)

    def with_file(self, path: str, text: str) -> Manifest:
        """The manifest after a file was written."""
        return replace(self, files={**self.files, path: text})

    @property
    def revision(self) -> Object:
        """The PackageRevision."""
        repository, package, workspace = self.name.split(".")
        spec = {"repository": repository, "packageName": package, "workspaceName": workspace}
        spec |= {"lifecycle": self.lifecycle} if self.lifecycle else {}
        return {
            "apiVersion": "porch.kpt.dev/v1alpha2",
            "kind": "PackageRevision",
            "metadata": {"name": self.name},
            "spec": spec,
        }

    @property
    def resources(self) -> Object:
        """The PackageRevisionResources."""
        return {
            "apiVersion": "porch.kpt.dev/v1alpha1",
            "kind": "PackageRevisionResources",
            "metadata": {"name": self.name},
            "spec": {"resources": dict(self.files)},
        }

    def json(self) -> str:
        """Both objects, as kubectl reads them."""
        both = [self.revision, self.resources]
        return json.dumps({"apiVersion": "v1", "kind": "List", "items": both})


def web_manifest(name: str) -> Manifest:
    """A package with a mutator that changes files, and one that adds a file."""
    files = {"Kptfile": KPTFILE + GENERATES, "cm.yaml": CONFIG_MAP, "service.yaml": SERVICE}
    return Manifest(name, files)
