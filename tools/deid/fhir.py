"""FHIR R4: demographics and narrative go, ids are mapped, dates move, free text is read for identifiers."""

from __future__ import annotations

import re
from typing import Any

from tools.deid.dates import find_dates
from tools.deid.dictionary import word_list
from tools.deid.surrogates import OLDEST_AGE_SHOWN_YEARS, Surrogates

# Elements that exist to say who, where or how to reach somebody; and markup that repeats them.
_DROPPED = word_list("fhir_dropped")
_PERSONS = frozenset({"Patient", "Practitioner", "RelatedPerson", "Person"})
_NAMED = frozenset({"Organization", "Location", "HealthcareService", "PractitionerRole", "CareTeam", "Device"})
_DROPPED_EXTENSIONS = re.compile(r"mothersMaidenName|birthPlace|geolocation|birthsex-address|patient-citizenship", re.I)
_ADMINISTRATIVE = re.compile(
    r"^(?:Patient|Practitioner|PractitionerRole|RelatedPerson|Person|Organization|Location)/|^urn:uuid"
)
_ISO = re.compile(r"\d{4}-\d{2}(?:-\d{2})?(?:T.*)?")
_CODED = frozenset({"system", "code", "unit", "url", "profile", "resourceType", "type_code", "version", "language"})
_REFERENCE = re.compile(r"^(?P<type>[A-Z][A-Za-z]+)[/?](?P<id>.+)$")


def person_names(data: Any) -> list[str]:
    """Every HumanName of the resources, as `given family` and as its text."""
    found: list[str] = []
    if isinstance(data, dict):
        if data.get("resourceType") in _PERSONS:
            for name in data.get("name") or ():
                if isinstance(name, dict):
                    given = [str(part) for part in name.get("given") or ()]
                    found += [" ".join([*given, str(name.get("family") or "")]).strip(), str(name.get("text") or "")]
        for value in data.values():
            found += person_names(value)
    elif isinstance(data, list):
        for value in data:
            found += person_names(value)
    return [name for name in found if name]


def deidentify_fhir(data: Any, surrogates: Surrogates) -> Any:
    """The resources without what tells who they are of."""
    surrogates.know(person_names(data))
    return _value(data, surrogates, "")


def _value(value: Any, surrogates: Surrogates, key: str) -> Any:
    if isinstance(value, dict):
        return _object(value, surrogates, key)
    if isinstance(value, list):
        return [_value(item, surrogates, key) for item in value if not _dropped_extension(item)]
    return _text(value, surrogates, key) if isinstance(value, str) else value


def _dropped_extension(item: Any) -> bool:
    return isinstance(item, dict) and bool(_DROPPED_EXTENSIONS.search(str(item.get("url", ""))))


def _object(body: dict[str, Any], surrogates: Surrogates, within: str) -> dict[str, Any]:
    kind = body.get("resourceType")
    made: dict[str, Any] = {}
    for key, value in body.items():
        if key in _DROPPED or key.startswith("_"):
            continue
        if key == "text" and isinstance(value, dict) and "div" in value:
            continue  # narrative
        if key == "name" and (kind in _PERSONS or kind in _NAMED):
            continue
        if key == "display" and _ADMINISTRATIVE.match(str(body.get("reference", ""))):
            continue
        if key == "id" and isinstance(value, str):
            made[key] = _new_id(value, surrogates)
        elif key in ("reference", "fullUrl") and isinstance(value, str):
            made[key] = _new_reference(value, surrogates)
        else:
            made[key] = _value(value, surrogates, key if within != "coding" else "code")
    return made


def _new_id(old: str, surrogates: Surrogates) -> str:
    return "id-" + surrogates.new_uid("fhir " + old)[-20:]


def _new_reference(old: str, surrogates: Surrogates) -> str:
    if old.startswith("urn:uuid:"):
        return "urn:uuid:" + _new_id(old.removeprefix("urn:uuid:"), surrogates)
    if old.startswith("#"):
        return "#" + _new_id(old[1:], surrogates)
    match = _REFERENCE.match(old)
    if match is not None and "/" in old and "://" not in old:
        return f"{match['type']}/{_new_id(match['id'], surrogates)}"
    return "urn:uuid:" + _new_id(old.rsplit("/", 1)[-1], surrogates)


def _text(value: str, surrogates: Surrogates, key: str) -> str:
    if key in _CODED:
        return value
    if _ISO.fullmatch(value):
        return moved_date(value, surrogates)
    return surrogates.hide(value)


def moved_date(value: str, surrogates: Surrogates) -> str:
    """An ISO date or date-time moved; a date of birth that tells of an age over 89 becomes the oldest year shown."""
    day, time = value[:10], value[10:]
    oldest = surrogates.today.year - OLDEST_AGE_SHOWN_YEARS - 1
    if int(value[:4]) <= oldest:
        return str(oldest)
    if len(value) == 7:
        day, time = value + "-15", ""
        return find_dates(day)[0].moved(surrogates.shift)[:7]
    spans = find_dates(day)
    return spans[0].moved(surrogates.shift) + time if spans else value[:4]
