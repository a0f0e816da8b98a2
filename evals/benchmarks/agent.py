"""What the agent's loop costs apart from tools and model, and how it bears fifty conversations at once.

python -m evals.benchmarks.agent [--runs 40] [--conversations 50] [--minutes 10] [--pause 10] [--out FILE]

The model is scripted and answers at once, in pieces; one small tool answers at once. So the seconds measured are those
of the graph, the verifier, the encrypted store and the checkpoints.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage

from agent.scripted import ScriptedModel
from agent.service import Consilium
from evals.benchmarks.measures import HEAD, machine, resident_mib, row
from knowledge.facts import Fact
from tools import registry
from tools.evidence import Calculation, Evidence, Provenance, Record, ToolResult

CASE = """
format: consilium-case/1
synthetic: true
patient: {id: BENCH-1, age_years: 66, sex: female}
question: How large is the nodule?
conditions: [{condition: hypertension}]
"""
CLAIM = "A solid nodule in the right lung measures 14 mm."
SAMPLE_S = 5.0


class _Nothing(registry.Arguments):
    pass


class _Empty(Record):
    pass


def _measure(_context: registry.ToolContext, _arguments: _Nothing) -> ToolResult:
    evidence = Evidence(
        kind="image_finding",
        claim=CLAIM,
        facts=(Fact(name="nodule.longest_diameter", value=14, unit="mm"),),
        locator=Calculation(model="benchmark"),
        provenance=Provenance(tool="measure", tool_version="1"),
    )
    return ToolResult(payload=_Empty(), evidence=(evidence,))


@contextmanager
def one_small_tool() -> Iterator[None]:
    """The registry with a single tool that answers at once."""
    module = types.ModuleType("consilium_benchmark_tools")
    vars(module)["measure"] = registry.ToolSpec("measure", "1", "Measures.", _Nothing, _Empty, _measure)
    kept, sys.modules[module.__name__] = registry.TOOLS, module
    registry.TOOLS = {"measure": f"{module.__name__}:measure"}
    try:
        yield
    finally:
        registry.TOOLS = kept
        del sys.modules[module.__name__]


def speaks(messages: list[BaseMessage], offered: frozenset[str]) -> AIMessage:
    """Calls the tool once, then writes three sentences that cite it."""
    answers = [m for m in messages if m.type == "tool" and m.name == "measure"]
    if "write_draft" in offered:
        found = json.loads(answers[-1].text)["evidence"][0]["id"]
        sections = ("findings", "most_likely", "follow_up")
        said = [{"section": s, "kind": "finding", "text": CLAIM, "evidence": [found]} for s in sections]
        return AIMessage("", tool_calls=[{"name": "write_draft", "args": {"statements": said}, "id": "w"}])
    if answers:
        return AIMessage("READY")
    return AIMessage("", tool_calls=[{"name": "measure", "args": {}, "id": "m"}])


def consilium_at(folder: Path) -> Consilium:
    """A service with its own store and a model that follows `speaks`."""
    return Consilium(folder, ScriptedModel(script=[speaks], remembers=0))


@dataclass
class Loop:
    """Milliseconds of single runs: until the first verified sentence, and in all."""

    first_sentence_ms: list[float] = field(default_factory=list)
    run_ms: list[float] = field(default_factory=list)


def loop(consilium: Consilium, case: Path, runs: int) -> Loop:
    """Runs one after the other; the first two warm up and do not count."""
    made = Loop()
    for number in range(runs + 2):
        run = consilium.start(case)
        began = time.perf_counter()
        first = 0.0
        for event in consilium.work(run.id):
            if event["event"] == "statement" and not first:
                first = time.perf_counter() - began
        if number > 1:
            made.first_sentence_ms.append(1000 * first)
            made.run_ms.append(1000 * (time.perf_counter() - began))
    return made


@dataclass
class Crowd:
    """Conversations at once: milliseconds from a question to its first event and to its end, errors, memory in MiB."""

    first_event_ms: list[float] = field(default_factory=list)
    answer_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)


def crowd(consilium: Consilium, case: Path, people: int, seconds: float, pause_s: float) -> Crowd:
    """`people` threads, each with a run of its own that it asks again `pause_s` after each answer."""
    made, until = Crowd(), time.monotonic() + seconds
    place = np.random.default_rng(7).uniform(0, pause_s, people)

    def talk(wait_s: float) -> None:
        try:
            run = consilium.start(case)
            time.sleep(wait_s)
            _timed(consilium.work(run.id), made)
            turn = 0
            while time.monotonic() < until:
                time.sleep(pause_s)
                turn += 1
                if turn % 20 == 0:
                    run = consilium.start(case)
                    _timed(consilium.work(run.id), made)
                _timed(consilium.ask(run.id, f"How large is it, asked for the time {turn}?"), made)
        except Exception as error:  # a count of errors is what is measured
            made.errors.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=talk, args=(float(wait),)) for wait in place]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        made.memory_mib.append(resident_mib())
        time.sleep(min(SAMPLE_S, seconds / 4))
    return made


def _timed(events: Iterator[object], made: Crowd) -> None:
    began = time.perf_counter()
    next(events)
    made.first_event_ms.append(1000 * (time.perf_counter() - began))
    for _ in events:
        pass
    made.answer_ms.append(1000 * (time.perf_counter() - began))


def table(single: Loop, many: Crowd, runs: int, people: int, minutes: float, pause_s: float) -> str:
    """The figures as Markdown."""
    memory = many.memory_mib
    half = memory[len(memory) // 2 :]
    return "\n".join(
        [
            "# The agent's loop",
            "",
            f"`python -m evals.benchmarks.agent --runs {runs} --conversations {people} --minutes {minutes:g} "
            f"--pause {pause_s:g}`, {machine()}; load average at the end {os.getloadavg()[0]:.1f}. "
            "The model is scripted and the tool answers at once: what is left is the loop, the verifier, the "
            "encrypted store and the checkpoints.",
            "",
            *HEAD,
            row("one run, until the first verified sentence", single.first_sentence_ms),
            row("one run, until it waits for the physician", single.run_ms),
            row(f"{people} conversations at once: a question's first event", many.first_event_ms),
            row(f"{people} conversations at once: the whole answer", many.answer_ms),
            "",
            f"Each of the {people} asks again {pause_s:g} s after an answer. Errors: {len(many.errors)}. "
            f"Resident memory: {memory[0]:.0f} MiB at the start, {half[0]:.0f} halfway, {memory[-1]:.0f} at the end, "
            f"{max(memory):.0f} at most.",
            "",
        ]
    )


def main() -> None:
    """Measure, print, and write the table where `--out` says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--conversations", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--pause", type=float, default=10, help="seconds between an answer and the next question")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, one_small_tool():
        case = Path(folder) / "case"
        case.mkdir()
        (case / "case.yaml").write_text(CASE, encoding="utf-8")
        consilium = consilium_at(Path(folder) / "runs")
        single = loop(consilium, case, given.runs)
        many = crowd(consilium, case, given.conversations, 60 * given.minutes, given.pause)
    text = table(single, many, given.runs, given.conversations, given.minutes, given.pause)
    sys.stdout.write(text)
    sys.stdout.write("".join(f"{error}\n" for error in many.errors[:5]))
    if given.out:
        given.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
