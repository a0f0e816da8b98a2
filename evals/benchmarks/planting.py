"""Identifiers planted into the notes of the de-identification benchmark; names, towns and numbers are Faker's."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

OTHER_LOCALES = ("en_AU", "en_IE", "nl_NL", "tr_TR", "pt_BR", "sv_SE", "hu_HU", "cs_CZ", "fi_FI", "hr_HR")
LOCALES = ("en_US", "en_GB", "en_IN", "es_MX", "de_DE", "fr_FR", "pl_PL", "it_IT")
_SLOT = re.compile(r"\{(\w+)\}")
_KINDS = {
    "patient": "person",
    "last_first": "person",
    "family": "person",
    "given": "person",
    "doctor": "person",
    "doctor_family": "person",
    "relative": "person",
    "nurse": "person",
    "nick": "person",
    "zh_name": "person",
    "zh_family": "person",
    "zh_doctor": "person",
    "zh_relative": "person",
    "date": "date",
    "date_iso": "date",
    "date_short": "date",
    "month_year": "date",
    "dob": "date",
    "zh_date": "date",
    "phone": "phone",
    "fax": "phone",
    "zh_phone": "phone",
    "email": "email",
    "url": "url",
    "ip": "ip",
    "address": "address",
    "town": "address",
    "zip_line": "address",
    "street": "address",
    "city": "address",
    "zh_town": "address",
    "zh_address": "address",
    "hospital": "hospital",
    "zh_hospital": "hospital",
    "age90": "age",
    "zh_age90": "age",
    "family_other": "person",
    "family_upper": "person",
    "given_upper": "person",
    "family_other_upper": "person",
    "given_other_upper": "person",
    "last_first_other": "person",
    "given_initial": "person",
    "initial_dot": "person",
    "initials_doctor": "person",
    "transcriber": "person",
    "filename_name": "person",
    "pinyin": "person",
    "dob_dotted": "date",
    "date_dotted": "date",
    "date_ordinal": "date",
    "date_us": "date",
    "date_us_time": "date",
    "date_long_time": "date",
    "date_noyear": "date",
    "date_compact": "date",
    "zh_date_dash": "date",
    "zh_date_dotted": "date",
    "zh_date_short": "date",
    "zh_date_ym": "date",
    "zh_date_compact": "date",
    "mobile": "phone",
    "landline": "phone",
    "phone_plain": "phone",
    "zh_landline": "phone",
    "zh_phone_spaced": "phone",
    "uk_postcode": "address",
}  # fmt: skip  (every other slot is an `id`)


@dataclass(frozen=True)
class Planted:
    """One planted identifier and where it stands."""

    kind: str
    slot: str
    start: int
    end: int


class Planter:
    """Fills the slots of a note; one person a note is the patient."""

    def __init__(self, seed: int, locales: Sequence[str] = LOCALES) -> None:
        from faker import Faker

        self.random, self.locales = random.Random(seed), locales
        self.latin = {name: Faker(name) for name in (*locales, *LOCALES[:2])}
        self.chinese = Faker("zh_CN")
        for faker in (*self.latin.values(), self.chinese):
            faker.seed_instance(seed)

    def fill(self, template: str) -> tuple[str, list[Planted]]:
        """The note with its identifiers, and where they stand."""
        values = self._persona()
        made, planted, place, length = [], [], 0, 0
        for match in _SLOT.finditer(template):
            before, slot = template[place : match.start()], match[1]
            value = values[slot]() if callable(values[slot]) else values[slot]
            start = length + len(before)
            made += [before, value]
            planted.append(Planted(_KINDS.get(slot, "id"), slot, start, start + len(value)))
            length, place = start + len(value), match.end()
        return "".join([*made, template[place:]]), planted

    def _persona(self) -> dict[str, Any]:
        pick = self.random
        given, family = self._name()
        zh_family, zh_given = self.chinese.last_name(), self.chinese.first_name()
        return {
            "patient": f"{given} {family}",
            "last_first": pick.choice((f"{family}, {given}", f"{family.upper()}, {given.upper()}")),
            "family": family,
            "given": given,
            "zh_name": zh_family + zh_given,
            "zh_family": self.chinese.last_name,
            "zh_doctor": self.chinese.name,
            "zh_relative": self.chinese.name,
            "doctor": lambda: " ".join(self._name()),
            "doctor_family": lambda: self._name()[1],
            "relative": lambda: " ".join(self._name()),
            "nurse": lambda: " ".join(self._name()),
            "nick": lambda: self._name()[0],
            **self._numbers(),
            **self._places(),
            **self._written_otherwise(given, family),
            **self._other_dates(),
            **self._other_numbers(),
        }

    def _written_otherwise(self, given: str, family: str) -> dict[str, Any]:
        """Names as print-outs, initials, file names and nicknames write them."""
        pick, capital = self.random, "ABCDEFGHJKLMNPRSTW"
        return {
            "family_upper": family.upper(),
            "given_upper": given.upper(),
            "given_initial": given[0],
            "filename_name": f"{family}_{given}",
            "family_other": lambda: self._name()[1],
            "family_other_upper": lambda: str.upper(self._name()[1]),
            "given_other_upper": lambda: str.upper(self._name()[0]),
            "last_first_other": lambda: ", ".join(reversed(self._name())),
            "initial_dot": lambda: f"{pick.choice(capital)}.",
            "initials_doctor": lambda: "".join(pick.choice(capital) for _ in range(pick.choice((2, 3)))),
            "transcriber": lambda: "".join(pick.choice(capital.lower()) for _ in range(pick.choice((2, 3)))),
            "pinyin": lambda: pick.choice(("ZHANG WEIMIN", "Chen Guihua", "OUYANG LI", "Xu Xiaoyan", "LIU JIANGUO")),
        }

    def _other_dates(self) -> dict[str, Callable[[], str]]:
        day, pick = self._day, self.random

        def ordinal(number: int) -> str:
            return f"{number}{'th' if 10 < number < 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"

        return {
            "dob_dotted": lambda: f"{day(1930, 1990):%d.%m.%Y}",
            "date_dotted": lambda: pick.choice((f"{(one := day()):%d.%m.%Y}", f"{one:%d.%m.%y}", f"{one:%d/%m/%Y}")),
            "date_ordinal": lambda: pick.choice(
                (f"{ordinal((one := day()).day)} {one:%B} {one.year}", f"{ordinal(one.day)} of {one:%B} {one.year}")
            ),
            "date_us": lambda: f"{day():{pick.choice(('%m/%d/%Y', '%m/%d/%y', '%-m-%-d-%y'))}}",
            "date_us_time": lambda: f"{day():%m/%d/%Y}",
            "date_long_time": lambda: f"{day():%B %d, %Y}",
            "date_noyear": lambda: f"{day():{pick.choice(('%-m/%-d', '%b %-d', '%-d %B'))}}",
            "date_compact": lambda: f"{day():%Y%m%d}",
            "zh_date_dash": lambda: day().isoformat(),
            "zh_date_dotted": lambda: f"{(one := day()).year}.{one.month}.{one.day}",
            "zh_date_short": lambda: f"{day():{pick.choice(('%-m月%-d日', '%-m.%-d', '%-m/%-d'))}}",
            "zh_date_ym": lambda: f"{(one := day()).year}年{one.month}月",
            "zh_date_compact": lambda: f"{day():%Y%m%d}",
        }  # fmt: skip

    def _other_numbers(self) -> dict[str, Callable[[], str]]:
        pick, digits = self.random, self._digits
        return {
            "mobile": lambda: (
                f"{pick.choice(('0', '+44 '))}7{digits(3)}{' ' if pick.random() < 0.7 else ''}{digits(6)}"
            ),
            "landline": lambda: pick.choice((f"0{digits(3)} {digits(3)} {digits(4)}", f"(0{digits(4)}) {digits(6)}")),
            "phone_plain": lambda: pick.choice(("", ".", " ")).join((digits(3), digits(3), digits(4))),
            "device_serial": lambda: pick.choice((f"{digits(6)}-{digits(3)}", f"SN{digits(8)}", f"BLC{digits(6)}H")),
            "accession_block": lambda: f"{digits(2)}-S-{digits(6)}-A1",
            "barcode": lambda: pick.choice((digits(12), f"B{digits(9)}", f"{digits(4)} {digits(4)} {digits(4)}")),
            "gmc": lambda: digits(7),
            "npi": lambda: digits(10),
            "clia": lambda: f"{digits(2)}D{digits(7)}",
            "member": lambda: f"W{digits(9)}",
            "username": lambda: f"{self._name()[0].lower()}{digits(2)}",
            "plate": lambda: f"{digits(1)}{''.join(pick.choice('ABCDKLMPRT') for _ in range(3))}{digits(3)}",
            "passport": lambda: f"{pick.choice('ACX')}{digits(8)}",
            "research": lambda: f"BR{digits(2)}-{digits(4)}",
            "uk_postcode": self.latin["en_GB"].postcode,
            "card": lambda: f"{digits(4)} {digits(4)} {digits(4)} {digits(4)}",
            "zh_landline": lambda: f"0{digits(3)}-{digits(8)}",
            "zh_phone_spaced": lambda: f"1{pick.choice('356789')}{digits(1)} {digits(4)} {digits(4)}",
            "zh_plate": lambda: f"{pick.choice('京沪浙苏鲁粤川')}{pick.choice('ABCD')}·{digits(5)}",
            "wechat": lambda: f"wx{pick.choice(('lily', 'hua', 'jun'))}_{digits(4)}",
            "zh_path": lambda: f"{digits(7)}",
            "zh_insurance": lambda: f"{pick.choice('ABK')}{digits(8)}",
            "courier": lambda: f"SF{digits(12)}",
            "staff": lambda: digits(5),
        }  # fmt: skip

    def _name(self) -> tuple[str, str]:
        faker = self.latin[self.random.choice(self.locales)]
        return faker.first_name(), faker.last_name()

    def _day(self, first: int = 2015, last: int = 2026) -> dt.date:
        return dt.date(first, 1, 1) + dt.timedelta(days=self.random.randrange(365 * (last - first + 1)))

    def _numbers(self) -> dict[str, Callable[[], str]]:
        pick, digits = self.random, self._digits
        return {
            "date": lambda: f"{(day := self._day()):%B} {day.day}, {day.year}",
            "date_iso": lambda: self._day().isoformat(),
            "date_short": lambda: pick.choice(
                (
                    f"{(day := self._day()):%m/%d/%Y}",
                    f"{day.month}/{day.day}/{day:%y}",
                    f"{day.day} {day:%b} {day.year}",
                )
            ),
            "month_year": lambda: f"{(day := self._day()):%B} {day.year}",
            "dob": lambda: f"{self._day(1940, 1990):%m/%d/%Y}",
            "zh_date": lambda: f"{(day := self._day()).year}年{day.month}月{day.day}日",
            "phone": lambda: pick.choice(
                (
                    f"({digits(3)}) {digits(3)}-{digits(4)}",
                    f"{digits(3)}-{digits(3)}-{digits(4)}",
                    f"+44 20 {digits(4)} {digits(4)}",
                )
            ),
            "fax": lambda: f"{digits(3)}.{digits(3)}.{digits(4)}",
            "zh_phone": lambda: "1" + pick.choice("356789") + digits(9),
            "mrn": lambda: pick.choice((digits(8), f"H{digits(7)}", f"{digits(3)}-{digits(2)}-{digits(3)}")),
            "account": lambda: digits(10),
            "policy": lambda: f"{pick.choice('ABXQ')}{digits(3)}-{digits(6)}",
            "device": lambda: f"PJN{digits(6)}S",
            "accession": lambda: f"S{digits(2)}-{digits(5)}",
            "ssn": lambda: f"{digits(3)}-{digits(2)}-{digits(4)}",
            "nhs": self._nhs,
            "zh_mrn": lambda: digits(10),
            "zh_id": self.chinese.ssn,
            "age90": lambda: str(pick.randrange(90, 104)),
            "zh_age90": lambda: str(pick.randrange(90, 104)),
            "email": self.latin["en_US"].email,
            "url": lambda: f"https://www.{self.latin['en_GB'].domain_name()}/visit/{digits(5)}",
            "ip": self.latin["en_US"].ipv4_private,
        }

    def _places(self) -> dict[str, Callable[[], str]]:
        us, gb = self.latin["en_US"], self.latin["en_GB"]
        return {
            "address": self._address,
            "zip_line": lambda: f"{us.street_address()}, {us.city()}, {us.state_abbr()} {us.postcode()}",
            "town": lambda: self.random.choice((us, gb)).city(),
            "street": lambda: self.random.choice((us, gb)).street_address().replace("\n", ", "),
            "city": lambda: self.random.choice((us, gb)).city(),
            "zh_town": lambda: f"{self.chinese.province()}{self.chinese.city_name()}市",
            "hospital": self._hospital,
            "zh_hospital": self._zh_hospital,
            "zh_address": self._zh_address,
        }

    def _address(self) -> str:
        us, gb = self.latin["en_US"], self.latin["en_GB"]
        made = (
            us.address().replace("\n", ", "),
            f"{us.street_address()}, {us.city()}, {us.state_abbr()} {us.postcode()}",
            f"{gb.building_number()} {gb.city()} Road, {gb.city()} {gb.postcode()}",
        )
        return self.random.choice(made)

    def _hospital(self) -> str:
        us = self.latin["en_US"]
        made = (
            f"{us.city()} General Hospital",
            f"St. {self._name()[0]}'s Hospital",
            f"{us.last_name()} Memorial Hospital",
            f"{us.city()} Medical Center",
            f"University Hospital of {us.city()}",
        )
        return self.random.choice(made)

    def _zh_hospital(self) -> str:
        kind = self.random.choice(("第一人民医院", "第二人民医院", "中心医院", "人民医院", "中医医院"))
        return f"{self.chinese.city_name()}市{kind}"

    def _zh_address(self) -> str:
        zh = self.chinese
        town = f"{zh.province()}{zh.city_name()}市{zh.district()}区"
        return f"{town}{zh.street_name()}{self._digits(2)}号"

    def _digits(self, count: int) -> str:
        return str(self.random.randrange(1, 10)) + "".join(str(self.random.randrange(10)) for _ in range(count - 1))

    def _nhs(self) -> str:
        while True:
            nine = [self.random.randrange(10) for _ in range(9)]
            check = 11 - sum(digit * (10 - place) for place, digit in enumerate(nine)) % 11
            if check < 10:
                text = "".join(map(str, [*nine, check]))
                return f"{text[:3]} {text[3:6]} {text[6:]}"
