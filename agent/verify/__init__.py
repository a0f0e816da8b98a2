"""The verifier: says of every statement of a draft whether its evidence supports it. It uses no model."""

from __future__ import annotations

from collections.abc import Mapping

from agent.draft import Draft, Problem, Statement, Verdict, Verification
from agent.verify.checks import CHECKS, Context
from agent.verify.citation import Rarity, citation, inputs_of
from agent.verify.reading import read, support
from tools.case import Case
from tools.evidence import Evidence

# Problems that say "this could not be checked" rather than "this is not so".
_OPEN = frozenset({"citation_language", "criteria_open", "question_number"})

__all__ = ["verify", "verify_statement"]


def verify(draft: Draft, ledger: Mapping[str, Evidence], case: Case) -> Verification:
    """One verdict for each statement of `draft`, in order.

    Args:
        ledger: all evidence of the run by id.
        case: the case, for the notes that quotes are checked against.
    """
    rarity = Rarity.of(ledger.values())
    verdicts = (
        verify_statement(statement, ledger, case, index=index, language=draft.language, rarity=rarity)
        for index, statement in enumerate(draft.statements)
    )
    return Verification(draft_hash=draft.hash, verdicts=tuple(verdicts))


def verify_statement(
    statement: Statement,
    ledger: Mapping[str, Evidence],
    case: Case,
    *,
    index: int = 0,
    language: str = "en",
    rarity: Rarity | None = None,
) -> Verdict:
    """The verdict on one statement, such as a sentence just written or edited."""
    cited = tuple(ledger[i] for i in statement.evidence if i in ledger)
    context = Context(statement, read(statement.text), cited, support(cited), ledger, case, language)
    problems = list(_unknown(context))
    if not statement.evidence:
        problems += _uncited(context)
    elif cited:
        for check in CHECKS:
            problems += check(context)
        problems += citation(context, rarity or Rarity.of(ledger.values()), inputs_of(cited))
    return _verdict(index, problems)


def _unknown(context: Context) -> list[Problem]:
    unknown = [i for i in context.statement.evidence if i not in context.ledger]
    return [context.problem("unknown_evidence", text=i) for i in unknown]


def _uncited(context: Context) -> list[Problem]:
    if context.statement.kind != "question":
        return [context.problem("no_evidence")]
    everything = support(context.ledger.values())
    loose = Context(
        context.statement,
        context.reading,
        (),
        everything,
        context.ledger,
        context.case,
        context.language,
    )
    problems: list[Problem] = []
    for check in CHECKS[:3]:
        problems += check(loose)
    return [Problem(code="question_number", message=p.message) for p in problems]


def _verdict(index: int, problems: list[Problem]) -> Verdict:
    if not problems:
        return Verdict(index=index, status="supported")
    checkable = any(problem.code not in _OPEN for problem in problems)
    return Verdict(index=index, status="unsupported" if checkable else "cannot_check", problems=tuple(problems))
