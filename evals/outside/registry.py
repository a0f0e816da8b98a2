"""The outside benchmarks by name: what is measured, and the function that runs it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from evals.outside.result import Result
from knowledge.errors import ToolRetry


class Settings(NamedTuple):
    """What a user sets: how many items at most, the chat model where one is used, and turns of a dialogue."""

    limit: int | None = None
    model: str = "builtin"
    turns: int = 20


class Benchmark(NamedTuple):
    """An adapter: the module that holds `run(path, settings)`, the data it reads, and what is measured."""

    module: str
    data: str
    about: str

    def run(self, path: Path, settings: Settings) -> Result:
        """Run it on the data at `path`."""
        work: Callable[[Path, Settings], Result] = import_module(f"evals.outside.{self.module}").run
        return work(path, settings)


BENCHMARKS: dict[str, Benchmark] = {
    "medcalc": Benchmark("medcalc", "CSV or JSON lines of MedCalc-Bench", "risk calculators answered from notes"),
    "agentclinic": Benchmark("agentclinic", "JSON lines of AgentClinic", "diagnosis after a dialogue with a patient"),
    "mirage": Benchmark("choice", "JSON of MIRAGE, or another multiple-choice file", "multiple choice with retrieval"),
    "attributionbench": Benchmark(
        "attribution", "JSON lines of AttributionBench", "the verifier as judge of attribution"
    ),
    "kqa": Benchmark("kqa", "JSON lines of K-QA", "the verifier as judge of completeness and contradiction"),
    "pharmcat": Benchmark("pharmcat", "folder with VCF files and a table of calls", "pharmacogenomic calls"),
    "clingen": Benchmark("acmg_codes", "table of evidence codes and classes", "ACMG/AMP codes to a class"),
    "beir": Benchmark("beir", "folder with corpus, queries and qrels", "retrieval"),
    "masks": Benchmark("masks", "folder of scans and lesion masks", "the segmenter, by a click and by a box"),
}


def benchmark(name: str) -> Benchmark:
    """The adapter of that name, under any spelling. Raises `ToolRetry` where there is none."""
    from evals.outside.rows import plain

    folded = {plain(key).removesuffix("bench"): value for key, value in BENCHMARKS.items()}
    found = folded.get(plain(name).removesuffix("mark").removesuffix("bench"))
    if found is None:
        raise ToolRetry(f"There is no benchmark {name!r}. There are: {', '.join(BENCHMARKS)} (docs/benchmarks.md).")
    return found
