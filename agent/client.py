"""A typed client of the HTTP service, for programs.

    from agent.client import Client

    with Client("http://127.0.0.1:8765", key) as consilium:
        case = consilium.upload_case(Path("patient"))
        run = consilium.start(case)
        for event in consilium.events(run.id):
            ...
        draft = consilium.draft(run.id)

Answers are the records that the service sends (`agent.server.records`). Errors are `ServiceError`; when too many runs
wait, a request is sent again after the time that the service names.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import httpx
from pydantic import BaseModel, TypeAdapter

from agent.draft import Decision, Verdict
from agent.server.records import (
    Accepted,
    CheckedEdit,
    Decisions,
    DraftView,
    Hello,
    LesionViews,
    NewCase,
    NoteText,
    OpenQuestion,
    Outlined,
    RunDetail,
    RunHead,
    StoredFile,
    Trouble,
    Understood,
    WhatIf,
    WhatWouldChange,
)
from tools.case import Language
from tools.evidence import Evidence
from tools.risk.tool import Override

M = TypeVar("M", bound=BaseModel)
PIECE_BYTES = 8 * 1024 * 1024
TRIES = 5
Export = Literal["html", "json", "fhir.json"]


class ServiceError(Exception):
    """The service refused; `trouble` is what it said, `status` the HTTP status (0: it could not be reached)."""

    def __init__(self, status: int, trouble: Trouble) -> None:
        super().__init__(trouble.message)
        self.status, self.trouble = status, trouble


class Client:
    """One connection to a service. `key` is what `consilium serve` prints, the key of a program, or a token."""

    def __init__(self, address: str, key: str, *, timeout_s: float = 60.0, http: httpx.Client | None = None) -> None:
        self._http = http or httpx.Client(base_url=address, timeout=timeout_s)
        self._http.headers["Authorization"] = f"Bearer {key}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def hello(self) -> Hello:
        """Version and what is served."""
        return self._get("hello", Hello)

    def upload_case(self, folder: Path) -> str:
        """Send a case folder; returns the id of the case. A file that breaks off goes on where it was."""
        case_id = self._send("POST", "cases", NewCase).id
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            relative = path.relative_to(folder)
            if not any(part.startswith(".") for part in relative.parts):
                self.upload(case_id, relative.as_posix(), path)
        return case_id

    def upload(self, case_id: str, name: str, file: Path) -> StoredFile:
        """Send one file in pieces."""
        stored = StoredFile(path=name, size_bytes=0)
        with file.open("rb") as stream:
            while True:
                piece = stream.read(PIECE_BYTES)
                if not piece and stored.size_bytes:
                    return stored
                headers = {"Upload-Offset": str(stored.size_bytes)}
                path = f"cases/{case_id}/file"
                stored = self._send("PUT", path, StoredFile, content=piece, headers=headers, params={"path": name})
                if len(piece) < PIECE_BYTES:
                    return stored

    def understood(self, case_id: str) -> Understood:
        """What was understood from the files."""
        return self._get(f"cases/{case_id}", Understood)

    def start(
        self, case_id: str, question: str | None = None, language: Language = "en", model: str | None = None
    ) -> Accepted:
        """Queue a run."""
        body = {"case": case_id, "question": question, "language": language, "model": model}
        return self._send("POST", "runs", Accepted, json=body)

    def runs(self) -> list[RunHead]:
        """All runs, newest first."""
        return self._list("runs", RunHead)

    def run(self, run_id: str) -> RunDetail:
        """A run with its conversation."""
        return self._get(f"runs/{run_id}", RunDetail)

    def events(self, run_id: str) -> Iterator[dict[str, Any]]:
        """The events of a run until it is at rest. A connection that breaks off goes on after the last event."""
        last: str | None = None
        tries = 0
        while True:
            try:
                for number, event in self._stream(run_id, last):
                    last, tries = number, 0
                    yield event
                return
            except httpx.TransportError as error:
                tries += 1
                if tries > TRIES:
                    raise _unreachable(error) from None
                time.sleep(0.5 * tries)

    def _stream(self, run_id: str, last: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
        headers = {"Last-Event-ID": last} if last else {}
        with self._http.stream("GET", f"/api/runs/{run_id}/events", headers=headers, timeout=None) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise _refused(answer)
            number = ""
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    number = line[4:]
                elif line.startswith("data: "):
                    yield number, json.loads(line[6:])

    def wait(self, run_id: str) -> RunHead:
        """The run once it is at rest."""
        for _ in self.events(run_id):
            pass
        return self.run(run_id).run

    def ask(self, run_id: str, question: str) -> Accepted:
        """Queue a follow-up question; the answer is the last turn of `run`."""
        return self._send("POST", f"runs/{run_id}/ask", Accepted, json={"question": question})

    def stop(self, run_id: str) -> Accepted:
        """Stop a run."""
        return self._send("POST", f"runs/{run_id}/stop", Accepted)

    def resume(self, run_id: str) -> Accepted:
        """Go on with a run that was stopped or failed."""
        return self._send("POST", f"runs/{run_id}/resume", Accepted)

    def questions(self, run_id: str) -> list[OpenQuestion]:
        """What the draft asks, with sentences that answer it; `ask` says them."""
        return self._list(f"runs/{run_id}/questions", OpenQuestion)

    def draft(self, run_id: str) -> DraftView:
        """The draft with verdicts and sources."""
        return self._get(f"runs/{run_id}/draft", DraftView)

    def evidence(self, run_id: str) -> list[Evidence]:
        """All evidence so far."""
        return self._list(f"runs/{run_id}/evidence", Evidence)

    def note(self, run_id: str, handle: str) -> NoteText:
        """A note, whole."""
        return self._get(f"runs/{run_id}/notes/{handle}", NoteText)

    def outline(self, run_id: str, imaging: str, point_voxel: tuple[float, float, float]) -> Outlined:
        """Outline and measure what is at a point of a scan (voxel indices of the file)."""
        body = {"imaging": imaging, "point_voxel": point_voxel}
        return self._send("POST", f"runs/{run_id}/outline", Outlined, json=body, timeout=300.0)

    def what_if(
        self, run_id: str, models: Sequence[str], overrides: Iterable[Override] = (), *, explain: bool = False
    ) -> WhatIf:
        """Risk models with facts changed. Nothing of it enters the draft."""
        changed = [item.model_dump(mode="json") for item in overrides]
        body = {"models": list(models), "overrides": changed, "explain": explain}
        return self._send("POST", f"runs/{run_id}/what-if", WhatIf, json=body)

    def what_would_change(self, run_id: str, evidence_id: str) -> WhatWouldChange:
        """Why a recommendation applies or does not, and the nearest facts that would turn it."""
        return self._get(f"runs/{run_id}/evidence/{evidence_id}/nearest", WhatWouldChange)

    def views(self, run_id: str, evidence_id: str) -> LesionViews:
        """Pictures that explain an image finding, and its DICOM-SEG where the scan is a DICOM series."""
        return self._send("POST", f"runs/{run_id}/evidence/{evidence_id}/views", LesionViews, timeout=300.0)

    def segmentation(self, run_id: str, name: str) -> bytes:
        """A DICOM-SEG that `views` named."""
        return self._request("GET", f"runs/{run_id}/segmentations/{name}").content

    def check_edit(self, run_id: str, index: int, text: str) -> Verdict:
        """What the verifier says of a statement with another text."""
        body = {"index": index, "text": text}
        return self._send("POST", f"runs/{run_id}/check-edit", CheckedEdit, json=body).verdict

    def decisions(self, run_id: str) -> Decisions:
        """The decisions so far that are not signed yet."""
        return self._get(f"runs/{run_id}/decisions", Decisions)

    def keep_decisions(self, run_id: str, draft_hash: str, decisions: Sequence[Decision]) -> Decisions:
        """Keep decisions that are not signed yet."""
        return self._send("PUT", f"runs/{run_id}/decisions", Decisions, json=_decided(draft_hash, decisions))

    def sign(self, run_id: str, draft_hash: str, decisions: Sequence[Decision], reviewer: str) -> DraftView:
        """Sign the draft with a decision on every statement."""
        body = _decided(draft_hash, decisions) | {"reviewer": reviewer}
        return self._send("POST", f"runs/{run_id}/sign", DraftView, json=body)

    def export(self, run_id: str, form: Export = "json") -> bytes:
        """The report as HTML, JSON or FHIR."""
        return self._request("GET", f"runs/{run_id}/report.{form}").content

    def _get(self, path: str, record: type[M]) -> M:
        return self._send("GET", path, record)

    def _list(self, path: str, record: type[M]) -> list[M]:
        return TypeAdapter(list[record]).validate_json(self._request("GET", path).content)  # type: ignore[valid-type]

    def _send(self, method: str, path: str, record: type[M], **more: Any) -> M:
        return record.model_validate_json(self._request(method, path, **more).content)

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:
        for attempt in range(1, TRIES + 1):
            try:
                answer = self._http.send(self._http.build_request(method, f"/api/{path}", **more))
            except httpx.TransportError as error:
                if attempt == TRIES or method == "POST":
                    raise _unreachable(error) from None
                time.sleep(0.5 * attempt)
                continue
            if answer.status_code != 429 or attempt == TRIES:
                break
            time.sleep(float(answer.headers.get("Retry-After", "5")))
        if answer.status_code >= 400:
            raise _refused(answer)
        return answer


def _decided(draft_hash: str, decisions: Sequence[Decision]) -> dict[str, Any]:
    return {"draft_hash": draft_hash, "decisions": [item.model_dump(mode="json") for item in decisions]}


def _refused(answer: httpx.Response) -> ServiceError:
    try:
        trouble = Trouble.model_validate_json(answer.content)
    except ValueError:
        trouble = Trouble(kind="failed", message=f"HTTP {answer.status_code}")
    return ServiceError(answer.status_code, trouble)


def _unreachable(error: Exception) -> ServiceError:
    return ServiceError(0, Trouble(kind="failed", message=f"The service cannot be reached ({type(error).__name__})."))
