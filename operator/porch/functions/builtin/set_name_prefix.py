"""set-name-prefix: put the package's name in place of a placeholder that names begin with.

An item called `packagename` is renamed to the prefix, one called `packagename-x` to `prefix-x`, and
references between the items follow. The prefix is the name of the package, unless the config gives
one. Local configuration keeps its names.

CATALOGUE  there must be a package context even where the config gives a prefix; a config of another
           kind is an error result of a function that exits 0.
CORRECTED  a bad config fails the function; Kptfiles keep their names; `depends-on` annotations
           follow; names that have the new prefix already keep it, even if that begins with the old.
"""

from dataclasses import dataclass

from porch.functions.builtin import depends_on, krm, sdk_config
from porch.functions.builtin.contract import BuiltinCall, Rejected, done, error, failed
from porch.functions.builtin.name_references import Renames, finder, update_references
from porch.kpt.evaluate import FunctionOutput
from porch.kpt.packagecontext import NAME as PACKAGE_CONTEXT
from porch.kpt.yaml.node import Node

_PLACEHOLDER = "packagename"


def run(call: BuiltinCall) -> FunctionOutput:
    """Rename the items and what refers to them."""
    if not _is_readable(call.config):
        return _unreadable(call)
    try:
        change = _change(call)
    except Rejected as refusal:
        stderr = sdk_config.failure(refusal.message)
        return failed(call.items, [error(refusal.message)], stderr=stderr)
    before = [depends_on.reference_to(item) for item in call.items]
    renames = _rename(call, change)
    moved = dict(zip(before, map(depends_on.reference_to, call.items), strict=True))
    for item in call.items:
        update_references(item, krm.effective_namespace(item), finder(renames))
        if call.corrected:
            depends_on.follow(item, moved)
    return done(call.items)


@dataclass(frozen=True, slots=True)
class _Change:
    """What names begin with, and shall begin with."""

    old: str
    new: str

    def applied(self, name: str) -> str:
        """The new name of an item."""
        if name == self.old:
            return self.new
        if name.startswith(f"{self.old}-"):
            return self.new + name.removeprefix(self.old)
        return name

    def is_done(self, name: str) -> bool:
        """Whether a name has the new prefix, where that begins with the old one."""
        is_longer = self.new.startswith(f"{self.old}-")
        return is_longer and (name == self.new or name.startswith(f"{self.new}-"))


def _is_readable(config: Node | None) -> bool:
    return config is None or krm.is_empty(config) or krm.is_gvk(config, "", "v1", "ConfigMap")


def _unreadable(call: BuiltinCall) -> FunctionOutput:
    if not call.corrected:
        return done(
            call.items, [error("functionConfig error: unknown functionConfig Kind /, Kind=")]
        )
    found = call.config.text("kind") if call.config is not None else ""
    return failed(
        call.items, [error(f"functionConfig must be a `ConfigMap`, found kind `{found}`")]
    )


def _change(call: BuiltinCall) -> _Change:
    config = call.config or Node.mapping()
    given = config.at("data", "prefix")
    new = "" if call.corrected and given is not None else _package_name(call.items)
    if given is not None:
        new = config.text("data", "prefix")
    if not new:
        raise Rejected("`data.prefix` should not be empty")
    old = config.text("data", "oldPrefix") if config.at("data", "oldPrefix") else _PLACEHOLDER
    if not old and call.corrected:
        raise Rejected("`data.oldPrefix` should not be empty")
    return _Change(old, new)


def _package_name(items: list[Node]) -> str:
    contexts = [
        item for item in items if krm.is_local_config(item) and krm.name_of(item) == PACKAGE_CONTEXT
    ]
    if not contexts:
        raise Rejected("unable to find package context object")
    if len(contexts) > 1:
        raise Rejected("found multiple matches for package-context object")
    name = contexts[0].text("data", "name")
    if not name:
        raise Rejected("package name (data.name) not set in package context object")
    return name


def _rename(call: BuiltinCall, change: _Change) -> Renames:
    """Rename the items; what was called what."""
    renames: Renames = {}
    for item in call.items:
        name = krm.name_of(item)
        new = change.applied(name)
        if new == name or not name or _keeps_name(item, call):
            continue
        if call.corrected and change.is_done(name):
            continue
        renames[item.text("kind"), krm.effective_namespace(item), name] = new
        item.child("metadata").set("name", new)
    return renames


def _keeps_name(item: Node, call: BuiltinCall) -> bool:
    is_inventory = krm.is_gvk(item, "kpt.dev", "", "ResourceGroup")
    is_package = call.corrected and krm.is_kptfile(item)
    return krm.is_local_config(item) or is_inventory or is_package
