"""FHIR R4: demographics and narrative go, ids are mapped, dates move, free text is read for identifiers."""

from __future__ import annotations

import re
from typing import Any

from tools.deid.ages import OLDEST_AGE_SHOWN_YEARS, capped
from tools.deid.dates import find_dates
from tools.deid.dictionary import word_list
from tools.deid.surrogates import Surrogates

# Elements that exist to say who, where or how to reach somebody; and markup that repeats them.
_DROPPED = word_list("fhir_dropped")
_PERSONS = frozenset({"Patient", "Practitioner", "RelatedPerson", "Person"})
_NAMED = frozenset({"Organization", "Location", "HealthcareService", "PractitionerRole", "CareTeam", "Device"})
# Values of these types say who, where or how to reach somebody, or hold a file, whatever element they are the value of.
_DROPPED_TYPES = re.compile(
    r"(?:Attachment|Identifier|Base64Binary|Address|ContactPoint|ContactDetail|HumanName|Signature)$"
    r"|^(?:value(?:Uri|Url|Uuid|Oid)|presentedForm|requisition|securityContext)$"
)
_DROPPED_EXTENSIONS = re.compile(r"mothersMaidenName|birthPlace|geolocation|birthsex-address|patient-citizenship", re.I)
_ADMINISTRATIVE = re.compile(
    r"^(?:Patient|Practitioner|PractitionerRole|RelatedPerson|Person|Organization|Location)/|^urn:uuid"
)
_ISO = re.compile(r"\d{4}-\d{2}(?:-\d{2})?(?:T.*)?")
_YEAR = re.compile(r"\d{4}")
# Elements that hold a day, of which FHIR allows the year alone.
_DATED = re.compile(r"[dD]ate(?:Time)?$|^(?:start|end|issued|recorded|authoredOn|period|born\w*|deceased\w*|onset\w*)$")
# Codes of UCUM and words for years, months, weeks and days, with how many of them an age over 89 has at least.
_OLD_IN = {"a": 90.0, "mo": 1080.0, "wk": 4695.0, "d": 32872.0}
_UNIT = re.compile(
    r"(?:(?P<a>a|y|yrs?|years?|岁|年)|(?P<mo>mo|months?|月)|(?P<wk>wks?|weeks?|周)|(?P<d>d|days?|天|日))", re.I
)
_AGE_NAME = re.compile(r"(?<![A-Za-z])[aA]ge(?![a-z])|(?<=[a-z])Age(?![a-z])|年龄")
# LOINC: age, age reported, age calculated.
_AGE_CODES = frozenset({"30525-0", "21612-7", "29553-5"})
_NUMBER_VALUES = frozenset({"valueInteger", "valueDecimal", "valueUnsignedInt", "valuePositiveInt", "valueString"})
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
        kept = (item for item in value if not _dropped_extension(item) and not _is_file(item))
        return [_value(item, surrogates, key) for item in kept]
    return _text(value, surrogates, key) if isinstance(value, str) else value


def _dropped_extension(item: Any) -> bool:
    return isinstance(item, dict) and bool(_DROPPED_EXTENSIONS.search(str(item.get("url", ""))))


def _object(body: dict[str, Any], surrogates: Surrogates, within: str) -> dict[str, Any]:
    kind = body.get("resourceType")
    made: dict[str, Any] = {}
    for key, value in body.items():
        if key in _DROPPED or key.startswith("_") or _DROPPED_TYPES.search(key) or _is_file(value):
            continue
        if (
            key in ("data", "contentType") and "dimensions" not in body
        ):  # of a Binary; samples of a curve have dimensions
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
        elif (key in _NUMBER_VALUES and _says_age(body)) or (key.endswith("String") and _AGE_NAME.search(key)):
            made[key] = _value(capped(value), surrogates, key)
        else:
            made[key] = _value(value, surrogates, key if within != "coding" else "code")
    return _capped_quantity(made)


def _is_file(value: Any) -> bool:
    """Whether an element is an Attachment: its content is not looked into."""
    return isinstance(value, dict) and "contentType" in value and "resourceType" not in value


def _says_age(body: dict[str, Any]) -> bool:
    """Whether an extension or an observation is about an age in years."""
    code = body.get("code")
    said = [str(body.get("url", "")).rsplit("/", 1)[-1]]
    if isinstance(code, dict):
        coding = [one for one in code.get("coding") or () if isinstance(one, dict)]
        if any(one.get("code") in _AGE_CODES for one in coding):
            return True
        said += [str(code.get("text", "")), *(str(one.get("display", "")) for one in coding)]
    return any(_AGE_NAME.search(text) for text in said)


def _capped_quantity(body: dict[str, Any]) -> dict[str, Any]:
    """A quantity of time that only an age over 89 has becomes 90 years."""
    value = body.get("value")
    unit = _UNIT.fullmatch(str(body.get("code") or body.get("unit") or ""))
    if not isinstance(value, int | float) or isinstance(value, bool) or unit is None:
        return body
    if value < _OLD_IN[str(unit.lastgroup)]:
        return body
    return body | {"value": OLDEST_AGE_SHOWN_YEARS + 1, "unit": "years"} | ({"code": "a"} if "code" in body else {})


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
    if _ISO.fullmatch(value) or (_YEAR.fullmatch(value) and _DATED.search(key)):
        return moved_date(value, surrogates)
    return surrogates.hide(value)


def moved_date(value: str, surrogates: Surrogates) -> str:
    """An ISO date or date-time moved; a date of birth that tells of an age over 89 becomes the oldest year shown."""
    day, time = value[:10], value[10:]
    oldest = surrogates.today.year - OLDEST_AGE_SHOWN_YEARS - 1
    if int(value[:4]) <= oldest:
        return str(oldest)
    if len(value) == 4:
        return value
    if len(value) == 7:
        day, time = value + "-15", ""
        return find_dates(day)[0].moved(surrogates.shift)[:7]
    spans = find_dates(day)
    return spans[0].moved(surrogates.shift) + time if spans else value[:4]
