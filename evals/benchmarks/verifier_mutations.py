"""Ways to spoil a good statement, each of one kind, for measuring the verifier.

The mutations read the raw text with patterns of their own; they share no code with the verifier.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from agent.draft import Statement
from knowledge.yamlfile import load_yaml

Mutation = Callable[[str, random.Random], Iterator[str]]

_NUMBER = re.compile(r"(?<![A-Za-z0-9.*_:>-])(\d+(?:\.\d+)?)(?![0-9A-Za-z*:_>]|-\d|\.\d)")
_DATE = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")
_MASKED = re.compile(r"\d{4}-\d{2}(?:-\d{2})?|[cgp]\.[\w>*]+|\*\d+\w*|1\.73 m²|10⁹|exon \d+|\d+号外显子|Å")
_TABLES: dict[str, Any] = load_yaml(Path(__file__).with_suffix(".yaml"))
_UNITS: dict[str, list[str]] = _TABLES["units"]
_VERBS: dict[str, str] = _TABLES["verbs"]


def numbers(text: str, rng: random.Random) -> Iterator[str]:
    """Change one number: another last digit, a digit swapped or replaced, ten times or a tenth."""
    hidden = _MASKED.sub(lambda m: "\x00" * len(m[0]), text)
    for match in _NUMBER.finditer(hidden):
        shown = match[0]
        for other in sorted(_other_numbers(shown, rng)):
            yield text[: match.start()] + other + text[match.end() :]


def _other_numbers(shown: str, rng: random.Random) -> set[str]:
    whole, point, part = shown.partition(".")
    step = 10.0 ** -len(part)
    value = float(shown)
    found = {f"{value + step:.{len(part)}f}", f"{value + rng.randint(2, 9) * step:.{len(part)}f}"}
    if value > step:
        found.add(f"{value - step:.{len(part)}f}")
    found.add(f"{value * 10:.{len(part)}f}")
    digits = whole + part
    if len(digits) > 1 and digits[0] != digits[1] and digits[1] != "0":
        turned = digits[1] + digits[0] + digits[2:]
        found.add(turned[: len(whole)] + point + turned[len(whole) :])
    return {other for other in found if float(other) != value}


def units(text: str, _: random.Random) -> Iterator[str]:
    """Change the unit after one number, or drop it."""
    spellings = "|".join(re.escape(u) for u in sorted(_UNITS, key=len, reverse=True))
    for match in re.finditer(rf"(?<=\d)([ -]?)({spellings})(?![A-Za-z/]|-?old| ?Hg)", text):
        if match[2] in ("年", "year", "years") and not re.search(r"\d$", text[: match.start()]):
            continue
        for other in _UNITS[match[2]]:
            space = "" if other.startswith(" ") else match[1]
            yield text[: match.start()] + space + other + text[match.end() :]


def _replace(table: dict[str, str]) -> Mutation:
    def mutate(text: str, _: random.Random) -> Iterator[str]:
        for old, new in table.items():
            edge = r"(?<![A-Za-z-])" if old.isascii() else ""
            end = r"(?![A-Za-z-])" if old.isascii() else ""
            for match in re.finditer(edge + re.escape(old) + end, text):
                yield text[: match.start()] + new + text[match.end() :]

    return mutate


def _one_of(groups: list[list[str]], most: int) -> Mutation:
    def mutate(text: str, rng: random.Random) -> Iterator[str]:
        for group in groups:
            for name in group:
                for match in re.finditer(rf"(?<![A-Za-z0-9-]){re.escape(name)}(?![A-Za-z0-9-])", text, re.IGNORECASE):
                    others = [x for x in group if x.casefold() not in text.casefold() and name not in x]
                    for other in rng.sample(others, min(most, len(others))):
                        yield text[: match.start()] + other + text[match.end() :]

    return mutate


def _genes(text: str, rng: random.Random) -> Iterator[str]:
    for match in re.finditer("|".join(sorted(_TABLES["genes"], key=len, reverse=True)), text):
        for other in rng.sample([g for g in _TABLES["genes"] if g not in text], 4):
            yield text[: match.start()] + other + text[match.end() :]


def variants(text: str, rng: random.Random) -> Iterator[str]:
    """Change the position, the residue or the allele of one variant."""
    for match in re.finditer(r"(?:p\.)?(?:[A-Z][a-z]{2}|[A-Z])(\d{2,4})(?:[A-Z][a-z]{2}|[A-Z])(?![a-z])", text):
        for shift in (1, -1, 10):
            at = str(int(match[1]) + shift)
            yield text[: match.start(1)] + at + text[match.end(1) :]
        for other in rng.sample(["Lys", "Pro", "Trp", "Gly"] if match[0][-1].islower() else ["K", "P", "W", "Q"], 2):
            changed = match[0][: -3 if match[0][-1].islower() else -1] + other
            if changed != match[0]:
                yield text[: match.start()] + changed + text[match.end() :]
    for match in re.finditer(r"c\.(\d+)(?=[_A-Z])", text):
        yield text[: match.start(1)] + str(int(match[1]) + 1) + text[match.end(1) :]
    for match in re.finditer(r"\*(\d+)(?=[A-Z/：:,。 ]|$)", text):
        other = "17" if match[1] != "17" else "4"
        yield text[: match.start(1)] + other + text[match.end(1) :]


def dates(text: str, _: random.Random) -> Iterator[str]:
    """Change the month or the year of one date."""
    for match in _DATE.finditer(text):
        year, month, *day = match[0].split("-")
        yield text[: match.start()] + "-".join([str(int(year) - 1), month, *day]) + text[match.end() :]
        yield text[: match.start()] + "-".join([year, f"{int(month) % 12 + 1:02d}", *day]) + text[match.end() :]


def negate(text: str, _: random.Random) -> Iterator[str]:
    """Turn the sentence into its negation, or take its negation away."""
    stripped = re.sub(r"(?<!“)\b(?:is|was) (not) ", lambda m: m[0].replace("not ", ""), text)
    stripped = re.sub(r"^(No|There is no) (\w)", lambda m: ("There is " if m[1] != "No" else "A ") + m[2], stripped)
    stripped = (
        stripped.replace("are absent", "are present")
        .replace("否认", "有")
        .replace("未见", "可见")
        .replace("阴性", "阳性")
    )
    if stripped != text:
        yield stripped
        return
    if re.search(r"\b(?:no|not|never|without)\b", text):
        return
    auxiliary = re.search(r"\b(is|was|has|had|are|were|takes|gives|measures|predicts|scores|lies|explains)\b", text)
    if auxiliary:
        verb = auxiliary[0]
        put = f"does not {_VERBS[verb]}" if verb in _VERBS else f"{verb} not"
        yield text[: auxiliary.start()] + put + text[auxiliary.end() :]
    if text.isascii() and not auxiliary:
        yield "There is no evidence of this: " + (text if text[1:2].isupper() else text[0].lower() + text[1:])
    for old, new in (
        ("为", "不为"),
        ("有", "没有"),
        ("可用", "不可用"),
        ("应避免", "不应避免"),
        ("服用", "未服用"),
        ("过敏", "不过敏"),
    ):
        if old in text and "没有" not in text:
            yield text.replace(old, new, 1)
            return


def quoted(text: str, _: random.Random) -> Iterator[str]:
    """Change one word inside quotation marks."""
    for match in re.finditer(r"“([^”]+)”", text):
        words = match[1].split(" ")
        if len(words) > 1:
            yield text[: match.start(1)] + " ".join([*words[:-1], "nothing"]) + text[match.end(1) :]
            yield text[: match.start(1)] + " ".join([words[0], "very", *words[1:]]) + text[match.end(1) :]
        else:
            yield text[: match.start(1)] + match[1] + "等" + text[match.end(1) :]


def exchanged(text: str, _: random.Random) -> Iterator[str]:
    """Let two different numbers of the sentence change places."""
    hidden = _MASKED.sub(lambda m: "\x00" * len(m[0]), text)
    found = list(_NUMBER.finditer(hidden))
    for one, other in itertools.combinations(found, 2):
        if one[0] != other[0]:
            yield text[: one.start()] + other[0] + text[one.end() : other.start()] + one[0] + text[other.end() :]


TEXT_MUTATIONS: dict[str, Mutation] = {
    "number": numbers,
    "numbers exchanged": exchanged,
    "unit": units,
    "side": _replace(_TABLES["sides"]),
    "site": _replace(_TABLES["sites"]),
    "gene": _genes,
    "variant": variants,
    "drug": _one_of(_TABLES["drugs"], 4),
    "condition": _one_of(_TABLES["conditions"], 4),
    "value": _replace(_TABLES["values"]),
    "opposite": _replace(_TABLES["opposites"]),
    "date": dates,
    "negation": negate,
    "quote": quoted,
}


def mutants(statement: Statement, rng: random.Random) -> Iterator[tuple[str, Statement]]:
    """Every text mutation of a statement, with its kind."""
    for kind, mutate in TEXT_MUTATIONS.items():
        for text in dict.fromkeys(mutate(statement.text, rng)):
            if text != statement.text:
                yield kind, statement.model_copy(update={"text": text})
