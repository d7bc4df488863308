"""FunctionConfigs from a folder of manifests, for a runner that no cluster tells about them.

I/O       reads *.yaml once.
Errors    BadConfigFile, with the file and what is wrong with it.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from porch.api.functionconfig import FunctionConfig
from porch.api.meta import read
from porch.errors import Permanent
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.parse import parse


class BadConfigFile(Permanent):
    """A file of FunctionConfigs cannot be used."""

    reason = "BadConfigFile"


def read_configs(folder: Path) -> list[FunctionConfig]:
    """Every FunctionConfig in the folder, by file name; other kinds are left out."""
    if not folder.is_dir():
        raise BadConfigFile(
            f"`--function-configs` must be a folder, found {str(folder)!r}: name one, or leave the"
            " flag out to use the cluster's FunctionConfigs"
        )
    return [each for path in sorted(folder.glob("*.yaml")) for each in _configs(path)]


def _configs(path: Path) -> Iterator[FunctionConfig]:
    try:
        documents = [each.root.to_data() for each in parse(path.read_text(), source=path.name)]
    except (OSError, UnicodeDecodeError, BadYaml) as err:
        raise BadConfigFile(f"{str(path)!r} must be readable YAML: {err}") from err
    for data in documents:
        if not isinstance(data, dict) or data.get("kind") != FunctionConfig.KIND.kind:
            continue
        try:
            yield read(data, FunctionConfig)
        except msgspec.ValidationError as err:
            raise BadConfigFile(f"{str(path)!r} must hold FunctionConfigs: {err}") from err
