"""The way in for every face of Consilium: start a run, ask, review, sign, report.

The command line, the HTTP service and the evaluations all use this class and nothing below it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from agent.builtin.model import BuiltinModel
from agent.casefiles import CaseFiles, scope_of
from agent.completing import as_script
from agent.draft import Draft, Report, Review, Verdict, Verification
from agent.faults import PREFIX
from agent.graph import Desk, build_graph, initial_state
from agent.llm import chat_model
from agent.review import edited, read_decisions
from agent.runs import UPLOADED, Run, RunStore, Span
from agent.scripted import ScriptedModel
from agent.trust.audit import AuditLog
from agent.trust.checkpoints import remove_checkpoints, sealed_saver
from agent.verify import verify
from agent.versions import stamp
from knowledge.errors import ToolFailed, ToolRetry
from knowledge.paths import home
from tools.artifacts import Artifacts
from tools.case import Case, Language
from tools.intake import read_case

Event = dict[str, Any]
RECURSION_LIMIT = 200
DEFAULT_QUESTION = {
    "en": "What are the most likely diagnosis, the risks and the treatment options?",
    "zh": "最可能的诊断、风险和治疗选择是什么？",
}


class Consilium:
    """All runs under one folder (by default the user's data folder)."""

    def __init__(self, directory: Path | None = None, model: BaseChatModel | None = None) -> None:
        """`model` replaces the model that a run names; tests and evaluations use it."""
        self.store = RunStore(directory or home() / "runs")
        self.files = CaseFiles(self.store.directory / "cases", self.store.vault)
        self.audit = AuditLog(self.store.directory, self.store.vault)
        self._model = model

    def start(
        self,
        folder: Path,
        question: str | None = None,
        model: str | None = None,
        language: Language = "en",
        uploaded: str | None = None,
    ) -> Run:
        """Read a case folder and record a run of it. No tool runs yet.

        Args:
            uploaded: the id of an uploaded case, whose files are open in `folder` (`files.opened`).

        Raises:
            BadInput: the case cannot be read; the text names file, place and what is accepted.
            ToolRetry, ToolFailed: the model cannot be had.
        """
        name = model or "builtin"
        if self._model is None:
            chat_model(name)
        case = read_case(folder)
        if name.startswith(f"{PREFIX}:") and not case.synthetic:
            raise ToolRetry(f"{name} answers wrongly on purpose: it is for cases with `synthetic: true` only.")
        asked = question or case.question or DEFAULT_QUESTION[language]
        scope = self.store.vault.folder_scope(folder) if uploaded is None else scope_of(uploaded)
        return self.store.create(case, asked, name, language, scope, folder if uploaded else None)

    def work(self, run_id: str) -> Iterator[Event]:
        """Work on a run until it waits for the physician; goes on where an interrupted run stopped.

        Yields events: `tool_started`, `tool_progress`, `tool_finished`, `node`, and at last `to_review`.
        """
        with self._graph(run_id) as (graph, desk, config):
            found = graph.get_state(config)
            if found.interrupts or found.values.get("review"):
                yield self._settle(graph, config, desk.run.id)
                return
            yield from self._stream(graph, desk, config, None if found.values else initial_state(desk))

    def ask(self, run_id: str, question: str) -> Iterator[Event]:
        """Ask a follow-up question; the answer is then in `answer`. Yields events as `work` does.

        Work that broke off is finished first. A question that states facts leads to a new draft.
        """
        if not question.strip():
            raise ToolRetry("The question is empty.")
        with self._graph(run_id) as (graph, desk, config):
            if graph.get_state(config).next and not graph.get_state(config).interrupts:
                yield from self._stream(graph, desk, config, None)
            self._require_waiting(graph, config, run_id)
            resume: Command[Any] = Command(resume={"type": "question", "text": question.strip()})
            yield from self._stream(graph, desk, config, resume)

    def answer(self, run_id: str) -> tuple[Draft, Verification]:
        """The newest draft or answer of a run with its verification."""
        values = self._values(run_id)
        return Draft.model_validate(values["written"]), Verification.model_validate(values["verification"])

    def check_edit(self, run_id: str, index: int, text: str) -> Verdict:
        """What the verifier says of statement `index` with its text changed to `text`."""
        report = self.report(run_id)
        changed = edited(report.draft, read_decisions([{"index": index, "action": "edit", "text": text}]))
        return verify(changed, report.ledger(), self.case(run_id)).verdicts[index]

    def sign(self, run_id: str, decisions: Sequence[Mapping[str, Any]], reviewer: str) -> Report:
        """Sign the draft with a decision on every statement, and keep the signed report.

        Raises:
            ToolRetry: decisions are missing or do not fit; nothing is signed then.
        """
        from agent.review import sign

        with self._graph(run_id) as (graph, desk, config):
            self._require_waiting(graph, config, run_id)
            versions = stamp(desk.run.model)
            signed_at = dt.datetime.now(dt.UTC).isoformat()
            draft = Draft.model_validate(graph.get_state(config).values["draft"])
            sign(draft, decisions, reviewer, versions, signed_at)
            payload = {
                "type": "review",
                "decisions": [dict(item) for item in decisions],
                "reviewer": reviewer,
                "versions": versions,
                "signed_at": signed_at,
            }
            graph.invoke(Command(resume=payload), config, durability="sync")
            self._settle(graph, config, desk.run.id)
        return self.report(run_id)

    def report(self, run_id: str) -> Report:
        """The draft with its evidence, verification and review, as it stands."""
        run = self.store.run(run_id)
        values = self._values(run.id)
        if "draft" not in values:
            raise ToolFailed(f"Run {run.id} has no draft yet. `consilium runs --resume {run.id}` goes on with it.")
        draft = Draft.model_validate(values["draft"])
        held = self.store.evidence(run.id)
        review = Review.model_validate(values["review"]) if values.get("review") else None
        return Report(
            run_id=run.id,
            state="signed" if review else "preliminary",
            draft=draft,
            evidence=tuple(held[item] for item in values["evidence"]),
            verification=Verification.model_validate(values["draft_verification"]),
            review=review,
            warnings=tuple(values.get("warnings", ())),
            settings=stamp(run.model) | _tool_seconds(self.store.spans(run.id)),
        )

    def replay(self, run_id: str) -> Draft:
        """The draft of a run, made again from its record: stored answers of the model, stored tool results.

        Neither the model nor any tool is asked. The draft is the same to the letter unless the record was altered.
        """
        values = self._values(run_id)
        said = as_script(values["messages"])
        questions = [m.text for m in values["messages"] if isinstance(m, HumanMessage) and m.name is None]
        run = self.store.run(run_id)
        rules = self._model is None and run.model == "builtin"
        model, case = ScriptedModel(script=said), self.store.case(run.id)
        desk = Desk(run, case, self.store, model, chat_model("builtin"), completing=not rules)
        graph = build_graph(desk).compile(checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": run.id}, "recursion_limit": RECURSION_LIMIT}
        graph.invoke(initial_state(desk), config)
        for question in questions[1:]:
            graph.invoke(Command(resume={"type": "question", "text": question}), config)
        return Draft.model_validate(graph.get_state(config).values["draft"])

    def case(self, run_id: str) -> Case:
        """The case of a run, with the conversation as further notes."""
        return self.store.case_with_conversation(run_id)

    @contextmanager
    def opened(self, run_id: str) -> Iterator[Case]:
        """The case of a run with its files open: those of an uploaded case are readable only inside this."""
        uploaded = self.store.uploaded(run_id)
        if uploaded is None:
            yield self.store.case_with_conversation(run_id)
            return
        with self.files.opened(uploaded) as folder:
            yield self.store.case_with_conversation(run_id, folder)

    def shred(self, scope: str) -> list[str]:
        """Destroy the content of a case for good, with its key, files and checkpoints; returns the ids of its runs."""
        found = self.store.shred(scope)
        remove_checkpoints(self.store.checkpoints, found)
        if scope.startswith(UPLOADED):
            self.files.remove(scope.removeprefix(UPLOADED))
        return found

    def messages(self, run_id: str) -> list[Any]:
        """The conversation of a run with its tool calls, as LangChain messages; evaluations count calls in it."""
        return list(self._values(run_id).get("messages", ()))

    def artifacts(self, run_id: str) -> Artifacts:
        """The masks and pictures of a run."""
        return self.store.artifacts(run_id)

    def _values(self, run_id: str) -> dict[str, Any]:
        with self._graph(run_id, lock=False) as (graph, _, config):
            return dict(graph.get_state(config).values)

    def _require_waiting(self, graph: CompiledStateGraph[Any], config: Any, run_id: str) -> None:
        if not graph.get_state(config).interrupts:
            raise ToolFailed(f"Run {run_id} is not waiting for a physician: it is unfinished or already signed.")

    def _stream(self, graph: CompiledStateGraph[Any], desk: Desk, config: Any, given: Any) -> Iterator[Event]:
        self.store.set_state(desk.run.id, "working")
        try:
            for mode, chunk in graph.stream(given, config, stream_mode=["custom", "updates"], durability="sync"):
                if mode == "custom":
                    yield cast(Event, chunk)
                elif "__interrupt__" not in chunk:
                    yield from ({"event": "node", "node": name} for name in chunk)
        except Exception as error:
            self.store.set_state(desk.run.id, "failed", type(error).__name__)
            raise
        yield self._settle(graph, config, desk.run.id)

    def _settle(self, graph: CompiledStateGraph[Any], config: Any, run_id: str) -> Event:
        """Bring the record of a run in line with its checkpoint, which alone says whether it was signed."""
        values = graph.get_state(config).values
        if not values.get("review"):
            self.store.set_state(run_id, "to_review")
            return {"event": "to_review", "run": run_id}
        if not self.store.reports(run_id):
            self.store.add_report(run_id, self.report(run_id).model_dump_json())
        self.store.set_state(run_id, "signed")
        return {"event": "signed", "run": run_id}

    @contextmanager
    def _graph(self, run_id: str, lock: bool = True) -> Iterator[tuple[CompiledStateGraph[Any], Desk, Any]]:
        run = self.store.run(run_id)
        model = self._model or (chat_model(run.model) if lock else chat_model("builtin"))
        saving = sealed_saver(self.store.checkpoints, self.store.seal(run.id), run.id)
        with self._lock(run.id, lock), self._files_of(run.id, wanted=lock) as case, saving as saver:
            rules = isinstance(model, BuiltinModel)
            desk = Desk(run, case, self.store, model, chat_model("builtin"), completing=not rules)
            graph = build_graph(desk).compile(checkpointer=saver)
            yield graph, desk, {"configurable": {"thread_id": run.id}, "recursion_limit": RECURSION_LIMIT}

    @contextmanager
    def _files_of(self, run_id: str, *, wanted: bool) -> Iterator[Case]:
        """The case of a run; with its files open where tools may read them."""
        uploaded = self.store.uploaded(run_id)
        if uploaded is None or not wanted:
            yield self.store.case(run_id)
            return
        with self.files.opened(uploaded) as folder:
            yield self.store.case(run_id, folder)

    @contextmanager
    def _lock(self, run_id: str, wanted: bool) -> Iterator[None]:
        """One process works on a run at a time; a second is told so at once."""
        if not wanted:
            yield
            return
        folder = self.store.directory / "locks"
        folder.mkdir(exist_ok=True)
        try:
            with FileLock(folder / f"{run_id}.lock", timeout=0):
                yield
        except Timeout:
            raise ToolFailed(f"Run {run_id} is being worked on by another process.") from None


def _tool_seconds(spans: Sequence[Span]) -> dict[str, str]:
    """Seconds that each tool took in all its calls, for the report."""
    seconds: dict[str, float] = {}
    for span in spans:
        tool = span.attributes.get("gen_ai.tool.name")
        if tool is not None:
            seconds[str(tool)] = seconds.get(str(tool), 0.0) + span.seconds
    return {f"seconds {tool}": f"{value:.1f}" for tool, value in seconds.items()}
