"""The service under load: the real one, over HTTP, with many pages that follow runs while questions are worked on.

python -m evals.benchmarks.load [--clients 50] [--runs 5] [--minutes 10] [--write]

`consilium serve` runs in a process of its own with a new home. Each of `--runs` people has a run of a small case and
asks again as soon as the answer is there. Each client follows one of the runs by server-sent events, as a page does:
it opens the stream, reads it to its end, waits, and opens it again. Measured at the clients: the time from opening a
stream to its first event, from a question to its first event and to its answer, errors, and the memory of the service.
Being told that too much waits (429 with Retry-After) is no error and is counted by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from evals.benchmarks.measures import HEAD, machine, resident_mib, row
from knowledge.paths import ROOT, cache_dir

RESULTS = ROOT / "evals" / "RESULTS-load.md"
CASE = b"""
format: consilium-case/1
synthetic: true
patient: {id: LOAD-1, age_years: 66, sex: female}
question: Is clopidogrel right for her?
conditions: [{condition: hypertension}, {condition: coronary artery disease}]
medications: [{drug: clopidogrel, dose: 75 mg, status: current}]
"""
QUESTIONS = ("Why?", "Which drugs does she take?", "What is missing?", "Does she have hypertension?")
BETWEEN_S = (0.5, 3.0)
SAMPLE_S = 5.0
PATIENCE_S = 120.0


@dataclass
class Service:
    """A running service: its address, its key, and its process."""

    address: str
    key: str
    process: subprocess.Popen[str]

    def memory_mib(self) -> tuple[float, float]:
        """Resident memory of the service and of the process that works for it."""
        children = _children(self.process.pid)
        return resident_mib(self.process.pid), sum(map(resident_mib, children))


@dataclass
class Measured:
    """What the clients saw. Times are milliseconds."""

    first_event_ms: list[float] = field(default_factory=list)
    question_to_event_ms: list[float] = field(default_factory=list)
    question_to_answer_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    busy: int = 0
    memory_mib: list[tuple[float, float]] = field(default_factory=list)


@contextmanager
def served(home: Path) -> Iterator[Service]:
    """`consilium serve` on a free port, until the end of the block."""
    environment = os.environ | {"CONSILIUM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "agent.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stderr is not None
    said, found = "", None
    for line in process.stderr:
        said += line
        found = re.search(r"\((http://[^/]+)/api, /v1\):\s+Authorization: Bearer (\S+)", said)
        if found is not None:
            break
    try:
        if found is None:
            raise RuntimeError(f"the service did not start: {said}")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        service = Service(found[1], found[2], process)
        _wait_for(service)
        yield service
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(service: Service) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            httpx.get(f"{service.address}/api/hello", headers=_key(service), timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the service does not answer")


def _key(service: Service) -> dict[str, str]:
    return {"Authorization": f"Bearer {service.key}"}


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += map(int, (task / "children").read_text(encoding="ascii").split())
        except OSError:
            continue  # a thread that is gone by now
    return found


async def new_run(client: httpx.AsyncClient, made: Measured) -> str:
    """A run of a new case; waits as long as the service says that it is busy."""
    case = (await client.post("/api/cases")).raise_for_status().json()["id"]
    put = await client.put(f"/api/cases/{case}/file", params={"path": "case.yaml"}, content=CASE)
    put.raise_for_status()
    return str((await _when_there_is_room(client, made, "/api/runs", {"case": case}))["id"])


async def _when_there_is_room(
    client: httpx.AsyncClient, made: Measured, path: str, body: dict[str, str]
) -> dict[str, object]:
    while True:
        answer = await client.post(path, json=body)
        if answer.status_code != 429:
            return dict(answer.raise_for_status().json())
        made.busy += 1
        await asyncio.sleep(float(answer.headers["Retry-After"]) * random.uniform(0.5, 1.0))


async def events(client: httpx.AsyncClient, run: str, last: str = "") -> list[tuple[float, str, str]]:
    """The events of a stream to its end: seconds after it was opened, id, name."""
    found, number, began = [], "", time.perf_counter()
    headers = {"Last-Event-ID": last} if last else {}
    async with client.stream("GET", f"/api/runs/{run}/events", headers=headers) as answer:
        answer.raise_for_status()
        async for line in answer.aiter_lines():
            if line.startswith("id:"):
                number = line[3:].strip()
            elif line.startswith("data:"):
                found.append((time.perf_counter() - began, number, str(json.loads(line[5:])["event"])))
    return found


async def ask_on(client: httpx.AsyncClient, run: str, made: Measured, until: float) -> None:
    """Ask again whenever the answer is there."""
    last = (await events(client, run))[-1][1]
    turn = 0
    while time.monotonic() < until:
        began = time.perf_counter()
        question = {"question": QUESTIONS[turn % len(QUESTIONS)]}
        await _when_there_is_room(client, made, f"/api/runs/{run}/ask", question)
        accepted = time.perf_counter() - began
        seen = await events(client, run, last)
        if not any(name == "answered" for _, _, name in seen):
            made.errors.append(f"no answer: {[name for _, _, name in seen][-3:]}")
        if seen:
            last = seen[-1][1]
            made.question_to_event_ms.append(1000 * (accepted + seen[0][0]))
            made.question_to_answer_ms.append(1000 * (accepted + seen[-1][0]))
        turn += 1
        await asyncio.sleep(random.uniform(*BETWEEN_S))


async def follow(client: httpx.AsyncClient, run: str, made: Measured, until: float) -> None:
    """Open the stream of a run again and again, as a page that is loaded does."""
    await asyncio.sleep(random.uniform(0, BETWEEN_S[1]))
    while time.monotonic() < until:
        seen = await events(client, run)
        if seen:
            made.first_event_ms.append(1000 * seen[0][0])
        else:
            made.errors.append("a stream without an event")
        await asyncio.sleep(random.uniform(*BETWEEN_S))


async def load(service: Service, clients: int, runs: int, seconds: float) -> Measured:
    """Everything at once for `seconds`."""
    made = Measured()
    limits = httpx.Limits(max_connections=clients + 3 * runs, max_keepalive_connections=clients)
    async with httpx.AsyncClient(
        base_url=service.address, headers=_key(service), timeout=httpx.Timeout(PATIENCE_S), limits=limits
    ) as client:
        ids = [await new_run(client, made) for _ in range(runs)]
        for run in ids:
            await events(client, run)
        until = time.monotonic() + seconds

        async def counted(work: object) -> None:
            try:
                await work  # type: ignore[misc]
            except (httpx.HTTPError, KeyError, ValueError, IndexError) as error:
                made.errors.append(f"{type(error).__name__}: {error}")

        async def watch() -> None:
            while time.monotonic() < until:
                made.memory_mib.append(service.memory_mib())
                await asyncio.sleep(min(SAMPLE_S, seconds / 4))

        working = [counted(ask_on(client, run, made, until)) for run in ids]
        following = [counted(follow(client, ids[n % runs], made, until)) for n in range(clients)]
        await asyncio.gather(watch(), *working, *following)
    return made


def table(made: Measured, clients: int, runs: int, minutes: float, before: float, audit: str) -> str:
    """The figures as Markdown."""
    after, kept = os.getloadavg()[0], made.memory_mib
    half = kept[len(kept) // 2]
    wanted = np.percentile(made.first_event_ms, 95) if made.first_event_ms else float("inf")
    verdict = "met" if wanted < 1000 and not made.errors else "**not met**"
    lines = [
        "# The service under load",
        "",
        f"`python -m evals.benchmarks.load --clients {clients} --runs {runs} --minutes {minutes:g} --write`, "
        f"{machine()}. Load average of the machine (one minute): {before:.1f} before the start, {after:.1f} at the "
        "end; the clients run on the same machine.",
        "",
        f"{clients} clients follow {runs} runs by server-sent events and open their stream again {BETWEEN_S[0]:g} to "
        f"{BETWEEN_S[1]:g} s after its end; {runs} people ask without a pause longer than that. The model is the "
        "built-in one; every request is recorded in the audit record first.",
        "",
        *HEAD,
        row("a stream's first event", made.first_event_ms),
        row("a question's first event, its place in the line included", made.question_to_event_ms),
        row("a question's answer", made.question_to_answer_ms),
        "",
        f"Aim: no error, and a stream's first event within a second (p95): {verdict}. Errors: {len(made.errors)}. Told "
        f"to come again later (429): {made.busy}. Audit record afterwards: {audit}.",
        "",
        f"Resident memory of the service: {kept[0][0]:.0f} MiB at the start, {half[0]:.0f} halfway, {kept[-1][0]:.0f} "
        f"at the end; of the process that works for it: {kept[0][1]:.0f}, {half[1]:.0f}, {kept[-1][1]:.0f}.",
        "",
    ]
    return "\n".join(lines)


def _audit(home: Path) -> str:
    environment = os.environ | {"CONSILIUM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "agent.cli", "audit", "verify"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT, check=False)
    return done.stdout.splitlines()[0].rstrip(".") if done.stdout else "not readable"


def main() -> None:
    """Measure, print, and write the table where `--write` asks for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    given = parser.parse_args()
    before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if cache_dir().is_dir():  # the search index need not be built again
            shutil.copytree(cache_dir(), home / "cache", dirs_exist_ok=True)
        with served(home) as service:
            made = asyncio.run(load(service, given.clients, given.runs, 60 * given.minutes))
        text = table(made, given.clients, given.runs, given.minutes, before, _audit(home))
    sys.stdout.write(text)
    sys.stdout.write("".join(f"{error}\n" for error in made.errors[:8]))
    if given.write:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
