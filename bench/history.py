"""Repositories with a past, made in a second: publications as they lie in git.

Each publication is a merge commit with the annotation of an approval, a tag, and one more revision
of its package on the branch.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

WHO = "admin <admin@example.com>"
BEGAN = 1_700_000_000  # seconds since the epoch; a publication each minute


def package_files(package: str, revision: int) -> dict[str, str]:
    """Six small files, some 2 kB."""
    meta = f"metadata:\n  name: {package}\n  labels:\n    revision: r{revision}\n"
    filler = "".join(f"  key{number}: value of number {number}\n" for number in range(12))
    return {
        "Kptfile": f"apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata:\n  name: {package}\n",
        "README.md": f"# {package}\n",
        "deployment.yaml": f"apiVersion: apps/v1\nkind: Deployment\n{meta}spec:\n  replicas: 1\n",
        "configmap.yaml": f"apiVersion: v1\nkind: ConfigMap\n{meta}data:\n{filler}",
        "service.yaml": f"apiVersion: v1\nkind: Service\n{meta}spec:\n  ports:\n  - port: 80\n",
        "package-context.yaml": f"apiVersion: v1\nkind: ConfigMap\n{meta}data:\n{filler}",
    }


def publish_all(repository: Path, *, packages: int, revisions: int) -> None:
    """Publish so many revisions of so many packages, straight into a bare repository."""
    stream = "".join(_stream(packages, revisions))
    subprocess.run(
        ["git", "-C", str(repository), "fast-import", "--quiet", "--force"],
        input=stream.encode(),
        check=True,
    )


def _stream(packages: int, revisions: int) -> Iterator[str]:
    when, mark, head = BEGAN, 0, ""
    for revision in range(1, revisions + 1):
        for number in range(packages):
            package, when = f"p{number}", when + 60
            draft, mark = mark + 1, mark + 2
            task = {"type": "init", "init": {"description": "x"}} if revision == 1 else {
                "type": "edit", "edit": {"sourceRef": {"name": f"r.{package}.v{revision - 1}"}}
            }  # fmt: skip
            first = {"package": package, "workspaceName": f"v{revision}", "revision": "0"}
            yield _commit(f"drafts/{package}/v{revision}", draft, when, first | {"task": task})
            yield f"from {head}\n" if head else ""
            for path, text in package_files(package, revision).items():
                yield f"M 100644 inline {package}/{path}\n{_data(text)}"
            approval = first | {"revision": str(revision)}
            yield _commit("main", mark, when, approval)
            yield f"from {head}\nmerge :{draft}\n" if head else f"from :{draft}\n"
            for path, text in package_files(package, revision).items():
                yield f"M 100644 inline {package}/{path}\n{_data(text)}"
            yield f"reset refs/tags/{package}/v{revision}\nfrom :{mark}\n\n"
            yield f"reset refs/heads/drafts/{package}/v{revision}\nfrom {'0' * 40}\n\n"
            head = f":{mark}"


def _commit(branch: str, mark: int, when: int, annotation: Mapping[str, object]) -> str:
    message = f"Change {annotation['package']}\n\nkpt:{json.dumps(annotation)}\n"
    who = f"{WHO} {when} +0000"
    return (
        f"commit refs/heads/{branch}\nmark :{mark}\nauthor {who}\ncommitter {who}\n{_data(message)}"
    )


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"
