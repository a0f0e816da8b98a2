"""Names, categories and assumptions of the risk models in Chinese: `chinese.yaml`, English text to Chinese text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from knowledge.facts import vocabulary
from knowledge.yamlfile import load_yaml
from tools.risk.compute import Estimate
from tools.risk.model import NOT_RECORDED
from tools.risk.resolve import Problem

_TAKEN = re.compile(r"^(?P<label>.+) is not recorded and was taken as (?P<how>present|absent)$")
_HOW = {"present": "有", "absent": "无"}
_UNFIT = re.compile(r" does not apply: (?P<why>.+)\.$")


@lru_cache(maxsize=1)
def catalogue() -> dict[str, str]:
    """English text to Chinese text."""
    return dict(load_yaml(Path(__file__).with_name("chinese.yaml")))


@lru_cache(maxsize=1)
def _labels() -> dict[str, str]:
    return {spec.label["en"]: spec.label.get("zh") or spec.label["en"] for _, spec in vocabulary().items()}


def in_chinese(text: str) -> str:
    """The Chinese of a name, category or reason of a model; the text itself where there is none."""
    return catalogue().get(text, text)


def assumed_in_chinese(assumptions: Sequence[str]) -> list[str]:
    """What an estimate took for granted; what was taken as absent because nobody recorded it stands in one part."""
    absent: list[str] = []
    parts: list[str] = []
    for text in assumptions:
        label, _, why = text.partition(": ")
        taken = _TAKEN.match(text)
        if why == NOT_RECORDED:
            absent.append(_labels().get(label, label))
        elif taken is not None:
            name = _labels().get(taken["label"], taken["label"])
            parts.append(f"{name}未记录，按“{_HOW[taken['how']]}”计")
        else:
            parts.append(f"{_labels().get(label, label)}：{in_chinese(why)}")
    return [*parts, f"未记录而按“无”计：{'、'.join(absent)}"] if absent else parts


def problem_in_chinese(one: Estimate, problem: Problem) -> str:
    """Why a model gives no result; what has no Chinese words yet stays as it is."""
    title = in_chinese(one.title)
    unfit = _UNFIT.search(problem.text)
    if unfit is not None:
        return f"{title}不适用：{in_chinese(unfit['why'])}。"
    if problem.kind == "missing" and problem.fact:
        return f"{title}需要：{_labels().get(vocabulary()[problem.fact].label['en'])}。"
    return problem.text
