"""Run the agent on one scripted case, through the same door as every other face of Consilium."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.service import Consilium
from evals.cases.loading import write_case
from evals.cases.model import ScriptedCase
from evals.scoring.outcome import CallMade, Outcome, TurnOutcome
from knowledge.errors import ConsiliumError
from tools import registry

_NOT_TOOLS = frozenset({"write_draft"})
RETRIEVAL = ("search_guidelines", "match_recommendations")
# Reading the case and hearing the physician stay: without them there is nothing to work on.
_KEPT = ("read_notes", "record_statement")


def named_tools(names: Sequence[str]) -> tuple[str, ...]:
    """Names of tools, where `retrieval` stands for both guideline tools and `tools` for every analysis tool.

    Raises:
        ToolRetry: a name that is neither a group nor in the registry.
    """
    groups = {"retrieval": RETRIEVAL, "tools": tuple(n for n in registry.TOOLS if n not in (*RETRIEVAL, *_KEPT))}
    found = [name for given in names for name in groups.get(given, (given,))]
    for name in found:
        registry.get_tool(name)
    return tuple(dict.fromkeys(found))


@contextmanager
def without_tools(names: Sequence[str]) -> Iterator[None]:
    """Take tools out of the registry for a while, in this process, so that what each adds can be measured.

    Raises:
        ToolRetry: a name that is neither a group (`retrieval`, `tools`) nor in the registry.
    """
    left_out = named_tools(names)
    whole = registry.TOOLS
    registry.TOOLS = {name: target for name, target in whole.items() if name not in left_out}
    try:
        yield
    finally:
        registry.TOOLS = whole


def run_case(case: ScriptedCase, model: str = "builtin", consilium: Consilium | None = None) -> Outcome:
    """The outcome of one case in a folder of its own, which is removed afterwards.

    An error of the agent is kept as the outcome's `error`, so that one case does not lose the others; one that is not
    typed (`ConsiliumError`) is called a bug there.
    """
    with tempfile.TemporaryDirectory(prefix="consilium-eval-") as name:
        folder = Path(name)
        service = consilium or Consilium(folder / "runs")
        write_case(case, folder / "case")
        started = time.perf_counter()
        try:
            return _work(case, service, folder / "case", model, started)
        except ConsiliumError as error:
            seconds = time.perf_counter() - started
            return Outcome(case_id=case.id, seconds=seconds, error=f"{type(error).__name__}: {error}")
        except Exception as error:
            logging.getLogger(__name__).exception("case %s ended in a bug", case.id)
            seconds = time.perf_counter() - started
            return Outcome(case_id=case.id, seconds=seconds, error=f"a bug: {type(error).__name__}: {error}")


def _work(case: ScriptedCase, service: Consilium, folder: Path, model: str, started: float) -> Outcome:
    run = service.start(folder, None, model, case.language)
    for _ in service.work(run.id):
        pass
    turns = [_turn(service, run.id, 0)]
    seen = len(service.messages(run.id))
    for follow_up in case.turns:
        for _ in service.ask(run.id, follow_up.say):
            pass
        turns.append(_turn(service, run.id, seen))
        seen = len(service.messages(run.id))
    recorded = service.store.spans(run.id)
    spans = [span for span in recorded if span.attributes.get("gen_ai.operation.name") == "chat"]
    tools = [span for span in recorded if span.attributes.get("gen_ai.operation.name") == "execute_tool"]
    return Outcome(
        case_id=case.id,
        turns=tuple(turns),
        evidence=tuple(service.store.evidence(run.id).values()),
        seconds=round(time.perf_counter() - started, 3),
        tool_seconds=round(sum(span.seconds for span in tools), 3),
        model_calls=len(spans),
        input_tokens=_total(spans, "gen_ai.usage.input_tokens"),
        output_tokens=_total(spans, "gen_ai.usage.output_tokens"),
    )


def _total(spans: Sequence[Any], name: str) -> int | None:
    """Tokens of all model calls; None where the model does not count them."""
    counts = [int(span.attributes[name]) for span in spans if name in span.attributes]
    return sum(counts) if counts else None


def _turn(service: Consilium, run_id: str, first: int) -> TurnOutcome:
    written, verification = service.answer(run_id)
    messages = service.messages(run_id)[first:]
    failed = {m.tool_call_id for m in messages if m.type == "tool" and m.status == "error"}
    calls = [call for message in messages if message.type == "ai" for call in message.tool_calls]
    return TurnOutcome(
        written=written,
        verification=verification,
        calls=tuple(
            CallMade(tool=call["name"], arguments=call["args"], failed=call["id"] in failed)
            for call in calls
            if call["name"] not in _NOT_TOOLS
        ),
    )
