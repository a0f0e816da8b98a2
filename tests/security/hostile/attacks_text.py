"""Texts and records that are made to break their readers."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.security.hostile.families import FHIR, NOTE, YAML, Files

OUTSIDE = b"http://127.0.0.1:9/consilium"


def case_yaml() -> Files:
    """Tags of the safe schema with values that they do not fit, merge keys, dates beyond the calendar."""
    for number, text in enumerate(
        (
            "a: !!bool maybe",
            "a: !!int x",
            "a: !!float x",
            "a: !!timestamp soon",
            "a: !!timestamp ''",
            "a: !!int ''",
            "a: !!float ''",
            "a: !!null x",
            "a: !!binary '%%%'",
            "a: !!binary aGVsbG8=",
            "a: !!set {x, y}",
            "a: !!omap [x: 1]",
            "a: !!omap x",
            "a: !!pairs [x: 1]",
            "a: !!seq x",
            "a: !!map x",
            "a: !!str [x]",
            "date: 0001-01-01T00:00:00+23:59",
            "date: 9999-12-31T23:59:59-23:59",
            "date: 2026-02-30",
            "date: 2026-13-01",
            "date: 0000-01-01",
            "date: 2026-10-12T25:61:61Z",
            "a: 1:2:3:4:5:6:7:8:9:10:11:12",
            "a: 9" + ":59" * 5000,
            "a: 0b" + "1" * 2_000,
            "a: 0x" + "f" * 2_000,
            "a: 0o7_7_7",
            "a: 1" + "0" * 400 + ".0",
            "<<: {format: consilium-case/1}",
            "a: {<<: [{b: 1}, {c: 2}]}",
            "<<: x",
            "<<: [1]",
            "=: x",
            "null: x\n~: y",
            "1: x\n1.0: y\ntrue: z",
            "? !!timestamp soon\n: x",
            "? {a: b}\n: c",
            "? - a\n: c",
            "a: &a x",
            "a: &a b\nc: &a d",
            "&a a: b",
            "a: 'x\n",
            'a: "\\ud800"',
            'a: "\\U00110000"',
            'a: "\\x00"',
            "a: \u2028b",
            "a: \x85b",
            "\ufeffa: \ufeffb",
            "a:\tb",
            "\ta: b",
            "%TAG ! tag:yaml.org,2002:python/\n--- !object x",
            "--- !<tag:yaml.org,2002:python/object/new:os.system> [id]",
            "!!python/module:os",
            "a: !" + "x" * 5000 + " b",
            "a: >9999\n  b",
            "a: |999999999999\n b",
            "# " + "x" * 900_000,
            "format: consilium-case/1\n" + "\n".join(f"k{n}: {n}" for n in range(3_000)),
            "format: consilium-case/1\ntumour: {" + ", ".join(f"k{n}: 1" for n in range(2_000)) + "}",
            "format: consilium-case/1\nconditions: [" + "{condition: x}, " * 2_000 + "]",
            "format: consilium-case/1\nquestion: " + "x" * 900_000,
            "format: consilium-case/1\npatient: {id: 'a\u202eb', sex: Female}",
            "format: consilium-case/1\npatient: {id: ＡＢＣ, age_years: ６６}",
            "format: consilium-case/1\nobservations: [{fact: lab.creatinine, value: 1e308, unit: mg/dL}]",
            "format: consilium-case/1\nobservations: [{fact: lab.creatinine, value: 1, unit: " + "m" * 1900 + "}]",
            "format: consilium-case/1\nobservations: [{fact: 'lab.creatinine\u200b', value: 1, unit: mg/dL}]",
            "format: consilium-case/1\nimaging: [{path: imaging, prompts: [{point_voxel: [1e400, .nan, 2]}]}]",
        )
    ):
        yield f"made-{number}.yaml", text.encode("utf-8", "surrogatepass")
    yield "nested-quotes.yaml", YAML.encode() if isinstance(YAML, str) else YAML + b"question: '" + b"''" * 20_000


def _with(change: Callable[[dict[str, object]], None]) -> bytes:
    """The good bundle with its observation changed."""
    body = json.loads(json.dumps(FHIR))
    change(body["entry"][1]["resource"])
    return json.dumps(body).encode()


def fhir() -> Files:
    """Duplicated keys, dates and numbers that do not exist, lone surrogates, references in circles, attachments."""
    good = json.dumps(FHIR)
    quantity = '"valueQuantity": {"value": 0.9, "unit": "mg/dL"}'
    assert quantity in good
    for number, value in enumerate(
        (
            "1e999999",
            "-1e999999",
            "1" + "0" * 5000,
            "0." + "0" * 5000 + "1",
            "1E+308",
            "-0.0",
            '"0.9"',
            "[0.9]",
            '{"value": 1}',
            "Infinity",
            "-Infinity",
            "0x10",
            "01",
            "1.",
            ".5",
            "+1",
            "true",
            "9007199254740993",
        )
    ):
        made = quantity.replace("0.9", value)
        yield f"number-{number}.json", good.replace(quantity, made).encode()
    for number, date in enumerate(
        (
            "9999-12-31T24:00:00Z",
            "2026-02-30",
            "2026-13",
            "0000",
            "10000-01-01",
            "2026-10-10T10:00:00+99:99",
            "2026-10-10T10:00:60Z",
            "٢٠٢٦-١٠-١٠",
            "2026-W10-1",
            "20261010",
            "2026-10-10T",
            "",
            " ",
            "2" * 10_000,
            "-2026-10-10",
            "2026-10-10T10:00:00.123456789123456789Z",
        )
    ):
        yield f"date-{number}.json", good.replace("2026-10-10", date).encode()
    for number, key in enumerate(("resourceType", "entry", "resource", "code", "valueQuantity")):
        yield f"twice-{number}.json", good.replace(f'"{key}":', f'"{key}": null, "{key}":').encode()
        yield f"thrice-{number}.json", good.replace(f'"{key}":', f'"{key}": {{"a": 1}}, "{key}":').encode()
    surrogate = '{"coding": [], "text": "high \\ud800 pressure"}'
    for number, kind in enumerate(("Condition", "MedicationStatement", "AllergyIntolerance", "Observation")):
        entry = f'{{"resource": {{"resourceType": "{kind}", "status": "final", "code": {surrogate}, '
        entry += f'"medicationCodeableConcept": {surrogate}, "valueString": "\\udfff"}}}}'
        yield f"surrogate-{number}.json", good.replace('"entry": [', f'"entry": [{entry}, ').encode()
    yield "surrogate-key.json", good.replace('"unit"', '"\\ud800"').encode()
    yield "surrogate-unit.json", good.replace('"mg/dL"', '"\\ud800"').encode()
    yield "surrogate-name.json", good.replace('"fullUrl": "urn:uuid:1"', '"fullUrl": "\\ud83d"').encode()
    nested: dict[str, object] = {"resourceType": "Medication", "id": "a"}
    for _ in range(200):
        nested = {
            "resourceType": "Medication",
            "id": "a",
            "contained": [nested],
            "medicationReference": {"reference": "#a"},
        }
    yield "contained.json", json.dumps({"resourceType": "Bundle", "entry": [{"resource": nested}]}).encode()
    yield (
        "medication-circle.json",
        json.dumps(
            {
                "resourceType": "MedicationRequest",
                "status": "active",
                "medicationReference": {"reference": "#m"},
                "contained": [{"resourceType": "Medication", "id": "m", "medicationReference": {"reference": "#m"}}],
            }
        ).encode(),
    )
    for number, url in enumerate(
        (OUTSIDE.decode(), "file:///etc/passwd", "data:text/html;base64,PHNjcmlwdD4=", "\\\\x\\y")
    ):
        document = {"resourceType": "DocumentReference", "content": [{"attachment": {"url": url, "data": "AAAA"}}]}
        yield (
            f"attachment-{number}.json",
            json.dumps({"resourceType": "Bundle", "entry": [{"resource": document}]}).encode(),
        )
    yield (
        "next-link.json",
        good.replace('"entry"', f'"link": [{{"relation": "next", "url": "{OUTSIDE.decode()}"}}], "entry"').encode(),
    )
    yield "profile.json", good.replace('"status"', f'"meta": {{"profile": ["{OUTSIDE.decode()}"]}}, "status"').encode()
    yield "long-id.json", _with(lambda r: r.update(id="x" * 500_000))
    yield "long-text.json", _with(lambda r: r.update(code={"text": "blood " * 400_000}))
    yield "many-codings.json", _with(lambda r: r.update(code={"coding": [{"system": "x", "code": "y"}] * 10_000}))
    yield "many-components.json", _with(lambda r: r.update(component=[{"code": r["code"]}] * 3_000))
    yield "many-entries.json", good.replace("]}", ', {"resource": {"resourceType": "X"}}' * 6_000 + "]}").encode()
    yield "bundle-in-bundle.json", json.dumps({"resourceType": "Bundle", "entry": [{"resource": FHIR}]}).encode()
    yield "trailing.json", good.encode() + b"{}"
    yield "comment.json", b"// x\n" + good.encode()
    yield "single-quotes.json", good.replace('"', "'").encode()
    yield "utf16.json", good.encode("utf-16")
    yield "utf16-no-mark.json", good.encode("utf-16-le")
    yield "utf32.json", good.encode("utf-32")
    yield "proto.json", good.replace('"status"', '"__proto__": {"x": 1}, "constructor": {}, "status"').encode()
    yield "other-gender.json", good.replace('"birthDate"', '"gender": {"a": []}, "birthDate"').encode()


def note() -> Files:
    """Characters that hide, turn or imitate, other encodings, endings of lines that are none."""
    for number, text in enumerate(
        (
            "\u202eJane\u202c \u2066Doe\u2069 MRN 123456",
            "\u200b".join("Jane Doe, MRN 1234567, born 2 May 1950"),
            "\u00ad".join("Jane Doe, MRN 1234567"),
            "Јаnе Dое takes wаrfаrin. МRN 1234567",
            "Ｊａｎｅ Ｄｏｅ，ＭＲＮ １２３４５６７，ｂｏｒｎ ２０２６－１０－１２",
            "J\u0301\u0301\u0301" * 2_000,
            "e" + "\u0301" * 10_000,
            "\u1112\u1161\u11ab" * 2_000,
            "\ufdfa" * 5_000,
            "ﬁ" * 10_000,
            "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 2_000,
            "\U000e0041" * 5_000,
            "\u2028" * 10_000 + "x",
            "\u0085" * 10_000 + "x",
            "\u3000" * 20_000 + "x",
            "\xa0" * 20_000 + "x",
            "\r" * 20_000,
            "\n" * 50_000,
            "\t" * 50_000 + "x",
            "a\u0000b",
            "a\x1bb[31m",
            "\x7f",
            "\ufffe\uffff",
            "\ufeff" * 1000 + "a",
            "٠١٢٣٤٥٦٧٨٩" * 2_000,
            "²³¹" * 5_000,
            "１２３４" * 5_000,
            "一二三四五六七八九十" * 10_000,
            "IX" * 5_000,
            "Name: " + "A" * 50_000,
            "Name: " + "A. " * 10_000,
            "Date: 2026-99-99\n" * 10_000,
            "Date: 0000-00-00 \n日期：9999年99月99日\n" * 5_000,
            "2026-10-12 " * 5_000,
            "12.10.2026, " * 4_000,
            "Born 99/99/9999. " * 2_000,
            "+49 30 123 456 " * 2_000,
            "1.1.1.1." * 5_000,
            "::1:" * 5_000,
            "a@b.c " * 5_000,
            "https://a/" + "b/" * 10_000,
            "=cmd|' /C calc'!A0",
            "${jndi:ldap://127.0.0.1/x} {{7*7}} <%= 1 %> `id` $(id)",
            "<script>alert(1)</script>" * 10_000,
            "![x](" + OUTSIDE.decode() + ")" * 1000,
            "[" * 20_000,
            "*" * 20_000,
            "| " * 10_000,
            "# " * 10_000,
            ("- " * 500 + "\n") * 200,
            "BP 120/80, " * 4_000,
            "1 mg 2 mg 3 mg " * 3_000,
            "T1N0M0 " * 5_000,
            "p.V600E c.1799T>A " * 2_000,
            "no no no " * 5_000,
            "not " * 10_000,
            "无" * 20_000,
            "否认" * 10_000,
            "患者" * 10_000,
            "((((" * 5_000,
            "))))" * 5_000,
            '"' * 20_000,
            "“" * 20_000,
            "……" * 10_000,
        )
    ):
        yield f"made-{number}.md", text[:1500].encode("utf-8", "surrogatepass")
    good = NOTE.decode()
    for encoding in ("utf-16", "utf-16-be", "utf-32", "gb18030", "big5", "latin-1", "utf-7", "cp037"):
        yield f"{encoding}.md", good.encode(encoding, "replace")
    yield "lone-surrogate.md", b"a\xed\xa0\x80b"
    yield "overlong.md", b"a\xc0\xafb\xe0\x80\xaf"
    yield "beyond.md", b"a\xf4\x90\x80\x80"
    yield "cut-character.md", good.encode()[:-1] + "患".encode()[:2]
