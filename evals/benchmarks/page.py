"""The page in a real Chromium: first paint, a long draft, a large scan, and the browser's memory.

python -m evals.benchmarks.page [--write]

The service runs in this process with a scripted model. A case with a scan of 512 x 512 x 300 voxels gets a draft, of
which the browser is sent the statements repeated up to 200. Measured in the page itself: first contentful paint, the
Event Timing API's duration of every key and click (from the event to the next frame), and frames while slices are
turned; outside of it the memory of all processes of the browser. Chromium draws the scan without a graphics card.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evals.benchmarks.measures import HEAD, machine, resident_mib, row
from knowledge.paths import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

    from agent.service import Consilium

RESULTS = ROOT / "evals" / "RESULTS-page.md"
STATEMENTS = 200
SCAN = (512, 512, 300)
LOADS = 10
OPENINGS = 3
FIRST_PAINT_MS, INTERACTION_MS = 1000.0, 100.0
CASE = """
format: consilium-case/1
synthetic: true
patient: {id: PAGE-2, age_years: 66, sex: female}
question: What was found?
conditions: [{condition: hypertension}, {condition: coronary artery disease}]
"""
_OBSERVE = """() => { window.events = [];
  const keep = list => list.getEntries().filter(e => e.interactionId).forEach(e => window.events.push(e.duration));
  new PerformanceObserver(keep).observe({type: 'event', durationThreshold: 16}); }"""
_FRAMES = """() => { window.frames_ms = []; let last = performance.now();
  const tick = now => { window.frames_ms.push(now - last); last = now; window.ticking = requestAnimationFrame(tick); };
  window.ticking = requestAnimationFrame(tick); }"""


@dataclass
class Measured:
    """What the page told. Times are milliseconds, memory is MiB of all processes of the browser."""

    first_paint_ms: list[float] = field(default_factory=list)
    keys_ms: list[float] = field(default_factory=list)
    clicks_ms: list[float] = field(default_factory=list)
    tabs_ms: list[float] = field(default_factory=list)
    scan_open_ms: list[float] = field(default_factory=list)
    frames_ms: list[float] = field(default_factory=list)
    memory_mib: list[tuple[str, float]] = field(default_factory=list)


def scan_bytes() -> bytes:
    """A scan (NIfTI) of noise around a ball of soft tissue in lung."""
    import nibabel

    chance = np.random.default_rng(0)
    voxels = chance.integers(-880, -820, size=SCAN, dtype=np.int16)
    x, y, z = (np.arange(n).reshape([-1 if i == axis else 1 for i in range(3)]) for axis, n in enumerate(SCAN))
    voxels[(x - 200) ** 2 + (y - 260) ** 2 + (z - 150) ** 2 < 20**2] = 30
    return bytes(nibabel.Nifti1Image(voxels, np.diag([0.7, 0.7, 1.0, 1.0])).to_bytes())


def make_run(consilium: Consilium, folder: Path) -> str:
    """A run of the case with a draft of what is recorded, and a finding in its scan; returns its id."""
    from tools.evidence import Evidence, ImageRegion, Provenance

    run = consilium.start(folder)
    for _ in consilium.work(run.id):
        pass
    box = (180, 240, 130, 221, 281, 171)
    finding = Evidence(
        kind="image_finding",
        claim="A ball of soft tissue.",
        locator=ImageRegion(handle="scan.nii", slice_index=150, box_voxels=box),
        provenance=Provenance(tool="made for this measurement", tool_version="1"),
    )
    consilium.store.add_evidence(run.id, [finding])
    # As a file of the run, so that nothing outlines it.
    consilium.artifacts(run.id).write("scan.nii", scan_bytes())
    return run.id


def script(messages: list[Any], _: frozenset[str]) -> Any:
    """A draft of one sentence for each thing that is recorded."""
    from langchain_core.messages import AIMessage

    from agent.builtin.reading import read

    seen = [item for item in read(messages).evidence.values() if item.kind == "observation"]
    items = [{"section": "findings", "kind": "finding", "text": e.claim, "evidence": [e.id]} for e in seen]
    return AIMessage("", tool_calls=[{"name": "write_draft", "args": {"statements": items}, "id": "w"}])


def lengthened(draft: dict[str, Any], evidence: list[dict[str, Any]]) -> dict[str, Any]:
    """A draft with its statements repeated up to `STATEMENTS` over all sections; the first cites the scan."""
    sections = ("summary", "findings", "must_not_miss", "risk", "treatment", "follow_up")
    own = draft["statements"]
    many = [
        own[i % len(own)] | {"index": i, "section": sections[i * len(sections) // STATEMENTS]}
        for i in range(STATEMENTS)
    ]
    finding = next(item for item in evidence if item["kind"] == "image_finding")
    many[0] = many[0] | {"text": finding["claim"], "draft_text": finding["claim"], "evidence": [finding["id"]]}
    last = max(source["number"] for source in draft["sources"])
    shown = {"number": last + 1, "kind_label": "Image finding", "place": "imaging-1", "link": None, "facts": []}
    source = shown | {"provenance": [], "cited_in": [0], "evidence": finding}
    return draft | {"statements": many, "sources": [*draft["sources"], source]}


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, str, str]]:
    """The service in a thread: its address, its link, and the id of the run."""
    import uvicorn
    from langchain_core.messages import AIMessage

    from agent.scripted import ScriptedModel
    from agent.server import create_app
    from agent.server.security import Sessions
    from agent.service import Consilium

    (folder / "case").mkdir()
    (folder / "case" / "case.yaml").write_text(CASE, encoding="utf-8")
    consilium = Consilium(folder / "runs", ScriptedModel(script=[AIMessage("READY"), script]))
    run, sessions = make_run(consilium, folder / "case"), Sessions()
    app = create_app(consilium, sessions, ROOT / "ui" / "dist", None)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    address = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    yield address, f"{address}/login?token={sessions.link_token}", run
    server.should_exit = True
    thread.join(15)


def measure(page: Page, address: str, link: str, run: str) -> Measured:
    """Walk through the page."""
    made = Measured()

    known: list[dict[str, Any]] = []

    def longer(route: Route) -> None:
        route.fulfill(json=lengthened(route.fetch().json(), known))

    page.goto(link)
    for _ in range(LOADS):
        page.goto(address)
        page.get_by_role("button", name="New case", exact=True).wait_for()
        page.wait_for_timeout(200)
        paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        made.first_paint_ms.append(page.evaluate(paint))
    made.memory_mib.append(("the case list", _memory()))
    known += page.request.get(f"{address}/api/runs/{run}/evidence").json()
    page.route("**/draft", longer)
    page.goto(f"{address}/#/run/{run}")
    page.reload()
    page.get_by_role("tab", name="Draft and review").click()
    page.locator("article.statement").nth(STATEMENTS - 1).wait_for(state="attached")
    page.evaluate(_OBSERVE)
    made.memory_mib.append((f"a draft of {STATEMENTS} statements", _memory()))
    for key in ["j"] * 30 + ["a"] * 30 + ["k"] * 10:
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    made.keys_ms = _events(page)
    for place in range(20, 40):
        page.locator("article .chip").nth(place).click()
        page.wait_for_timeout(80)
    made.clicks_ms = _events(page)
    for key in ("1", "2") * 5:
        page.keyboard.press(key)
        page.wait_for_timeout(150)
    made.tabs_ms = _events(page)
    _scan(page, made)
    return made


def _scan(page: Page, made: Measured) -> None:
    page.keyboard.press("2")
    for opening in range(1, OPENINGS + 1):
        page.locator("article .chip.image_finding").first.click()
        started = time.monotonic()
        page.get_by_role("button", name="Open the scan").click()
        page.get_by_role("button", name="Outline at the cross").wait_for(timeout=300_000)
        made.scan_open_ms.append((time.monotonic() - started) * 1000)
        box = page.locator(".viewer canvas").first.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
        page.evaluate(_FRAMES)
        for _ in range(30):
            page.mouse.wheel(0, 120)
            page.wait_for_timeout(30)
        page.evaluate("() => cancelAnimationFrame(window.ticking)")
        made.frames_ms += page.evaluate("window.frames_ms.slice(2)")
        made.memory_mib.append((f"scan open, time {opening}", _memory()))
        page.get_by_role("button", name="Close the scan").click()
        page.wait_for_timeout(1500)
        made.memory_mib.append((f"scan closed, time {opening}", _memory()))


def _events(page: Page) -> list[float]:
    page.wait_for_timeout(300)
    found = page.evaluate("() => { const found = window.events; window.events = []; return found; }")
    return [float(duration) for duration in found]


def _memory() -> float:
    """Resident memory of every process of Chromium that descends from this one, in MiB."""
    found, todo = set[int](), [os.getpid()]
    while todo:
        for task in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            try:
                children = set(map(int, task.read_text(encoding="ascii").split())) - found
            except OSError:
                continue
            found |= children
            todo += children
    return sum(resident_mib(pid) for pid in found if "chrom" in _command(pid))


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace").partition("\0")[0]
    except OSError:
        return ""


def text(made: Measured, command: str) -> str:
    """The results as Markdown."""
    largest = max(*made.keys_ms, *made.clicks_ms, *made.tabs_ms, 0)
    lines = [
        "# The page in the browser",
        "",
        f"`{command}`, {machine()}. Load average (one minute): {os.getloadavg()[0]:.1f}.",
        "",
        *HEAD,
        row("first contentful paint", made.first_paint_ms),
        row(f"a key of the review, {STATEMENTS} statements", made.keys_ms),
        row("opening evidence by a chip", made.clicks_ms),
        row("changing between conversation and draft", made.tabs_ms),
        row(f"opening a scan of {' x '.join(map(str, SCAN))}", made.scan_open_ms),
        row("a frame while its slices are turned", made.frames_ms),
        "",
        "Events under 16 ms are not reported by the browser and are not in the rows. Chromium draws without a graphics "
        "card: opening a scan and the memory with one open are those of drawing in software.",
        "",
        f"Aim: first paint under {FIRST_PAINT_MS:.0f} ms: {_met(max(made.first_paint_ms) < FIRST_PAINT_MS)}. Every key "
        f"and click under {INTERACTION_MS:.0f} ms: {_met(largest < INTERACTION_MS)} (longest {largest:.0f}).",
        "",
        "| the browser's resident memory | MiB |",
        "|---|---|",
        *(f"| {name} | {mib:.0f} |" for name, mib in made.memory_mib),
        "",
    ]
    return "\n".join(lines)


def _met(met: bool) -> str:
    return "met" if met else "**not met**"


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None or not (ROOT / "ui" / "dist" / "index.html").is_file():
        raise SystemExit("Chromium and the built page (make ui) are needed.")
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder)) as (address, link, run),
        sync_playwright() as play,
    ):
        options = ["--no-sandbox", "--enable-unsafe-swiftshader"]
        browser = play.chromium.launch(executable_path=chromium, args=options)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(60_000)
        made = measure(page, address, link, run)
        browser.close()
    command = "python -m evals.benchmarks.page" + (" --write" if given.write else "")
    print(text(made, command))
    if given.write:
        RESULTS.write_text(text(made, command), encoding="utf-8")


if __name__ == "__main__":
    main()
