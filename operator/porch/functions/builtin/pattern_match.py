"""Patterns that configs give as regular expressions, asked as cheaply as they allow.

Pure but for the sandbox port. A text of word characters, `-`, `/` and `.` is matched here: with no
repetition in it, nothing can take long. Everything else goes to the sandbox.
Errors: RefusedByChild, LimitExceeded from the sandbox.
"""

import re

from porch.functions.builtin.contract import Untrusted

_CHEAP = re.compile(r"[\w./:@-]*\Z", re.ASCII)


def matches_whole(pattern: str, texts: list[str], untrusted: Untrusted) -> list[bool]:
    """Whether each text is one that the pattern describes from end to end."""
    return _matches(pattern, f"^(?:{pattern})$", texts, untrusted)


def matches_somewhere(pattern: str, texts: list[str], untrusted: Untrusted) -> list[bool]:
    """Whether the pattern occurs in each text."""
    return _matches(pattern, pattern, texts, untrusted)


def _matches(pattern: str, full: str, texts: list[str], untrusted: Untrusted) -> list[bool]:
    if _CHEAP.match(pattern):
        compiled = re.compile(full.removesuffix("$") + r"\Z" if full.endswith("$") else full)
        return [compiled.search(text) is not None for text in texts]
    return [found is not None for found in untrusted.search(full, texts)]
