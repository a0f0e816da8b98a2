"""The one list of tools. It feeds the agent, the command line, the docs and argument validation.

A tool is a function of (context, arguments) to `ToolResult`. It holds no conversation. Modules are imported
when a tool is first looked up, and inside a tool heavy libraries are imported when it first runs.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from knowledge.errors import ToolFailed, ToolRetry
from knowledge.factbook import FactBook
from tools.artifacts import Artifacts
from tools.case import AttachmentKind, Case, Language
from tools.evidence import Evidence, ToolResult, fact_book

# Tool name -> "module:attribute" of its ToolSpec. The order is the order in which they are listed.
TOOLS: Mapping[str, str] = {
    "read_notes": "tools.notes.tool:SPEC",
    "segment_lesion": "tools.imaging.tool:SPEC",
    "annotate_variants": "tools.variants.tool:SPEC",
    "pharmacogenomics": "tools.pgx.tool:SPEC",
    "protein_site": "tools.protein.tool:SPEC",
    "predict_risk": "tools.risk.tool:SPEC",
    "differential": "tools.differential.tool:SPEC",
    "match_recommendations": "tools.guidelines.match:SPEC",
    "check_drugs": "tools.safety.tool:SPEC",
    "suppose_facts": "tools.whatif.tool:SPEC",
    "search_guidelines": "tools.guidelines.search:SPEC",
    "record_statement": "tools.dialogue.tool:SPEC",
}


class Arguments(BaseModel):
    """Base of every tool's arguments: unknown names are refused, and the model is told."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _no_progress(_: str) -> None:
    return None


@dataclass(frozen=True)
class ToolContext:
    """What a tool may see: the case, the evidence so far, and a place for pixels and tables.

    `spoken` holds the physician's own messages; `progress` takes a short plain sentence for whoever waits.
    """

    case: Case
    artifacts: Artifacts
    ledger: Mapping[str, Evidence] = field(default_factory=dict)
    language: Language = "en"
    spoken: tuple[str, ...] = ()
    progress: Callable[[str], None] = _no_progress

    def facts(self) -> FactBook:
        """The patient-scope facts of the ledger."""
        return fact_book(self.ledger.values())


A = TypeVar("A", bound=Arguments)


@dataclass(frozen=True)
class ToolSpec(Generic[A]):
    """Declaration of a tool.

    Attributes:
        summary: one or two sentences that tell a language model when to call it.
        needs: kinds of attachment of which the case must have at least one; empty if none is needed.
        slow: whether it usually takes more than a second.
        less_needed: lists of the payload that are shortened first when it is too long for a model, in this order.
        uses_ledger: whether its answer depends on evidence that came before (facts found by other tools).
    """

    name: str
    version: str
    summary: str
    arguments: type[A]
    payload: type[BaseModel]
    run: Callable[[ToolContext, A], ToolResult]
    needs: frozenset[AttachmentKind] = frozenset()
    slow: bool = False
    uses_ledger: bool = False
    less_needed: tuple[str, ...] = ()


def tool_names() -> tuple[str, ...]:
    """Names of all tools, in listing order."""
    return tuple(TOOLS)


def get_tool(name: str) -> ToolSpec[Any]:
    """The declaration of a tool. Raises `ToolRetry` for a name that is not in the registry."""
    target = TOOLS.get(name)
    if target is None:
        raise ToolRetry(f"There is no tool named {name!r}. The tools are: {', '.join(TOOLS)}.")
    module, attribute = target.split(":")
    spec: ToolSpec[Any] = getattr(importlib.import_module(module), attribute)
    return spec


def call_tool(name: str, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
    """Validate `arguments` and run the tool.

    Raises:
        ToolRetry: unknown tool, or arguments that do not fit; the text says how to mend them.
        ToolFailed: the tool cannot answer for this case.
    """
    spec = get_tool(name)
    try:
        parsed = spec.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors())
        raise ToolRetry(f"{name}: {problems}") from None
    if spec.needs and not any(context.case.of_kind(kind) for kind in spec.needs):
        raise ToolFailed(f"{name} needs {' or '.join(sorted(spec.needs))}, and this case has none.")
    return spec.run(context, parsed)
