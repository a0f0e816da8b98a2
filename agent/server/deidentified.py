"""What a researcher gets: the same records, with every text de-identified on the way out.

Nothing of a case reaches a researcher but through here (`agent.server.gate`). Stand-ins and the shift of dates are
those of the case, so that answers fit together; the day on which Consilium worked is not shifted: it is none of the
patient's.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections import OrderedDict
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from agent.runs import RunStore
from knowledge.errors import ToolFailed
from knowledge.facts import vocabulary
from tools.case import Case
from tools.deid.ages import capped, is_age_key
from tools.deid.identifiers import Kind
from tools.deid.surrogates import Surrogates
from tools.deid.unsure import why_unsure

_CACHED = 64
_SHORTEST_ID = 3
_JUDGED_FROM_CHARACTERS = 400
# What the service makes itself: ids, times of its own work, words of fixed lists.
_KEPT = frozenset(
    [
        "id",
        "created",
        "signed_at",
        "draft_hash",
        "state",
        "status",
        "kind",
        "kind_label",
        "language",
        "model",
        "type",
        "handle",
        "tool",
        "tool_version",
        "data_release",
        "section",
        "unit",
        "mode",
        "link",
        "url",
        "sha256",
        "artifact",
        "picture",
        "assembly",
        "sex",
        "modality",
    ]
)
# Digits alone may be the number of a telephone or of a patient.
_HASH = re.compile(r"^(?:[a-z]{1,6}-)?(?=[0-9]*[a-f])[0-9a-f]{12,64}$")
# A number of years in any wording that ages are not written in: better one duration too many.
_OLD = re.compile(r"(?<![\d.])(?:9\d|1[0-2]\d)(?:\.\d+)?(?=[\s-]*(?:years?|yrs?|y\.?o?|a)\b|\s*周?岁)", re.IGNORECASE)
_DROPPED = frozenset({"reviewer", "emergency"})


class View:
    """One case as a researcher sees it."""

    def __init__(self, case: Case, key: bytes) -> None:
        self._lock = threading.Lock()
        self._surrogates = Surrogates(key)
        self._names = {a.name: a.handle for a in case.attachments} | {n.title: n.handle for n in case.notes}
        self._names |= {a.sample: f"sample of {a.handle}" for a in case.attachments if a.sample}
        self._stand_ins = {text: self._surrogates.of(Kind.ID, text) for text in (case.patient.id, case.id)}
        longer = sorted((text for text in self._stand_ins if len(text) >= _SHORTEST_ID), key=len, reverse=True)
        either = "|".join(map(re.escape, longer))
        self._literal = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE) if longer else None
        for note in case.notes:
            self._surrogates.hide(note.text)

    def of(self, value: Any, key: str = "") -> Any:
        """A JSON value, de-identified. Raises `ToolFailed` for a text that the rules cannot judge."""
        with self._lock:
            return self._walk(value, key)

    def _walk(self, value: Any, key: str) -> Any:
        if key in _DROPPED:
            return [] if isinstance(value, list) else None
        if key == "settings":
            return value
        if isinstance(value, dict):
            made = {name: self._walk(one, name) for name, one in value.items()}
            if isinstance(value.get("patient"), dict):
                made["patient"] = self._patient(value["patient"])
            if is_age_key(str(value.get("name", ""))):
                made["value"] = capped(made.get("value"))
            return made
        if isinstance(value, list):
            return [self._walk(one, key) for one in value]
        if is_age_key(key):
            value = capped(value)
        return self._text(value, key) if isinstance(value, str) else value

    def _patient(self, patient: dict[str, Any]) -> dict[str, Any]:
        known = self._stand_ins.get(str(patient.get("id")), "[ID-1]")
        return patient | {"id": known, "age_years": capped(patient.get("age_years"))}

    def _text(self, text: str, key: str) -> str:
        if text in self._names:
            return self._names[text]
        if text in self._stand_ins:
            return self._stand_ins[text]
        if key in _KEPT or _HASH.match(text) or text in vocabulary():
            return text
        reason = why_unsure(text) if len(text) >= _JUDGED_FROM_CHARACTERS else None
        if reason is not None:
            raise ToolFailed(f"This cannot be shown de-identified: {reason}.")
        if self._literal is not None:
            text = self._literal.sub(lambda found: self._stand_in(found[0]), text)
        for name, handle in self._names.items():
            if len(name) >= _SHORTEST_ID:
                text = text.replace(name, handle)
        return _OLD.sub("90+", self._surrogates.hide(text))

    def _stand_in(self, text: str) -> str:
        return next(made for known, made in self._stand_ins.items() if known.lower() == text.lower())


class Views:
    """The views of runs, made when they are first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, int], View] = OrderedDict()

    def of(self, store: RunStore, run_id: str) -> View:
        """The view of a run as it stands."""
        case = store.case_with_conversation(run_id)
        key = (run_id, len(case.notes))
        with self._lock:
            found = self._made.get(key)
        if found is not None:
            return found
        made = View(case, hashlib.sha256(store.seal(run_id).blind("de-identified view").encode()).digest())
        with self._lock:
            self._made[key] = made
            while len(self._made) > _CACHED:
                self._made.popitem(last=False)
        return made


_VIEWS = Views()


class Deidentifying:
    """Takes the messages of an answer and sends them on de-identified; an answer that is not JSON is not sent."""

    def __init__(self, store: RunStore, run_id: str | None, send: Send) -> None:
        self._store, self._run_id, self._send = store, run_id, send
        self._start: Message = {}
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        """Collect one message; the last one sends everything."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = await run_in_threadpool(self._changed)
        headers = MutableHeaders(scope=self._start)
        headers["Content-Length"] = str(len(body))
        headers["Content-Type"] = "application/json"
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": body})

    def _changed(self) -> bytes:
        try:
            given = json.loads(bytes(self._body))
            changed = self._listed(given) if self._run_id is None else self._of(self._run_id).of(given)
        except ToolFailed as error:
            self._start["status"], changed = 409, {"kind": "failed", "message": str(error)}
        except ValueError:
            self._start["status"], changed = 403, {"kind": "refused", "message": "There is no de-identified view."}
        return json.dumps(changed, ensure_ascii=False).encode()

    def _listed(self, given: Any) -> Any:
        """A list of runs, each by its own view; anything else only if it names no run."""
        if not isinstance(given, list):
            return {name: given[name] for name in ("kind", "message") if name in given}
        return [self._of(str(one["id"])).of(one) for one in given]

    def _of(self, run_id: str) -> View:
        return _VIEWS.of(self._store, run_id)
