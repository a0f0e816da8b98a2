"""Planted identifiers, the files that hold them, and where they must not turn up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tests.security.hostile.families import VCF, dicom_slice

NAME, NUMBER, PHONE, BORN = "Qwyjibo Canaryname", "CANMRN7391552", "+49 30 739155281", "17 March 1947"
FILE, QUESTION, SAID = "canaryfile-qwyjibo", "CANARYQUESTION", "CANARYSAID"
DICOM_NAME, SAMPLE, MODEL, TOOL = "CANARYDICOM^QWYJIBO", "CANARYSAMPLE1", "CANARYMODELTEXT", "CANARYTOOLTEXT"
CONTENT = ("Qwyjibo", NUMBER, "739155281", BORN, QUESTION, SAID, "CANARYDICOM", SAMPLE, MODEL, TOOL)
ALL = (*CONTENT, FILE)

NOTE = (
    f"Name: {NAME}. Born {BORN}. MRN: {NUMBER}. Phone {PHONE}.\n"
    f"{NAME} has hypertension and takes clopidogrel. A nodule of 14 mm was seen.\n"
)
CASE = f"""
format: consilium-case/1
synthetic: true
patient: {{id: {NUMBER}, age_years: 66, sex: female}}
question: "{QUESTION} how large is the nodule?"
conditions: [{{condition: hypertension}}]
medications: [{{drug: clopidogrel, dose: 75 mg, status: current}}]
variants: [{{file: {FILE}.vcf, assembly: GRCh38, origin: somatic, sample: {SAMPLE}}}]
"""


def good_files() -> dict[str, bytes]:
    """A case that can be read, full of canaries."""
    return {
        "case.yaml": CASE.encode(),
        f"notes/{FILE}.md": NOTE.encode(),
        f"{FILE}.vcf": VCF.replace(b"TUMOUR", SAMPLE.encode()),
    }


def bad_files() -> dict[str, bytes]:
    """Files that cannot be read, each with canaries at the place of the fault."""
    dicom = dicom_slice().replace(b"../../etc/passwd", DICOM_NAME.encode()[:16].ljust(16))
    return {
        "case.yaml": CASE.replace("66", f'"{NAME}"').encode(),
        f"{FILE}.json": f'{{"resourceType": "Patient", "name": "{NAME}", "id": {NUMBER}'.encode(),
        f"{FILE}.vcf": VCF + f"chr7\t{NAME}\t{NUMBER}\tT\tG\t.\t.\t{PHONE}\tGT\t0/1\n".encode(),
        f"{FILE}.dcm": dicom[: len(dicom) - 40],
        f"notes/{FILE}.md": NOTE.encode() + b"\xff\xfe\x00",
        f"imaging/{FILE}.nii": NOTE.encode() * 20,
    }


def found_in(text: str, wanted: Iterable[str] = ALL) -> list[str]:
    """The canaries that stand in a text."""
    return [canary for canary in wanted if canary in text]


def found_under(folder: Path) -> list[tuple[str, str]]:
    """The canaries in names and bytes of all files of a folder."""
    found = []
    for path in folder.rglob("*"):
        name, body = str(path.relative_to(folder)), path.read_bytes() if path.is_file() else b""
        found += [(name, canary) for canary in ALL if canary in name or canary.encode() in body]
    return found


class ProcessWatch:
    """Looks at title, arguments and environment of every process that comes from this one, all the time."""

    def __init__(self) -> None:
        self.found: set[tuple[str, str]] = set()
        self.seen: set[int] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            for pid in descendants(os.getpid()):
                self.seen.add(pid)
                for what in ("cmdline", "environ", "comm"):
                    try:
                        text = Path(f"/proc/{pid}/{what}").read_bytes().decode(errors="replace")
                    except OSError:
                        continue
                    self.found |= {(what, canary) for canary in found_in(text)}
            time.sleep(0.02)


def descendants(root: int) -> list[int]:
    """All processes that come from `root`."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        waiting += (children := parents.pop(waiting.pop(), []))
        found += children
    return found
