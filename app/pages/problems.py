"""The pages that the `type` of a problem document leads to."""

from flask import Blueprint, abort, render_template

from app import problems

blueprint = Blueprint("problems", __name__, url_prefix="/problems")


@blueprint.get("/<code>")
def problem(code: str) -> str:
    """What an error with this code means and what to do about it."""
    found = problems.known().get(code)
    if found is None:
        abort(404)
    return render_template("problem.html", problem=found)


@blueprint.get("")
def all_problems() -> str:
    return render_template("problems.html", problems=problems.known().values())
