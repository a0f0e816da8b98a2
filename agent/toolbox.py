"""Tools as a chat model sees them: schemas to bind, one call to run, the result as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent.consent import require_consent
from agent.runs import RunStore
from agent.tracing import recorded
from knowledge.errors import ToolFailed, ToolRetry
from knowledge.facts import Fact
from tools.case import Case, Language
from tools.evidence import Evidence, ToolResult, content_hash
from tools.registry import ToolContext, call_tool, get_tool, tool_names

MAX_PAYLOAD_CHARACTERS = 40_000
_LEFT_OUT = frozenset({"text", "job", "needed_by", "fit"})
_DATED = frozenset({"image_finding", "note_span"})


def schemas(case: Case) -> list[dict[str, Any]]:
    """OpenAI-style function schemas of the tools that this case has input for."""
    found = []
    for name in tool_names():
        spec = get_tool(name)
        if spec.needs and not any(case.of_kind(kind) for kind in spec.needs):
            continue
        parameters = spec.arguments.model_json_schema()
        found.append(
            {"type": "function", "function": {"name": name, "description": spec.summary, "parameters": parameters}}
        )
    return found


@dataclass(frozen=True)
class CallOutcome:
    """What one tool call gave: text for the model, new evidence, warnings; `failed` says which kind of error."""

    content: str
    evidence: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failed: str | None = None


@dataclass(frozen=True)
class Known:
    """What is known when a call is made: ids of the evidence so far, and the physician's own messages."""

    evidence: tuple[str, ...]
    spoken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Toolbox:
    """Runs tool calls for one run and keeps their results."""

    run_id: str
    case: Case
    store: RunStore
    language: Language

    def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        known: Known,
        progress: Callable[[str], None],
        call_id: str | None = None,
    ) -> CallOutcome:
        """Run one call, or return the stored result of the same call. Errors become text for the model."""
        with recorded(self.store, self.run_id, "execute_tool", _known_name(name)) as span:
            span.note(gen_ai__tool__name=_known_name(name), consilium__call=call_id and call_mark(call_id))
            try:
                require_consent(self.case, arguments, self.language)
                key = self._key(name, arguments, known)
                stored = self.store.finished_call(self.run_id, key)
                span.note(consilium__stored_result=stored is not None)
                if stored is None:
                    stored = self._run(name, arguments, known, progress, key)
                span.note(consilium__evidence=len(stored["evidence"]))
                return CallOutcome(stored["content"], tuple(stored["evidence"]), tuple(stored["warnings"]))
            except ToolRetry as error:
                span.note(error__type="ToolRetry")
                return CallOutcome(f"The call cannot be run as it is. {error}", failed="retry")
            except ToolFailed as error:
                span.note(error__type=type(error).__name__)
                return CallOutcome(f"The tool cannot answer for this case. {error}", (), (str(error),), "failed")

    def _key(self, name: str, arguments: Mapping[str, Any], known: Known) -> str:
        ledger = sorted(known.evidence) if get_tool(name).uses_ledger else []
        return content_hash([name, get_tool(name).version, dict(arguments), ledger, self.language])

    def _run(
        self,
        name: str,
        arguments: Mapping[str, Any],
        known: Known,
        progress: Callable[[str], None],
        key: str,
    ) -> dict[str, Any]:
        held = self.store.evidence(self.run_id)
        context = ToolContext(
            case=self.case,
            artifacts=self.store.artifacts(self.run_id),
            ledger={item: held[item] for item in known.evidence if item in held},
            language=self.language,
            spoken=known.spoken,
            progress=progress,
        )
        result = call_tool(name, arguments, context)
        self.store.add_evidence(self.run_id, result.evidence)
        stored = {
            "content": render_result(result, get_tool(name).less_needed),
            "evidence": [item.id for item in result.evidence],
            "warnings": list(result.warnings),
        }
        self.store.finish_call(self.run_id, key, name, stored)
        return stored


def call_mark(call_id: str | None) -> str:
    """What stands for the id of a call in a span: a model chooses the id and could write anything into it."""
    return content_hash(call_id or "")[:16]


def _known_name(name: str) -> str:
    """The tool's name if there is such a tool; a model may have put anything in its place."""
    return name if name in tool_names() else "unknown"


def show_fact(fact: Fact) -> str | bool | int:
    """A fact's value with its unit, as a model reads it."""
    if isinstance(fact.value, bool | int) and fact.unit is None:
        return fact.value
    number = f"{fact.value:g}" if isinstance(fact.value, float) else str(fact.value)
    return f"{number} {fact.unit}" if fact.unit and fact.unit != "1" else number


def show_evidence(item: Evidence) -> dict[str, Any]:
    """Evidence as a model sees it: id, kind, claim, facts and the day of a scan or note; no file, no path."""
    shown: dict[str, Any] = {"id": item.id, "kind": item.kind, "claim": item.claim}
    if item.facts:
        shown["facts"] = {fact.name: show_fact(fact) for fact in item.facts}
    days = [fact.at for fact in item.facts if fact.at is not None]
    if days and item.kind in _DATED:
        shown["at"] = max(day.isoformat()[:10] for day in days)
    return shown


def render_result(result: ToolResult, less_needed: Sequence[str] = ()) -> str:
    """A tool result as compact JSON for the model. What is left out of a payload that is too long is counted."""
    payload = _shortened(_compact(result.payload.model_dump(mode="json")), less_needed)
    body: dict[str, Any] = {"evidence": [show_evidence(item) for item in result.evidence]}
    if result.warnings:
        body["warnings"] = list(result.warnings)
    if payload:
        body["payload"] = payload
    return json.dumps(body, ensure_ascii=False)


def _compact(value: Any) -> Any:
    """Plain data without what is empty, false or said elsewhere (texts stand in the evidence)."""
    if isinstance(value, dict):
        return {k: _compact(v) for k, v in value.items() if k not in _LEFT_OUT and (k == "value" or _says_something(v))}
    if isinstance(value, list):
        return [_compact(item) for item in value]
    return value


def _shortened(payload: dict[str, Any], less_needed: Sequence[str]) -> dict[str, Any]:
    """The payload within `MAX_PAYLOAD_CHARACTERS`: lists lose entries from their end, `less_needed` ones first."""
    left_out: dict[str, int] = {}
    while _length(payload) > MAX_PAYLOAD_CHARACTERS:
        lists = [name for name, value in payload.items() if isinstance(value, list) and value]
        if not lists:
            return {"left_out": "too long; the evidence holds what can be cited"}
        name = next((n for n in less_needed if n in lists), max(lists, key=lambda n: _length(payload[n])))
        kept = payload[name][: len(payload[name]) // 2]
        left_out[name] = left_out.get(name, 0) + len(payload[name]) - len(kept)
        payload = {**payload, name: kept}
    return payload | ({"left_out": left_out} if left_out else {})


def _length(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def _says_something(value: Any) -> bool:
    return value is not None and value is not False and value not in ([], {}, "")
