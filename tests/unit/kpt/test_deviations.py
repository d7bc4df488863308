"""Where render deviates from kpt: one test a deviation.

The reasons are in docs/reference/kpt-deviations.md.
"""

from dataclasses import replace

import pytest

from porch.kpt.compatibility import Compatibility
from porch.kpt.evaluate import FunctionCall, FunctionOutput
from porch.kpt.kptfile import SAVE_ON_FAILURE_ANNOTATION, parse_kptfile
from porch.kpt.render import RenderOptions
from tests.unit.kpt.packages import (
    config_map,
    failed,
    kptfile,
    printing,
    rendered,
    through_text,
)

KPT = RenderOptions(mode=Compatibility.KPT)
STATUS = RenderOptions()


def test_a_function_that_prints_nothing_fails() -> None:
    """In kpt it deletes the whole package and counts as a success."""
    files = {"Kptfile": kptfile("image: silent"), "a.yaml": config_map("a")}

    assert "printed nothing" in failed(files, silent=printing("")).message
    assert rendered(files, KPT, silent=printing("")).files == {}


def test_no_function_may_remove_the_kptfile() -> None:
    """Without it the directory is no package any more; other items may all go."""
    files = {"Kptfile": kptfile("image: drop"), "a.yaml": config_map("a")}

    def drop(_: FunctionCall) -> FunctionOutput:
        return FunctionOutput(items=[])

    assert failed(files, drop=drop).function == "drop"
    assert rendered(files, KPT, drop=drop).files == {}


def test_an_item_that_two_selectors_match_is_seen_once() -> None:
    """In kpt it is given twice, and the render fails because it comes back twice."""
    steps = "{image: label, selectors: [{kind: ConfigMap}, {name: a}]}"
    files = {"Kptfile": kptfile(steps), "a.yaml": config_map("a")}

    assert "already exists" in failed(files, KPT).message
    assert "l: v" in str(rendered(files).files["a.yaml"])


def test_files_that_no_function_changed_keep_their_layout() -> None:
    """In kpt every file that was read is formatted anew."""
    odd = "apiVersion:   v1\nkind: ConfigMap\n\nmetadata:\n    name: a\n"
    files = {"Kptfile": kptfile("image: noop"), "a.yaml": odd}

    assert rendered(files).files == files
    assert rendered(files).changed == frozenset()
    assert rendered(files, KPT).changed == {"a.yaml"}


def test_folded_scalars_stay_folded_through_functions_outside() -> None:
    """In kpt copying comments turns them into double-quoted ones."""
    files = {
        "Kptfile": kptfile("image: echo"),
        "a.yaml": config_map("a", "k: >\n    one\n    two"),
    }
    echo = through_text(str)

    assert rendered(files, echo=echo).files["a.yaml"] == files["a.yaml"]
    assert 'k: "one two\\n"' in str(rendered(files, KPT, echo=echo).files["a.yaml"])


def test_comments_of_a_document_survive_functions_outside() -> None:
    """In kpt the blank line below a licence header and the last comment are lost."""
    text = "# licence\n\n" + config_map("a") + "\n# the end\n"
    files = {"Kptfile": kptfile("image: echo"), "a.yaml": text}

    def relabel(given: str) -> str:
        return given.replace("k: v", "k: w")

    changed = rendered(files, echo=through_text(relabel)).files["a.yaml"]

    assert changed == text.replace("k: v", "k: w")


def test_the_functionconfig_that_a_function_gets_is_as_in_the_file() -> None:
    """In kpt it carries the bookkeeping annotations once earlier functions ran."""
    files = {"Kptfile": kptfile("{image: look, configPath: a.yaml}"), "a.yaml": config_map("a")}
    seen: list[bool] = []

    def look(call: FunctionCall) -> FunctionOutput:
        assert call.config is not None
        seen.append(call.config.at("metadata", "annotations") is None)
        return FunctionOutput(items=call.items)

    rendered(files, look=look)
    rendered(files, KPT, look=look)

    assert seen == [True, False]


def test_validators_get_the_functionconfig_that_mutators_left() -> None:
    """In kpt a validator reads its configuration as it was before the render."""
    files = {
        "Kptfile": kptfile("image: label", validators=("{image: look, configPath: a.yaml}",)),
        "a.yaml": config_map("a"),
    }
    seen: list[str] = []

    def look(call: FunctionCall) -> FunctionOutput:
        assert call.config is not None
        seen.append(call.config.text("metadata", "labels", "l"))
        return FunctionOutput(items=call.items)

    rendered(files, look=look)
    rendered(files, KPT, look=look)

    assert seen == ["v", ""]


def test_the_configmap_keeps_the_order_of_the_kptfile() -> None:
    """In kpt its order is random from run to run."""
    files = {"Kptfile": kptfile('{image: look, configMap: {z: "1", a: "2", m: "3"}}')}
    seen: list[list[str]] = []

    def look(call: FunctionCall) -> FunctionOutput:
        assert call.config is not None
        data = call.config.get("data")
        seen.append([] if data is None else data.keys())
        return FunctionOutput(items=call.items)

    rendered(files, look=look)

    assert seen == [["z", "a", "m"]]


def test_config_connector_resources_get_no_attribution() -> None:
    """kpt marks them as made by it; that is for their author to say."""
    resource = config_map("a").replace("v1", "sql.cnrm.cloud.google.com/v1", 1)
    files = {"Kptfile": kptfile("image: noop"), "a.yaml": resource}

    assert rendered(files).files["a.yaml"] == resource


def test_the_render_status_is_written_without_losing_comments() -> None:
    """kpt writes the Kptfile anew from its structure."""
    text = kptfile("image: label # why").replace("  name", "  # who\n  name")
    files = {"Kptfile": text}
    told = str(rendered(files, STATUS).files["Kptfile"])

    assert "# who" in told
    assert "# why" in told
    assert [each.type for each in parse_kptfile(told).conditions] == ["Rendered"]
    assert "mutationSteps" in told


def test_rendering_again_changes_nothing() -> None:
    """The status is the same for the same outcome, so a second render is a no-op."""
    files = {"Kptfile": kptfile("image: label"), "a.yaml": config_map("a")}
    once = rendered(files, STATUS).files

    assert rendered(once, STATUS).changed == frozenset()


def test_a_failure_says_its_cause_where_kpt_says_already_handled() -> None:
    """Nobody sees kpt's terminal in a cluster."""
    files = {"Kptfile": kptfile("image: fail"), "a.yaml": config_map("a")}

    failure = failed(files)

    assert failure.error.endswith('pkg .: function "fail": exit code 3: it broke')
    assert failed(files, KPT).error.endswith("pkg .: already handled error")


def test_save_on_failure_keeps_what_was_made_before_the_failing_function() -> None:
    """Added after beta.56: labels of the first function are there, and the condition says why."""
    files = {
        "Kptfile": kptfile("image: label", "image: fail", annotations=SAVE_ON_FAILURE_ANNOTATION),
        "a.yaml": config_map("a"),
    }
    failure = failed(files, STATUS)

    assert "l: v" in str(failure.files["a.yaml"])
    [condition] = parse_kptfile(str(failure.files["Kptfile"])).conditions
    assert (condition.status, condition.reason) == ("False", "RenderFailed")
    assert failed(files, KPT).files == files


@pytest.mark.parametrize(("options", "order"), [(STATUS, ["root", "sub"]), (KPT, ["sub", "root"])])
def test_breadth_first_rendering_when_the_root_asks_for_it(
    options: RenderOptions, order: list[str]
) -> None:
    """Added after beta.56: parents run first and see everything below."""
    files = {
        "Kptfile": kptfile("image: root", annotations="kpt.dev/bfs-rendering"),
        "a.yaml": config_map("a"),
        "sub/Kptfile": kptfile("image: sub"),
        "sub/b.yaml": config_map("b"),
    }
    seen: list[tuple[str, int]] = []

    def note(call: FunctionCall) -> FunctionOutput:
        seen.append((call.title, len(call.items)))
        return FunctionOutput(items=call.items)

    outcome = rendered(files, replace(options, has_status=False), root=note, sub=note)

    assert [title for title, _ in seen] == order
    assert dict(seen) == {"root": 4, "sub": 2}
    assert set(outcome.files) == set(files)
