"""How quick the search is over a large store, how fast it is built, and what memory it takes."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from evals.benchmarks.retrieval_data import clinical_questions, medquad
from knowledge.store import embedding, index
from knowledge.store.passages import Passage
from knowledge.store.search import search

_EMBEDDED = 200
_KEY = "f" * 24


def speed_lines(count: int, home: Path) -> list[str]:
    """Build a store of `count` passages and time questions on it.

    The passages are MedQuAD's, recombined sentence by sentence. Embedding them all takes longer than the measurement is
    worth, so their vectors are real ones with noise; the rate of embedding is measured by itself on real passages. A
    query is embedded for real, and none is asked twice.
    """
    os.environ["CONSILIUM_HOME"] = str(home / "speed")
    rng = random.Random(1)
    real = medquad(topics=60).passages
    sentences = [s.strip() for p in real for s in p.text.split(". ") if len(s) > 20]
    passages = []
    for n in range(count):
        text = ". ".join(rng.sample(sentences, 5))
        changed = {"id": f"s{n}#0", "document_id": f"s{n}", "text": text, "year": 2000 + n % 25}
        passages.append(real[n % len(real)].model_copy(update=changed))
    embedding.encode(["the model is loaded before the clock starts"])
    started = time.perf_counter()
    vectors = embedding.encode([f"{p.title}. {p.text}" for p in real[:_EMBEDDED]])
    rate = _EMBEDDED / (time.perf_counter() - started)
    seconds = _build(passages, vectors)
    opened = index.open_current()
    lines = ["", f"## Speed at {count:,} passages ({os.cpu_count()} cores)", ""]
    lines += [_load(), "", "| what | figure |", "|---|---:|"]
    lines.append(f"| embedding, passages a second | {rate:.0f} |")
    lines.append(f"| index without embedding, passages a second | {count / seconds:.0f} |")
    size = sum(f.stat().st_size for f in opened.folder.rglob("*") if f.is_file())
    lines.append(f"| index on disk, MB | {size / 1e6:.0f} |")
    for name, filters in (("no filter", index.Filters()), ("years 2010 to 2014", index.Filters(years=(2010, 2014)))):
        for clock, times in zip(("wall", "processor"), _times(opened, filters), strict=True):
            p50, p95 = statistics.median(times), float(np.quantile(times, 0.95))
            lines.append(f"| query with embedding, {name}, {clock} time p50 / p95, ms | {p50:.1f} / {p95:.1f} |")
    lines.append(f"| peak memory of the process that builds, MB | {_peak_mb():.0f} |")
    lines.append(f"| peak memory of a process that only searches, MB | {_searching_mb():.0f} |")
    return lines


def _peak_mb() -> float:
    # ru_maxrss of a child starts at what its parent held, so Linux is asked for the peak of this program alone.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system does not tell the peak of memory")


def _searching_mb() -> float:
    """Peak memory in MB of a fresh process that opens the index and answers questions."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_search_a_little).result()


def _search_a_little() -> float:
    opened = index.open_current()
    for question in clinical_questions()[:20]:
        search(opened, question.text, 10)
    return _peak_mb()


def _load() -> str:
    waiting = os.getloadavg()[0]
    busy = "so wall times say little; " if waiting > (os.cpu_count() or 1) else ""
    import torch

    threads = f"{torch.get_num_threads()} thread(s) for the model"
    return f"{threads}. Load average {waiting:.1f}, {busy}processor time counts all threads of this process."


def _build(passages: list[Passage], vectors: embedding.Vectors) -> float:
    rng = np.random.default_rng(1)
    noisy = vectors[rng.integers(0, len(vectors), len(passages))]
    noisy = noisy + rng.normal(0, 0.03, noisy.shape).astype(np.float32)
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    shutil.rmtree(index.store_folder() / _KEY, ignore_errors=True)
    started = time.perf_counter()
    index.write_generation(passages, _KEY, embedded=noisy)
    return time.perf_counter() - started


def _times(opened: index.Index, filters: index.Filters) -> tuple[list[float], list[float]]:
    """Milliseconds of each question by the clock and by the processor; the first ten warm up."""
    wall, processor = [], []
    marker = "" if not filters.any() else " in recent years"
    for question in clinical_questions():
        started, used = time.perf_counter(), time.process_time()
        search(opened, question.text + marker, 10, filters)
        wall.append(1000 * (time.perf_counter() - started))
        processor.append(1000 * (time.process_time() - used))
    return wall[10:], processor[10:]
