"""Statements as they are written: found in the unfinished JSON of a `write_draft` call, verified and told at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from agent.draft import Draft, Statement, Verdict, Verification
from agent.verify import Verifier
from agent.writing import WrittenStatement, as_statement

_START = re.compile(r'"statements"\s*:\s*\[')
_QUOTES = re.compile(r'["\\]')
_MARKS = re.compile(r'["{}\]]')


class StatementReader:
    """Reads the objects of the `statements` list out of JSON that arrives in pieces. Each character is read once."""

    def __init__(self) -> None:
        self._text = ""
        self._place = 0
        self._begun = self._in_string = self._ended = False
        self._depth = self._start = 0

    def feed(self, piece: str) -> list[dict[str, Any]]:
        """The statements that `piece` completes, in order. What is not valid JSON is passed over."""
        self._text += piece
        if not self._begun:
            found = _START.search(self._text)
            if found is None:
                return []
            self._begun, self._place = True, found.end()
        complete = []
        while not self._ended and (match := self._next()) is not None:
            if self._step(match):
                complete.append(self._text[self._start : self._place])
        return [item for item in map(_loaded, complete) if item is not None]

    def _next(self) -> re.Match[str] | None:
        match = (_QUOTES if self._in_string else _MARKS).search(self._text, self._place)
        # A backslash takes the next character with it, which may not have come yet.
        if match is None or (match[0] == "\\" and match.end() == len(self._text)):
            self._place = len(self._text) if match is None else match.start()
            return None
        return match

    def _step(self, match: re.Match[str]) -> bool:
        """Take in one mark; True where it ends a statement."""
        self._place = match.end() + (match[0] == "\\")
        if match[0] == '"':
            self._in_string = not self._in_string
        elif match[0] == "{":
            self._start = match.start() if self._depth == 0 else self._start
            self._depth += 1
        elif match[0] == "}":
            self._depth -= 1
            return self._depth == 0
        elif match[0] == "]":
            self._ended = self._depth == 0
        return False


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@dataclass
class Checker:
    """Verdicts on statements over one ledger; one that was given while a draft streamed is not worked out again."""

    verifier: Verifier
    ids: tuple[str, ...]
    known: dict[Statement, Verdict] = field(default_factory=dict)

    def verdict(self, statement: Statement, index: int) -> Verdict:
        """The verdict on one statement, as number `index` of its draft."""
        if statement not in self.known:
            self.known[statement] = self.verifier.verdict(statement, index)
        return self.known[statement].model_copy(update={"index": index})

    def verification(self, draft: Draft) -> Verification:
        """One verdict for each statement of `draft`, in order."""
        verdicts = tuple(self.verdict(statement, index) for index, statement in enumerate(draft.statements))
        return Verification(draft_hash=draft.hash, verdicts=verdicts)


@dataclass
class Live:
    """Tells each statement with its verdict as soon as it is complete.

    Events: `draft_started` (mode, attempt): what was told of an earlier start no longer counts. Then one `statement`
    each: number in the order of writing, section, kind, text, evidence, confidence, status, problems.
    """

    checker: Checker
    tell: Callable[[Mapping[str, Any]], None]
    mode: str
    attempt: int
    _reader: StatementReader = field(default_factory=StatementReader)
    _told: int = 0

    def begin(self) -> None:
        """A new answer of the model begins."""
        self._reader, self._told = StatementReader(), 0
        self.tell({"event": "draft_started", "mode": self.mode, "attempt": self.attempt})

    def more(self, piece: str) -> None:
        """A further piece of the answer's JSON."""
        for item in self._reader.feed(piece):
            try:
                statement = as_statement(WrittenStatement.model_validate(item))
            except ValidationError:
                continue
            self._show(statement)

    def all(self, draft: Draft) -> None:
        """Tell a draft that nobody streamed."""
        self.begin()
        self.end(draft)

    def end(self, draft: Draft) -> None:
        """The draft was read. Statements that could not be told on the way are told now."""
        if not self._told:
            for statement in draft.statements:
                self._show(statement)

    def _show(self, statement: Statement) -> None:
        verdict = self.checker.verdict(statement, self._told)
        event = {"event": "statement", "mode": self.mode, "attempt": self.attempt, "number": self._told}
        body = statement.model_dump(mode="json")
        problems = [problem.model_dump(mode="json") for problem in verdict.problems]
        self.tell(event | body | {"status": verdict.status, "problems": problems})
        self._told += 1
