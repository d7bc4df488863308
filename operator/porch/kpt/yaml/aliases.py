"""Trees without aliases: each replaced by what it names, merge keys by their fields.

Pure; the tree given is left alone. Errors: BadYaml beyond `max_expanded_nodes` and `max_depth`,
which stops the texts that grow exponentially ("alias bombs"), and for a merge key that names no
mapping.
"""

from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import DEFAULT_LIMITS, YamlLimits
from porch.kpt.yaml.node import Data, Kind, Node


def has_aliases(root: Node) -> bool:
    """Whether any alias is in the tree."""
    return any(node.kind is Kind.ALIAS for node in root.nodes())


def expanded(root: Node, *, limits: YamlLimits = DEFAULT_LIMITS) -> Node:
    """A copy of the tree in which no alias is left."""
    expansion = _Expansion(limits)
    return expansion.copy(root)


def plain_data(root: Node) -> Data:
    """The data of a tree that may have aliases."""
    return (expanded(root) if has_aliases(root) else root).to_data()


class _Expansion:
    """One walk in document order; anchors are seen before the aliases that use them."""

    def __init__(self, limits: YamlLimits) -> None:
        self._limits = limits
        self._left = limits.max_expanded_nodes
        self._depth = 0
        self._anchors: dict[str, Node] = {}

    def copy(self, node: Node) -> Node:
        self._left -= 1
        if self._left < 0:
            most = self._limits.max_expanded_nodes
            raise BadYaml(f"aliases must not expand to more than {most} nodes", line=node.line)
        if self._depth > self._limits.max_depth:
            most = self._limits.max_depth
            raise BadYaml(f"aliases must not nest deeper than {most} levels", line=node.line)
        self._depth += 1
        try:
            return self._copy(node)
        finally:
            self._depth -= 1

    def _copy(self, node: Node) -> Node:
        if node.kind is Kind.ALIAS:
            return self.copy(self._anchors[node.value])
        copy = Node(node.kind, node.value, style=node.style, tag=node.tag)
        copy.head_comment, copy.line_comment = node.head_comment, node.line_comment
        copy.foot_comment, copy.line = node.foot_comment, node.line
        if node.kind is Kind.MAPPING:
            copy.content = self._fields(node)
        else:
            copy.content = [self.copy(child) for child in node.content]
        if node.anchor:
            self._anchors[node.anchor] = node
        return copy

    def _fields(self, node: Node) -> list[Node]:
        own: list[Node] = []
        merged: list[Node] = []
        for key, value in node.items():
            if key.value == "<<" and not key.style:
                merged += self._merged(value)
            else:
                own += (self.copy(key), self.copy(value))
        present = {key.value for key in own[::2]}
        for key, value in zip(merged[::2], merged[1::2], strict=True):
            if key.value not in present:
                present.add(key.value)
                own += (key, value)
        return own

    def _merged(self, value: Node) -> list[Node]:
        sources = value.content if value.kind is Kind.SEQUENCE else [value]
        fields: list[Node] = []
        for source in sources:
            mapping = self.copy(source)
            if mapping.kind is not Kind.MAPPING:
                raise BadYaml("a merge key must name a mapping", line=value.line)
            fields += mapping.content
        return fields
