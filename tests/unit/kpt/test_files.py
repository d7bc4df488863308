"""Which files a package owns, which of them are resources, and where documents go."""

import json

import pytest

from porch.kpt.evaluate import FunctionCall, FunctionOutput
from porch.kpt.files import reading_order
from porch.kpt.init import init_files
from porch.kpt.kptfile import parse_kptfile
from porch.kpt.krmignore import Ignore
from porch.kpt.render import render
from porch.kpt.yaml.documents import has_wide_sequences
from porch.kpt.yaml.parse import parse
from tests.unit.kpt.packages import config_map, kptfile, rendered


def test_files_and_folders_are_read_interleaved() -> None:
    """Upper case first, dot files before; `a.yaml` stands before the files of `a`… by its parts."""
    paths = ["b.yaml", "a/x.yaml", "a.yaml", ".h.yaml", "Kptfile", "a-b/y.yaml"]

    assert reading_order(paths) == [
        ".h.yaml", "Kptfile", "a/x.yaml", "a-b/y.yaml", "a.yaml", "b.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "hidden", "shown"),
    [
        ("*.tmp.yaml", "a/b.tmp.yaml", "a/b.yaml"),
        ("dir/", "x/dir/a.yaml", "dir.yaml"),
        ("/top.yaml", "top.yaml", "a/top.yaml"),
        ("*.yaml\n!keep.yaml", "a.yaml", "keep.yaml"),
        ("# all\n\n*.json", "a.json", "# all"),
    ],
)
def test_krmignore_reads_like_gitignore(patterns: str, hidden: str, shown: str) -> None:
    """Globs, folders, anchors, negation and comments."""
    ignore = Ignore(patterns)

    assert ignore.hides(hidden)
    assert not ignore.hides(shown)


def test_what_is_no_resource_comes_back_byte_for_byte() -> None:
    """Binary files, scripts, ignored YAML, and a .krmignore that does not count."""
    files: dict[str, str | bytes] = {
        "Kptfile": kptfile("image: label"),
        "a.yaml": config_map("a"),
        "logo.png": b"\x89PNG\x00\xff",
        "run.sh": "#!/bin/sh\r\n",
        ".krmignore": "hidden/\n",
        "hidden/b.yaml": "not: [yaml",
        "dir/.krmignore": "c.yaml\n",
        "dir/c.yaml": config_map("c"),
    }

    assert rendered(files).changed == {"Kptfile", "a.yaml", "dir/c.yaml"}


def test_an_ignored_sub_package_is_rendered_all_the_same() -> None:
    """kpt finds sub-packages without asking .krmignore."""
    files = {
        "Kptfile": kptfile(),
        ".krmignore": "sub/\n",
        "sub/Kptfile": kptfile("image: label"),
        "sub/a.yaml": config_map("a"),
    }

    assert rendered(files).changed == {"sub/Kptfile", "sub/a.yaml"}


def test_sub_packages_come_in_the_order_of_their_paths() -> None:
    """Depth does not matter: `a-x` stands before `a/deep`."""
    seen: list[str] = []
    files = {"Kptfile": kptfile()} | {
        f"{path}/Kptfile": kptfile(f"image: {path.replace('/', '.')}")
        for path in ("b", "a/deep", "a-x", "b/c", ".git/x")
    }

    def note(call: FunctionCall) -> FunctionOutput:
        seen.append(call.title)
        return FunctionOutput(items=call.items)

    render(files, evaluate=note)

    assert seen == ["a-x", "a.deep", "b.c", "b"]


def test_documents_keep_their_place_in_their_file() -> None:
    """Empty documents take no index and vanish; the separators are written anew."""
    text = config_map("one") + "---\n# nothing\n--- # next\n" + config_map("two")
    files = {"Kptfile": kptfile("image: label"), "a.yaml": text}
    [one, two] = parse(str(rendered(files).files["a.yaml"]))

    assert (one.root.text("metadata", "name"), two.root.text("metadata", "name")) == ("one", "two")


def test_json_files_stay_json() -> None:
    """Sorted keys, two blanks a level, as kpt writes them."""
    text = '{"kind": "X", "apiVersion": "v1", "metadata": {"name": "a"}, "n": 1.0, "s": "<é>"}'
    written = str(rendered({"Kptfile": kptfile("image: label"), "a.json": text}).files["a.json"])

    assert json.loads(written)["metadata"]["labels"] == {"l": "v"}
    assert written.startswith('{\n  "apiVersion": "v1",\n  "kind": "X",\n')
    assert '"n": 1.0,\n  "s": "<é>"\n}\n' in written


def test_annotations_that_people_wrote_under_our_keys_do_not_survive() -> None:
    """They are overwritten on reading and taken off on writing, as in kpt."""
    text = config_map("a").replace(
        "name: a", "name: a\n  annotations:\n    config.kubernetes.io/path: x.yaml"
    )
    written = rendered({"Kptfile": kptfile("image: label"), "a.yaml": text}).files["a.yaml"]

    assert "annotations" not in str(written)


@pytest.mark.parametrize(
    ("text", "wide"),
    [
        ("a:\n  - b\n", True),
        ("a:\n- b\n", False),
        ("a: # c\n  # d\n  - b\n", True),
        ("- a\n", False),
        ("- a:\n  - b\n", False),
        ("- a:\n    - b\n", True),
        ("- - a:\n    - b\n", False),
        ("x: y:\n", False),
        ("a:\n    - b\nc:\n  - d\n", True),
        ("a: b\n", False),
    ],
)
def test_the_first_telling_list_decides_how_lists_are_indented(text: str, wide: bool) -> None:
    """Two deeper than its key is wide, at its column is compact, anything else tells nothing."""
    assert has_wide_sequences(text) is wide


def test_a_new_package_has_a_valid_kptfile_and_renders() -> None:
    """Whatever words people give it."""
    files = init_files("a/b", description="x: # y", keywords=["no", "1"], site="https://x")
    kptfile_read = parse_kptfile(files["Kptfile"])

    assert kptfile_read.name == "a/b"
    assert (kptfile_read.info.description, kptfile_read.info.keywords) == ("x: # y", ("no", "1"))
    assert rendered(files).changed == frozenset()


def test_functions_inside_the_process_get_the_annotations_that_kpt_gives() -> None:
    """Ports of catalogue functions read them."""
    files = {"Kptfile": kptfile("image: look"), "d/a.yaml": config_map("a")}

    def look(call: FunctionCall) -> FunctionOutput:
        annotations = call.items[1].at("metadata", "annotations")
        assert annotations is not None
        assert {key.value: value.value for key, value in annotations.items()} == {
            "config.kubernetes.io/index": "0",
            "config.kubernetes.io/path": "d/a.yaml",
            "internal.config.kubernetes.io/index": "0",
            "internal.config.kubernetes.io/package-path": "/package",
            "internal.config.kubernetes.io/path": "d/a.yaml",
            "internal.config.kubernetes.io/seqindent": "compact",
            "internal.config.kubernetes.io/annotations-migration-resource-id": "1",
            "internal.config.kubernetes.io/id": "2",
            "config.k8s.io/id": "2",
        }
        return FunctionOutput(items=call.items)

    rendered(files, look=look)
