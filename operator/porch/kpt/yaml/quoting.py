"""How one scalar is written: the quotes it keeps, and the ones it needs.

Pure and total: the text parses to the same value. A style that cannot hold the value gives way:
plain → single quotes → double quotes, block → double quotes.
Source    the scalar analysis of go-yaml v3. Where that emitter would change the value (blank lines
          of a kept folded scalar, `''` for an empty value in a flow collection) the value wins.
"""

import re
from typing import Final
from urllib.parse import quote

from porch.kpt.yaml import scalars
from porch.kpt.yaml.node import DOUBLE, FOLDED, LITERAL, PLAIN, SINGLE, Node

_PLAIN_AT_SIGHT: Final = re.compile(r"[A-Za-z0-9_./$(~<+][A-Za-z0-9_./$()=+~@%^;-]*\Z")
_NOT_PLAIN: Final = re.compile(
    r"[-?:](?:\s|\Z)|[,\[\]{}#&*!|>'\"%@`\s]|---|\.\.\."  # at the start
    r"|[^\n]*?(?::(?:\s|\Z)|\s#|\s\Z|[\n\t])"  # anywhere
)
_FLOW_INDICATOR: Final = re.compile(r"[,\[\]{}]|\A[:?]|\A-(?![\w.])|:\Z|:\?")
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\U00010000-\U0010ffff]"
)
_ESCAPED: Final = re.compile(
    '["\\\\\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff\U00010000-\U0010ffff]'
)
_ESCAPES: Final = {
    '"': '\\"', "\\": "\\\\", "\0": "\\0", "\x07": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n",
    "\x0b": "\\v", "\f": "\\f", "\r": "\\r", "\x1b": "\\e", "\x85": "\\N", "\xa0": "\\_",
    "\u2028": "\\L", "\u2029": "\\P",
}  # fmt: skip
_NEWLINES: Final = re.compile(r"\n+")
_TAG_CHARACTERS: Final = "-;/?:@&=+$_.~*'()!#"
_CORE_TAGS: Final = "tag:yaml.org,2002:"


def scalar_text(node: Node, indent: int, comment: str = "") -> str:
    """A scalar behind `key:` or `-`; its further lines begin at column `indent`."""
    value, style = node.value, node.style
    bare = style == PLAIN and not node.tag and not node.anchor
    if bare and (not value or _PLAIN_AT_SIGHT.match(value)):
        return _with_comment(value, comment)
    style = _possible_style(node)
    before = properties(node)
    if style in (LITERAL, FOLDED):
        header = _with_comment(before + style + _header(value), comment)
        return header + "\n" + _block_lines(value, style, " " * indent)
    return _with_comment((before + _inline_text(value, style, " " * indent)).rstrip(" "), comment)


def key_text(node: Node) -> str:
    """A scalar as the key of a block mapping, on one line."""
    value = node.value
    if node.style == PLAIN and not node.anchor:
        if value == "<<":
            return "!!merge <<"
        if not node.tag and _PLAIN_AT_SIGHT.match(value):
            return value
    return properties(node) + one_line(node, _possible_style(node))


def flow_scalar(node: Node) -> str:
    """A scalar inside of a flow collection, on one line."""
    style = _possible_style(node)
    if style == PLAIN and _FLOW_INDICATOR.search(node.value):
        style = SINGLE
    return properties(node) + one_line(node, style)


def one_line(node: Node, style: str) -> str:
    """The value without its properties, in `style` or the nearest that needs no second line."""
    value = node.value
    if not value and style == PLAIN:
        return '""' if node.tag else "null"
    if style in (LITERAL, FOLDED) or "\n" in value:
        style = DOUBLE
    return _inline_text(value, style, "")


def properties(node: Node) -> str:
    """Anchor and tag as written before a value, with a blank behind them."""
    text = f"&{node.anchor} " if node.anchor else ""
    tag = node.tag
    if not tag or tag == "!":
        return text
    if tag.startswith(_CORE_TAGS):
        return f"{text}!!{quote(tag[len(_CORE_TAGS) :], safe=_TAG_CHARACTERS)} "
    if tag.startswith("!"):
        return f"{text}!{quote(tag[1:], safe=_TAG_CHARACTERS.replace('!', ''))} "
    return f"{text}!<{quote(tag, safe=_TAG_CHARACTERS + ',[]')}> "


def _possible_style(node: Node) -> str:
    value, style = node.value, node.style
    if style == PLAIN:
        if "\n" in value:
            style = LITERAL
        elif value and _NOT_PLAIN.match(value):
            style = SINGLE
        elif node.tag == "!" and not scalars.is_string(value):
            style = DOUBLE
    if _UNPRINTABLE.search(value) and not (style == PLAIN and value.isprintable()):
        return DOUBLE
    if style in (LITERAL, FOLDED):
        return style if _fits_block(value) else DOUBLE
    if style == SINGLE and "\n" in value and (" \n" in value or "\n " in value or "\t" in value):
        return DOUBLE
    return style


def _fits_block(value: str) -> bool:
    return bool(value.strip("\n")) and " \n" not in value and not value.endswith((" ", "\t"))


def _header(value: str) -> str:
    hint = "2" if value[0] in " \t\n" else ""
    if not value.endswith("\n"):
        return hint + "-"
    return hint + ("+" if value.endswith("\n\n") else "")


def _block_lines(value: str, style: str, pad: str) -> str:
    body = value.rstrip("\n")
    tail = len(value) - len(body)
    lines = body.split("\n") if style == LITERAL else _folded_lines(body)
    lines += [""] * (tail - 1)
    if style == FOLDED and tail == 1:
        lines.append("")
    return "\n".join([pad + line if line else "" for line in lines])


def _folded_lines(body: str) -> list[str]:
    """The lines of a folded scalar: one break more between lines that would else be joined."""
    lines: list[str] = []
    joins = False  # whether the content above would be joined with the next line
    for number, line in enumerate(body.split("\n")):
        indented = line[:1] in (" ", "\t")
        if line and joins and not indented and number:
            lines.append("")
        lines.append(line)
        if line:
            joins = not indented
    return lines


def _inline_text(value: str, style: str, pad: str) -> str:
    if style == SINGLE:
        text = value.replace("'", "''")
        if "\n" in text:
            text = _NEWLINES.sub(lambda run: "\n" + run[0] + pad, text)
        return f"'{text}'"
    if style == DOUBLE:
        return '"' + _ESCAPED.sub(_escape, value) + '"'
    return value


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    short = _ESCAPES.get(character)
    if short is not None:
        return short
    code = ord(character)
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _with_comment(text: str, comment: str) -> str:
    if not comment:
        return text
    return f"{text} {comment}" if text else comment
