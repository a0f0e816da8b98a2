"""Coverage-guided fuzzing of every parser of files, through the doors of `tests.security.hostile` (`make fuzz`).

python -m tests.security.fuzz [TARGET …] [--seconds 60] [--seed 1] [--jobs 1] [--out FOLDER]

Each target runs in a process of its own, seeded with the hostile and the valid files of its family. An exception that
is not the typed refusal, a crash, a leak of memory or an input that takes too long is a finding: its input is kept
under FOLDER/TARGET and named, and the exit code is 1. Needs atheris (`pip install '.[fuzz]'`).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from tests.security.hostile.doors import DOORS, MEMORY_IS_A_REFUSAL, PARSERS
from tests.security.hostile.families import FAMILIES, VALID

MIB = 1024 * 1024
# Long notes are slow to search and find nothing that short ones do not.
LARGEST_BYTES = {"note": 4 * 1024}
LARGEST_OTHER_BYTES = 64 * 1024
SLOWEST_SECONDS = 60
MEMORY_MIB = 2048
_OURS = ["tools", "knowledge", "pydicom", "nibabel", "Bio.PDB", "docx", "yaml", "pdfminer", "json"]


def seeds(target: str, folder: Path) -> int:
    """Write the starting corpus of a target: its valid file and its hostile ones; how many there are."""
    bodies = [VALID[target][1](), *(body for _, body in FAMILIES[target]())]
    largest = LARGEST_BYTES.get(target, LARGEST_OTHER_BYTES)
    kept = {hashlib.sha256(body).hexdigest()[:16]: body[:largest] for body in bodies}
    for name, body in kept.items():
        (folder / name).write_bytes(body)
    return len(kept)


def _place(error: BaseException) -> str:
    """The exception and the innermost line of it, as a file name."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    assert trace is not None
    return f"{type(error).__name__}-{Path(trace.tb_frame.f_code.co_filename).name}-{trace.tb_lineno}"


def _limit_memory() -> None:
    """The address space that the limited child of a parser has (`tools.sandbox`)."""
    taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (taken + 1024 * MIB, taken + 1024 * MIB))


def fuzz_one(target: str, corpus: Path, out: Path, seconds: int, seed: int) -> None:
    """Fuzz in this process until the time is over. Never returns: libFuzzer ends the process."""
    import atheris

    from knowledge.errors import ConsiliumError

    with atheris.instrument_imports(include=_OURS, enable_loader_override=False):
        for module in ("tools.intake.parsers", "tools.intake.fhir", "tools.intake.texts", "tools.deid.find"):
            __import__(module)
        for module in ("tools.variants.reading", "tools.imaging.intake", "tools.protein.reading"):
            __import__(module)
        for module in ("knowledge.ingest.extract", "knowledge.ingest.pdf", "tools.intake.schema", "docx"):
            __import__(module)
    _limit_memory()
    door, scratch = DOORS[target], Path(tempfile.mkdtemp())
    path = scratch / f"input{VALID[target][0]}"
    allowed: tuple[type[BaseException], ...] = (ConsiliumError,)
    if target in MEMORY_IS_A_REFUSAL:
        allowed += (MemoryError,)

    def one_input(data: bytes) -> None:
        path.write_bytes(data)
        try:
            door(path)
        except allowed:
            return
        except Exception as error:
            # Kept and gone on with: one run finds more than the first.
            (out / _place(error)).write_bytes(data)

    options = {
        "max_total_time": seconds, "seed": seed, "max_len": LARGEST_BYTES.get(target, LARGEST_OTHER_BYTES),
        "timeout": SLOWEST_SECONDS,
        "report_slow_units": SLOWEST_SECONDS,
        "rss_limit_mb": MEMORY_MIB, "artifact_prefix": f"{out}/", "print_final_stats": 1, "verbosity": 1,
    }  # fmt: skip
    atheris.Setup([sys.argv[0], *(f"-{k}={v}" for k, v in options.items()), str(corpus)], one_input)
    atheris.Fuzz()


def run(target: str, seconds: int, seed: int, out: Path) -> list[str]:
    """Fuzz one target in a process of its own; the names of its findings."""
    folder = out / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = Path(scratch) / "corpus"
        corpus.mkdir()
        count = seeds(target, corpus)
        command = [sys.executable, "-m", "tests.security.fuzz", "--one", target, "--corpus", str(corpus)]
        command += ["--seconds", str(seconds), "--seed", str(seed), "--out", str(folder.resolve())]
        environment = os.environ | {"TMPDIR": scratch, "CONSILIUM_HOME": str(Path(scratch) / "home")}
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=environment, check=False)
    stats = dict(_stat(line) for line in done.stderr.splitlines() if line.startswith("stat::"))
    found = sorted(path.name for path in folder.iterdir())
    # libFuzzer ends with its own code for a crash, a leak or a time-out; a run without a word of itself did not fuzz.
    if done.returncode == 0 and "number_of_executed_units" not in stats:
        found.append("nothing was run")
    if done.returncode != 0 and not found:
        found = [f"exit code {done.returncode}"]
        sys.stderr.write("\n".join(done.stderr.splitlines()[-20:]) + "\n")
    runs, memory = stats.get("number_of_executed_units", "?"), stats.get("peak_rss_mb", "?")
    words = f"{target}: {count} seeds, {runs} inputs, {memory} MiB, {len(found)} findings"
    sys.stdout.write(words + "".join(f"\n  {folder / name}" for name in found) + "\n")
    sys.stdout.flush()
    return found


def _stat(line: str) -> tuple[str, str]:
    name, _, value = line.removeprefix("stat::").partition(":")
    return name.strip(), value.strip()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 if nothing was found."""
    parser: Any = argparse.ArgumentParser(description="Fuzz the parsers of files.")
    parser.add_argument("targets", nargs="*", choices=[*PARSERS, []], help="by default all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time, each on a core")
    parser.add_argument("--out", type=Path, default=Path("consilium-out/fuzz"), help="where findings are kept")
    parser.add_argument("--one", choices=PARSERS, help=argparse.SUPPRESS)
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.one:
        fuzz_one(given.one, given.corpus, given.out, given.seconds, given.seed)
        return 0
    one = partial(run, seconds=given.seconds, seed=given.seed, out=given.out)
    with ThreadPoolExecutor(given.jobs) as pool:
        found = list(pool.map(one, given.targets or PARSERS))
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
