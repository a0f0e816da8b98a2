"""Multiple choice in MIRAGE's form: id -> question, options, answer; also lists, JSON lines, and columns A to E.

With the built-in model a choice is made only where something decides it: a calculator that the question names, or
passages of the guideline store that hold one option and not the others. Else it abstains. Another chat model gets the
question with the passages found, and may abstain.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from evals.outside.registry import Settings
from evals.outside.result import Figure, Item, Result, finished, scorable, scored_one, tallied
from evals.outside.rows import Row, read_rows, written_list
from evals.scoring.intervals import wilson

LETTERS = "ABCDEFGHIJ"
PASSAGES, LONGEST_QUERY = 8, 1500
LEAST, MARGIN = 0.5, 0.3  # an option's share in the passages, and its lead over the next
NUMBER_MATCH = 0.02
_COLUMNS = {"opa": "A", "opb": "B", "opc": "C", "opd": "D", "ope": "E"}
_ANSWER = re.compile(r"(?:answer|choice)\W{0,4}(?:is\W{0,4})?\(?([A-J?])\b|^\W*\(?([A-J?])\)?\W*$", re.I | re.M)


class Question(NamedTuple):
    """A question, its options by letter, and the right letter; `place` is where it stands."""

    name: str
    group: str | None
    text: str
    options: dict[str, str]
    answer: str | None
    place: str


Chooser = Callable[[Question], tuple[str | None, str]]


def run(path: Path, settings: Settings) -> Result:
    """Answer every question."""
    started = time.perf_counter()
    rows = read_rows(path)
    first = first_number(rows)
    questions = [question_of(row, number, first) for number, row in enumerate(rows, start=1)][: settings.limit]
    choose = by_rule if settings.model == "builtin" else chat_chooser(settings.model)
    items = [scored_one(q.name, q.group, lambda q=q: _item(q, choose)) for q in questions]  # type: ignore[misc]
    return finished("mirage", path.name, items, [*tallied(items), *_chance(questions, items)], started,
                    [f"Model: {settings.model}."])  # fmt: skip


ANSWERS = ("answer_idx", "answer", "correct", "correct_answer", "label", "target", "cop", "answer_key")


def first_number(rows: Sequence[Row]) -> int:
    """Whether answers that are numbers count from 0 or from 1: 1 where none is 0 and one is the count of options."""
    said = [(text, len(_options(row))) for row in rows if (text := row.text(*ANSWERS)) is not None and text.isdigit()]
    return int(bool(said) and all(text != "0" for text, _ in said) and any(int(text) == n for text, n in said))


def question_of(row: Row, number: int, first: int = 0) -> Question:
    """Read a row. Raises `BadInput` where it has no question or no options."""
    options = _options(row)
    name = row.text("_id", "id", "qid", "question_id") or str(number)
    group = row.text("_set", "dataset", "source", "subject", "subject_name")
    answer = row.text(*ANSWERS)
    text = row.need("question", "sent1", "query", "stem")
    return Question(name, group, text, options, _letter(answer, options, first), row.place)


def _options(row: Row) -> dict[str, str]:
    value = row.get("options", "choices", "answers", "candidates")
    value = _mapping(value) if isinstance(value, str) else value
    if isinstance(value, Mapping):
        found = {str(key).strip().upper(): str(text) for key, text in value.items()}
    elif isinstance(value, Sequence):
        found = {LETTERS[i]: str(_text_of(text)) for i, text in enumerate(value[: len(LETTERS)])}
    else:
        columns = {**_COLUMNS, **{letter.lower(): letter for letter in LETTERS}}
        columns |= {f"option {letter}": letter for letter in LETTERS} | {
            f"option_{i}": LETTERS[i - 1] for i in (1, 2, 3, 4, 5)
        }
        found = {letter: text for name, letter in columns.items() if (text := row.text(name))}
    if len(found) < 2:
        raise row.bad("there are no options", "options as an object letter -> text, a list, or columns A, B, C, D")
    return dict(sorted(found.items()))


def _text_of(option: Any) -> Any:
    return option.get("text", option.get("value", option)) if isinstance(option, Mapping) else option


def _mapping(text: str) -> Any:
    """An object or list that stands as text in a cell, or a cell such as `A: one; B: two`."""
    if text.lstrip()[:1] in "[{":
        return written_list(text)
    return dict(re.findall(r"\(?([A-J])[).:]\s*(.+?)(?=\s*[;|\n]?\s*\(?[A-J][).:]\s|$)", text))


def _letter(answer: str | None, options: Mapping[str, str], first: int = 0) -> str | None:
    """The letter that an answer names: itself, the text of an option, or a number that counts from `first`."""
    if answer is None:
        return None
    bare = answer.strip().strip("().").upper()
    if bare in options:
        return bare
    same = [key for key, text in options.items() if text.strip().casefold() == answer.strip().casefold()]
    if same:
        return same[0]
    place = int(bare) - first if bare.isdigit() else -1
    return list(options)[place] if 0 <= place < len(options) else None


def _item(question: Question, choose: Chooser) -> Item:
    header: dict[str, Any] = {"id": question.name, "group": question.group, "expected": question.answer}
    if question.answer is None:
        return Item(**header, verdict="not_scored", reason=f"{question.place}: the answer is none of the options")
    given, reason = choose(question)
    if given is None:
        return Item(**header, verdict="abstained", reason=reason)
    return Item(**header, verdict="right" if given == question.answer else "wrong", given=given, reason=reason[:300])


def by_rule(question: Question) -> tuple[str | None, str]:
    """A choice that a calculator or the guideline store decides, or None and why not."""
    return _calculated(question) or _found(question) or (None, "nothing in the store decides between the options")


def _calculated(question: Question) -> tuple[str, str] | None:
    """The option that is the result of the calculator that the question names, where just one is."""
    from evals.outside.medcalc import number
    from knowledge.errors import ConsiliumError
    from tools.risk.ask import ask
    from tools.risk.catalogue import get_model
    from tools.risk.questions import target_of

    values = {key: number(re.sub(r"^[^\d-]*", "", text)) for key, text in question.options.items()}
    if any(value is None for value in values.values()):
        return None
    try:
        target = target_of(question.text)
        given = ask(question.text, get_model(target.model), question=question.text, output=target.output).answer
    except ConsiliumError:
        return None
    result = number(given)
    if result is None:
        return None
    slack = max(0.5, NUMBER_MATCH * abs(result))
    near = [key for key, value in values.items() if value is not None and abs(value - result) <= slack]
    return (near[0], f"calculated: {given}") if len(near) == 1 else None


def _found(question: Question) -> tuple[str, str] | None:
    """The option whose own words the passages on the question hold, well ahead of the others."""
    passages = passages_on(question.text)
    if not passages:
        return None
    words = {key: _words(text) for key, text in question.options.items()}
    shared = {key: own - set().union(*(w for k, w in words.items() if k != key)) for key, own in words.items()}
    held = [(_words(text), weight, text) for text, weight in passages]
    scores = {}
    for key, own in shared.items():
        best = max(((len(own & said) / len(own) * weight, text) for said, weight, text in held), default=(0.0, ""))
        scores[key] = best if own else (0.0, "")
    ranked = sorted(scores, key=lambda key: -scores[key][0])
    first, second = scores[ranked[0]], scores[ranked[1]]
    if first[0] < LEAST or first[0] - second[0] < MARGIN:
        return None
    return ranked[0], first[1]


def _words(text: str) -> set[str]:
    from agent.verify.text import content_words

    return {word for word, _ in content_words(text.lower())} | set(re.findall(r"\d+(?:\.\d+)?", text))


@lru_cache(maxsize=4)
def passages_on(text: str) -> list[tuple[str, float]]:
    """Passages of the store on a question, each with its relevance; of a long question its end counts."""
    from knowledge.store.search import search
    from knowledge.store.service import ready_index

    query = text[-LONGEST_QUERY:]
    return [
        (f"{hit.passage.title}: {hit.passage.text}", hit.relevance) for hit in search(ready_index(), query, PASSAGES)
    ]


def chat_chooser(model: str) -> Chooser:
    """A chat model that chooses with the passages before it; `?` abstains."""
    from agent.llm import chat_model
    from prompts.loader import prompt

    chat = chat_model(model)

    def choose(question: Question) -> tuple[str | None, str]:
        options = "\n".join(f"{key}. {text}" for key, text in question.options.items())
        passages = "\n".join(f"- {text}" for text, _ in passages_on(question.text))
        said = prompt("evals/choice").render(question=question.text, options=options, passages=passages)
        text = str(chat.invoke(said).text)
        return _said_letter(text, question.options), text

    return choose


def _said_letter(text: str, options: Mapping[str, str]) -> str | None:
    """The last letter that a text gives as its answer, if it is one of the options."""
    letters = [(one or other).upper() for one, other in _ANSWER.findall(text)]
    return letters[-1] if letters and letters[-1] in options else None


def _chance(questions: Sequence[Question], items: Sequence[Item]) -> list[Figure]:
    """What blind choice would give over the scorable questions, and accuracy where abstaining counts as that."""
    kept = {item.id for item in scorable(items)}
    blind = [1 / len(q.options) for q in questions if q.name in kept]
    if not blind:
        return []
    right = sum(item.verdict == "right" for item in items)
    missed = [1 / len(q.options) for q, i in zip(questions, items, strict=True) if i.verdict in ("abstained", "failed")]
    return [
        Figure(name="right, abstentions as blind choice", estimate=wilson(round(right + sum(missed)), len(blind)),
               about=f"blind choice alone: {100 * sum(blind) / len(blind):.1f} %"),
    ]  # fmt: skip
