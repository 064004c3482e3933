"""The HTML pages: they work without JavaScript, and are quicker with it."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from app import jobs, recipes, submission, timeline, waiting
from app.errors import DarkroomError
from app.faults import retry_headers
from app.imaging.formats import accepted_sentence
from app.pages import writing
from app.paging import before_parameter
from app.services import services
from app.timeline import Timeline

blueprint = Blueprint("pages", __name__)
blueprint.add_app_template_filter(writing.file_size)
blueprint.add_app_template_filter(writing.moment)
blueprint.add_app_template_filter(writing.duration)
blueprint.add_app_template_filter(writing.preview)
blueprint.add_app_template_filter(writing.prose)

_RECENT, _PAGE = 5, 50


@blueprint.get("/")
def home() -> str:
    return _home()


@blueprint.post("/")
def submit() -> Response | tuple[str, int, dict[str, str]]:
    """Take the files of the form; then the job's page, or this page again with what was wrong."""
    try:
        submitted = submission.submit_request()
    except DarkroomError as error:
        return _home(error), error.status, retry_headers(error)
    return redirect(url_for("pages.job", job_id=submitted.id), 303)


def _home(error: DarkroomError | None = None) -> str:
    return render_template(
        "home.html",
        error=error,
        accepted=accepted_sentence(),
        limits=services().limits,
        max_pixels=services().max_pixels,
        recipes=recipes.all_latest(),
        recent=jobs.newest(_RECENT),
    )


@blueprint.get("/jobs")
def job_list() -> str:
    page = jobs.newest(_PAGE, before=before_parameter())
    return render_template("jobs.html", jobs=page, more=page[-1].id if len(page) == _PAGE else None)


@blueprint.get("/jobs/<uuid:job_id>")
def job(job_id: UUID) -> str:
    row = jobs.get(job_id)
    timelines, why = timeline.of_job(job_id), waiting.reasons(row)
    return render_template("job.html", job=row, why=why, timelines=timelines, no_timeline=Timeline())


@blueprint.post("/jobs/<uuid:job_id>/cancel")
def cancel_job(job_id: UUID) -> Response:
    jobs.cancel(job_id)
    return _to_job(job_id)


@blueprint.post("/jobs/<uuid:job_id>/retry")
def retry_job(job_id: UUID) -> Response:
    submission.retry_job(job_id)
    return _to_job(job_id)


@blueprint.post("/jobs/<uuid:job_id>/delete")
def delete_job(job_id: UUID) -> Response:
    submission.delete_job(job_id)
    return redirect(url_for("pages.job_list"), 303)


@blueprint.post("/items/<uuid:item_id>/retry")
def retry_item(item_id: UUID) -> Response:
    return _to_job(submission.retry_item(item_id))


def _to_job(job_id: UUID) -> Response:
    return redirect(url_for("pages.job", job_id=job_id), 303)
