"""What the record of the long runs says when they are run one after the other."""

from scripts.soak import Dated, merged, results, results_of

DAY = "2026-01-31"


def ran(case: str, at: str, *, held: bool = True) -> tuple[Dated, Dated]:
    """What came of a case on that commit."""
    return results(case, held=held, seconds=7.5, at=at, day=DAY)


def test_a_run_keeps_what_is_known_of_cases_that_it_did_not_have() -> None:
    """Hours of runs are done in pieces; each case says of which commit it speaks."""
    before = [*ran("races", "old"), *ran("storm", "old")]
    now = ran("races", "new", held=False)

    assert merged(before, now) == [*now, *ran("storm", "old")]


def test_a_run_of_nothing_changes_nothing() -> None:
    """A misspelt `ONLY` selects no case."""
    before = [*ran("races", "old")]

    assert merged(before, []) == before


def test_a_case_that_failed_or_could_not_begin_did_not_hold_and_one_skipped_did_not_run() -> None:
    """Only what ran to its end and passed counts as proof."""
    report = (
        "<testsuites><testsuite>"
        '<testcase classname="tests.a.test_b" name="passed" time="7.51"/>'
        '<testcase classname="tests.a.test_b" name="failed" time="7.5"><failure/></testcase>'
        '<testcase classname="tests.a.test_b" name="broken" time="7.5"><error/></testcase>'
        '<testcase classname="tests.a.test_b" name="skipped" time="0"><skipped/></testcase>'
        "</testsuite></testsuites>"
    )

    assert list(results_of(report, at="new", day=DAY)) == [
        *ran("a.test_b.passed", "new"),
        *ran("a.test_b.failed", "new", held=False),
        *ran("a.test_b.broken", "new", held=False),
    ]
