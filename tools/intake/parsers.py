"""Readers of structured case files. They run in the limited child process and answer with plain JSON.

Only what the case needs leaves the child: names, addresses, identifiers and narrative text of a FHIR
resource stay behind.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import math
import zlib
from pathlib import Path
from typing import Any

from knowledge.errors import BadInput
from knowledge.yamlfile import load_yaml_text

_MAX_DEPTH = 60
_MAX_INFLATED = 256 * 2**20
_FHIR_KEPT: dict[str, str] = {
    "Patient": "id gender birthDate extension",
    "Condition": "id clinicalStatus verificationStatus code subject onsetDateTime recordedDate",
    "Observation": (
        "id status code subject effectiveDateTime effectivePeriod effectiveInstant valueQuantity valueCodeableConcept "
        "valueInteger valueBoolean component"
    ),
    "MedicationStatement": (
        "id status medicationCodeableConcept medicationReference subject effectiveDateTime effectivePeriod dosage "
        "contained"
    ),
    "MedicationRequest": (
        "id status intent doNotPerform medicationCodeableConcept medicationReference subject authoredOn "
        "dosageInstruction contained"
    ),
    "Medication": "id code",
    "AllergyIntolerance": "id clinicalStatus verificationStatus code patient criticality reaction",
    "FamilyMemberHistory": "id status patient relationship condition",
}


def read_yaml_file(path: str, name: str) -> Any:
    """The content of one YAML file as JSON values; dates become ISO text.

    Raises:
        BadInput: not UTF-8, not YAML, nested too deeply, or a number that is not finite.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(name, f"byte {error.start}", "it is not UTF-8 text", "UTF-8") from None
    try:
        return _plain(load_yaml_text(text, name), name, "", 0)
    except RecursionError:
        raise BadInput(name, "the whole file", "it is nested too deeply", "lists and mappings, a few deep") from None
    except ValueError as error:
        raise BadInput(name, "the whole file", f"a value cannot be read ({error})", "plain YAML") from None


def _plain(value: Any, name: str, place: str, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise BadInput(name, place, "it is nested too deeply", f"at most {_MAX_DEPTH} levels")
    if isinstance(value, dict):
        return {str(k): _plain(v, name, f"{place}.{k}".lstrip("."), depth + 1) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v, name, f"{place}[{i}]", depth + 1) for i, v in enumerate(value)]
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise BadInput(name, place or "the whole file", "the number is not finite", "a finite number")
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise BadInput(name, place or "the whole file", f"a {type(value).__name__} cannot be used", "text, numbers, dates")


def read_json_file(path: str, name: str) -> Any:
    """The whole content of a JSON file, plain or gzip.

    Raises:
        BadInput: not gzip though named so, or not UTF-8 JSON.
    """
    return _json(_bytes(Path(path), name), name)


def read_fhir_file(path: str, name: str) -> list[dict[str, Any]]:
    """The resources of one FHIR R4 file (a Bundle or a single resource), cut down to what the case uses.

    Each item is {type, full_url, index, resource}. Other resource types come as {type, index} only.

    Raises:
        BadInput: not gzip though named so, not UTF-8 JSON, or not a FHIR resource.
    """
    data = _json(_bytes(Path(path), name), name)
    if not isinstance(data, dict) or "resourceType" not in data:
        raise BadInput(name, "the whole file", "it has no resourceType", "a FHIR R4 Bundle or resource")
    if data["resourceType"] != "Bundle":
        return [_cut(data, None, 0, name)]
    entries = data.get("entry", [])
    if not isinstance(entries, list):
        raise BadInput(name, "Bundle.entry", "it is not a list", "a list of entries")
    found = []
    for index, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise BadInput(name, f"Bundle.entry[{index}]", "it holds no resource", "an entry with a resource")
        full_url = entry.get("fullUrl")
        found.append(_cut(resource, full_url if isinstance(full_url, str) else None, index, name))
    return found


def _cut(resource: dict[str, Any], full_url: str | None, index: int, name: str) -> dict[str, Any]:
    kind = resource["resourceType"]
    made: dict[str, Any] = {"type": kind, "index": index}
    if kind in _FHIR_KEPT:
        kept = {key: resource[key] for key in _FHIR_KEPT[kind].split() if key in resource}
        place = f"Bundle.entry[{index}]"
        made |= {"full_url": full_url, "resource": _plain(kept, name, place, 0)}
    return made


def _bytes(path: Path, name: str) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    try:
        with gzip.open(path) as stream:
            body = stream.read(_MAX_INFLATED + 1)
    except (OSError, EOFError, zlib.error):
        raise BadInput(name, "the whole file", "it is not an intact gzip file", "gzip, or JSON without .gz") from None
    if len(body) > _MAX_INFLATED:
        problem = f"it inflates to more than {_MAX_INFLATED // 2**20} MiB of memory"
        raise BadInput(name, "the whole file", problem, "a smaller file")
    return body


def _json(body: bytes, name: str) -> Any:
    try:
        return json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadInput(name, f"byte {error.start}", "it is not UTF-8 text", "UTF-8 JSON") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise BadInput(name, place, f"it is not JSON ({error.msg})", "JSON") from None
    except (RecursionError, ValueError):
        raise BadInput(name, "the whole file", "it is nested too deeply or holds huge numbers", "FHIR JSON") from None
