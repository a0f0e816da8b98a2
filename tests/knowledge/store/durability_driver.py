"""Run as a program: kills builders at random moments, or reads while a writer replaces generations.

It never opens the store itself, so that it can fork.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import traceback

from knowledge.errors import ToolFailed
from knowledge.store import index as store
from knowledge.store import search, service
from knowledge.store.relevance import FEATURES, KINDS, Judge, Logistic, Relevance
from tests.knowledge.store import words

words.install()
FLAT = Logistic(0.0, (1.0,) * len(FEATURES))
search.relevance = lambda: Relevance({kind: Judge(FLAT, FLAT, 0.0) for kind in KINDS})
_ = service


def child(work) -> int:
    """Do `work` in a forked process; its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return pid


def ended(pid: int) -> int:
    """The exit code of a child, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def key(edition: int) -> str:
    """Name of the generation of one edition."""
    return f"{edition:024d}"


def write(edition: int) -> None:
    """Build one edition under the writer's lock, as the service does."""
    from filelock import FileLock

    with FileLock(str(store.store_folder() / "writer.lock")):
        store.write_generation(words.passages(80, edition), key(edition))


def check(editions: set[int]) -> None:
    """The generation in use is whole, is one of `editions`, and answers."""
    index = store.open_current()
    if index.problems() or int(index.key) not in editions:
        raise AssertionError(f"{index.key} {index.problems()}")
    hits = search.search(index, "how is number42 given", 3)
    if hits[0].passage.id != "p42" or f"edition{int(index.key)}" not in hits[0].passage.text:
        raise AssertionError("a wrong answer")


def kills(rounds: int) -> None:
    """Kill builders of edition after edition; the store has to serve the old or the new one, whole."""
    rng = random.Random(7)
    started = time.perf_counter()
    if ended(child(lambda: write(1))):
        raise AssertionError("the first build failed")
    longest = time.perf_counter() - started
    serving, killed = {1}, 0
    for edition in range(2, rounds + 2):
        pid = child(lambda edition=edition: write(edition))
        time.sleep(rng.uniform(0.0, longest * 1.1))
        os.kill(pid, signal.SIGKILL)
        killed += ended(pid) == -signal.SIGKILL
        serving = serving | {edition}
        if ended(child(lambda serving=serving: check(serving))):
            raise AssertionError(f"after the kill of edition {edition} the store does not serve")
    if ended(child(lambda: write(rounds + 2))) or ended(child(lambda: check({rounds + 2}))):
        raise AssertionError("the store cannot be built any more")
    print(f"killed {killed}")


def crowd(readers: int, rounds: int) -> None:
    """Readers open, search and check while one writer replaces generations."""
    if ended(child(lambda: write(1))):
        raise AssertionError("the first build failed")
    stop = time.monotonic() + 120

    def read() -> None:
        count = 0
        while count < rounds or store.current_key() != key(rounds):
            check(set(range(1, rounds + 1)))
            count += 1
            if time.monotonic() > stop:
                raise AssertionError("the writer never ended")

    pids = [child(read) for _ in range(readers)]
    pids.append(child(lambda: [write(edition) for edition in range(2, rounds + 1)]))
    codes = [ended(pid) for pid in pids]
    if any(codes):
        raise AssertionError("a reader or the writer failed")
    print("crowd fine")


def served() -> None:
    """Build, search and replace on the server that the setting names."""
    for edition in (1, 2):
        write(edition)
        index = store.open_current()
        if (index.folder / "chroma").exists():
            raise AssertionError("the embedded store was used")
        index.close()
        check({edition})
    print("served")


def unserved() -> None:
    """The setting names a server that is not there."""
    try:
        write(1)
    except ToolFailed as failed:
        print(failed)


if __name__ == "__main__":
    {"kills": kills, "crowd": crowd, "served": served, "unserved": unserved}[sys.argv[1]](*map(int, sys.argv[2:]))
