"""MedCalc-Bench: a note, a question for a calculator, an answer with its tolerated range.

The CSV of the release, its corrected form, and JSON lines with the same content under shorter names. The column of
relevant entities holds the answer's inputs and is not read. Grading is that of the release: a date or a span of weeks
and days has to be the same, other answers have to lie between the limits. `N/A` asks for an abstention.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from pathlib import Path

from evals.outside.registry import Settings
from evals.outside.result import Item, Result, finished, scored_one, tallied
from evals.outside.rows import Row, need_column, read_rows
from knowledge.errors import ToolRetry

ANSWER = ("Ground Truth Answer", "answer", "corrected answer", "label", "ground_truth")
NO_ANSWER = ("n/a", "na", "not applicable", "cannot be determined", "unanswerable")
TOLERANCE = 0.05  # of the answer, where a row gives no limits: the tolerance of the release
_DATE_FORMS = ("%m/%d/%Y", "%Y-%m-%d", "%m/%d/%y")
_NUMBER = re.compile(r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:[eE][-+]?\d+)?")


def run(path: Path, settings: Settings) -> Result:
    """Answer every row with the built-in extractor and the calculators of the registry."""
    started = time.perf_counter()
    rows = read_rows(path)[: settings.limit]
    tasks = [_task(row, number) for number, row in enumerate(rows, start=1)]
    need_column(rows, *ANSWER)
    items = [scored_one(task.id, task.group, task.score) for task in tasks]
    return finished("medcalc", path.name, items, tallied(items), started, ["No language model is used."])


class _Task:
    """A row, read; `BadInput` where a column is missing."""

    def __init__(self, row: Row, number: int) -> None:
        self.id = row.text("Row Number", "id", "row", "index") or str(number)
        self.group = row.need("Calculator Name", "calculator", "calculator_name", "calc")
        self.note = row.need("Patient Note", "note", "patient_note", "context")
        self.question = row.need("Question", "query", "task")
        self.expected = row.text(*ANSWER)
        self.limits = (row.text("Lower Limit", "lower", "lower_bound"), row.text("Upper Limit", "upper", "upper_bound"))
        self.whole = (row.text("Output Type", "output_type") or "").casefold() == "integer"

    def score(self) -> Item:
        """Ask, and compare with the range."""
        header = {"id": self.id, "group": self.group, "expected": self.expected}
        if self.expected is None or not gradable(self.expected, *self.limits):
            return Item(**header, verdict="not_scored", reason="the row gives no answer that can be compared")
        try:
            answer, reason = answer_of(self.group, self.note, self.question)
        except ToolRetry as error:
            answer, reason = None, str(error)
        if answer is None:
            wanted = self.expected.casefold() in NO_ANSWER
            return Item(**header, verdict="right" if wanted else "abstained", reason=reason)
        right = within(answer, self.expected, *self.limits, whole=self.whole)
        return Item(**header, verdict="right" if right else "wrong", given=answer)


def _task(row: Row, number: int) -> _Task:
    return _Task(row, number)


def answer_of(calculator: str, note: str, question: str) -> tuple[str | None, str]:
    """What the extractor and the calculator answer, or None and the reason.

    Raises:
        ToolRetry: no calculator of that name is known.
    """
    from tools.risk.ask import ask
    from tools.risk.catalogue import get_model
    from tools.risk.questions import target_of

    target = target_of(calculator, question)
    given = ask(note, get_model(target.model), question=question, output=target.output)
    return given.answer, "; ".join(problem.text for problem in given.estimate.problems)


def gradable(expected: str, lower: str | None = None, upper: str | None = None) -> bool:
    """Whether an expected answer is a number, a date, a span, or a word for no answer."""
    if expected.casefold() in NO_ANSWER or day(expected) is not None or span(expected) is not None:
        return True
    return number(expected) is not None or (number(lower) is not None and number(upper) is not None)


def within(
    answer: str, expected: str, lower: str | None = None, upper: str | None = None, *, whole: bool = False
) -> bool:
    """Whether an answer is the expected date or span, or lies in the tolerated range.

    Without limits the tolerance of the release counts; where the release asks for a `whole` number, none does.
    """
    if expected.casefold() in NO_ANSWER:
        return False
    if (wanted := day(expected)) is not None:
        return day(answer) == wanted
    if (weeks := span(expected)) is not None:
        return (span(answer) or number(answer)) == weeks
    given, middle = number(answer), number(expected)
    if given is None:
        return False
    low, high = number(lower), number(upper)
    if low is None or high is None:
        if middle is None:
            return False
        room = 0.0 if whole else TOLERANCE
        low, high = sorted((middle * (1 - room), middle * (1 + room)))
    slack = 1e-6 * max(1.0, abs(given))
    return min(low, high) - slack <= given <= max(low, high) + slack


def day(text: str) -> dt.date | None:
    """A date as M/D/Y or ISO, or None."""
    for form in _DATE_FORMS:
        try:
            return dt.datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None


def span(text: str) -> float | None:
    """Days of a span such as `('14 weeks', '2 days')`, or None."""
    found = re.search(r"(\d+)\s*weeks?\D+(\d+)\s*days?", text, re.IGNORECASE)
    return None if found is None else 7.0 * int(found[1]) + int(found[2])


def number(text: str | None) -> float | None:
    """The number that a text is, unit and thousands marks aside, or None."""
    found = _NUMBER.match(text.strip()) if text else None
    return None if found is None else float(found[0].replace(",", ""))
