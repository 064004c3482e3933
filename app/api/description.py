"""The description of the API: OpenAPI 3.1 for programs, and a page for people that is made of the same."""

from typing import Any

from flask import Blueprint, Flask, Response, current_app, json, render_template
from markupsafe import Markup

from app.api.document import document

blueprint = Blueprint("api_description", __name__, url_prefix="/api")

_KEY = "darkroom-openapi"


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """OpenAPI 3.1."""
    return Response(json.dumps(_described(), sort_keys=False), mimetype="application/json")


@blueprint.get("/docs")
def page() -> str:
    """Every route with what it takes and answers; it needs no script."""
    return render_template("api.html", api=_described(), reference=_reference)


def _described() -> dict[str, Any]:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # noqa: SLF001 - as Flask's docs say
    if _KEY not in app.extensions:
        app.extensions[_KEY] = document(app)
    described: dict[str, Any] = app.extensions[_KEY]
    return described


def _reference(schema: dict[str, Any]) -> Markup:
    """What a value is, in a few words, with a link to the model where it is one."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if options := schema.get("anyOf"):
        return Markup(" or ").join(_reference(option) for option in options)
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(", ").join(Markup("<code>{}</code>").format(value) for value in values)
    if schema.get("type") == "array":
        return Markup("list of ") + _reference(schema.get("items", {}))
    if isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]:
        return Markup("object of ") + _reference(schema["additionalProperties"])
    kind = schema.get("format") or schema.get("type") or "anything"
    return Markup("{}{}").format(kind, _bounds(schema))


def _bounds(schema: dict[str, Any]) -> str:
    words = {"minimum": "≥", "maximum": "≤", "minLength": "length ≥", "maxLength": "length ≤", "minItems": "at least"}
    told = [f"{sign} {schema[key]:,}" for key, sign in words.items() if key in schema]
    return f", {', '.join(told)}" if told else ""
