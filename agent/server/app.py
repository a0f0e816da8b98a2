"""The application: routers, errors, the page."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from agent.server import audit_api, cases, chat_api, evidence, images, login, people, questions, review, runs
from agent.server.access import Access
from agent.server.audited import Recorder
from agent.server.bus import Bus
from agent.server.description import ERRORS, described
from agent.server.desk import DeskStore
from agent.server.folders import CaseFolders
from agent.server.gate import Gate
from agent.server.hands import ProcessHand
from agent.server.office import Office
from agent.server.queueing import Full
from agent.server.records import Trouble
from agent.server.security import Sessions, trouble
from agent.server.worker import Worker
from agent.service import Consilium
from agent.storage import storage_problem
from agent.trust.accounts import Refused
from agent.trust.audit import AuditUnavailable
from knowledge.errors import BadInput, ConsiliumError, ToolRetry

RETRY_AFTER_SECONDS = 20
_NOT_BUILT = (
    "<!doctype html><meta charset=utf-8><title>Consilium</title><p>The page is not built. Run <code>make ui</code> "
    "and load this page again. The interface under <code>/api</code> works without it."
)


def create_app(
    consilium: Consilium,
    sessions: Sessions | None = None,
    page: Path | None = None,
    example: Path | None = None,
    *,
    own_process: bool = False,
    access: Access | None = None,
) -> FastAPI:
    """The service.

    Args:
        consilium: the runs to serve; uploaded cases are kept beside them.
        sessions: the link and the key of this machine's user; made anew if left out.
        page: the built page (`ui/dist`); without it a note says how to build it.
        example: a case folder that can be opened as an example.
        own_process: work in a process that can be killed, so that stopping takes effect at once.
        access: who may speak to the service; by default who has the link or the key of `sessions`.
    """
    access = access or Access.of(consilium.store, sessions or Sessions())
    office = _office(consilium, access, example, own_process=own_process)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        office.worker.start()
        yield
        office.worker.stop()

    errors: dict[int | str, dict[str, Any]] = {code: {"model": Trouble} for code in ERRORS}
    app = FastAPI(
        title="Consilium",
        summary="A cited draft of diagnosis and treatment, for a physician to review and sign.",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        lifespan=lifespan,
        responses=errors,
    )
    app.state.office, app.state.access, app.state.sessions = office, access, access.link
    for module in (login, people, audit_api, cases, runs, questions, review, evidence, images, chat_api):
        app.include_router(module.router)
    make_openapi = app.openapi
    app.openapi = lambda: app.openapi_schema or described(app, make_openapi())  # type: ignore[method-assign]
    _add_errors(app)
    _add_page(app, page)
    app.add_middleware(Gate, access=access, record=Recorder(consilium.audit))
    return app


def _office(consilium: Consilium, access: Access, example: Path | None, *, own_process: bool) -> Office:
    directory = consilium.store.directory
    desk, bus = DeskStore(directory / "page.sqlite", consilium.store), Bus()
    return Office(
        consilium=consilium,
        folders=CaseFolders(consilium.files),
        desk=desk,
        bus=bus,
        worker=Worker(consilium, desk, bus, ProcessHand(directory) if own_process else None),
        access=access,
        example=example,
    )


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(ConsiliumError)
    async def deliberate(_: Request, error: ConsiliumError) -> JSONResponse:
        if isinstance(error, ToolRetry):
            return trouble(422, "retry", str(error))
        if isinstance(error, AuditUnavailable):
            return trouble(503, "failed", str(error))
        if isinstance(error, Refused):
            return trouble(403, "refused", str(error))
        if isinstance(error, BadInput):
            return JSONResponse(bad_input(error).model_dump(), status_code=409)
        return trouble(409, "failed", str(error))

    @app.exception_handler(sqlite3.OperationalError)
    @app.exception_handler(OSError)
    async def not_stored(_: Request, error: Exception) -> JSONResponse:
        problem = storage_problem(error)
        if problem is None:
            raise error
        return trouble(503, "failed", problem, {"Retry-After": str(RETRY_AFTER_SECONDS)})

    @app.exception_handler(RequestValidationError)
    async def wrong_request(_: Request, error: RequestValidationError) -> JSONResponse:
        problems = [f"{_place(e['type'], e['loc'])}: {e['msg']}" for e in error.errors()[:8]]
        return trouble(422, "retry", "; ".join(problems))

    @app.exception_handler(HTTPException)
    async def http(_: Request, error: HTTPException) -> JSONResponse:
        kind = "unknown" if error.status_code == 404 else "retry"
        return trouble(error.status_code, kind, str(error.detail), dict(error.headers or {}))  # type: ignore[arg-type]

    @app.exception_handler(Full)
    async def full(_: Request, _error: Full) -> JSONResponse:
        message = "Too many runs are waiting. Try again later."
        return trouble(429, "busy", message, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _place(kind: str, path: tuple[str | int, ...]) -> str:
    """Where in a request something is wrong. The name of a field that there is not may be anything, and is not said."""
    return ".".join(map(str, path[:-1] if kind == "extra_forbidden" else path))


def bad_input(error: BadInput) -> Trouble:
    """A file that cannot be used, as the service says it."""
    return Trouble(
        kind="bad_input",
        message=str(error),
        file=error.file,
        place=error.place,
        problem=error.problem,
        accepted=error.accepted,
    )


def _add_page(app: FastAPI, page: Path | None) -> None:
    @app.get("/", include_in_schema=False)
    def index() -> Response:
        if page is None or not (page / "index.html").is_file():
            return HTMLResponse(_NOT_BUILT, status_code=503)
        return FileResponse(page / "index.html")

    if page is not None and (page / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=page / "assets"), name="assets")
