"""One node of a YAML document: what it says and how it was written.

Pure. A tree of nodes is mutable and edited in place; comments, key order, quotes and anchors stay.
Values    `content` of a mapping is key, value, key, value; of a sequence its elements.
          `style` is "" (plain) or one of ' " | > for scalars, "" (block) or "flow" for the others.
          `tag` is set only where the text says it (`!!str`, `!Ref`). Comments keep their `#`.
          `head_comment`: lines above, groups parted by an empty line; of a document's root it is
          the comment of the document, and a final newline stands for the blank line below it.
          `foot_comment`: lines directly below; of a document's root the comment at its end, where
          a leading newline stands for the blank line above it.
          `line` is the line in the source, from 1; 0 for a node that was made in memory.
Equality  `==` compares everything that is printed; `same_data` ignores comments and styles.
Errors    WrongNode when a mapping's method is called on something else.
Source    the node model of go-yaml v3 and the field setter of kyaml.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import ClassVar, Final, TypeAlias

from porch.errors import Permanent
from porch.kpt.yaml import scalars

PLAIN: Final = ""
SINGLE: Final = "'"
DOUBLE: Final = '"'
LITERAL: Final = "|"
FOLDED: Final = ">"
FLOW: Final = "flow"

STR_TAG: Final = "tag:yaml.org,2002:str"
NULL_TAG: Final = "tag:yaml.org,2002:null"

Data: TypeAlias = "bool | int | float | str | Sequence[Data] | Mapping[str, Data] | None"
Path: TypeAlias = tuple[str | int, ...]


class Kind(Enum):
    """The four kinds of node."""

    MAPPING = "MappingNode"
    SEQUENCE = "SequenceNode"
    SCALAR = "ScalarNode"
    ALIAS = "AliasNode"


class WrongNode(Permanent):
    """A node is not of the kind that an operation needs."""

    reason: ClassVar[str] = "WrongNode"

    def __init__(self, *, expected: Kind, found: "Node") -> None:
        where = f"line {found.line}: " if found.line else ""
        super().__init__(
            f"{where}wrong node kind: must be {expected.value}, found {found.kind.value}"
        )
        self.expected, self.found = expected, found


class Node:
    """A mapping, sequence, scalar or alias."""

    __slots__ = (
        "anchor",
        "content",
        "foot_comment",
        "head_comment",
        "kind",
        "line",
        "line_comment",
        "style",
        "tag",
        "value",
    )

    def __init__(
        self,
        kind: Kind,
        value: str = "",
        *,
        style: str = PLAIN,
        tag: str | None = None,
        content: list["Node"] | None = None,
    ) -> None:
        self.kind = kind
        self.value = value
        self.style = style
        self.tag = tag
        self.anchor: str | None = None
        self.content: list[Node] = [] if content is None else content
        self.head_comment = ""
        self.line_comment = ""
        self.foot_comment = ""
        self.line = 0

    # -- construction

    @classmethod
    def scalar(cls, value: str, *, style: str = PLAIN, tag: str | None = None) -> "Node":
        """A scalar with exactly this source text: plain `3` is a number, plain `a` a string."""
        return cls(Kind.SCALAR, value, style=style, tag=tag)

    @classmethod
    def string(cls, value: str, *, style: str = PLAIN) -> "Node":
        """A scalar that every YAML reader takes for this string; quoted where it must be."""
        if not style:
            style = string_style(value)
        return cls(Kind.SCALAR, value, style=style)

    @classmethod
    def null(cls) -> "Node":
        """A plain `null`."""
        return cls(Kind.SCALAR, "null")

    @classmethod
    def mapping(
        cls, pairs: Iterable[tuple[str, "Node | str"]] = (), *, flow: bool = False
    ) -> "Node":
        """A mapping of these fields, in this order; text becomes a string node."""
        content: list[Node] = []
        for key, value in pairs:
            content += (cls.string(key), _as_node(value))
        return cls(Kind.MAPPING, style=FLOW if flow else PLAIN, content=content)

    @classmethod
    def sequence(cls, elements: Iterable["Node | str"] = (), *, flow: bool = False) -> "Node":
        """A sequence of these elements; text becomes a string node."""
        content = [_as_node(element) for element in elements]
        return cls(Kind.SEQUENCE, style=FLOW if flow else PLAIN, content=content)

    @classmethod
    def from_data(cls, data: Data) -> "Node":
        """A new tree, in block style, of plain data; mappings keep their order."""
        if isinstance(data, str):
            return cls.string(data, style=LITERAL if "\n" in data else PLAIN)
        if data is None or isinstance(data, bool):
            return cls.scalar("null" if data is None else str(data).lower())
        if isinstance(data, int | float):
            return cls.scalar(scalars.number_text(data))
        if isinstance(data, Mapping):
            return cls.mapping((key, cls.from_data(value)) for key, value in data.items())
        return cls.sequence(cls.from_data(element) for element in data)

    def to_data(self) -> Data:
        """The plain data of this tree by the core schema; aliases must have been resolved."""
        if self.kind is Kind.MAPPING:
            return {key.value: value.to_data() for key, value in self.items()}
        if self.kind is Kind.SEQUENCE:
            return [element.to_data() for element in self.content]
        if self.kind is Kind.ALIAS:
            raise WrongNode(expected=Kind.SCALAR, found=self)
        if self.style or self.tag not in (None, NULL_TAG):
            return self.value
        return scalars.resolve(self.value)

    def clone(self) -> "Node":
        """A deep copy."""
        copy = Node(
            self.kind,
            self.value,
            style=self.style,
            tag=self.tag,
            content=[child.clone() for child in self.content],
        )
        copy.anchor = self.anchor
        copy.head_comment = self.head_comment
        copy.line_comment = self.line_comment
        copy.foot_comment = self.foot_comment
        copy.line = self.line
        return copy

    # -- questions

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return self.kind is Kind.MAPPING

    @property
    def is_sequence(self) -> bool:
        """Whether this is a sequence."""
        return self.kind is Kind.SEQUENCE

    @property
    def is_scalar(self) -> bool:
        """Whether this is a scalar."""
        return self.kind is Kind.SCALAR

    @property
    def is_null(self) -> bool:
        """Whether this is present and null: `null`, `~` or an empty plain value."""
        if self.kind is not Kind.SCALAR or self.style:
            return False
        return self.tag == NULL_TAG or (self.tag is None and self.value in scalars.NULLS)

    @property
    def is_string(self) -> bool:
        """Whether this is a string by the core schema."""
        if self.kind is not Kind.SCALAR:
            return False
        if self.style or self.tag:
            return self.tag in (None, "!", STR_TAG)
        return scalars.is_string(self.value)

    def __eq__(self, other: object) -> bool:
        """Whether both print the same text."""
        if not isinstance(other, Node):
            return NotImplemented
        return self._printed() == other._printed() and self.content == other.content

    __hash__ = None  # type: ignore[assignment]  # mutable: a set of nodes would be a trap

    def _printed(self) -> tuple[object, ...]:
        return (
            self.kind,
            self.value,
            self.style,
            self.tag,
            self.anchor,
            self.head_comment,
            self.line_comment,
            self.foot_comment,
        )

    def same_data(self, other: "Node") -> bool:
        """Whether kind, tag and text are equal throughout; comments and styles do not count."""
        return (
            self.kind is other.kind
            and self.value == other.value
            and self.tag == other.tag
            and len(self.content) == len(other.content)
            and all(map(Node.same_data, self.content, other.content))
        )

    def __repr__(self) -> str:
        if self.kind is Kind.SCALAR:
            return f"Node({self.value!r})"
        return f"Node({self.kind.name.lower()}, {len(self.content)})"

    # -- reading

    def items(self) -> Iterator[tuple["Node", "Node"]]:
        """The (key node, value node) pairs of a mapping, in order; none for another kind."""
        if self.kind is not Kind.MAPPING:
            return iter(())
        pairs = iter(self.content)
        return zip(pairs, pairs, strict=True)

    def keys(self) -> list[str]:
        """The keys of a mapping, in order; none for another kind."""
        return [key.value for key in self.content[::2]] if self.kind is Kind.MAPPING else []

    def index(self, key: str) -> int | None:
        """Where `key`'s node is in `content` (its value is one further); None when absent."""
        if self.kind is Kind.MAPPING:
            content = self.content
            for position in range(0, len(content), 2):
                if content[position].value == key:
                    return position
        return None

    def get(self, key: str) -> "Node | None":
        """The value of field `key`; None when absent or when this is no mapping."""
        if self.kind is Kind.MAPPING:
            content = self.content
            for position in range(0, len(content), 2):
                if content[position].value == key:
                    return content[position + 1]
        return None

    def key(self, key: str) -> "Node | None":
        """The node of key `key` itself, which carries its comments; None when absent."""
        position = self.index(key)
        return None if position is None else self.content[position]

    def at(self, *path: str | int) -> "Node | None":
        """The node below a path of keys and indices; None when any step is absent."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, str):
                node = node.get(step)
            elif node.kind is Kind.SEQUENCE and -len(node.content) <= step < len(node.content):
                node = node.content[step]
            else:
                return None
        return node

    def text(self, *path: str | int) -> str:
        """The text of the scalar at `path`; "" when it is absent, null or no scalar."""
        node = self.at(*path)
        if node is None or node.kind is not Kind.SCALAR or node.is_null:
            return ""
        return node.value

    def walk(self) -> Iterator[tuple[Path, "Node"]]:
        """This node and all values below it with their paths, parents before children."""
        stack: list[tuple[Path, Node]] = [((), self)]
        while stack:
            path, node = stack.pop()
            yield path, node
            content = node.content
            if node.kind is Kind.MAPPING:
                for position in range(len(content) - 1, 0, -2):
                    stack.append(((*path, content[position - 1].value), content[position]))
            else:
                for position in range(len(content) - 1, -1, -1):
                    stack.append(((*path, position), content[position]))

    def nodes(self) -> Iterator["Node"]:
        """As `walk`, without paths: twice as fast."""
        stack: list[Node] = [self]
        while stack:
            node = stack.pop()
            yield node
            if node.content:
                step = -2 if node.kind is Kind.MAPPING else -1
                stack += node.content[::step]

    # -- writing

    def set(self, key: str, value: "Node | str") -> "Node":
        """Set a field and return its value node.

        A field that exists keeps its place, key, comments and, between scalars, its style (quotes
        are added where a string would turn into something else). A new one is appended. Text
        stands for a string. A null node removes nothing: it is written as null.
        """
        self._must_be(Kind.MAPPING)
        position = self.index(key)
        new = _as_node(value)
        if position is None:
            self.content += (Node.string(key), new)
            return new
        old = self.content[position + 1]
        old.put(new)
        return old

    def put(self, value: "Node | str") -> None:
        """Take over the data of `value`, keeping comments and, between scalars, the style."""
        new = _as_node(value)
        style = _kept_style(self, new)
        self.kind, self.value, self.tag = new.kind, new.value, new.tag
        self.anchor, self.content, self.style = new.anchor, new.content, style
        self.head_comment = self.head_comment or new.head_comment
        self.line_comment = self.line_comment or new.line_comment
        self.foot_comment = self.foot_comment or new.foot_comment

    def remove(self, key: str) -> bool:
        """Remove a field with its comments; False when it was absent."""
        position = self.index(key)
        if position is None:
            return False
        del self.content[position : position + 2]
        return True

    def child(self, key: str) -> "Node":
        """The mapping in field `key`, created (in place of a null, too) when absent."""
        self._must_be(Kind.MAPPING)
        found = self.get(key)
        if found is None or found.is_null:
            return self.set(key, Node(Kind.MAPPING, style=self.style))
        found._must_be(Kind.MAPPING)
        return found

    def append(self, element: "Node | str") -> "Node":
        """Append an element to a sequence and return its node."""
        self._must_be(Kind.SEQUENCE)
        node = _as_node(element)
        self.content.append(node)
        return node

    def _must_be(self, kind: Kind) -> None:
        if self.kind is not kind:
            raise WrongNode(expected=kind, found=self)


def string_style(text: str) -> str:
    """The style that keeps `text` a string for readers of YAML 1.1 and 1.2."""
    if scalars.is_ambiguous(text) or not scalars.is_string(text):
        return DOUBLE
    return PLAIN


def _as_node(value: Node | str) -> Node:
    return Node.string(value) if isinstance(value, str) else value


def _kept_style(old: Node, new: Node) -> str:
    if old.kind is not Kind.SCALAR or new.kind is not Kind.SCALAR:
        return old.style if old.kind is new.kind and not new.content else new.style
    if not new.is_string:
        return new.style
    if old.is_string and old.style:
        return old.style
    return new.style
