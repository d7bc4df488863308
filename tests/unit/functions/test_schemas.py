"""The schemas that are shipped, and where others may be read."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import porch
from porch.functions.builtin.contract import Rejected
from porch.functions.schemafiles import SchemaDirectories
from porch.functions.schemas import kubernetes
from porch.functions.schemas.checker import Checker
from porch.functions.schemas.kubernetes import Kind
from porch.kpt.yaml.node import Data

USUAL = [
    Kind("", "v1", "ConfigMap"),
    Kind("", "v1", "Pod"),
    Kind("apps", "v1", "StatefulSet"),
    Kind("batch", "v1", "CronJob"),
    Kind("networking.k8s.io", "v1", "Ingress"),
    Kind("rbac.authorization.k8s.io", "v1", "RoleBinding"),
    Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition"),
    Kind("admissionregistration.k8s.io", "v1", "ValidatingAdmissionPolicy"),
]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kind", USUAL)
def test_kinds_of_kubernetes_have_schemas(kind: Kind, strict: bool) -> None:
    """A resource with nothing but a name has only what its kind requires as problems."""
    checker = kubernetes.checker(kind, strict=strict)
    assert checker is not None
    data: Data = {"apiVersion": "v1", "kind": kind.kind, "metadata": {"name": "a"}}

    assert [each for each in checker.problems(data) if "missing" not in each.message] == []


_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["spec", "template", "containers", "name", "x"]), inner)
    ),
)


@settings(deadline=None, database=None)
@given(st.sampled_from(USUAL), st.booleans(), _DATA)
def test_problems_of_any_data_are_told_at_values_that_are_there(
    kind: Kind, strict: bool, data: Data
) -> None:
    """Whatever is in a resource, a check ends with words."""
    checker = kubernetes.checker(kind, strict=strict)
    assert checker is not None
    whole: Data = {"metadata": data, "spec": data, "data": data}

    for problem in checker.problems(whole):
        found: object = whole
        for step in problem.path:
            found = found[step]  # type: ignore[index]  # mappings and lists of any depth
        assert problem.message


@pytest.mark.parametrize(
    "kind",
    [
        Kind("", "v1", "PodList"),
        Kind("extensions", "v1beta1", "Ingress"),
        Kind("apps", "", "Deployment"),
        Kind("kpt.dev", "v1", "Kptfile"),
    ],
)
def test_what_nobody_applies_to_a_cluster_of_today_has_none(kind: Kind) -> None:
    """Removed versions are the mistakes that a check must find."""
    assert kubernetes.checker(kind, strict=False) is None


def test_what_is_shipped_is_small() -> None:
    """Every installation and image carries it."""
    shipped = Path(porch.__path__[0]) / "functions" / "schemas" / "kubernetes.json.xz"

    assert shipped.stat().st_size < 100_000


@pytest.mark.process
def test_no_port_imports_the_schema_library_before_it_is_used() -> None:
    """Workers import every port when they start, and few packages check schemas."""
    script = (
        "import sys\nfrom porch.functions.registry import PORTS\n"
        "from porch.functions.runtime import load_port\n"
        "for port in PORTS.values():\n  load_port(port.module)\n"
        "sys.exit('jsonschema_rs' in sys.modules)"
    )
    source = str(Path(porch.__path__[0]).parent)

    done = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": source}, check=False)

    assert done.returncode == 0


def test_a_file_below_an_admitted_directory_is_read(tmp_path: Path) -> None:
    """And one that is not there is none."""
    (tmp_path / "s.json").write_text("{}")
    files = SchemaDirectories((tmp_path,))

    assert files.read(f"{tmp_path}/s.json") == "{}"
    assert files.read(f"{tmp_path}/x/../s.json") == "{}"
    assert files.read(f"{tmp_path}/gone.json") is None
    assert files.read(str(tmp_path)) is None


def test_what_leads_out_of_the_directories_is_refused(tmp_path: Path) -> None:
    """By its way or by a link; without directories, everything is."""
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret").write_text("x")
    (inside / "link").symlink_to(tmp_path / "secret")
    files = SchemaDirectories((inside,))

    for path in (f"{inside}/../secret", f"{inside}/link", f"{tmp_path}/gone"):
        with pytest.raises(Rejected, match="must be in a directory that is admitted"):
            files.read(path)
    with pytest.raises(Rejected):
        SchemaDirectories().read(f"{inside}/link")


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    """Before it is in memory."""
    with (tmp_path / "s.json").open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(Rejected, match="must not be larger than"):
        SchemaDirectories((tmp_path,)).read(f"{tmp_path}/s.json")


def nested(levels: int) -> Data:
    """A mapping in a mapping in …"""
    data: Data = {}
    for _ in range(levels):
        data = {"a": data}
    return data


@pytest.mark.parametrize("data", [{"\ud800": 1}, nested(300)], ids=["no Unicode", "too deep"])
def test_data_that_json_cannot_hold_is_a_problem_of_the_data(data: Data) -> None:
    """A script may make such; the process that checks it must go on."""
    checker = Checker({"properties": {"k": {"type": "string"}}, "additionalProperties": False})

    (problem,) = checker.problems({"k": data})

    assert problem.message.startswith("must be data that JSON can hold")
