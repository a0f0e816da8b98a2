"""A whole case folder without what tells who it is of, as a new folder that `read_case` can read."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
import tempfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from knowledge.errors import BadInput, ToolFailed
from tools.deid.ages import OLDEST_AGE_SHOWN_YEARS, capped, is_age_key
from tools.deid.dates import find_dates
from tools.deid.fhir import deidentify_fhir, moved_date, person_names
from tools.deid.find import person_names as names_in_text
from tools.deid.identifiers import Kind
from tools.deid.surrogates import Surrogates
from tools.deid.unsure import why_unsure
from tools.intake.folder import CaseFile, list_files
from tools.intake.texts import date_of, is_note, read_note
from tools.sandbox import MIB, run_limited

_ISO = re.compile(r"(\d{4}-\d{2}-\d{2})(.*)", re.DOTALL)
# Keys of case.yaml whose values are words of a list; every other text is read for identifiers.
_CODED = frozenset(
    {"format", "fact", "unit", "status", "sex", "severity", "assembly", "origin", "modality", "language", "relation"}
)
_PASSES = 3
_FILE_SECONDS = 600.0


class DeidentifiedFile(BaseModel):
    """One file of the new case: its new name and how many identifiers of each kind were replaced in it."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    replaced: dict[str, int] = {}


class DeidentificationReport(BaseModel):
    """What was done. It names no original value; `left_out` names original files for the person who runs it."""

    model_config = ConfigDict(frozen=True)

    files: tuple[DeidentifiedFile, ...]
    left_out: dict[str, str]
    warnings: tuple[str, ...]


def deidentify_case(folder: Path, target: Path, surrogates: Surrogates) -> DeidentificationReport:
    """Write the case in `folder` to `target` (which must not exist) with surrogates. Nothing is left half done.

    Raises:
        BadInput: the folder or a file cannot be read, or the target is there already.
        ToolFailed: a note cannot be judged (another language) or still holds an identifier afterwards.
    """
    if target.exists():
        raise BadInput(target.name, "the path", "it is there already", "a folder that is not there yet")
    if not folder.exists():
        raise BadInput(folder.name, "the path", "there is no such folder", "a case folder")
    files = list_files(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".deidentify-", dir=target.parent) as scratch:
        work = _Work(files, Path(scratch) / "case", surrogates)
        report = work.run()
        (Path(scratch) / "case").rename(target)
    return report


class _Work:
    """The state of one run over a case folder."""

    def __init__(self, files: list[CaseFile], out: Path, surrogates: Surrogates) -> None:
        self.files, self.out, self.surrogates = files, out, surrogates
        self.renamed: dict[str, str] = {}
        self.samples: dict[str, str] = {}
        self.made: list[DeidentifiedFile] = []
        self.left_out: dict[str, str] = {}
        self.warnings: list[str] = []

    def run(self) -> DeidentificationReport:
        self.out.mkdir()
        self._name_files()
        # Structured sources come first: the names that they hold are then found in the notes.
        resources = {item.name: _read_json(item) for item in self._of("fhir")}
        for data in resources.values():
            self.surrogates.know(person_names(data))
        self.surrogates.know(name for item in self.files for name in _names_in_path(item.name))
        for item in filter(is_note, self.files):
            self.surrogates.find(read_note(item))
        settings = self._read_settings()
        self._dicom()
        for item in self._of("nifti"):
            self._limited(item, "tools.deid.nifti:deidentify_nifti", 4096 * MIB)
        for item in self._of("variants"):
            answer = self._limited(item, "tools.deid.vcf:deidentify_vcf", 1024 * MIB)
            self.samples.update(answer["samples"])
        for item in self._of("fhir"):
            body = json.dumps(deidentify_fhir(resources[item.name], self.surrogates), ensure_ascii=False, indent=1)
            path = self._path(item)
            path.write_bytes(gzip.compress(body.encode()) if path.suffix == ".gz" else body.encode())
            self._done(item)
        for item in filter(is_note, self.files):
            self._note(item)
        for item in self._of("structure"):
            self._limited(item, "tools.deid.structure:deidentify_structure", 1536 * MIB)
        for item in self._of("unknown") + self._of("index"):
            self.left_out[item.name] = (
                "its kind is not known" if item.kind == "unknown" else "index files are made anew"
            )
        if settings is not None:
            text = yaml.safe_dump(self._settings(settings), allow_unicode=True, sort_keys=False)
            (self.out / "case.yaml").write_text(text, encoding="utf-8")
            self.made.append(DeidentifiedFile(name="case.yaml", kind="case"))
        return DeidentificationReport(
            files=tuple(self.made), left_out=self.left_out, warnings=tuple(dict.fromkeys(self.warnings))
        )

    def _of(self, kind: str) -> list[CaseFile]:
        return [item for item in self.files if item.kind == kind]

    def _name_files(self) -> None:
        """New names that say nothing; a note keeps the date of its name, moved; a series keeps together."""
        folders: dict[str, str] = {}
        counts: Counter[str] = Counter()
        for item in self.files:
            counts[item.kind] += 1
            number, name = counts[item.kind], PurePosixPath(item.name)
            if is_note(item):
                day = date_of(name.stem, "")
                stamp = find_dates(day.isoformat())[0].moved(self.surrogates.shift) + "-" if day else ""
                suffix = name.suffix.lower() if item.kind == "note" else ".txt"
                new = f"notes/{stamp}{item.kind}-{number}{suffix}"
            elif item.kind == "dicom":
                series = folders.setdefault(name.parent.as_posix(), f"imaging/series-{len(folders) + 1}")
                new = f"{series}/{number:05d}.dcm"
            else:
                where = {"nifti": "imaging/", "fhir": "fhir/"}.get(item.kind, "")
                new = (
                    f"{where}{item.kind}-{number}{''.join(name.suffixes[-2:]) if name.suffix == '.gz' else name.suffix}"
                )
            self.renamed[item.name] = "case.yaml" if item.kind == "case" else new
        self.renamed |= folders

    def _path(self, item: CaseFile) -> Path:
        path = self.out / self.renamed[item.name]
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _done(self, item: CaseFile, replaced: dict[str, int] | None = None) -> None:
        self.made.append(DeidentifiedFile(name=self.renamed[item.name], kind=item.kind, replaced=replaced or {}))

    def _limited(self, item: CaseFile, function: str, memory_bytes: int) -> Any:
        answer = run_limited(
            function,
            {
                "source": str(item.path),
                "target": str(self._path(item)),
                "name": item.name,
                "surrogates_json": self.surrogates.to_json(),
            },
            memory_bytes=memory_bytes,
            output_bytes=32768 * MIB,
            seconds=_FILE_SECONDS,
            file=item.name,
            reads=(item.path,),
            writes=(self.out,),
        )
        if "map" in answer:
            self.surrogates.adopt(answer["map"])
        self._done(item)
        return answer

    def _dicom(self) -> None:
        items = self._of("dicom")
        if not items:
            return
        answer = run_limited(
            "tools.deid.dicom:deidentify_files",
            {
                "pairs": [[str(item.path), str(self._path(item)), item.name] for item in items],
                "surrogates_json": self.surrogates.to_json(),
            },
            memory_bytes=2048 * MIB,
            output_bytes=4096 * MIB,
            seconds=_FILE_SECONDS,
            file="the DICOM files",
            reads=[item.path for item in items],
            writes=(self.out,),
            imports=("pydicom",),
        )
        self.surrogates.adopt(answer["map"])
        self.left_out |= answer["left_out"]
        for item in items:
            if item.name in answer["written"]:
                self._done(item)
        if answer["faces"]:
            self.warnings.append(
                f"{len(answer['faces'])} images show a head or neck: a face can be rebuilt from them. Pixels were not "
                "changed; use a defacing tool before the images leave this machine."
            )
        self.warnings.append(
            "Images whose header or pixels point to burned-in text were left out. Faint, slanted or handwritten text "
            "can go unseen: look at the images before they leave this machine."
        )

    def _note(self, item: CaseFile) -> None:
        text = read_note(item)
        reason = why_unsure(text)
        if reason is not None:
            raise ToolFailed(f"{item.name} was not de-identified: {reason}.")
        counts: Counter[str] = Counter()
        for _ in range(_PASSES):
            found = self.surrogates.find(text)
            counts.update(one.kind.value for one in found)
            text = self.surrogates.hide(text)
            if not _remaining(self.surrogates, text):
                break
        else:
            raise ToolFailed(f"{item.name} was not de-identified: something that looks like an identifier remains.")
        self._path(item).write_text(text, encoding="utf-8")
        self._done(item, dict(counts))

    def _read_settings(self) -> Any:
        found = self._of("case")
        if not found:
            return None
        name = found[0].name
        path = found[0].path
        data = run_limited(
            "tools.intake.parsers:read_yaml_file", {"path": str(path), "name": name}, file=name, reads=(path,)
        )
        if isinstance(data, dict) and isinstance(data.get("date"), str):
            self.surrogates.today = dt.date.fromisoformat(data["date"][:10])
        return data

    def _settings(self, value: Any, key: str = "") -> Any:
        """The content of case.yaml, key by key."""
        if isinstance(value, dict):
            # An observation says in `fact` what its `value` is.
            stated = str(value.get("fact", ""))
            return {
                name: self._settings(one, stated if name == "value" and is_age_key(stated) else name)
                for name, one in value.items()
            }
        if isinstance(value, list):
            return [self._settings(one, key) for one in value]
        if is_age_key(key) and capped(value) != value:
            limit = OLDEST_AGE_SHOWN_YEARS
            self.warnings.append(f"An age over {limit} years is given as {limit + 1}.")
            return capped(value)
        return self._setting(value, key) if isinstance(value, str) else value

    def _setting(self, value: str, key: str) -> Any:
        known = {"file": self.renamed, "folder": self.renamed, "path": self.renamed, "sample": self.samples}
        if key == "id":
            return "PSEUDONYM-" + self.surrogates.new_uid(f"patient {value}")[-8:]
        if key in known:
            return known[key].get(value.rstrip("/"), value)
        match = _ISO.fullmatch(value)
        if match is not None:
            moved = moved_date(value, self.surrogates)
            return dt.datetime.fromisoformat(moved) if match[2] else dt.date.fromisoformat((moved + "-01-01")[:10])
        return value if key in _CODED else self.surrogates.hide(value)


def _names_in_path(path: str) -> list[str]:
    """Persons' names in the name of a file and its folders: `smith_john-CT.pdf`, `张伟出院小结.txt`."""
    spoken = re.sub(r"[_+/.,()\[\]-]+|(?<=[a-z])(?=[A-Z])|\d+", " ", path)
    return names_in_text(" ".join(word.capitalize() if word.islower() else word for word in spoken.split()))


def _remaining(surrogates: Surrogates, text: str) -> list[str]:
    """Kinds of identifiers that a text still holds; moved dates and capped ages are none."""
    return [item.kind.value for item in surrogates.find(text) if item.kind not in (Kind.DATE, Kind.AGE)]


def _read_json(item: CaseFile) -> Any:
    return run_limited(
        "tools.intake.parsers:read_json_file",
        {"path": str(item.path), "name": item.name},
        memory_bytes=1536 * MIB,
        seconds=60,
        file=item.name,
        reads=(item.path,),
    )
