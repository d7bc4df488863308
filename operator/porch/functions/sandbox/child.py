"""The sandbox child: reads jobs from stdin, runs user-written code, writes answers to stdout.

Started as `python -P -m porch.functions.sandbox.child MEMORY_BYTES CPU_SECONDS PARENT_PID`. It
first gives up what it does not need: no file may be written, no core dumped, no memory taken beyond
the limit, and the kernel kills it when its parent dies. Each job gets its own budget of CPU
seconds. The parent watches the wall clock and kills; nothing in here has to be trusted to stop.
"""

import math
import resource
import sys

import re2  # type: ignore[import-untyped]  # it ships no types

from porch.functions.childprocess import die_with_parent, private_stdout
from porch.functions.sandbox import starlark_host
from porch.functions.sandbox.wire import (
    Answer,
    Exhausted,
    Found,
    Job,
    Refused,
    RegexDone,
    RegexJob,
    encode,
    read_job,
)

_REGEX_MEMORY_BYTES = 64 << 20


def main() -> None:
    """Serve until the parent closes our input."""
    die_with_parent(int(sys.argv[3]))
    memory_bytes, cpu_seconds = int(sys.argv[1]), float(sys.argv[2])
    jobs, answers = sys.stdin.buffer, private_stdout()
    _confine(memory_bytes)
    while True:
        try:
            job = read_job(jobs)
        except EOFError:
            return
        _grant_cpu(cpu_seconds)
        answers.write(encode(_evaluate(job)))
        answers.flush()


def _confine(memory_bytes: int) -> None:
    limit = _address_space_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _address_space_bytes() -> int:
    """What this process has mapped now: the interpreter and libraries, which are not charged."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[0]) * resource.getpagesize()
    except OSError:  # not Linux: a generous guess, the parent's wall clock still holds
        return 1 << 30


def _grant_cpu(seconds: float) -> None:
    """Let this job use `seconds` of CPU time; the kernel ends the process beyond that."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _evaluate(job: Job) -> Answer:
    try:
        if isinstance(job, RegexJob):
            return _search(job)
        return starlark_host.run(job)
    except MemoryError:
        return Exhausted("memory")


def _search(job: RegexJob) -> Answer:
    try:
        pattern = compile_re2(job.pattern)
    except re2.error as err:
        return Refused(regex_error(err))
    return RegexDone([_found(pattern.search(text)) for text in job.texts])


def compile_re2(pattern: str) -> "re2._Regexp":
    """A compiled pattern; raises `re2.error` when it is malformed."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY_BYTES
    return re2.compile(pattern, options)


def regex_error(err: Exception) -> str:
    """The library's message as text; it hands out bytes."""
    detail = err.args[0] if err.args else err
    return detail.decode(errors="replace") if isinstance(detail, bytes) else str(detail)


def _found(match: "re2._Match | None") -> Found | None:
    if match is None:
        return None
    start, end = match.span()
    return Found(start, end, list(match.groups()))


if __name__ == "__main__":
    main()
