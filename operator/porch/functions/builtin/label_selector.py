"""Kubernetes label selectors in text: `a=b,c!=d,e in (x,y),f notin (z),g,!h`. Pure."""

import re
from collections.abc import Mapping

from porch.functions.builtin.contract import Rejected

_REQUIREMENT = re.compile(
    r"\s*(?:(?P<set>[^\s,!=()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)"
    r"|(?P<key>[^\s,!=()]+)\s*(?P<sign>==|=|!=)\s*(?P<value>[^\s,!=()]*)"
    r"|(?P<not>!?)\s*(?P<present>[^\s,!=()]+))\s*(?:,|\Z)"
)


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether the labels fulfil every requirement; an empty selector is always fulfilled."""
    position = 0
    while position < len(selector):
        found = _REQUIREMENT.match(selector, position)
        if found is None:
            raise Rejected(f"unable to parse requirement: {selector[position:]!r}")
        if not _fulfils(found, labels):
            return False
        position = found.end()
    return True


def _fulfils(requirement: re.Match[str], labels: Mapping[str, str]) -> bool:
    if requirement["set"]:
        values = [value.strip() for value in requirement["values"].split(",")]
        return (labels.get(requirement["set"]) in values) == (requirement["op"] == "in")
    if requirement["sign"]:
        is_equal = labels.get(requirement["key"]) == requirement["value"]
        return is_equal == (requirement["sign"] != "!=")
    return (requirement["present"] in labels) == (requirement["not"] == "")
