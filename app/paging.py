"""The parameter of lists that come page by page."""

from uuid import UUID

from flask import request

from app.errors import InvalidParameter


def before_parameter() -> UUID | None:
    """The id in `before`, the only parameter that a list takes. Raises InvalidParameter."""
    if unknown := next((name for name in request.args if name != "before"), None):
        raise InvalidParameter(f"The parameter {unknown[:80]!r} is not known; this list takes `before`.")
    value = request.args.get("before", "")
    try:
        return UUID(value) if value else None
    except ValueError:
        raise InvalidParameter(f"before is {value[:80]!r}, which is not the id of a job.") from None
