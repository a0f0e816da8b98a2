"""Run a function that reads a hostile file in a child process with limits on memory, time and output.

The child is a fresh interpreter: it gets the function's name and JSON arguments, and answers with JSON.
Nothing is pickled. Large results (arrays) are written by the function to a path that it is given.
The child has `RLIMIT_AS`, `RLIMIT_CPU` and `RLIMIT_FSIZE`, no core dumps, a bare environment, and no
terminal. It reads and writes the named files only, opens no connection and starts no process (`tools.confine`).
When its time is over the whole process group gets TERM and, two seconds later, KILL.

Deliberate errors (`ToolRetry`, `ToolFailed`, `BadInput`) cross the border as themselves. Any other exception
in the function is a bug and is raised as `SandboxBug` with type and place, without the message, because a
message may quote the patient's file.

Linux enforces all limits. macOS does not enforce `RLIMIT_AS`.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from knowledge.errors import BadInput, ToolFailed, ToolRetry
from knowledge.paths import cache_dir
from tools.confine import confine
from tools.scratch import memory_file

MIB = 1024 * 1024
_ROOT = Path(__file__).resolve().parent.parent
_KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "CONSILIUM_HOME")
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_GRACE_SECONDS = 2.0
_OUT_OF_MEMORY_EXIT = 86


class SandboxBug(RuntimeError):
    """The function in the child raised something that is not a deliberate error."""


def run_limited(
    function_path: str,
    args: Mapping[str, Any],
    *,
    memory_bytes: int = 1024 * MIB,
    seconds: float = 30.0,
    output_bytes: int = 1024 * MIB,
    file: str = "the file",
    imports: Sequence[str] = (),
    reads: Sequence[str | Path] = (),
    writes: Sequence[str | Path] = (),
) -> Any:
    """Call `function_path` (`package.module:function`) with keyword `args` in a limited child; return its answer.

    Args:
        args: JSON-serialisable keyword arguments (pass paths as text).
        memory_bytes: address space that the child may take beyond the interpreter and the imported modules.
        seconds: limit for wall time, and for CPU time.
        output_bytes: largest file that the child may write, its answer included.
        file: name of the file as the user knows it, for errors.
        imports: modules to import before the memory limit is set (numpy, pydicom, …).
        reads: files and folders that the child may read; no other ones but those of this installation.
        writes: folders in which it may make, change and remove files, or existing files that it may change.

    Raises:
        BadInput: the limits were exceeded or the child crashed (also what the function itself raises).
        ToolRetry, ToolFailed: raised by the function.
        SandboxBug: any other exception of the function.
    """
    request = {
        "function": function_path,
        "args": dict(args),
        "memory": int(memory_bytes),
        "cpu": max(1, int(seconds + 0.999)),
        "output": int(output_bytes),
        "imports": list(imports),
        "reads": [str(cache_dir() / "yaml"), *map(str, reads)],
        "writes": [str(place) for place in writes],
    }
    with memory_file() as answer, memory_file() as question:
        question.write(json.dumps(request).encode())
        question.seek(0)
        code = _run_child(question, answer, seconds + _GRACE_SECONDS)
        problem = _problem(code, seconds, memory_bytes)
        if problem is not None:
            raise BadInput(file, "the whole file", *problem)
        return _answer(answer)


def _run_child(question: IO[bytes], answer: IO[bytes], seconds: float) -> int:
    """The exit code of the child; it is stopped with all its group when the time is over."""
    environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
    environment |= {"PYTHONPATH": str(_ROOT), "PYTHONIOENCODING": "utf-8", **_ONE_THREAD}
    child = subprocess.Popen(
        [sys.executable, "-P", "-X", "utf8", "-m", "tools.sandbox"],
        stdin=question,
        stdout=answer,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        return child.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return -signal.SIGXCPU
    finally:
        _stop(child)


def _problem(code: int, seconds: float, memory_bytes: int) -> tuple[str, str] | None:
    """What an exit code says is wrong with the file, and what would be accepted; None if there is an answer."""
    if code in (-signal.SIGXCPU, -signal.SIGKILL, -signal.SIGTERM):
        return f"reading it took more than {seconds:g} s", "a smaller file"
    if code == _OUT_OF_MEMORY_EXIT:
        problem = f"reading it needs more than {memory_bytes // MIB} MiB of memory"
        return problem, "a smaller file, or one that is not inflated"
    if code == -signal.SIGXFSZ:
        return "what it holds is too large to store", "a smaller file"
    return None if code == 0 else ("its reader stopped on it", "an intact file")


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        _signal_group(child, signal.SIGTERM)
        try:
            child.wait(timeout=_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _signal_group(child, signal.SIGKILL)
            child.wait()


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        return


def _answer(stream: IO[bytes]) -> Any:
    stream.seek(0)
    answer = json.loads(stream.read())
    kind = answer["kind"]
    if kind == "value":
        return answer["value"]
    if kind == "BadInput":
        raise BadInput(*answer["value"])
    if kind == "ToolRetry":
        raise ToolRetry(answer["value"])
    if kind == "ToolFailed":
        raise ToolFailed(answer["value"])
    raise SandboxBug(answer["value"])


def _place(error: BaseException) -> str:
    """Type of the exception and the line of ours (else the innermost) that it came through."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if str(_ROOT) in f.filename and "site-packages" not in f.filename]
    frame = (ours or frames)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def _address_space() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 512 * MIB
    return pages * os.sysconf("SC_PAGE_SIZE")


def _limit(memory: int, cpu: int, output: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output, output))
    total = _address_space() + memory
    resource.setrlimit(resource.RLIMIT_AS, (total, total))


def _child() -> int:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    request = json.loads(sys.stdin.buffer.read())
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever the function prints goes where stderr goes
    confine(request["reads"], request["writes"])
    module, name = request["function"].split(":")
    for wanted in request["imports"]:
        importlib.import_module(wanted)
    function = getattr(importlib.import_module(module), name)
    _limit(request["memory"], request["cpu"], request["output"])
    answer: dict[str, Any]
    try:
        answer = {"kind": "value", "value": function(**request["args"])}
        body = json.dumps(answer, allow_nan=False).encode()
    except MemoryError:
        return _OUT_OF_MEMORY_EXIT
    except BadInput as error:
        body = _error("BadInput", [error.file, error.place, error.problem, error.accepted])
    except (ToolRetry, ToolFailed) as error:
        body = _error(type(error).__name__, str(error))
    except Exception as error:
        body = _error("bug", _place(error))
    channel.write(body)
    channel.close()
    return 0


def _error(kind: str, value: Any) -> bytes:
    return json.dumps({"kind": kind, "value": value}).encode()


if __name__ == "__main__":
    sys.exit(_child())
