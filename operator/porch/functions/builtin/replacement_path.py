"""Field paths of replacements: `spec.template.spec.containers.[name=web].image`.

Pure but for the sandbox port. Parts are joined by dots; `\\.` is a dot within a part, as is one in
brackets. `[k=v]` selects elements whose field `k` has `v`, `[=v]` scalar elements, a number one
element, `*` each of them. The catalogue reads `v` as a regular expression that may match anywhere;
the corrected edition compares.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from porch.functions.builtin.contract import Rejected, Untrusted
from porch.functions.builtin.pattern_match import matches_somewhere
from porch.kpt.yaml.node import Kind, Node


def split_path(path: str) -> list[str]:
    """The parts of a path; brackets around a key are removed, those of a selection stay."""
    parts, current, depth, escaped = [], "", 0, False
    for character in path:
        if escaped:
            current += character if character == "." else "\\" + character
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == "." and depth == 0:
            parts.append(current)
            current = ""
        else:
            depth += (character == "[") - (character == "]")
            current += character
    parts.append(current + ("\\" if escaped else ""))
    return [_unwrapped(part) for part in parts if part]


def _unwrapped(part: str) -> str:
    is_key = part.startswith("[") and part.endswith("]") and "=" not in part
    return part[1:-1] if is_key else part


@dataclass(frozen=True, slots=True)
class FieldFinder:
    """Finds the nodes that a path stands for, creating them where that is wanted."""

    untrusted: Untrusted
    exact: bool  # whether `[k=v]` compares

    def find(self, node: Node, parts: list[str]) -> list[Node]:
        """The nodes at the path; none when it leads nowhere."""
        if not parts:
            return [node]
        return [
            found for child in self._step(node, parts[0]) for found in self.find(child, parts[1:])
        ]

    def find_or_create(self, node: Node, parts: list[str], leaf: Kind) -> list[Node]:
        """The nodes at the path; what is missing is made, the last of kind `leaf`."""
        if not parts:
            return [node]
        children = list(self._step(node, parts[0]))
        if not children:
            children = _created(node, parts[0], _kind_of(parts[1:], leaf))
        return [
            found for child in children for found in self.find_or_create(child, parts[1:], leaf)
        ]

    def _step(self, node: Node, part: str) -> Iterator[Node]:
        if part == "*":
            yield from node.content if node.is_sequence else (value for _, value in node.items())
        elif _is_selection(part):
            yield from self._selected(node, part)
        elif node.is_sequence:
            if part.isdecimal() and int(part) < len(node.content):
                yield node.content[int(part)]
        elif (found := node.get(part)) is not None:
            yield found

    def _selected(self, node: Node, part: str) -> Iterator[Node]:
        if not node.is_sequence:
            return
        key, _, wanted = part[1:-1].partition("=")
        texts = [(element.text(key) if key else element.value) for element in node.content]
        if self.exact:
            flags = [text == wanted for text in texts]
        else:
            flags = matches_somewhere(wanted, texts, self.untrusted)
        for element, text, is_match in zip(node.content, texts, flags, strict=True):
            if is_match and text:
                yield element


def _is_selection(part: str) -> bool:
    return part.startswith("[") and part.endswith("]") and "=" in part


def _kind_of(rest: list[str], leaf: Kind) -> Kind:
    """What a part's node must be, given the parts that follow."""
    if not rest:
        return leaf
    is_in_sequence = _is_selection(rest[0]) or rest[0].isdecimal() or rest[0] == "*"
    return Kind.SEQUENCE if is_in_sequence else Kind.MAPPING


def _created(node: Node, part: str, kind: Kind) -> list[Node]:
    if node.is_null:
        node.kind = Kind.SEQUENCE if _kind_of([part], kind) is Kind.SEQUENCE else Kind.MAPPING
        node.value, node.tag = "", None
    if part == "*":
        return []
    if _is_selection(part):
        key, _, value = part[1:-1].partition("=")
        made = Node.mapping(((key, value),)) if key else Node.string(value)
        return [node.append(made)]
    if node.is_sequence:
        if not part.isdecimal() or int(part) != len(node.content):
            raise Rejected(f"index {part} specified but only {len(node.content)} elements found")
        return [node.append(Node(kind))]
    return [node.set(part, Node(kind))]
