"""The parts of a job page by page: its items, its outputs, its events."""

from uuid import UUID

from pydantic import BaseModel

from app import jobs, listings, timeline
from app.api import job_documents
from app.api.job_documents import JobEvent, JobOutput, NextPage
from app.api.jobs import blueprint
from app.api.lists import LINKS, ListQuery, links, next_page
from app.api.operation import Answer, Result, operation


class ItemsQuery(ListQuery[int]):
    """The cursor is the position of an item, from 0 on."""


class ItemList(BaseModel):
    items: list[job_documents.Item]
    next: NextPage


@blueprint.get("/<uuid:job_id>/items")
@operation({200: Answer(ItemList, "A page of the list.", LINKS)}, query=ItemsQuery)
def list_items(job_id: UUID, query: ItemsQuery) -> Result:
    """The items of a job, page by page."""
    jobs.revision(job_id)
    page = listings.items(job_id, query.cursor)
    items = job_documents.items_of(page.rows, {}, timeline.of_items([item.id for item in page.rows]))
    return ItemList(items=items, next=next_page(page)), 200, links(page)


class OutputsQuery(ListQuery[UUID]):
    """The cursor is the id of an output."""


class OutputList(BaseModel):
    outputs: list[JobOutput]
    next: NextPage


@blueprint.get("/<uuid:job_id>/outputs")
@operation({200: Answer(OutputList, "A page of the list.", LINKS)}, query=OutputsQuery)
def list_outputs(job_id: UUID, query: OutputsQuery) -> Result:
    """The outputs of all items of a job, page by page."""
    jobs.revision(job_id)
    page = listings.outputs(job_id, query.cursor)
    outputs = [job_documents.job_output(output) for output in page.rows]
    return OutputList(outputs=outputs, next=next_page(page)), 200, links(page)


class EventsQuery(ListQuery[int]):
    """The cursor is the number of an event."""


class EventList(BaseModel):
    events: list[JobEvent]
    next: NextPage


@blueprint.get("/<uuid:job_id>/events")
@operation({200: Answer(EventList, "A page of the list.", LINKS)}, query=EventsQuery)
def list_events(job_id: UUID, query: EventsQuery) -> Result:
    """What happened to the items of a job, page by page, the oldest first."""
    jobs.revision(job_id)
    page = listings.events(job_id, query.cursor)
    return (
        EventList(events=[job_documents.job_event(event) for event in page.rows], next=next_page(page)),
        200,
        links(page),
    )
