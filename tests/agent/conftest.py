"""A small case and a small registry, so that the graph can be tested without imaging or genomes."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from langchain_core.messages import AIMessage, BaseMessage

from agent.cli import main
from agent.scripted import ScriptedModel
from agent.service import Consilium
from knowledge.errors import ToolFailed
from knowledge.facts import Fact
from tools import registry
from tools.evidence import Calculation, Evidence, Provenance, Record, ToolResult

CASE_YAML = """
format: consilium-case/1
synthetic: true
patient: {id: T-1, age_years: 66, sex: female}
question: How large is the nodule?
conditions: [{condition: hypertension}]
"""


class _Nothing(registry.Arguments):
    pass


class _Echo(Record):
    calls: int


class Counter:
    """Counts how often the test tool really ran."""

    def __init__(self) -> None:
        self.calls = 0

    def measure(self, context: registry.ToolContext, _: registry.Arguments) -> ToolResult:
        self.calls += 1
        context.progress("measuring")
        evidence = Evidence(
            kind="image_finding",
            claim="A solid nodule in the right lung measures 14 mm.",
            facts=(Fact(name="nodule.longest_diameter", value=14, unit="mm"),),
            locator=Calculation(model="test", inputs=()),
            provenance=Provenance(tool="measure", tool_version="1"),
        )
        return ToolResult(payload=_Echo(calls=self.calls), evidence=(evidence,))

    def refuse(self, _context: registry.ToolContext, _arguments: registry.Arguments) -> ToolResult:
        raise ToolFailed("The scan has no spacing.")


def run(*arguments: str | Path) -> int:
    """The exit code of a command line."""
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    return int(left.value.code or 0)


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and a working folder of the test."""
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def case_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.yaml").write_text(CASE_YAML, encoding="utf-8")
    return folder


def install_tools(monkeypatch: pytest.MonkeyPatch, made: Counter, module: types.ModuleType) -> None:
    """Puts two tools into the registry: `measure` finds a nodule, `refuse` never answers."""
    for name, run in (("measure", made.measure), ("refuse", made.refuse)):
        spec = registry.ToolSpec(name, "1", f"The test tool {name}.", _Nothing, _Echo, run)
        setattr(module, name, spec)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(registry, "TOOLS", {n: f"{module.__name__}:{n}" for n in ("measure", "refuse")})


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> Counter:
    """The test tools, and how often `measure` really ran."""
    made = Counter()
    install_tools(monkeypatch, made, types.ModuleType("consilium_test_tools"))
    return made


def calls(*names: str) -> AIMessage:
    """A message that calls tools without arguments."""
    return AIMessage("", tool_calls=[{"name": n, "args": {}, "id": f"{n}-{i}"} for i, n in enumerate(names)])


def writes(text: str, *evidence: str, section: str = "findings", kind: str = "finding") -> AIMessage:
    """A message that hands in a draft of one statement."""
    item = {"section": section, "kind": kind, "text": text, "evidence": list(evidence)}
    return AIMessage("", tool_calls=[{"name": "write_draft", "args": {"statements": [item]}, "id": "w"}])


def nodule_id(messages: list[BaseMessage]) -> str:
    """The id of the nodule's evidence, as the model reads it in the tool's answer."""
    import json

    answers = [m for m in messages if m.type == "tool" and m.name == "measure" and m.text.startswith("{")]
    return str(json.loads(answers[-1].text)["evidence"][0]["id"])


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[..., Consilium]:
    """Makes a Consilium whose model follows a script."""

    def make(*script: object) -> Consilium:
        return Consilium(tmp_path / "runs", ScriptedModel(script=list(script)))

    return make
