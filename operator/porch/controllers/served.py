"""The kinds that the operator watches and writes, and the keys of their objects. Pure."""

from porch.api.functionconfig import FunctionConfig
from porch.api.package import PorchPackage
from porch.api.packagerevision import PackageRevision
from porch.api.repository import Repository
from porch.engine.seen import Key
from porch.runtime.resources import ObjectKey, Resource

FUNCTIONS = Resource.of(FunctionConfig.KIND)
PACKAGES = Resource.of(PorchPackage.KIND)
REPOSITORIES = Resource.of(Repository.KIND)
REVISIONS = Resource.of(PackageRevision.KIND)


def object_key(key: Key) -> ObjectKey:
    """The engine's key as the stores and the API server know it."""
    return ObjectKey(key.namespace, key.name)


def engine_key(key: ObjectKey) -> Key:
    """The key of a store as the engine knows it."""
    return Key(key.namespace, key.name)
