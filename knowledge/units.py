"""Units of measurement: UCUM codes in, pint arithmetic, conversions between mass and substance.

UCUM (the Unified Code for Units of Measure, https://ucum.org) is what FHIR and laboratories write.
pint does the arithmetic; this module translates the spelling and refuses what it does not know.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from typing import Any

from knowledge.errors import ToolRetry

# UCUM atoms (and common clinical spellings) whose pint name differs.
_ATOMS = {
    "mm[Hg]": "mmHg",
    "cm[H2O]": "cmH2O",
    "[in_i]": "inch",
    "[ft_i]": "foot",
    "[lb_av]": "pound",
    "[oz_av]": "ounce",
    "[degF]": "degF",
    "°F": "degF",
    "Cel": "degC",
    "°C": "degC",
    "[pH]": "dimensionless",
    "[IU]": "international_unit",
    "IU": "international_unit",
    "U": "enzyme_unit_ucum",
    "m[IU]": "milli_international_unit",
    "mIU": "milli_international_unit",
    "k[IU]": "kilo_international_unit",
    "eq": "equivalent",
    "meq": "milliequivalent",
    "mEq": "milliequivalent",
    "mcg": "ug",
    "%": "percent",
    "a": "year",
    "yr": "year",
    "mo": "month",
    "wk": "week",
    "d": "day",
    "h": "hour",
    "pack-years": "pack_year",
    "pack_years": "pack_year",
}
_NOTES = {"{1.73_m2}": "1.73 * meter ** 2", "{pack_years}": "pack_year", "{pack-years}": "pack_year"}
# Whole units as laboratories and monitors print them, whose letters mean something else in UCUM.
_SPELLINGS = {
    "k/ul": "10*3/uL",
    "thou/ul": "10*3/uL",
    "k/mm3": "10*3/mm3",
    "m/ul": "10*6/uL",
    "mil/ul": "10*6/uL",
    "cells/ul": "/uL",
    "cells/mm3": "/mm3",
    "/hpf": "{hpf}",
    "bpm": "/min",
    "beats/min": "/min",
    "beats/minute": "/min",
    "breaths/min": "/min",
    "breaths/minute": "/min",
    "mm hg": "mm[Hg]",
    "cmh2o": "cm[H2O]",
    "uiu/ml": "m[IU]/L",
    "miu/l": "m[IU]/L",
    "iu/l": "[IU]/L",
}
_DEFINITIONS = (
    "international_unit = [international_unit]",
    "milli_international_unit = 0.001 * international_unit",
    "kilo_international_unit = 1000 * international_unit",
    "enzyme_unit_ucum = 1e-6 * mole / minute",
    "equivalent = [equivalent]",
    "milliequivalent = 0.001 * equivalent",
    "pack_year = [pack_year]",
)
_AREA = re.compile(r"1\.73\s*m(?:2|\^2|²)")
_COMPONENT = re.compile(
    r"(?P<op>[/.*]?)(?:"
    r"x?10[*^](?P<power>-?\d+)"
    r"|(?P<note>\{[^}]*\})"
    r"|(?P<atom>(?:[A-Za-zµμ°%_-]|\[[A-Za-z0-9_]+\])+)(?:\^|\*\*)?(?P<exponent>-?\d)?(?:\{[^}]*\})?"
    r"|(?P<number>\d+(?:\.\d+)?)"
    r")"
)


_MAKING = threading.Lock()


def registry() -> Any:
    """The one pint registry, made on first use because pint is slow to import; quantities of two do not mix."""
    with _MAKING:
        return _registry()


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    made = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    for line in _DEFINITIONS:
        made.define(line)
    return made


def _component(match: re.Match[str]) -> Any:
    ureg = registry()
    if match["power"]:
        return ureg.Quantity(10.0 ** int(match["power"]))
    if match["number"]:
        return ureg.Quantity(float(match["number"]))
    if match["note"]:
        return ureg.Quantity(1.0, ureg.dimensionless) * ureg.parse_expression(_NOTES.get(match["note"], "1"))
    atom = match["atom"].replace("µ", "u").replace("μ", "u")
    return ureg.Quantity(1.0, ureg.Unit(_ATOMS.get(atom, atom))) ** int(match["exponent"] or 1)


@lru_cache(maxsize=1024)
def _scale(unit: str) -> Any:
    """One `unit` as a pint quantity. Raises `ToolRetry` for a code that is not UCUM."""
    text = _AREA.sub("{1.73_m2}", unit.strip()) if len(unit) <= 40 else ""
    text = _SPELLINGS.get(text.replace("µ", "u").replace("μ", "u").replace("³", "3").casefold(), text)
    refusal = ToolRetry(f"The unit {unit[:40]!r} is not a UCUM code such as mg/dL, mm[Hg], kg/m2 or 10*9/L.")
    if not text:
        raise refusal
    total, at = registry().Quantity(1.0), 0
    while at < len(text):
        match = _COMPONENT.match(text, at)
        if match is None or ((at > 0) != bool(match["op"]) and not (at == 0 and match["op"] == "/")):
            raise refusal
        try:
            part = _component(match)
        except Exception as error:
            raise refusal from error
        total = total / part if match["op"] == "/" else total * part
        at = match.end()
    return total


# Temperatures. A bare C or F is read as one only where the target is a temperature.
_OFFSET = {
    **dict.fromkeys(("Cel", "°C", "℃", "degC", "C"), "degC"),
    **dict.fromkeys(("[degF]", "°F", "℉", "degF", "F"), "degF"),
    "K": "kelvin",
}


def convert(value: float, unit: str, to: str, molar_mass_g_per_mol: float | None = None) -> float:
    """Express `value` in `unit` as a number in `to`.

    Mass and amount of substance convert into each other where the molar mass is given
    (amount = mass / molar mass).

    Raises:
        ToolRetry: the units measure different things, or one of them is unknown.
    """
    if unit == to:
        return float(value)
    if unit in _OFFSET and to in _OFFSET:
        return float(registry().Quantity(value, _OFFSET[unit]).to(_OFFSET[to]).magnitude)
    source, target = _scale(unit), _scale(to)
    if source.dimensionality != target.dimensionality and molar_mass_g_per_mol is not None:
        molar = registry().Quantity(molar_mass_g_per_mol, "gram / mole")
        source = next(
            (q for q in (source * molar, source / molar) if q.dimensionality == target.dimensionality), source
        )
    if source.dimensionality != target.dimensionality:
        raise ToolRetry(f"{value:g} {unit} cannot be expressed in {to}: they measure different things.")
    return float(value) * float((source / target).to("dimensionless").magnitude)


def same_dimension(unit: str, other: str) -> bool:
    """Whether the two units measure the same kind of quantity. Raises `ToolRetry` as `convert` does."""
    return bool(_scale(unit).dimensionality == _scale(other).dimensionality)


_WRITTEN = {
    "mm[Hg]": "mmHg",
    "cm[H2O]": "cmH2O",
    "Cel": "°C",
    "[degF]": "°F",
    "[hnsf'U]": "HU",
    "10*9/L": "×10^9/L",
    "mm2": "mm²",
    "mm3": "mm³",
    "m2": "m²",
    "kg/m2": "kg/m²",
    "mL/min/{1.73_m2}": "mL/min/1.73 m²",
    "1": "",
}
_WRITTEN_IN = {
    "en": {"a": "years", "mo": "months", "wk": "weeks", "d": "days", "h": "hours", "{pack_years}": "pack-years"},
    "zh": {"a": "年", "mo": "个月", "wk": "周", "d": "天", "h": "小时", "{pack_years}": "包年"},
}


def written_unit(unit: str, language: str = "en") -> str:
    """A UCUM unit as people write it: `mm[Hg]` as mmHg, `a` as years (年), `1` as nothing."""
    return _WRITTEN_IN.get(language, {}).get(unit) or _WRITTEN.get(unit, unit)
