"""The OpenAPI description: what FastAPI makes, with errors as they are really sent."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

ERRORS = (400, 401, 403, 404, 409, 413, 421, 422, 429, 500, 503)
_TROUBLE = {"application/json": {"schema": {"$ref": "#/components/schemas/Trouble"}}}
_RETRY = {"description": "Seconds after which to come again.", "schema": {"type": "integer", "minimum": 0}}


def described(app: FastAPI, made: dict[str, Any]) -> dict[str, Any]:
    """`made` with every error as JSON, also where the good answer is a file or a stream of events."""
    for path in made["paths"].values():
        for operation in path.values():
            for code, answer in operation["responses"].items():
                if int(code) >= 400:
                    answer["content"] = _TROUBLE
                if int(code) == 429:
                    answer["headers"] = {"Retry-After": _RETRY}
    app.openapi_schema = made
    return made
