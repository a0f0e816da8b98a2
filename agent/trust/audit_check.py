"""Whether an audit record is whole, and a signed copy of what it says of one case."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, ValidationError

from agent.trust.audit import FIRST, AuditLog, Entry, Head, Signed, head_message, row_message
from knowledge.errors import BadInput, ConsiliumError
from tools.evidence import Record

FORMAT: Literal["consilium-audit/1"] = "consilium-audit/1"


class Fault(Record):
    """What is wrong at a row."""

    number: int
    problem: str


class Checked(Record):
    """The outcome of a check. `clock_went_back` names rows whose time is before that of the row before them."""

    rows: int
    head: str
    faults: tuple[Fault, ...]
    clock_went_back: tuple[int, ...] = ()


class AuditCopy(Record):
    """The rows of one case with what is needed to check them elsewhere. `reasons` are those that can still be read."""

    format: Literal["consilium-audit/1"] = FORMAT
    case: str
    public_key: str
    head: Head
    rows: tuple[Signed, ...]
    reasons: dict[int, str] = Field(default_factory=dict)


def check(log: AuditLog, kept_head: str | None = None) -> Checked:
    """Check every row, their order, the head and the beginning.

    Args:
        kept_head: `NUMBER:HASH` of a head that was noted elsewhere earlier. Only this finds a record of which an older
            copy was put back as a whole.
    """
    rows, head = log.entries(), log.head()
    key = Ed25519PublicKey.from_public_bytes(log.public_key)
    faults: list[Fault] = []
    previous, expected = FIRST, 1
    for row in rows:
        gap = row.number > expected
        if gap:
            faults.append(Fault(number=expected, problem=_missing(expected, row.number - 1)))
        problem = _problem(row, key) or ("" if gap else _out_of_place(row, previous))
        if problem:
            faults.append(Fault(number=row.number, problem=problem))
        previous, expected = row.hash, row.number + 1
    faults += _head_faults(rows, head, key) + _beginning_faults(log, rows)
    if kept_head is not None:
        faults += _kept_faults(rows, kept_head)
    faults += _reason_faults(log, rows)
    name = f"{head.number}:{head.hash}" if head is not None else ""
    return Checked(rows=len(rows), head=name, faults=tuple(faults), clock_went_back=_backwards(rows))


def copy_of_case(log: AuditLog, case: str) -> AuditCopy:
    """The rows of a case, with the reasons of emergency access that its key still opens."""
    rows, head = log.entries(case), log.head()
    assert head is not None
    reasons = {}
    for row in rows:
        kept = log.reason(row.number)
        if kept is not None:
            try:
                reasons[row.number] = log.vault.seal_of(kept[0]).open_text(kept[1], f"reason|{row.number}")
            except ConsiliumError:
                continue  # destroyed with its case
    return AuditCopy(case=case, public_key=log.public_key.hex(), head=head, rows=tuple(rows), reasons=reasons)


def check_copy(text: bytes, name: str) -> Checked:
    """Check the signatures of a copy with the key that it names; the caller compares that key.

    Raises:
        BadInput: it is not such a copy.
    """
    try:
        copy = AuditCopy.model_validate_json(text)
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(copy.public_key))
    except (ValidationError, ValueError):
        accepted = f"a file that `consilium audit export` wrote ({FORMAT})"
        raise BadInput(name, "the whole file", "it is not a copy of an audit record", accepted) from None
    faults = [Fault(number=row.number, problem=problem) for row in copy.rows if (problem := _problem(row, key))]
    if not _signed(key, copy.head.signature, head_message(copy.head.number, copy.head.hash)):
        faults.append(Fault(number=copy.head.number, problem="the head is not signed with this key"))
    return Checked(rows=len(copy.rows), head=f"{copy.head.number}:{copy.head.hash}", faults=tuple(faults))


def _problem(row: Signed, key: Ed25519PublicKey) -> str:
    """What is wrong with a row by itself."""
    if hashlib.sha256(row.body.encode()).hexdigest() != row.hash:
        return "it was altered"
    if not _signed(key, row.signature, row_message(row.hash)):
        return "it is not signed with the key of this record"
    try:
        entry = row.entry()
    except ValidationError:
        return "it is not a row of an audit record"
    return "" if entry.number == row.number else f"it was moved from {entry.number}"


def _out_of_place(row: Signed, previous: str) -> str:
    return "" if row.entry().previous == previous else "it does not follow the row before it"


def _missing(first: int, last: int) -> str:
    return "it is missing" if first == last else f"rows {first} to {last} are missing"


def _head_faults(rows: Sequence[Signed], head: Head | None, key: Ed25519PublicKey) -> list[Fault]:
    last = rows[-1].number if rows else 0
    if head is None:
        return [Fault(number=last, problem="the signed head is missing")] if rows else []
    if not _signed(key, head.signature, head_message(head.number, head.hash)):
        return [Fault(number=head.number, problem="the head is not signed with the key of this record")]
    if head.number > last:
        return [Fault(number=last + 1, problem=_missing(last + 1, head.number))]
    if head.number < last:
        return [Fault(number=head.number + 1, problem="it stands after the signed head")]
    return [] if rows[-1].hash == head.hash else [Fault(number=last, problem="the head is of another row")]


def _beginning_faults(log: AuditLog, rows: Sequence[Signed]) -> list[Fault]:
    if not log.anchor.exists():
        return [Fault(number=1, problem="the mark of the beginning is missing")] if rows else []
    begun = log.anchor.read_text(encoding="ascii", errors="replace")
    if rows and rows[0].number == 1 and rows[0].hash == begun:
        return []
    return [Fault(number=1, problem="the record was taken away, or begun again")]


def _kept_faults(rows: Sequence[Signed], kept: str) -> list[Fault]:
    number, _, digest = kept.partition(":")
    if not number.isdigit() or not digest:
        raise BadInput("--expect", "its value", "it is not NUMBER:HASH", "what `consilium audit verify` printed")
    found = next((row for row in rows if row.number == int(number)), None)
    if found is None:
        return [Fault(number=int(number), problem="it was there when the head was noted, and is missing")]
    return [] if found.hash == digest else [Fault(number=int(number), problem="it is not the row that was noted")]


def _reason_faults(log: AuditLog, rows: Sequence[Signed]) -> list[Fault]:
    faults = []
    for row, entry in readable(rows):
        if entry.reason:
            kept = log.reason(row.number)
            if kept is None or hashlib.sha256(kept[1]).hexdigest() != entry.reason:
                faults.append(Fault(number=row.number, problem="the reason that belongs to it was altered or removed"))
    return faults


def _backwards(rows: Sequence[Signed]) -> tuple[int, ...]:
    pairs = itertools.pairwise(readable(rows))
    return tuple(row.number for (_, before), (row, entry) in pairs if entry.at < before.at)


def readable(rows: Sequence[Signed]) -> Iterator[tuple[Signed, Entry]]:
    """The rows that say something, with what they say; one that was spoilt is left to `check`."""
    for row in rows:
        try:
            yield row, row.entry()
        except ValidationError:
            continue


def _signed(key: Ed25519PublicKey, signature: str, message: bytes) -> bool:
    try:
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True
