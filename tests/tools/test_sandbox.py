"""The limited child process: answers, deliberate errors, and each limit."""

from __future__ import annotations

import gzip
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent.trust.keys import Keyring, default_key_file
from knowledge.errors import BadInput, ToolFailed, ToolRetry
from tools.confine import held_by
from tools.sandbox import MIB, SandboxBug, run_limited

PROBES = "tests.tools.sandbox_probes"


def test_the_answer_comes_back_as_json() -> None:
    answer = run_limited(f"{PROBES}:echo", {"value": {"a": [1, 2.5, "µ", None, True]}})
    assert answer == {"a": [1, 2.5, "µ", None, True]}


def test_prints_of_the_function_do_not_mix_with_the_answer() -> None:
    assert run_limited(f"{PROBES}:noisy", {}) == 7


def test_deliberate_errors_arrive_as_themselves() -> None:
    with pytest.raises(BadInput) as bad:
        run_limited(f"{PROBES}:fail", {"kind": "bad"})
    assert (bad.value.file, bad.value.place) == ("a.vcf", "line 3")
    with pytest.raises(ToolRetry, match="say which"):
        run_limited(f"{PROBES}:fail", {"kind": "retry"})
    with pytest.raises(ToolFailed, match="no answer"):
        run_limited(f"{PROBES}:fail", {"kind": "failed"})


def test_a_bug_names_its_place_but_not_its_message() -> None:
    with pytest.raises(SandboxBug, match=r"ValueError at sandbox_probes\.py:\d+") as bug:
        run_limited(f"{PROBES}:fail", {"kind": "bug"})
    assert "Jane" not in str(bug.value)


def test_a_gzip_bomb_ends_in_a_memory_refusal(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gz"
    with gzip.open(bomb, "wb", compresslevel=9) as stream:
        for _ in range(300):
            stream.write(b"\0" * MIB)
    with pytest.raises(BadInput, match="more than 100 MiB"):
        run_limited(f"{PROBES}:inflate", {"path": str(bomb)}, memory_bytes=100 * MIB, file="bomb.gz", reads=(bomb,))


@pytest.mark.parametrize("how", ["spin", "sleep", "sleep_deaf"])
def test_a_function_that_never_ends_is_stopped(how: str) -> None:
    with pytest.raises(BadInput, match="took more than 1 s"):
        run_limited(f"{PROBES}:{how}", {}, seconds=1)


def test_a_crash_of_the_reader_is_bad_input() -> None:
    with pytest.raises(BadInput, match="stopped on it"):
        run_limited(f"{PROBES}:crash", {}, file="x.dcm")


def test_a_file_larger_than_the_limit_cannot_be_written(tmp_path: Path) -> None:
    wanted = {"path": str(tmp_path / "o"), "size": 5 * MIB}
    with pytest.raises(BadInput, match="too large"):
        run_limited(f"{PROBES}:write", wanted, output_bytes=MIB, writes=(tmp_path,))


def test_secrets_of_the_environment_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert "OPENAI_API_KEY" not in run_limited(f"{PROBES}:environment", {})


ALLOWED = {"read the file", "write the answer", "remove the answer", "start a thread"}


@pytest.mark.hazard("HAZ-16", "HAZ-18", "HAZ-29")
@pytest.mark.skipif(held_by() != "kernel", reason="this kernel has no Landlock")
def test_a_parser_that_was_taken_over_reaches_nothing_but_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the key, another file, a network, the program that started it, or a process that outlives its limits."""
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path / "home"))
    key = default_key_file()
    Keyring(b"k" * 32).save(key)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(key)
    for name in ("given.dcm", "given.dcm.other"):
        (tmp_path / name).write_bytes(b"x")
    abstract = f"\0consilium-{os.getpid()}"
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.socket(socket.AF_UNIX) as local,
        socket.socket(socket.AF_UNIX) as unnamed,
    ):
        monkeypatch.chdir(tmp_path)
        local.bind("s")
        unnamed.bind(abstract)
        local.listen(), unnamed.listen()
        paths = {"file": str(tmp_path / "given.dcm"), "folder": str(tmp_path / "out"), "key": str(key)}
        paths |= {"port": str(listening.getsockname()[1]), "socket": "s", "abstract": abstract}
        found = run_limited(
            f"{PROBES}:reach", {"paths": paths}, reads=(tmp_path / "given.dcm",), writes=(tmp_path / "out",)
        )
    assert {name for name, outcome in found.items() if outcome == "done"} == ALLOWED
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given.dcm", "given.dcm.other", "home", "out", "s"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["link"]


def test_without_help_of_the_kernel_python_refuses_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    attempts = {
        "Path('a').read_text()": True,
        "Path('b').read_text()": False,
        "Path('c').write_text('')": False,
        "Path('a').write_text('')": False,
        "Path('a').unlink()": False,
        "__import__('socket').create_connection(('127.0.0.1', 9))": False,
        "__import__('subprocess').run(['true'])": False,
        "os.fork() or os._exit(1)": False,
        "os.system('true')": False,
    }
    for attempt, allowed in attempts.items():
        code = "import os\nfrom pathlib import Path\nfrom tools import confine\n"
        code += f"confine.held_by = lambda: 'python'\nassert confine.confine(['a']) == 'python'\n{attempt}\n"
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is allowed, (attempt, done.stderr)
        assert allowed or "PermissionError" in done.stderr
