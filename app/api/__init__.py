"""The JSON API, version 1: a file for each resource. Errors are application/problem+json (RFC 9457)."""

from flask import Blueprint

from app.api import assets, items, job_parts, jobs, operations, recipes, status

__all__ = ["blueprint", "job_parts"]  # the second one adds its routes to those of jobs

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
for resource in (jobs, items, assets, recipes, operations, status):
    blueprint.register_blueprint(resource.blueprint)
