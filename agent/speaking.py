"""Who speaks in a run: its chat model within a budget, and the built-in model once that has failed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage

from agent.asking import Listener, Manner, ModelFailed, ask
from agent.runs import Run, RunStore
from agent.tracing import recorded

Told = dict[str, Any]


@dataclass(frozen=True)
class Budget:
    """What a run's model may use for one draft or answer: calls, tokens (in and out) and seconds."""

    calls: int = 40
    tokens: int = 1_000_000
    seconds: float = 1800.0

    @classmethod
    def from_environment(cls) -> Budget:
        """`CONSILIUM_MAX_MODEL_CALLS`, `CONSILIUM_MAX_TOKENS` and `CONSILIUM_MAX_MODEL_SECONDS`, where they are set.

        Raises `ToolRetry` for a value that is not a positive number.
        """
        given = cls()
        return cls(
            calls=int(_positive("CONSILIUM_MAX_MODEL_CALLS", given.calls)),
            tokens=int(_positive("CONSILIUM_MAX_TOKENS", given.tokens)),
            seconds=_positive("CONSILIUM_MAX_MODEL_SECONDS", given.seconds),
        )

    def used_up(self, spent: Mapping[str, float]) -> str | None:
        """Which limit is reached, in words; None while nothing is."""
        for name, words in (("calls", "calls"), ("tokens", "tokens"), ("seconds", "seconds")):
            if spent.get(name, 0) >= getattr(self, name):
                return f"its budget of {getattr(self, name):g} {words} was used up"
        return None


def _positive(name: str, default: float) -> float:
    from knowledge.errors import ToolRetry

    text = os.environ.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not value > 0:
        raise ToolRetry(f"{name} has to be a positive number, not {text!r}.")
    return value


@dataclass(frozen=True)
class Speaker:
    """Asks the model of one run. What it returns beside an answer goes into the graph's state."""

    run: Run
    store: RunStore
    model: BaseChatModel
    fallback: BaseChatModel
    budget: Budget

    def ask(
        self,
        state: Mapping[str, Any],
        said: list[AnyMessage],
        offered: list[dict[str, Any]],
        tell: Callable[[Told], None],
        choice: str | None = None,
        listener: Listener | None = None,
    ) -> tuple[AIMessage, dict[str, Any]]:
        """The answer of the run's model, or of the built-in one once that has failed, and what to record of it.

        Args:
            choice: the name of the one tool that has to be called.
            listener: hears the answer while it is written.
        """
        if state.get("model_failed"):
            return self._chat(self.fallback, "builtin", said, offered, choice, Manner(listener)), {}
        spent = dict(state.get("spent") or {})
        try:
            if over := None if self._unlimited else self.budget.used_up(spent):
                raise ModelFailed(over)
            manner = Manner(listener, self.budget.seconds - spent.get("seconds", 0.0))
            began = time.perf_counter()
            answer = self._chat(self.model, self.run.model, said, offered, choice, manner)
        except ModelFailed as error:
            warning = f"The model {self.run.model} failed ({error}); the built-in model went on in its place."
            failure = {"model_failed": True, "warnings": [warning]}
            return self._chat(self.fallback, "builtin", said, offered, choice, Manner(listener)), failure
        spent = self._added(spent, answer, time.perf_counter() - began)
        if self._unlimited:
            return answer, {"spent": spent}
        limits = {"calls": self.budget.calls, "tokens": self.budget.tokens, "seconds": self.budget.seconds}
        tell({"event": "budget", "spent": spent, "limits": limits, "model": self.run.model})
        return answer, {"spent": spent}

    @property
    def _unlimited(self) -> bool:
        """Whether the run's model is the built-in one, which costs nothing and always comes to an end."""
        return type(self.model) is type(self.fallback)

    @staticmethod
    def _added(spent: dict[str, float], answer: AIMessage, seconds: float) -> dict[str, float]:
        tokens = answer.usage_metadata["total_tokens"] if answer.usage_metadata else 0
        return {
            "calls": spent.get("calls", 0) + 1,
            "tokens": spent.get("tokens", 0) + tokens,
            "seconds": round(spent.get("seconds", 0.0) + seconds, 3),
        }

    def _chat(
        self,
        model: BaseChatModel,
        name: str,
        said: list[AnyMessage],
        offered: list[dict[str, Any]],
        choice: str | None,
        manner: Manner,
    ) -> AIMessage:
        names = frozenset(tool["function"]["name"] for tool in offered)
        with recorded(self.store, self.run.id, "chat", name, gen_ai__request__model=name) as span:
            answer = ask(model.bind_tools(offered, tool_choice=choice), said, names, manner)
            usage = answer.usage_metadata
            if usage:
                span.note(gen_ai__usage__input_tokens=usage["input_tokens"])
                span.note(gen_ai__usage__output_tokens=usage["output_tokens"])
                cached = (usage.get("input_token_details") or {}).get("cache_read")
                span.note(gen_ai__usage__cache_read__input_tokens=cached)
            return answer
