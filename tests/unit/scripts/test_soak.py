"""What the record of the long runs says when they are run one after the other."""

from scripts.soak import Case, Run, cases_of, with_run

HELD, FAILED = Case(held=True, seconds=7.5), Case(held=False, seconds=3.0)


def run(commit: str, **cases: Case) -> Run:
    """A run of these cases on that commit."""
    return Run({"cores": 2}, commit, "2026-01-31", cases)


def test_a_run_keeps_what_is_known_of_cases_that_it_did_not_have() -> None:
    """Hours of runs are done in pieces; each piece says of which commit it speaks."""
    before = [run("old", races=HELD, storm=HELD)]

    assert with_run(before, run("new", races=FAILED)) == [
        run("old", storm=HELD),
        run("new", races=FAILED),
    ]


def test_a_run_whose_cases_have_all_run_again_is_forgotten() -> None:
    """The last word on each case is the only one."""
    assert with_run([run("old", races=FAILED)], run("new", races=HELD)) == [run("new", races=HELD)]


def test_a_run_of_nothing_changes_nothing() -> None:
    """A misspelt `ONLY` selects no case."""
    assert with_run([run("old", races=HELD)], run("new")) == [run("old", races=HELD)]


def test_a_case_that_failed_or_could_not_begin_did_not_hold_and_one_skipped_did_not_run() -> None:
    """Only what ran to its end and passed counts as proof."""
    report = (
        "<testsuites><testsuite>"
        '<testcase classname="tests.a.test_b" name="passed" time="7.51"/>'
        '<testcase classname="tests.a.test_b" name="failed" time="3"><failure/></testcase>'
        '<testcase classname="tests.a.test_b" name="broken" time="3"><error/></testcase>'
        '<testcase classname="tests.a.test_b" name="skipped" time="0"><skipped/></testcase>'
        "</testsuite></testsuites>"
    )

    assert cases_of(report) == {
        "a.test_b.passed": HELD,
        "a.test_b.failed": FAILED,
        "a.test_b.broken": FAILED,
    }
