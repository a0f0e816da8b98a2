"""The limited child process: answers, deliberate errors, and each limit."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from knowledge.errors import BadInput, ToolFailed, ToolRetry
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
        run_limited(f"{PROBES}:inflate", {"path": str(bomb)}, memory_bytes=100 * MIB, file="bomb.gz")


@pytest.mark.parametrize("how", ["spin", "sleep", "sleep_deaf"])
def test_a_function_that_never_ends_is_stopped(how: str) -> None:
    with pytest.raises(BadInput, match="took more than 1 s"):
        run_limited(f"{PROBES}:{how}", {}, seconds=1)


def test_a_crash_of_the_reader_is_bad_input() -> None:
    with pytest.raises(BadInput, match="stopped on it"):
        run_limited(f"{PROBES}:crash", {}, file="x.dcm")


def test_a_file_larger_than_the_limit_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="too large"):
        run_limited(f"{PROBES}:write", {"path": str(tmp_path / "o"), "size": 5 * MIB}, output_bytes=MIB)


def test_secrets_of_the_environment_stay_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    assert "OPENAI_API_KEY" not in run_limited(f"{PROBES}:environment", {})
