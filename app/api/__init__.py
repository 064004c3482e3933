"""The JSON API, version 1: a file for each resource. Errors are application/problem+json (RFC 9457)."""

from flask import Blueprint

from app.api import assets, items, jobs, operations, recipes, status

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
for resource in (jobs, items, assets, recipes, operations, status):
    blueprint.register_blueprint(resource.blueprint)
