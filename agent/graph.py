"""The agent as a LangGraph graph.

    think ⇄ call_tool (parallel)  ─►  write ─► verify ─► (write again, at most twice) ─► await_physician ─► sign
                                                                        ▲                      │
                                                                        └── think ◄── question ┘

A physician who states a fact in the conversation gets a new draft (redraft).

The graph does not know which chat model it has. Numbers, files and evidence live in the run store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt

from agent.builtin.reading import REPEATED
from agent.completing import FALLBACK, MAX_ROUNDS, NAME, merged, open_calls, recent, repeated, stuck, without_attempts
from agent.consent import declined_germline
from agent.draft import Draft, Verification
from agent.live import Checker, Live
from agent.review import proposals, sign
from agent.runs import Run, RunStore
from agent.speaking import Budget, Speaker
from agent.state import CallInput, State
from agent.toolbox import Known, Toolbox, schemas, show_evidence
from agent.verify import Verifier
from agent.writing import as_call, read_draft, schema
from knowledge.errors import ToolRetry
from prompts.loader import prompt
from tools.case import Case, Language
from tools.evidence import Evidence
from tools.intake.evidence import case_evidence
from tools.language import language_asked_for, spoken_language

MAX_TURNS = 12
MAX_CALLS_PER_TURN = 16
MAX_REPAIRS = 2
MAX_MISREADINGS = 2
READY = "READY"


@dataclass(frozen=True)
class Desk:
    """What the nodes of one run work with."""

    run: Run
    case: Case
    store: RunStore
    model: BaseChatModel
    fallback: BaseChatModel
    completing: bool = True  # whether the built-in model does what the run's model leaves undone

    @property
    def toolbox(self) -> Toolbox:
        """The tools, bound to this run."""
        return Toolbox(self.run.id, self.case, self.store, self.run.language)

    def system(self, language: Language) -> SystemMessage:
        """What the agent is told of itself and of the case, and in which language it is to speak."""
        overview = json.dumps(case_overview(self.case, self.run.language), ensure_ascii=False)
        return SystemMessage(prompt("agent/system").render(case=overview, language=language))

    def language(self, state: State) -> Language:
        """The language that the physician asked for last, else that of the run; for an answer that of the question."""
        spoken = [str(m.text) for m in state["messages"] if isinstance(m, HumanMessage) and m.name is None]
        wanted = next((found for text in reversed(spoken) if (found := language_asked_for(text))), self.run.language)
        if state["mode"] == "draft" or language_asked_for(state["question"]):
            return wanted
        return spoken_language(state["question"], wanted)


def case_overview(case: Case, language: Language) -> dict[str, Any]:
    """The case as a model sees it: handles instead of files, evidence instead of raw values."""
    attachments = [
        {
            "handle": item.handle,
            "kind": item.kind,
            "modality": item.modality,
            "assembly": item.assembly,
            "origin": item.origin,
            "prompts": len(item.prompts),
        }
        for item in case.attachments
        if item.kind not in ("note", "fhir")
    ]
    return {
        "patient": case.patient.model_dump(mode="json"),
        "notes": [{"handle": note.handle, "title": note.title, "language": note.language} for note in case.notes],
        "medications": [{"drug": m.text, "fact": m.fact, "status": m.status} for m in case.medications],
        "attachments": attachments,
        "evidence": [show_evidence(item) for item in own_evidence(case, language)],
        "warnings": list(case.warnings),
    }


def own_evidence(case: Case, language: Language) -> list[Evidence]:
    """What can be cited before any tool has run: the case's records, and consent that is withheld."""
    declined = declined_germline(case, language)
    return [*case_evidence(case), *([declined] if declined else [])]


def initial_state(desk: Desk) -> State:
    """The state in which a run starts: the case's own evidence is in the ledger."""
    evidence = own_evidence(desk.case, desk.run.language)
    desk.store.add_evidence(desk.run.id, evidence)
    return State(
        messages=[HumanMessage(desk.run.question)],
        evidence=[item.id for item in evidence],
        warnings=list(desk.case.warnings),
        mode="draft",
        question=desk.run.question,
        turns=0,
        attempts=0,
        review=None,
    )


def build_graph(desk: Desk) -> StateGraph[State]:
    """The graph of one run, not yet compiled. Compile it with a checkpointer."""
    graph = StateGraph(State)
    nodes = _Nodes(desk)
    graph.add_node("think", nodes.think)
    graph.add_node("call_tool", nodes.call_tool, input_schema=CallInput)
    graph.add_node("write", nodes.write)
    graph.add_node("verify", nodes.verify)
    graph.add_node("await_physician", nodes.await_physician)
    graph.add_edge(START, "think")
    graph.add_conditional_edges("think", nodes.after_thinking, ["call_tool", "think", "write"])
    graph.add_edge("call_tool", "think")
    graph.add_edge("write", "verify")
    graph.add_node("redraft", nodes.redraft)
    graph.add_conditional_edges("verify", nodes.after_verifying, ["write", "await_physician", "redraft"])
    graph.add_edge("redraft", "think")
    return graph


class _Nodes:
    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.speaker = Speaker(desk.run, desk.store, desk.model, desk.fallback, Budget.from_environment())
        self._known: Checker | None = None

    def think(self, state: State) -> dict[str, Any]:
        """One turn of the model: it calls tools, or says that nothing is left to call."""
        offered, system = schemas(self.desk.case), self.desk.system(self.desk.language(state))
        record: dict[str, Any] = {}
        answer = AIMessage(READY, name=NAME)
        if state["turns"] < MAX_TURNS and not stuck(state["messages"]):
            said = [system, *state["messages"]]
            answer, record = self.speaker.ask(state, said, offered, get_stream_writer())
        answer = _limited(answer, state)
        answer.name = answer.name or self._speaks(state, record)
        again = repeated(_calls(answer), state["messages"])
        answers = [ToolMessage(REPEATED, name=call["name"], tool_call_id=call["id"]) for call in again]
        messages = [answer, *answers]
        if not answer.tool_calls:
            record = record | self._completed(state, record, answer, system, offered)
            messages += record.pop("completed", [])
        return record | {"messages": messages, "turns": state["turns"] + 1}

    @staticmethod
    def _speaks(state: State, record: Mapping[str, Any]) -> str | None:
        """The name under which the run's model, or the built-in one after it failed, has just answered."""
        return FALLBACK if state.get("model_failed") or record.get("model_failed") else None

    def _completed(
        self,
        state: State,
        record: dict[str, Any],
        answer: AIMessage,
        system: SystemMessage,
        offered: list[dict[str, Any]],
    ) -> dict[str, Any]:
        """`completed`: a message with the calls that this case asks for and the model did not make; with a warning."""
        failed = self._speaks(state, record) is not None
        wanted = state["mode"] == "draft" or not (READY in answer.text.upper() or recent(state["messages"]))
        if not self.desk.completing or failed or not wanted or state["turns"] >= MAX_TURNS + MAX_ROUNDS:
            return {}
        stamp = len(state["messages"])
        calls = [
            {**call, "id": f"completed-{stamp}-{place}"}
            for place, call in enumerate(open_calls(self.desk.fallback, system, state["messages"], offered))
        ]
        if not calls:
            return {}
        names = ", ".join(dict.fromkeys(call["name"] for call in calls))
        text = f"This case also asks for {names}; called in your place."
        warning = f"The model {self.desk.run.model} did not call {names} as the case asks for; called in its place."
        made = [HumanMessage(text, name="consilium"), AIMessage("", name=NAME, tool_calls=calls)]
        return {"completed": made, "warnings": [*record.get("warnings", ()), warning]}

    def after_thinking(self, state: State) -> list[Send] | Literal["think", "write"]:
        """To the tools in parallel, or to the draft; back to the model that only repeated itself."""
        newest = next(m for m in reversed(state["messages"]) if isinstance(m, AIMessage))
        answered = {m.tool_call_id for m in state["messages"] if isinstance(m, ToolMessage)}
        calls = [call for call in _calls(newest) if call["id"] not in answered]
        if not calls:
            return "think" if newest.tool_calls else "write"
        spoken = [str(m.text) for m in state["messages"] if isinstance(m, HumanMessage) and m.name is None]
        known, language = state["evidence"], self.desk.language(state)
        return [
            Send("call_tool", CallInput(call=dict(call), evidence=known, spoken=spoken, language=language))
            for call in calls
        ]

    def call_tool(self, state: CallInput) -> dict[str, Any]:
        """One tool call; its errors become text for the model."""
        call, tell = state["call"], get_stream_writer()
        tell({"event": "tool_started", "tool": call["name"], "arguments": call["args"], "call": call["id"]})

        def progress(text: str) -> None:
            tell({"event": "tool_progress", "tool": call["name"], "text": text, "call": call["id"]})

        known = Known(tuple(state["evidence"]), tuple(state["spoken"]))
        toolbox = replace(self.desk.toolbox, language=state.get("language", self.desk.run.language))
        outcome = toolbox.call(call["name"], call["args"], known, progress, call["id"])
        tell(
            {
                "event": "tool_finished",
                "tool": call["name"],
                "call": call["id"],
                "evidence": list(outcome.evidence),
                "warnings": list(outcome.warnings),
                "failed": outcome.failed,
                "text": outcome.content if outcome.failed else "",
            }
        )
        message = ToolMessage(
            outcome.content,
            name=call["name"],
            tool_call_id=call["id"],
            status="error" if outcome.failed else "success",
        )
        return {"messages": [message], "evidence": list(outcome.evidence), "warnings": list(outcome.warnings)}

    def write(self, state: State) -> dict[str, Any]:
        """The draft or answer. A model that cannot be read after two tries is replaced by the built-in one."""
        language = self.desk.language(state)
        request = prompt(f"agent/{state['mode']}").render(question=state["question"], language=language)
        system, asked = self.desk.system(language), HumanMessage(request, name="consilium")
        if state["attempts"] > MAX_REPAIRS:
            draft, record = self._replaced(state, system, asked)
        else:
            draft, record = self._read(state, [system, *state["messages"], asked])
        call = as_call(draft.statements, f"write-{len(state['messages'])}")
        call.name = NAME if state["attempts"] > MAX_REPAIRS else self._speaks(state, record)
        return record | {
            "messages": [call],
            "written": draft.model_dump(mode="json", exclude={"hash"}),
            "attempts": state["attempts"] + 1,
        }

    def _replaced(self, state: State, system: SystemMessage, asked: HumanMessage) -> tuple[Draft, dict[str, Any]]:
        """The draft with what could not be verified replaced by the built-in model's sentences, and a warning."""
        draft = Draft.model_validate(state["written"])
        said = [system, *without_attempts(state["messages"]), asked]
        answer = self.desk.fallback.bind_tools([schema()]).invoke(said)
        header = {"case_id": draft.case_id, "question": draft.question, "language": draft.language}
        own = read_draft(answer, header, synthetic=draft.synthetic)
        checker, verification = self._checker(state), Verification.model_validate(state["verification"])
        whole, lost = merged(draft, verification, own, checker.verification(own))
        Live(checker, get_stream_writer(), state["mode"], state["attempts"] + 1).all(whole)
        if not lost:
            return whole, {}
        counts = ", ".join(f"{section} {number}" for section, number in lost.items())
        warning = (
            f"{sum(lost.values())} statements of the model {self.desk.run.model} could not be verified ({counts}); "
            "the built-in model's stand in their place."
        )
        return whole, {"warnings": [warning]}

    def _read(self, state: State, said: list[AnyMessage]) -> tuple[Draft, dict[str, Any]]:
        """The draft that the model writes; after `MAX_MISREADINGS` that cannot be read, the built-in one's.

        Each statement is verified and told while the model is still writing.
        """
        run, record, tell = self.desk.run, dict[str, Any](), get_stream_writer()
        header = {"case_id": self.desk.case.id, "question": state["question"], "language": self.desk.language(state)}
        live = Live(self._checker(state), tell, state["mode"], state["attempts"] + 1)

        def written(known: Mapping[str, Any]) -> Draft:
            answer, more = self.speaker.ask({**state, **known}, said, [schema()], tell, "write_draft", live)
            record.update(more)
            builtin = bool(known.get("model_failed"))  # quotes sources in their language, however few its sentences
            draft = read_draft(answer, header, synthetic=self.desk.case.synthetic, any_language=builtin)
            live.end(draft)
            return draft

        for _ in range(MAX_MISREADINGS):
            try:
                return written(record), record
            except ToolRetry as error:
                said = [*said, HumanMessage(str(error), name="consilium")]
        draft = written({"model_failed": True})
        warning = f"The model {run.model} wrote no draft that can be read; the built-in model wrote it."
        return draft, record | {"warnings": [*record.get("warnings", ()), warning]}

    def _checker(self, state: State) -> Checker:
        """The verifier over what the state knows; the same one while nothing is added to it."""
        ids, language = tuple(state["evidence"]), self.desk.language(state)
        if self._known is None or (self._known.ids, self._known.verifier.language) != (ids, language):
            held = self.desk.store.evidence(self.desk.run.id)
            case = self.desk.store.case_with_conversation(self.desk.run.id)
            verifier = Verifier({item: held[item] for item in ids}, case, language)
            self._known = Checker(verifier, ids)
        return self._known

    def verify(self, state: State) -> dict[str, Any]:
        """Check every statement; tell the model what fails, and the physician what is left."""
        draft = Draft.model_validate(state["written"])
        verification = self._checker(state).verification(draft)
        content = _repair_request(draft, verification) if verification.unsupported else "Every statement is supported."
        call = _calls(state["messages"][-1])[-1]
        failed = len(verification.unsupported)
        again = bool(failed) and state["attempts"] <= self._tries(state)
        get_stream_writer()(
            {"event": "verified", "mode": state["mode"], "statements": len(draft.statements), "unsupported": failed}
            | {"again": again}
        )
        update: dict[str, Any] = {
            "messages": [ToolMessage(content, name="write_draft", tool_call_id=call["id"])],
            "verification": verification.model_dump(mode="json"),
        }
        if state["mode"] == "draft":
            update |= {"draft": state["written"], "draft_verification": update["verification"]}
        return update

    def after_verifying(self, state: State) -> Literal["write", "await_physician", "redraft"]:
        """Repair what is not supported, at most twice; then the built-in model replaces it, or it is shown as it is.

        After an answer in which the physician added facts, the draft is written again.
        """
        failed = Verification.model_validate(state["verification"]).unsupported
        if failed and state["attempts"] <= self._tries(state):
            return "write"
        return "redraft" if state["mode"] == "answer" and self._physician_added(state) else "await_physician"

    def _tries(self, state: State) -> int:
        """How often a draft may be written again, the built-in model's turn included."""
        return MAX_REPAIRS + int(self.desk.completing and not state.get("model_failed"))

    def _physician_added(self, state: State) -> bool:
        """Whether the physician has stated facts since the newest question."""
        asked = [i for i, m in enumerate(state["messages"]) if isinstance(m, HumanMessage)]
        since = state["messages"][asked[-1] :]
        return any(m.name == "record_statement" and m.status == "success" for m in since if isinstance(m, ToolMessage))

    def redraft(self, state: State) -> dict[str, Any]:  # noqa: ARG002
        """Set out to write the draft again with what the physician added."""
        question = self.desk.run.question
        request = HumanMessage(prompt("agent/redraft").render(question=question), name="redraft")
        return {"messages": [request], "mode": "draft", "question": question, "turns": 0, "attempts": 0, "spent": {}}

    def await_physician(self, state: State) -> Command[Literal["think", "__end__"]]:
        """Wait for a question or a review. Runs again from the top when it is resumed, so it only reads before."""
        draft = Draft.model_validate(state["draft"])
        given = interrupt(proposals(draft, Verification.model_validate(state["draft_verification"])))
        if given["type"] == "question":
            update = {
                "messages": [HumanMessage(given["text"])],
                "mode": "answer",
                "question": given["text"],
                "turns": 0,
                "attempts": 0,
                "spent": {},
            }
            return Command(goto="think", update=update)
        review = sign(draft, given["decisions"], given["reviewer"], given["versions"], given["signed_at"])
        return Command(goto="__end__", update={"review": review.model_dump(mode="json")})


def _calls(message: AnyMessage) -> list[dict[str, Any]]:
    return [dict(call) for call in message.tool_calls] if isinstance(message, AIMessage) else []


def _limited(answer: AIMessage, state: State) -> AIMessage:
    """The answer with at most the allowed calls, each with an id; none once the turns are used up."""
    calls = [] if state["turns"] >= MAX_TURNS else answer.tool_calls[:MAX_CALLS_PER_TURN]
    stamp = len(state["messages"])
    taken = {c["id"] for m in state["messages"] if isinstance(m, AIMessage) for c in m.tool_calls}
    named: list[dict[str, Any]] = []
    for place, call in enumerate(calls):
        own = call.get("id")
        fresh = own if own and own not in taken else f"call-{stamp}-{place}"
        taken.add(fresh)
        named.append({**call, "id": fresh})
    content = answer.content if isinstance(answer.content, str) else answer.text
    return AIMessage(content=content, name=answer.name, tool_calls=named, usage_metadata=answer.usage_metadata)


def _repair_request(draft: Draft, verification: Verification) -> str:
    problems = [
        {
            "index": verdict.index,
            "text": draft.statements[verdict.index].text,
            "reasons": "; ".join(problem.message for problem in verdict.problems),
        }
        for verdict in verification.unsupported
    ]
    return prompt("agent/repair").render(problems=problems)
