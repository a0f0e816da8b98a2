"""One setting to one chat model.

`builtin` is the rule-driven model that needs no weights and no network. `vllm:NAME` is a model on a vLLM server
(or any OpenAI-compatible one) at `CONSILIUM_MODEL_URL`. `scripted:FAULT` is the built-in model with a fault of weak
models (`agent.faults`), for synthetic cases only. Anything else is a provider string of LangChain's
`init_chat_model`, such as `openai:gpt-4.1`, whose host `CONSILIUM_EGRESS` has to name. A model that is not on this
machine sees stand-ins for what identifies the patient (`agent.hidden`).
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TYPE_CHECKING

from langchain_core.language_models import BaseChatModel

from agent.faults import PREFIX, weak_model
from agent.hidden import HidingModel, on_this_machine
from agent.trust.egress import SETTING, client
from knowledge.errors import ToolFailed, ToolRetry

if TYPE_CHECKING:
    import httpx

DEFAULT_MODEL = "builtin"
DEFAULT_URL = "http://127.0.0.1:8000/v1"
TIMEOUT_SECONDS = 120.0


def chat_model(setting: str | None = None) -> BaseChatModel:
    """The chat model that `setting` names; None takes `CONSILIUM_MODEL`, or the built-in model.

    Raises:
        ToolRetry: the setting names no model.
        ToolFailed: the provider's package is not installed, or the server does not answer.
    """
    name = setting or os.environ.get("CONSILIUM_MODEL") or DEFAULT_MODEL
    if name == "builtin":
        from agent.builtin.model import BuiltinModel

        return BuiltinModel()
    provider, _, model = name.partition(":")
    if not model:
        raise ToolRetry(f"{name!r} is not a model. Use builtin, vllm:NAME, or PROVIDER:NAME such as openai:gpt-4.1.")
    if provider == PREFIX:
        return weak_model(model)
    if provider == "vllm":
        return _openai_compatible(model, os.environ.get("CONSILIUM_MODEL_URL", DEFAULT_URL))
    return _from_provider(name)


@lru_cache(maxsize=2)
def _connections(timeout_s: float) -> httpx.Client:
    """One pool of connections for all models of this process."""
    return client(timeout_s)


def _timeout_s() -> float:
    """How long a model may be silent: no longer than the run's budget for its model."""
    from agent.speaking import Budget

    return min(TIMEOUT_SECONDS, Budget.from_environment().seconds)


def _openai_compatible(model: str, url: str) -> BaseChatModel:
    import httpx
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    try:
        with client(timeout_s=5) as asking:
            response = asking.get(f"{url.rstrip('/')}/models")
        response.raise_for_status()
        served = [item["id"] for item in response.json()["data"]]
    except (httpx.HTTPError, KeyError, ValueError) as error:
        raise ToolFailed(
            f"No model server answers at {url} ({type(error).__name__}). Start one with `make serve-llm MODEL=…`, "
            "or set CONSILIUM_MODEL_URL."
        ) from None
    if model not in served:
        raise ToolRetry(f"The server at {url} does not serve {model!r}. It serves: {', '.join(served) or 'nothing'}.")
    timeout_s = _timeout_s()
    key = SecretStr(os.environ.get("CONSILIUM_MODEL_KEY", "none"))
    made = ChatOpenAI(
        model=model,
        base_url=url,
        api_key=key,
        temperature=0,
        timeout=timeout_s,
        max_retries=0,
        seed=0,
        stream_usage=True,
        http_client=_connections(timeout_s),
    )
    return made if on_this_machine(url) else HidingModel(inner=made)


def _from_provider(name: str) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    if not os.environ.get(SETTING):
        raise ToolFailed(
            f"The model {name!r} is on another machine, and no other machine may be reached. Name the host of its "
            f"provider in {SETTING}, such as {SETTING}=api.openai.com."
        )
    try:
        made = init_chat_model(name, temperature=0, timeout=_timeout_s())
    except ImportError as error:
        raise ToolFailed(f"The model {name!r} needs a package that is not installed: {error.name}.") from None
    except Exception as error:
        raise ToolFailed(f"The model {name!r} cannot be set up: {type(error).__name__}.") from None
    assert isinstance(made, BaseChatModel)
    return HidingModel(inner=made)
