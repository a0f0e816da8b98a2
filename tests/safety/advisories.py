"""Known vulnerabilities of every pinned package, from a stored database: nothing is asked of a network.

    python -m tests.safety.advisories FILE …      (make audit ADVISORIES="FILE …")

A FILE is the archive of one ecosystem that OSV publishes (`PyPI/all.zip`, `npm/all.zip`: a JSON record an advisory, in
the format of https://ossf.github.io/osv-schema/), carried here from a machine with a network. Python packages are those
of constraints.txt, those of the page stand in ui/package-lock.json. Exit code 1: something is vulnerable; 2: a file
cannot be read. An ecosystem without a database, an older database, and a version that cannot be compared are said.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[2]
ECOSYSTEMS = ("PyPI", "npm")
OLD_AFTER_DAYS = 30
_MOST_BYTES = 16 << 20  # of one record
Pins = Mapping[tuple[str, str], frozenset[str]]


class AdvisoryError(ValueError):
    """A database that cannot be read: names the file, the record, and what is accepted."""


def pinned(root: Path = ROOT) -> dict[tuple[str, str], frozenset[str]]:
    """The versions of every pinned package, by ecosystem and name."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    for line in (root / "constraints.txt").read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("==")
        if version:
            found["PyPI", canonicalize_name(name)] = frozenset({version.strip()})
    locked = json.loads((root / "ui" / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for place, package in locked.items():
        if place and "version" in package:
            name = package.get("name") or place.rpartition("node_modules/")[2]
            found["npm", name] = found.get(("npm", name), frozenset()) | {package["version"]}
    return found


def records(path: Path) -> Iterator[dict[str, Any]]:
    """The advisories of one archive.

    Raises:
        AdvisoryError: the file is no ZIP archive, or a record in it is too large or no JSON object.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.filename.endswith(".json"):
                    continue
                if member.file_size > _MOST_BYTES:
                    raise AdvisoryError(f"{path}: {member.filename}: more than {_MOST_BYTES >> 20} MiB")
                try:
                    record = json.loads(archive.read(member))
                except ValueError as error:
                    raise AdvisoryError(f"{path}: {member.filename}: not JSON ({error})") from None
                if not isinstance(record, dict):
                    raise AdvisoryError(f"{path}: {member.filename}: not a JSON object")
                yield record
    except (OSError, zipfile.BadZipFile) as error:
        raise AdvisoryError(
            f"{path}: cannot be read ({error}); wanted: the all.zip that OSV publishes for an ecosystem"
        ) from None


def _affects(affected: Mapping[str, Any], shown: str) -> bool:
    """Whether one `affected` entry is of the version (the evaluation of the OSV schema).

    Raises:
        InvalidVersion: a version that has to be compared is none.
    """
    if shown in affected.get("versions", ()):
        return True
    version = Version(shown)
    for span in affected.get("ranges", ()):
        if span.get("type") not in ("ECOSYSTEM", "SEMVER"):
            continue
        inside = False
        # By version; where an end and a beginning fall together, the beginning counts.
        order = ("fixed", "introduced", "last_affected")
        events = [(Version("0.dev0" if at == "0" else at), order.index(kind), kind)
                  for event in span.get("events", ()) for kind, at in event.items() if kind in order]  # fmt: skip
        for at, _, kind in sorted(events):
            if kind == "introduced" and at <= version:
                inside = True
            elif (kind == "fixed" and at <= version) or (kind == "last_affected" and at < version):
                inside = False
        if inside:
            return True
    return False


def _of_record(record: Mapping[str, Any], pins: Pins) -> Iterator[tuple[str, str, bool]]:
    """Package, version, and whether it could be compared, for each pin that the advisory holds or may hold for."""
    for affected in record.get("affected", ()):
        package = affected.get("package", {})
        ecosystem, name = str(package.get("ecosystem")), str(package.get("name"))
        name = canonicalize_name(name) if ecosystem == "PyPI" else name
        for version in pins.get((ecosystem, name), ()):
            try:
                if _affects(affected, version):
                    yield name, version, True
            except InvalidVersion:
                yield name, version, False


def verdict(paths: Sequence[Path], pins: Pins, today: dt.date) -> tuple[int, str]:
    """Exit code (1: something is vulnerable) and what to say.

    Raises:
        AdvisoryError: a file cannot be read.
    """
    newest: dict[str, str] = {}
    vulnerable: set[str] = set()
    unsure: set[str] = set()
    for path in paths:
        for record in records(path):
            for affected in record.get("affected", ()):
                ecosystem = str(affected.get("package", {}).get("ecosystem"))
                newest[ecosystem] = max(newest.get(ecosystem, ""), str(record.get("modified", ""))[:10])
            if record.get("withdrawn"):
                continue
            names = ", ".join([str(record.get("id")), *map(str, record.get("aliases", ()))])
            for name, version, compared in _of_record(record, pins):
                (vulnerable if compared else unsure).add(f"{name} {version}: {names}")
    lines = [*sorted(vulnerable), *(f"NOT COMPARED: {line}" for line in sorted(unsure))]
    for ecosystem in ECOSYSTEMS:
        count = sum(one == ecosystem for one, _ in pins)
        lines.append(_looked_up(ecosystem, count, newest.get(ecosystem), today))
    return int(bool(vulnerable)), "\n".join(lines)


def _looked_up(ecosystem: str, count: int, newest: str | None, today: dt.date) -> str:
    """How far the packages of one ecosystem were looked up."""
    if newest is None:
        return f"NOT CHECKED: the {count} packages of {ecosystem}; no advisories of {ecosystem} were given."
    said = f"{count} packages of {ecosystem} were looked up; the newest advisory is of {newest}."
    try:
        old = (today - dt.date.fromisoformat(newest)).days
    except ValueError:
        return f"{said} THE AGE OF THE DATABASE IS NOT KNOWN."
    return f"{said} THE DATABASE IS {old} DAYS OLD." if old > OLD_AFTER_DAYS else said


def main(arguments: Sequence[str]) -> int:
    """Say what was found; the exit code."""
    try:
        code, said = verdict([Path(name) for name in arguments], pinned(), dt.date.today())
    except AdvisoryError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(said + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
