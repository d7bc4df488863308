"""The files of a new, empty package.

Pure. Source: the field layout of `kpt pkg init`; the words are ours.
"""

from collections.abc import Sequence

from porch.kpt import annotations
from porch.kpt.kptfile import API_VERSION, KIND, KPTFILE
from porch.kpt.packagecontext import FILE, context_of
from porch.kpt.yaml.emit import emit_document
from porch.kpt.yaml.node import Data, Node

README = "README.md"

_LOCAL: dict[str, Data] = {annotations.LOCAL_CONFIG: "true"}


def init_files(
    package: str, *, description: str = "", keywords: Sequence[str] = (), site: str = ""
) -> dict[str, str]:
    """The text files of a new package, by path; empty facts are left out."""
    return {
        KPTFILE: _kptfile(package, description, keywords, site),
        README: _readme(package, description),
        FILE: emit_document(context_of("example")),
    }


def _kptfile(package: str, description: str, keywords: Sequence[str], site: str) -> str:
    info: dict[str, Data] = {}
    if site:
        info["site"] = site
    if description:
        info["description"] = description
    if keywords:
        info["keywords"] = list(keywords)
    return _text(
        {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": package, "annotations": _LOCAL},
            "info": info,
        }
    )


def _readme(package: str, description: str) -> str:
    about = description or "Say here what this package configures, and for whom."
    return f"""# {package}

{about}

## What is in it

Every YAML file here is a Kubernetes resource. `Kptfile` names the functions that shape them, and
runs whenever the package is rendered; `package-context.yaml` tells those functions the package's
name.

## Working with it

On disk: edit the files and run `porchctl fn render`; the functions do the rest. In a cluster:
change them through the `packagerevisionresources` object of a draft, and each change is rendered
at once. Propose the draft, have it approved, and it becomes a tagged revision in git.
"""


def _text(data: Data) -> str:
    return emit_document(Node.from_data(data))
