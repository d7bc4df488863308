"""What a package or a function may get wrong: each is told with file, line and function."""

import pytest

from porch.kpt.evaluate import FunctionCall, FunctionOutput
from porch.kpt.files import PackageLimits
from porch.kpt.render import RenderOptions
from porch.kpt.yaml.aliases import expanded
from porch.kpt.yaml.data import read_data
from porch.kpt.yaml.errors import BadYaml
from porch.kpt.yaml.limits import YamlLimits
from porch.kpt.yaml.node import Node
from porch.kpt.yaml.parse import parse
from tests.unit.kpt.packages import (
    Function,
    config_map,
    failed,
    generating,
    kptfile,
    printing,
    rendered,
    through_text,
)


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("a: b: c\n", 1, 5, "mapping values are not allowed"),
        ("a: 1\n---\nb: [1, 2\nc: 3\n", 4, 2, "did not find expected ',' or ']'"),
        ("a: 1\nb: é\x01\n", 2, 5, "control characters are not allowed"),
        ("a: 1\n\tb: 2\n", 2, 1, "found a tab character"),
        ("a: 1\nb: 2\na: 3\n", 3, 0, "'a' already defined at line 1"),
        ("a: &x [*x]\n", 1, 8, "must not contain itself"),
        ("a: *x\n", 1, 4, "unknown anchor 'x'"),
        ("a: 'x\n", 2, 1, "unexpected end of stream"),
        ("a: 1\n--- b\n", 2, 4, "invalid document separator"),
        ("a: 1\n...\nb: 2\n", 3, 1, "did not find expected <document start>"),
        ("a: \ud800\n", 1, 4, "must be Unicode text"),
    ],
)
def test_malformed_yaml_is_told_with_file_line_and_column(
    text: str, line: int, column: int, problem: str
) -> None:
    """Also in the second document of a file, where lines count from the start of the file."""
    with pytest.raises(BadYaml, match=r"f\.yaml: line") as caught:
        parse(text, source="f.yaml")

    assert (caught.value.line, caught.value.column) == (line, column)
    assert problem in caught.value.problem


def test_windows_line_ends_are_read_and_written_as_unix_ones() -> None:
    """A carriage return never becomes part of a value."""
    [document] = parse("a: b\r\nc: d\r\n")

    assert document.root.to_data() == {"a": "b", "c": "d"}


def test_an_alias_bomb_stops_at_the_limit() -> None:
    """Nine levels of nine aliases would be 387 million nodes."""
    bomb = "a0: &a0 [x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10)
    )

    with pytest.raises(BadYaml, match="more than 200000 nodes"):
        read_data(bomb)


def test_a_long_chain_of_aliases_stops_at_the_limit() -> None:
    """It nests as deep as it is long."""
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2_000))
    [document] = parse(chain)

    with pytest.raises(BadYaml, match="deeper than 100 levels"):
        expanded(document.root)


def test_deep_nesting_stops_at_the_limit() -> None:
    """Before the stack does."""
    with pytest.raises(BadYaml, match="deeper than 100 levels"):
        parse("[" * 500 + "]" * 500)


def test_a_document_of_100_megabytes_is_refused_unread() -> None:
    """By its size alone; the parser would need gigabytes."""
    with pytest.raises(BadYaml, match="must not be larger"):
        parse("a: " + "x" * 100_000_000)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"Kptfile": kptfile(), "a.yaml": "a: [\n"}, "a.yaml: line 2, column 1"),
        ({"Kptfile": kptfile(), "sub/a.yaml": b"a: \xff\n"}, "sub/a.yaml: line 1, column 4"),
        ({"Kptfile": kptfile(), "a.yaml": "text\n"}, "a.yaml: line 1: a document must be a map"),
        ({"Kptfile": kptfile(), "a.yaml": "a: b\n"}, "a.yaml: resource must have `apiVersion`"),
        ({"a.yaml": config_map("a")}, 'No Kptfile found at "/package".'),
        ({"Kptfile": "a: [\n"}, "Kptfile: line 2, column 1"),
        ({"Kptfile": kptfile() + "info: text\n"}, "`info` must be a mapping, found a scalar"),
        ({"Kptfile": kptfile() + "info:\n  nme: x\n"}, "line 6: field nme not found in `info`"),
        ({"Kptfile": kptfile("img: x")}, "field img not found in `pipeline.mutators[0]`"),
        ({"Kptfile": kptfile(), "../a.yaml": ""}, "must be relative and normal"),
        ({"Kptfile": kptfile(), "x" * 1_100: ""}, "must have at most 1024 characters"),
    ],
)
def test_a_bad_package_is_told_with_its_file(files: dict[str, str | bytes], message: str) -> None:
    """The failure is a value, and the files of the caller are as they were."""
    before = dict(files)

    assert message in failed(files).message
    assert files == before


def place(path: str, index: str = "") -> Node:
    """A resource with a path of its own."""
    annotations = {"internal.config.kubernetes.io/path": path}
    if index:
        annotations["internal.config.kubernetes.io/index"] = index
    return Node.from_data(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "new", "annotations": annotations},
        }
    )


def breaking(_: FunctionCall) -> FunctionOutput:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (printing("a: [\n"), "output must be YAML: line 2, column 1"),
        (printing("just words\n"), "every item of a function's output must be a resource"),
        (printing("# nothing\n"), "printed nothing"),
        (printing("kind: ResourceList\nitems: []\n"), "must not remove or move the Kptfile"),
        (printing("kind: ResourceList\nitems:\n- text\n"), "must be a resource"),
        (generating(place("../evil.yaml")), "outside of package: resource has path ../evil.yaml"),
        (generating(place("a.yaml", "0")), 'path "a.yaml" and index "0" already exists'),
        (generating(Node.from_data({"kind": "X"})), "resource must have `apiVersion`"),
    ],
)
def test_a_bad_answer_of_a_function_is_told_with_its_name(function: Function, message: str) -> None:
    """And nothing of it reaches the package."""
    files = {"Kptfile": kptfile("image: bad"), "a.yaml": config_map("a")}
    failure = failed(files, bad=function)

    assert message in failure.message
    assert failure.message.startswith('function "bad": ')
    assert (failure.function, failure.package) == ("bad", ".")
    assert failure.files == files


def test_a_function_that_crashes_is_told_with_its_own_words() -> None:
    """It printed no items, and that is not what went wrong."""

    def crashing(_: FunctionCall) -> FunctionOutput:
        return FunctionOutput(items=[], stderr="panic: boom", exit_code=2)

    failure = failed({"Kptfile": kptfile("image: bad")}, bad=crashing)

    assert "Kptfile" not in failure.message
    assert (failure.functions[-1].exit_code, failure.functions[-1].stderr) == (2, "panic: boom")


def test_a_comment_on_an_empty_value_survives_a_function_that_goes_through_text() -> None:
    """As in kpt."""
    files = {"Kptfile": kptfile("image: fn"), "a.yaml": config_map("a", data="k: null # why")}
    edited = through_text(lambda text: text.replace(" # why", ""))

    assert "k: null # why" in rendered(files, fn=edited).files["a.yaml"]


def test_an_absolute_path_lands_inside_the_package() -> None:
    """As in kpt: the leading slash is dropped."""
    files = {"Kptfile": kptfile("image: gen")}

    assert rendered(files, gen=generating(place("/tmp/x.yaml"))).generated == {"tmp/x.yaml"}  # noqa: S108


def test_an_index_must_be_a_number() -> None:
    """It says where in its file a document goes."""
    failure = failed({"Kptfile": kptfile("image: gen")}, gen=generating(place("x.yaml", "one")))

    assert "x.yaml: the index annotation must be an integer, found 'one'" in failure.message


def test_a_file_must_not_take_the_place_of_a_folder() -> None:
    """No file system could hold both."""
    files = {"Kptfile": kptfile("image: gen"), "dir/a.yaml": config_map("a")}

    assert "both a file and the folder" in failed(files, gen=generating(place("dir"))).message


def test_what_functions_generate_counts_against_the_limits() -> None:
    """A function must not fill the store."""
    options = RenderOptions(limits=PackageLimits(max_file_bytes=500), has_status=False)
    item = place("x.yaml")
    item.set("data", Node.mapping([("k", "v" * 500)]))

    failure = failed({"Kptfile": kptfile("image: gen")}, options, gen=generating(item))

    assert "x.yaml: a file must have at most 500 bytes" in failure.message


def test_limits_of_documents_hold_for_files_of_packages() -> None:
    """The limit is the caller's to set."""
    limits = PackageLimits(yaml=YamlLimits(max_document_chars=100))
    files = {"Kptfile": kptfile(), "a.yaml": config_map("a", "k: " + "v" * 100)}

    assert "a.yaml: line 1" in failed(files, RenderOptions(limits=limits)).message


def test_errors_of_our_own_are_not_taken_for_the_packages() -> None:
    """They would be hidden in a status."""
    with pytest.raises(NotImplementedError):
        failed({"Kptfile": kptfile("image: bad")}, bad=breaking)
