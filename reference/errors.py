"""docs/errors.md: every code of an error, as its page says it."""

from app import problems
from app.problems import Problem

HEAD = """# Errors

<!-- Printed by `make docs` from app/errors.py; do not edit. -->

An answer of the API that is an error is `application/problem+json` (RFC 9457): its `code` is one of these, its `type`
the address of the same text on your Darkroom, `/problems/CODE`. `errors`, where there is one, names each bad part of
the request: by `pointer` (a JSON Pointer into the body) or by `parameter` (of the address, or a header). An item that
failed has one of the same codes in `error`.

Where sending the same request again can help, the answer has `Retry-After`; what fails an item that way is tried again
by itself.
"""


def page() -> str:
    known = problems.known().values()
    ours = [_section(problem) for problem in known if not _is_of_http(problem)]
    rest = "## Codes of HTTP itself\n\nWhere nothing of the above applies.\n\n" + "\n".join(
        f"- `{problem.code}`: {problem.title}. {problem.meaning} {problem.advice}"
        for problem in known
        if _is_of_http(problem)
    )
    return "\n".join([HEAD, *ours, rest]) + "\n"


def _section(problem: Problem) -> str:
    retry = "can help" if problem.retry else "does not help"
    return (
        f"## {problem.code}\n\n{problem.title} (status {problem.status}). {problem.meaning}\n\n{problem.advice}"
        f" Trying the same again {retry}.\n"
    )


def _is_of_http(problem: Problem) -> bool:
    return problem.code == problems.http_code(problem.status)
