"""A change of key that is killed at any of its writes loses nothing, and the next one ends it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.cli import main
from agent.service import Consilium
from agent.trust import keys, vault

CASES = 6


def rotate_until(write: int, *, after: bool) -> int:
    """`consilium keys rotate` in a process that is killed at its n-th write of a key; how the process ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    count = 0

    def counting(real: Callable[[Path, bytes], None]) -> Callable[[Path, bytes], None]:
        def write_private(path: Path, data: bytes) -> None:
            nonlocal count
            count += 1
            if count == write and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            real(path, data)
            if count == write:
                os.kill(os.getpid(), signal.SIGKILL)

        return write_private

    keys.write_private = counting(keys.write_private)
    vault.write_private = counting(vault.write_private)
    try:
        main(["keys", "rotate"])
    finally:
        os._exit(0)


def opened() -> set[str]:
    """The cases whose data key can be unwrapped by a program that starts afresh, and that open what they sealed."""
    store = Consilium().store.vault
    return {scope for scope in store.scopes() if store.seal_of(scope).blind("x")}


@pytest.mark.hazard("HAZ-18")
@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after the write"])
def test_a_change_of_key_that_is_killed_loses_nothing(
    after: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path))
    store = Consilium().store.vault
    names = {f"case-{number:016x}" for number in range(CASES)}
    for name in names:
        store.make(name)
    blinded = {name: store.seal_of(name).blind("x") for name in names}
    killed = 0
    for write in range(1, CASES + 4):
        killed += rotate_until(write, after=after) == signal.SIGKILL
        assert opened() == names
    assert killed > CASES
    assert rotate_until(10_000, after=after) == 0
    whole = Consilium().store.vault
    assert {name: whole.seal_of(name).blind("x") for name in names} == blinded
    assert set(whole.key_ids()) == {whole.keys.active}
    ring = keys.read_keyring(keys.default_key_file())
    assert sorted(ring._keys) == [ring.active], "the keys in between are gone"
