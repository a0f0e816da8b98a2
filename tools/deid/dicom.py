"""DICOM after PS3.15 annex E: the basic profile, with modified dates and patient characteristics kept.

The table of attributes and actions is the one of PS3.15 2026c (table E.1-1), as the package `dicom-anonymizer` has it.
Options taken: 113107 (longitudinal temporal information with modified dates) and 113108 (patient characteristics).
All private attributes go; UIDs are mapped by a keyed hash, the same within a case; other text is read for identifiers.
Pixels are not changed: an image that may carry burned-in text (`tools.deid.burned`) is left out and named.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from tools.deid.ages import OLDEST_AGE_SHOWN_YEARS
from tools.deid.burned import burned_in, shows_text
from tools.deid.surrogates import Surrogates

_TABLE = "dicomfields_2026c"
_DATE_VRS = frozenset({"DA", "DT"})
_TEXT_VRS = frozenset({"LO", "SH", "ST", "LT", "UT", "UC"})
# PS3.15 table E.1-1, column "Retain Patient Characteristics Option": age, sex, size, weight, and the like.
_CHARACTERISTICS = frozenset(
    {0x00100040, 0x00101010, 0x00101020, 0x00101030, 0x00102160, 0x001021A0, 0x001021C0, 0x00102203}
)
_PATIENT_NAME, _PATIENT_ID, _AGE = 0x00100010, 0x00100020, 0x00101010
# A birth is emptied, not moved: beside the age it would say the day, give or take a year.
_BIRTH = frozenset({0x00100030, 0x00100032})
# Curves and overlays: without the data that the profile removes they say nothing.
_DRAWN_OVER = frozenset({0x5000, 0x6000})
# What a file needs to be read; the rest of its meta information names who made, sent and received it.
_META_KEPT = frozenset({0x0000, 0x0001, 0x0002, 0x0003, 0x0010})
# PS3.16 CID 7050.
_METHODS = (
    ("113100", "Basic Application Confidentiality Profile"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
)
_HEAD = re.compile(r"head|brain|skull|face|neck|orbit|sinus|iac", re.IGNORECASE)


@cache
def _actions() -> tuple[dict[int, str], tuple[tuple[int, int, str], ...]]:
    """Attribute -> action (`D`, `Z`, `X`, `U`), and (mask, value, action) of the repeating groups."""
    from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector as select

    chosen = {
        "D_TAGS": "D",
        "Z_TAGS": "Z",
        "X_TAGS": "X",
        "U_TAGS": "U",
        "Z_D_TAGS": "D",
        "X_Z_TAGS": "Z",
        "X_D_TAGS": "D",
        "X_Z_D_TAGS": "D",
        "X_Z_U_STAR_TAGS": "S",
    }
    exact: dict[int, str] = {}
    masked: list[tuple[int, int, str]] = []
    for category, tags in select(_TABLE).items():
        for tag in tags if category in chosen else ():
            number = tag[0] << 16 | tag[1]
            if len(tag) == 4:
                masked.append((tag[2] << 16 | tag[3], number, chosen[category]))
            else:
                exact[number] = chosen[category]
    return exact, tuple(masked)


def action_of(tag: int) -> str | None:
    """What the profile does with one attribute: replace `D`, empty `Z`, remove `X`, new UID `U`, sequence `S`."""
    exact, masked = _actions()
    if tag in exact:
        return exact[tag]
    return next((action for mask, value, action in masked if tag & mask == value & mask), None)


def shows_face(data: Any) -> bool:
    """Whether a face could be rebuilt from this image: a CT or MR of head or neck."""
    texts = (str(data.get(name, "")) for name in ("BodyPartExamined", "StudyDescription", "SeriesDescription"))
    return str(data.get("Modality", "")) in ("CT", "MR", "PT") and any(_HEAD.search(text) for text in texts)


def deidentify_dataset(data: Any, surrogates: Surrogates) -> int:
    """Change `data` in place after the profile; returns how many attributes were changed or removed."""
    name, identifier = str(data.get("PatientName", "")), str(data.get("PatientID", ""))
    surrogates.know(re.sub(r"[\^=]+", " ", part) for part in (name, str(data.get("OtherPatientNames", ""))))
    changed = _walk(data, surrogates)
    if _PATIENT_NAME in data:
        data.PatientName = "Patient^" + _short(surrogates, "name " + name)
    if _PATIENT_ID in data:
        data.PatientID = _short(surrogates, "id " + identifier)
    _say_how(data)
    return changed


def _short(surrogates: Surrogates, text: str) -> str:
    return "P" + surrogates.new_uid(text)[-10:]


def _walk(data: Any, surrogates: Surrogates) -> int:
    changed = 0
    for element in list(data):
        tag = int(element.tag)
        if element.tag.is_private or element.tag.group & 0xFF00 in _DRAWN_OVER:
            del data[element.tag]
            changed += 1
            continue
        action = action_of(tag)
        if tag in _BIRTH:
            element.value = ""
            changed += 1
        elif element.VR in _DATE_VRS:
            changed += _move_dates(element, surrogates)
        elif element.VR == "TM":
            continue  # a time of day without its day is kept with the modified dates
        elif tag in _CHARACTERISTICS:
            changed += _cap_age(element) if tag == _AGE else 0
            changed += _read_text(element, surrogates) if element.VR in _TEXT_VRS else 0
        elif element.VR in ("UR", "AE") or action == "X":  # addresses of servers and of stations
            del data[element.tag]
            changed += 1
        elif element.VR == "SQ":
            changed += _sequence(data, element, action, surrogates)
        elif action == "U":
            element.value = _new_uids(element.value, surrogates)
            changed += 1
        elif action in ("D", "Z", "S") or element.VR == "PN":
            _blank(element, replace=action == "D")
            changed += 1
        elif element.VR in _TEXT_VRS:
            changed += _read_text(element, surrogates)
    return changed


def _sequence(data: Any, element: Any, action: str | None, surrogates: Surrogates) -> int:
    if action in ("Z", "D"):
        del data[element.tag]
        return 1
    return sum(_walk(item, surrogates) for item in element.value or ())


def _blank(element: Any, *, replace: bool) -> None:
    """An empty value, or a value that says nothing where the profile wants one."""
    if element.VR in _TEXT_VRS | {"PN", "AE", "CS"}:
        element.value = "REMOVED" if replace else ""
    elif element.VR == "UI":
        element.value = ""
    else:
        element.value = None


def _new_uids(value: Any, surrogates: Surrogates) -> Any:
    if value is None or isinstance(value, str):
        return surrogates.new_uid(str(value)) if value else value
    return [surrogates.new_uid(str(one)) for one in value]


def _move_dates(element: Any, surrogates: Surrogates) -> int:
    from tools.deid.dates import find_dates

    def moved(text: str) -> str:
        spans = find_dates(text[:8]) if re.match(r"\d{8}", text) else []
        if not spans or spans[0].day.year < surrogates.today.year - OLDEST_AGE_SHOWN_YEARS:
            return ""
        return spans[0].moved(surrogates.shift) + text[8:]

    values = (
        [element.value] if isinstance(element.value, str) or not hasattr(element.value, "__iter__") else element.value
    )
    shown = [moved(str(value)) if value else "" for value in values]
    element.value = shown[0] if len(shown) == 1 else shown
    return 1


def _cap_age(element: Any) -> int:
    match = re.fullmatch(r"\s*(\d{1,3})\s*[Yy]?\s*", str(element.value or ""))
    if match is None or int(match[1]) <= OLDEST_AGE_SHOWN_YEARS:
        return 0
    element.value = f"{OLDEST_AGE_SHOWN_YEARS + 1:03d}Y"
    return 1


def _read_text(element: Any, surrogates: Surrogates) -> int:
    value = element.value
    if not value:
        return 0
    many = not isinstance(value, str) and hasattr(value, "__iter__")
    texts = [str(one) for one in value] if many else [str(value)]
    hidden = [surrogates.hide(text) for text in texts]
    if hidden == texts:
        return 0
    element.value = hidden if many else hidden[0]
    return 1


def _say_how(data: Any) -> None:
    from pydicom.dataset import Dataset

    data.PatientIdentityRemoved = "YES"
    data.LongitudinalTemporalInformationModified = "MODIFIED"
    data.DeidentificationMethod = "PS3.15 basic profile, 2026c"
    codes = []
    for value, meaning in _METHODS:
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
        codes.append(code)
    data.DeidentificationMethodCodeSequence = codes


def deidentify_files(pairs: list[list[str]], surrogates_json: str) -> dict[str, Any]:
    """De-identify DICOM files in a limited child process.

    Args:
        pairs: [source path, target path, name as the user knows it] of each file.
        surrogates_json: the case's surrogates, as `Surrogates.to_json` writes them.

    Returns:
        `written` names, `left_out` name -> reason, `faces` names, and the `map` of surrogates.
    """
    import pydicom

    surrogates = Surrogates.from_json(surrogates_json)
    written, left_out, faces = [], {}, []
    for source, target, name in pairs:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = pydicom.dcmread(source)
                reason = burned_in(data) or shows_text(Path(source), data)
                if reason is not None:
                    left_out[name] = reason
                    continue
                if shows_face(data):
                    faces.append(name)
                deidentify_dataset(data, surrogates)
                data.file_meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", "")
                for tag in list(data.file_meta):
                    if tag.tag.element not in _META_KEPT:
                        del data.file_meta[tag.tag]
                data.preamble = b"\0" * 128
                data.save_as(target, enforce_file_format=True)
            written.append(name)
        except MemoryError:
            raise
        except Exception as error:  # a damaged header can fail anywhere in the parser
            left_out[name] = f"it cannot be read as DICOM ({type(error).__name__})"
            Path(target).unlink(missing_ok=True)
    return {"written": written, "left_out": left_out, "faces": faces, "map": surrogates.to_json()}
