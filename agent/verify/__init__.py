"""The verifier: says of every statement of a draft whether its evidence supports it. It uses no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from agent.draft import Draft, Problem, Statement, Verdict, Verification
from agent.verify.checks import CHECKS, UNCITED_CHECKS, Context
from agent.verify.citation import Rarity, citation, inputs_of
from agent.verify.copies import altered_copies
from agent.verify.proposals import Patient, because_of, criteria, safety
from agent.verify.reading import Support, read, support
from tools.case import Case
from tools.evidence import Evidence

# Problems that say "this could not be checked" rather than "this is not so".
OPEN_CODES = frozenset({"citation_language", "criteria_open", "uncited_question"})
# Problems that are shown beside a statement and do not change its verdict.
ADVISORY_CODES = frozenset({"caution"})

__all__ = ["Verifier", "verify", "verify_statement"]


def verify(draft: Draft, ledger: Mapping[str, Evidence], case: Case) -> Verification:
    """One verdict for each statement of `draft`, in order.

    Args:
        ledger: all evidence of the run by id.
        case: the case, for the notes that quotes are checked against and for allergies.
    """
    verifier = Verifier(ledger, case, draft.language)
    verdicts = tuple(verifier.verdict(statement, index) for index, statement in enumerate(draft.statements))
    return Verification(draft_hash=draft.hash, verdicts=verdicts)


def verify_statement(
    statement: Statement, ledger: Mapping[str, Evidence], case: Case, *, index: int = 0, language: str = "en"
) -> Verdict:
    """The verdict on one statement, such as a sentence just written or edited."""
    return Verifier(ledger, case, language).verdict(statement, index)


@dataclass(frozen=True)
class Verifier:
    """Checks statements against one ledger. Make a new one when the ledger grows."""

    ledger: Mapping[str, Evidence]
    case: Case
    language: str = "en"

    @cached_property
    def _rarity(self) -> Rarity:
        return Rarity.of(self.ledger)

    @cached_property
    def _patient(self) -> Patient:
        return Patient(self.ledger, self.case)

    @cached_property
    def _everything(self) -> Support:
        return support(self.ledger.values())

    def verdict(self, statement: Statement, index: int = 0) -> Verdict:
        """The verdict on one statement."""
        cited = tuple(self.ledger[name] for name in dict.fromkeys(statement.evidence) if name in self.ledger)
        context = self._context(statement, cited, support(cited))
        problems = [context.problem("unknown_evidence", text=i) for i in statement.evidence if i not in self.ledger]
        if not statement.evidence:
            problems += self._uncited(statement)
        elif cited:
            for check in (*CHECKS, altered_copies):
                problems += check(context)
            related = inputs_of(cited) | because_of(context, self._patient)
            problems += citation(context, self._rarity, related)
            problems += criteria(context, self._patient)
            problems += safety(context, self._patient)
        return _verdict(index, problems)

    def _context(self, statement: Statement, cited: tuple[Evidence, ...], held: Support) -> Context:
        return Context(statement, read(statement.text), cited, held, self.ledger, self.case, self.language)

    def _uncited(self, statement: Statement) -> list[Problem]:
        """A question may cite nothing; what it takes for granted has to stand somewhere in the ledger."""
        if statement.kind != "question":
            return [self._context(statement, (), support(())).problem("no_evidence")]
        loose = self._context(statement, (), self._everything)
        found = [problem for check in UNCITED_CHECKS for problem in check(loose)]
        return [Problem(code="uncited_question", message=problem.message) for problem in found]


def _verdict(index: int, problems: list[Problem]) -> Verdict:
    unique = tuple({(problem.code, problem.message): problem for problem in problems}.values())
    grave = [problem for problem in unique if problem.code not in ADVISORY_CODES]
    if not grave:
        return Verdict(index=index, status="supported", problems=unique)
    checked = any(problem.code not in OPEN_CODES for problem in grave)
    return Verdict(index=index, status="unsupported" if checked else "cannot_check", problems=unique)
