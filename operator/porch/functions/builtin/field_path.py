"""Paths of fields in results and patterns: `spec.containers[0].image`. Pure."""


def below(path: str, key: str) -> str:
    """The path of field `key` of the mapping at `path`."""
    return f"{path}.{key}" if path else key


def element(path: str, number: int) -> str:
    """The path of an element of the sequence at `path`."""
    return f"{path}[{number}]"
