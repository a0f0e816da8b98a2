"""Functions that the tests of the sandbox run in the child."""

from __future__ import annotations

import ctypes
import gzip
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
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


def _tried(attempt: Callable[[], Any]) -> str:
    """`done`, or the name of what refused it."""
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


def reach(paths: dict[str, str]) -> dict[str, str]:
    """Every way out that a taken-over parser could try; attempt -> what came of it."""
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)

    def call(answer: int) -> None:
        if answer < 0:
            raise OSError(ctypes.get_errno(), "refused")

    def connect(family: int, kind: int, address: Any) -> None:
        with socket.socket(family, kind) as made:
            made.connect(address)

    def thread() -> None:
        made = threading.Thread(target=int)
        made.start()
        made.join()

    attempts: dict[str, Callable[[], Any]] = {
        "read the file": lambda: Path(paths["file"]).read_bytes(),
        "write the answer": lambda: Path(paths["folder"], "out").write_bytes(b"x"),
        "remove the answer": lambda: Path(paths["folder"], "out").unlink(),
        "start a thread": thread,
        "read the key": lambda: Path(paths["key"]).read_bytes(),
        "read beside the file": lambda: Path(paths["file"] + ".other").read_bytes(),
        "read a link that leads out": lambda: Path(paths["folder"], "link").read_bytes(),
        "read accounts": lambda: Path("/etc/passwd").read_bytes(),
        "list the home": lambda: os.listdir(Path(paths["key"]).parent),
        "change the file": lambda: Path(paths["file"]).write_bytes(b"x"),
        "write beside": lambda: Path(paths["file"] + ".new").write_bytes(b"x"),
        "write to temporary files": lambda: Path("/tmp/consilium-escaped").write_bytes(b"x"),
        "write to shared memory": lambda: Path("/dev/shm/consilium-escaped").write_bytes(b"x"),
        "make a link": lambda: os.symlink("/etc", Path(paths["folder"], "made")),
        "make a pipe": lambda: os.mkfifo(Path(paths["folder"], "pipe")),
        "change a mode": lambda: os.chmod(paths["file"], 0o777),
        "connect": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(paths["port"]))),
        "connect by version 6": lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ("::1", int(paths["port"]))),
        "send a datagram": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 53)),
        "connect to a local socket": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, paths["socket"]),
        "connect to an abstract socket": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, paths["abstract"]),
        "read the parent's environment": lambda: Path(f"/proc/{parent}/environ").read_bytes(),
        "read the parent's memory": lambda: open(f"/proc/{parent}/mem", "rb").close(),
        "read the parent's files": lambda: os.listdir(f"/proc/{parent}/fd"),
        "trace the parent": lambda: call(libc.ptrace(16, parent, None, None)),
        "signal the parent": lambda: os.kill(parent, 0),
        "start a program": lambda: os.execv("/bin/true", ["true"]),
        "start a process": lambda: os._exit(0) if os.fork() == 0 else None,
        "start a shell": lambda: subprocess.run(["/bin/true"], check=False),
        "leave the group": os.setsid,
        "raise a limit": lambda: _raise_limit(resource.RLIMIT_CPU),
        "make a namespace": lambda: call(libc.unshare(0x10000000)),
        "mount": lambda: call(libc.mount(b"none", b"/mnt", b"tmpfs", 0, None)),
    }
    return {name: _tried(attempt) for name, attempt in attempts.items()}


def _raise_limit(which: int) -> None:
    _, hard = resource.getrlimit(which)
    try:
        resource.setrlimit(which, (hard + 100, hard + 100))
    except ValueError as error:
        raise PermissionError from error
