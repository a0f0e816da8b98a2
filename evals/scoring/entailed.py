"""Support by entailment: a chat model on this machine says whether the cited evidence entails each statement."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from evals.scoring.outcome import Outcome
from knowledge.errors import ToolRetry

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_YES_OR_NO = re.compile(r"\b(yes|no)\b", re.I)


def local_judge(setting: str) -> BaseChatModel:
    """The chat model that judges, such as `vllm:NAME`.

    Raises:
        ToolRetry: not a served model, or its server is not on this machine.
        ToolFailed: its server does not answer.
    """
    from agent.hidden import on_this_machine
    from agent.llm import DEFAULT_URL, chat_model

    url = os.environ.get("CONSILIUM_MODEL_URL", DEFAULT_URL)
    if not setting.startswith("vllm:") or not on_this_machine(url):
        raise ToolRetry(f"{setting!r} is not a judge on this machine. Use vllm:NAME with a server at 127.0.0.1.")
    return chat_model(setting)


def entailed(outcome: Outcome, judge: BaseChatModel) -> tuple[int, int] | None:
    """(statements that the judge says the cited evidence entails, statements judged).

    A statement on which the judge says neither yes nor no is not counted; None where it said so of none.
    """
    from prompts.loader import prompt

    template, ledger = prompt("evals/entailment"), outcome.ledger()
    verdicts: dict[tuple[str, str], str | None] = {}
    for turn in outcome.turns:
        for item, _ in turn.statements():
            claims = "\n".join(f"- {ledger[name].claim}" for name in item.evidence if name in ledger)
            if claims and (claims, item.text) not in verdicts:
                said = judge.invoke(template.render(evidence=claims, statement=item.text))
                found = _YES_OR_NO.search(str(said.content))
                verdicts[claims, item.text] = found[1].lower() if found else None
    answers = [answer for answer in verdicts.values() if answer is not None]
    return (answers.count("yes"), len(answers)) if answers else None
