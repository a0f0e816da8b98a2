"""Functions that the tests of the sandbox run in the child."""

from __future__ import annotations

import ctypes
import gzip
import os
import signal
import time
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput, ToolFailed, ToolRetry


def echo(value: Any) -> Any:
    return value


def noisy() -> int:
    print("noise")
    os.write(1, b"more noise")
    return 7


def fail(kind: str) -> None:
    if kind == "bad":
        raise BadInput("a.vcf", "line 3", "it is cut", "a whole file")
    if kind == "retry":
        raise ToolRetry("say which")
    if kind == "failed":
        raise ToolFailed("no answer")
    raise ValueError("Jane Doe")


def inflate(path: str) -> int:
    with gzip.open(path) as stream:
        return len(stream.read())


def spin() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(60)


def sleep_deaf() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def crash() -> None:
    ctypes.string_at(0)


def write(path: str, size: int) -> None:
    Path(path).write_bytes(b"\1" * size)


def environment() -> list[str]:
    return list(os.environ)
