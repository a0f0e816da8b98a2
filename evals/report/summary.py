"""The scores of a suite: pooled shares with intervals, harms, seconds; and the comparison with a baseline."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import Field

from evals.scoring.case_score import SHARES, CaseScore
from evals.scoring.intervals import Estimate, clustered, wilson
from knowledge.errors import BadInput
from tools.evidence import Record

TOLERANCE = 0.01


class Summary(Record):
    """One run of the suites with one model. `correct` names the cases in which every conclusion was right."""

    model: str
    suites: tuple[str, ...]
    date: dt.date
    machine: str
    versions: dict[str, str]
    cases: int
    not_scored: tuple[str, ...]
    correct_share: Estimate
    shares: dict[str, Estimate]
    harms: int = Field(ge=0)
    correct: tuple[str, ...]
    seconds_mean: float
    seconds_longest: float
    tool_seconds_mean: float = 0.0
    tool_calls: int
    model_calls: int
    tokens: int | None


def summarise(scores: Sequence[CaseScore], model: str, suites: Sequence[str]) -> Summary:
    """Pool the scores of all cases; intervals draw whole cases (clustered bootstrap), or are Wilson's."""
    ended = [item for item in scores if item.error is None]
    correct = tuple(item.case_id for item in ended if item.correct)
    tokens = [item.tokens for item in ended if item.tokens is not None]
    seconds = [item.seconds for item in ended]
    return Summary(
        model=model,
        suites=tuple(suites),
        date=dt.datetime.now(dt.UTC).date(),
        machine=f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        versions={name: version(name) for name in ("consilium", "inspect-ai", "langgraph", "torch")},
        cases=len(scores),
        not_scored=tuple(item.case_id for item in scores if item.error is not None),
        correct_share=wilson(len(correct), len(ended)),
        shares={name: clustered([pair for s in ended if (pair := s.shares[name]) is not None]) for name in SHARES},
        harms=sum(len(item.harms) for item in ended),
        correct=correct,
        seconds_mean=round(sum(seconds) / len(seconds), 2) if seconds else 0.0,
        seconds_longest=round(max(seconds, default=0.0), 2),
        tool_seconds_mean=round(sum(item.tool_seconds for item in ended) / len(ended), 2) if ended else 0.0,
        tool_calls=sum(item.tool_calls for item in ended),
        model_calls=sum(item.model_calls for item in ended),
        tokens=sum(tokens) if tokens else None,
    )


def regressions(now: Summary, before: Summary) -> list[str]:
    """What got worse: harms, cases that were right, cases that no longer end, shares by more than 0.01.

    Shares and harms are compared only where the same suites ran; otherwise only cases that both runs hold.
    """
    worse = [f"{name} was right and is not" for name in before.correct if name not in now.correct]
    worse += [f"{name} could not be scored" for name in now.not_scored if name not in before.not_scored]
    if now.suites != before.suites or now.cases != before.cases:
        return worse
    if now.harms > before.harms:
        worse.append(f"harms: {before.harms} before, {now.harms} now")
    for name, old in before.shares.items():
        new = now.shares.get(name)
        if old.value is None or new is None:
            continue
        if new.value is None or new.value < old.value - TOLERANCE:
            shown = "not scored" if new.value is None else f"{new.value:.3f}"
            worse.append(f"{name}: {old.value:.3f} before, {shown} now")
    return worse


def read_baselines(path: Path) -> dict[str, Summary]:
    """The kept runs by label; none where the file is not there. Raises `BadInput` for a damaged file."""
    if not path.is_file():
        return {}
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(dict[str, Summary]).validate_json(path.read_bytes())
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise BadInput(path.name, place, error.errors()[0]["msg"], "a file of --update-baseline") from None


def read_baseline(path: Path, label: str) -> Summary | None:
    """The kept run of one label, or None where there is none."""
    return read_baselines(path).get(label)


def write_baseline(path: Path, now: Summary) -> None:
    """Keep a summary as the baseline of its model, beside those of other models."""
    import json

    held = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    held[now.model] = now.model_dump(mode="json")
    path.write_text(json.dumps(held, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
