"""Lists that come page by page, and the links between their pages (RFC 8288)."""

from typing import Any, Generic, TypeVar
from uuid import UUID

from flask import request, url_for
from pydantic import Field

from app.api.operation import Query
from app.listings import Cursor, Page

Key = TypeVar("Key", UUID, int)

LINKS = {"Link": 'The pages beside this one and the first one, as `<…>; rel="next"`, `prev` and `first`.'}


class ListQuery(Query, Generic[Key]):
    limit: int = Field(default=50, ge=1, le=200, description="Most rows of a page.")
    before: Key | None = Field(default=None, description="Only what was made before this one.")
    after: Key | None = Field(default=None, description="Only what was made after this one.")

    @property
    def cursor(self) -> Cursor[Key]:
        return Cursor(self.limit, self.before, self.after)


def next_page(page: Page[Any]) -> str | None:
    return None if page.next is None else _url(*page.next)


def links(page: Page[Any]) -> dict[str, str]:
    """The header."""
    urls = {"first": _url(), "prev": page.prev and _url(*page.prev), "next": page.next and _url(*page.next)}
    return {"Link": ", ".join(f'<{url}>; rel="{relation}"' for relation, url in urls.items() if url)}


def _url(parameter: str | None = None, value: object = None) -> str:
    edges = {"before", "after"} & request.args.keys()
    dropped = edges if len(edges) == 1 else {parameter}  # of two, the other one is the end of the list
    kept = {name: said for name, said in request.args.items() if name not in dropped}
    edge = {} if parameter is None else {parameter: str(value)}
    values: dict[str, Any] = {**(request.view_args or {}), **kept, **edge}
    return url_for(str(request.endpoint), **values)
