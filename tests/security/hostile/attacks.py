"""Attacks on each family of files that are made on purpose: bombs, lies about lengths, loops, scripts, references out."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator

from tests.security.hostile.families import (
    FHIR, NOTE, PDB, VCF, YAML, dicom_slice, docx, nifti, pdf, zipped,
)  # fmt: skip

Files = Iterator[tuple[str, bytes]]
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
            "a: 0b" + "1" * 20_000,
            "a: 0x" + "f" * 20_000,
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
            "format: consilium-case/1\n" + "\n".join(f"k{n}: {n}" for n in range(30_000)),
            "format: consilium-case/1\ntumour: {" + ", ".join(f"k{n}: 1" for n in range(20_000)) + "}",
            "format: consilium-case/1\nconditions: [" + "{condition: x}, " * 20_000 + "]",
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
    yield "nested-quotes.yaml", YAML.encode() if isinstance(YAML, str) else YAML + b"question: '" + b"''" * 200_000


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
            "1e999999", "-1e999999", "1" + "0" * 5000, "0." + "0" * 5000 + "1", "1E+308", "-0.0", '"0.9"', "[0.9]",
            '{"value": 1}', "Infinity", "-Infinity", "0x10", "01", "1.", ".5", "+1", "true", "9007199254740993",
        )
    ):  # fmt: skip
        made = quantity.replace("0.9", value)
        yield f"number-{number}.json", good.replace(quantity, made).encode()
    for number, date in enumerate(
        (
            "9999-12-31T24:00:00Z", "2026-02-30", "2026-13", "0000", "10000-01-01", "2026-10-10T10:00:00+99:99",
            "2026-10-10T10:00:60Z", "٢٠٢٦-١٠-١٠", "2026-W10-1", "20261010", "2026-10-10T", "", " ", "2" * 100_000,
            "-2026-10-10", "2026-10-10T10:00:00.123456789123456789Z",
        )
    ):  # fmt: skip
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
        nested = {"resourceType": "Medication", "id": "a", "contained": [nested], "medicationReference": {"reference": "#a"}}
    yield "contained.json", json.dumps({"resourceType": "Bundle", "entry": [{"resource": nested}]}).encode()
    yield "medication-circle.json", json.dumps(
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "medicationReference": {"reference": "#m"},
            "contained": [{"resourceType": "Medication", "id": "m", "medicationReference": {"reference": "#m"}}],
        }
    ).encode()
    for number, url in enumerate((OUTSIDE.decode(), "file:///etc/passwd", "data:text/html;base64,PHNjcmlwdD4=", "\\\\x\\y")):
        document = {"resourceType": "DocumentReference", "content": [{"attachment": {"url": url, "data": "AAAA"}}]}
        yield f"attachment-{number}.json", json.dumps({"resourceType": "Bundle", "entry": [{"resource": document}]}).encode()
    yield "next-link.json", good.replace('"entry"', f'"link": [{{"relation": "next", "url": "{OUTSIDE.decode()}"}}], "entry"').encode()
    yield "profile.json", good.replace('"status"', f'"meta": {{"profile": ["{OUTSIDE.decode()}"]}}, "status"').encode()
    yield "long-id.json", _with(lambda r: r.update(id="x" * 5_000_000))
    yield "long-text.json", _with(lambda r: r.update(code={"text": "blood " * 400_000}))
    yield "many-codings.json", _with(lambda r: r.update(code={"coding": [{"system": "x", "code": "y"}] * 100_000}))
    yield "many-components.json", _with(lambda r: r.update(component=[{"code": r["code"]}] * 30_000))
    yield "many-entries.json", good.replace(']}', ', {"resource": {"resourceType": "X"}}' * 60_000 + "]}").encode()
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
            "J\u0301\u0301\u0301" * 20_000,
            "e" + "\u0301" * 100_000,
            "\u1112\u1161\u11ab" * 20_000,
            "\ufdfa" * 50_000,
            "ﬁ" * 100_000,
            "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 20_000,
            "\U000e0041" * 50_000,
            "\u2028" * 100_000 + "x",
            "\u0085" * 100_000 + "x",
            "\u3000" * 200_000 + "x",
            "\xa0" * 200_000 + "x",
            "\r" * 200_000,
            "\n" * 500_000,
            "\t" * 500_000 + "x",
            "a\u0000b",
            "a\x1bb[31m",
            "\x7f",
            "\ufffe\uffff",
            "\ufeff" * 1000 + "a",
            "٠١٢٣٤٥٦٧٨٩" * 20_000,
            "²³¹" * 50_000,
            "１２３４" * 50_000,
            "一二三四五六七八九十" * 10_000,
            "IX" * 50_000,
            "Name: " + "A" * 500_000,
            "Name: " + "A. " * 100_000,
            "Date: 2026-99-99\n" * 10_000,
            "Date: 0000-00-00 \n日期：9999年99月99日\n" * 5_000,
            "2026-10-12 " * 50_000,
            "12.10.2026, " * 40_000,
            "Born 99/99/9999. " * 20_000,
            "+49 30 123 456 " * 20_000,
            "1.1.1.1." * 50_000,
            "::1:" * 50_000,
            "a@b.c " * 50_000,
            "https://a/" + "b/" * 100_000,
            "=cmd|' /C calc'!A0",
            "${jndi:ldap://127.0.0.1/x} {{7*7}} <%= 1 %> `id` $(id)",
            "<script>alert(1)</script>" * 10_000,
            "![x](" + OUTSIDE.decode() + ")" * 1000,
            "[" * 200_000,
            "*" * 200_000,
            "| " * 100_000,
            "# " * 100_000,
            ("- " * 500 + "\n") * 200,
            "BP 120/80, " * 40_000,
            "1 mg 2 mg 3 mg " * 30_000,
            "T1N0M0 " * 50_000,
            "p.V600E c.1799T>A " * 20_000,
            "no no no " * 50_000,
            "not " * 100_000,
            "无" * 200_000,
            "否认" * 100_000,
            "患者" * 100_000,
            "((((" * 50_000,
            "))))" * 50_000,
            '"' * 200_000,
            "“" * 200_000,
            "……" * 100_000,
        )
    ):
        yield f"made-{number}.md", text.encode("utf-8", "surrogatepass")
    good = NOTE.decode()
    for encoding in ("utf-16", "utf-16-be", "utf-32", "gb18030", "big5", "latin-1", "utf-7", "cp037"):
        yield f"{encoding}.md", good.encode(encoding, "replace")
    yield "lone-surrogate.md", b"a\xed\xa0\x80b"
    yield "overlong.md", b"a\xc0\xafb\xe0\x80\xaf"
    yield "beyond.md", b"a\xf4\x90\x80\x80"
    yield "cut-character.md", good.encode()[:-1] + "患".encode()[:2]


def vcf() -> Files:
    """Headers and lines without end, block gzip that lies, alleles that are none, a BCF whose lengths are not true."""
    head, _, first = VCF.partition(b"#CHROM")
    record = b"chr7\t55191822\t.\tT\tG\t50\tPASS\tDP=100\tGT:AD\t0/1:60,40\n"
    yield "header-lines.vcf", head + b"##x=y\n" * 300_000 + b"#CHROM" + first
    yield "header-line.vcf", head + b"##x=" + b"y" * 9_000_000 + b"\n#CHROM" + first
    yield "header-lines-long.vcf.gz", gzip.compress(head + (b"##x=" + b"y" * 1_000_000 + b"\n") * 200 + b"#CHROM" + first, 1)
    yield "no-end.vcf", head
    yield "columns.vcf", VCF + b"chr7" + b"\t." * 1_000_000 + b"\n"
    yield "samples.vcf", VCF.replace(b"TUMOUR", b"\t".join(b"S%d" % n for n in range(100_000)))
    yield "same-samples.vcf", VCF.replace(b"TUMOUR", b"TUMOUR\tTUMOUR")
    yield "empty-sample.vcf", VCF.replace(b"TUMOUR", b"")
    yield "sample-path.vcf", VCF.replace(b"TUMOUR", b"../../etc/passwd\x00\x1b[31m")
    yield "carriage-returns.vcf", VCF.replace(b"\n", b"\r")
    yield "both-ends.vcf", VCF.replace(b"\n", b"\r\n")
    yield "utf16.vcf", VCF.decode().encode("utf-16")
    yield "nul.vcf", VCF.replace(b"PASS", b"PA\x00SS")
    yield "bad-utf8.vcf", VCF.replace(b"PASS", b"PA\xff\xfeSS")
    yield "one-line.vcf", VCF.rstrip(b"\n") + b"A" * 6_000_000
    yield "version.vcf", VCF.replace(b"VCFv4.2", b"VCFv4.9999999999")
    yield "format-twice.vcf", VCF.replace(b"GT:AD", b"GT:GT:AD:AD")
    yield "many-keys.vcf", VCF.replace(b"GT:AD\t0/1:60,40", b":".join([b"GT"] * 50_000) + b"\t" + b":".join([b"0/1"] * 50_000))
    for number, alleles in enumerate(
        (b"<DEL>", b"<DUP:TANDEM>", b"<" + b"I" * 100_000 + b">", b"*", b"<*>", b"<NON_REF>", b"]chr1:99999999999]T", b"T[<ctg>:1[",
         b".A", b"A.", b"G,G,G,G", b",", b",,", b"<", b">", b"=A1+B1", b"\xf0\x9f\x92\x8a", b"N" * 500_000, b"a,c,g,t")
    ):  # fmt: skip
        yield f"allele-{number}.vcf", VCF + record.replace(b"\tG\t", b"\t" + alleles + b"\t")
    for number, position in enumerate((b"0", b"-1", b"2147483648", b"9" * 30, b"1e5", b"0x10", "٥٥".encode(), "²".encode(), b"1 ", b"+1", b"")):
        yield f"position-{number}.vcf", VCF + record.replace(b"55191822", position)
    for number, call in enumerate(
        (b"0/" * 50_000, b"99999999999999999999/0", b"-1/0", b"1", b"|", b"/", b"./.", b"0/1/2/3", b"0|1/0", "١/٠".encode(), b"0/1:60,40:x:y:z",
         b"0/1:" + b"1," * 50_000, b"0/1:9999999999999999999999,1", b"0/1:nan,inf", b"0/1:-5,-6", b"0/1:1e400,1")
    ):  # fmt: skip
        yield f"call-{number}.vcf", VCF + record.replace(b"0/1:60,40", call)
    for number, info in enumerate(
        (b"END=1e400", b"SVLEN=nan", b"CSQ=" + b"|" * 100_000, b"ANN=" + b"(" * 50_000, b"=;=;=", b";" * 200_000, b"AF=inf", b"X" * 500_000)
    ):
        yield f"info-{number}.vcf", VCF + record.replace(b"DP=100", info)
    block = _bgzf(VCF)
    yield "block.vcf.gz", block + _bgzf(b"")
    yield "block-no-end.vcf.gz", block
    for number, (at, value) in enumerate(((16, b"\x00\x00"), (16, b"\xff\xff"), (10, b"\x00\x00"), (10, b"\xff\xff"), (-4, b"\xff\xff\xff\xff"), (-8, b"\x00\x00\x00\x00"))):
        made = bytearray(block)
        end = at + len(value)
        made[at : end or None] = value
        yield f"block-lie-{number}.vcf.gz", bytes(made)
    yield "members.vcf.gz", b"".join(gzip.compress(VCF[n : n + 1]) for n in range(len(VCF)))
    yield "empty-members.vcf.gz", gzip.compress(b"") * 20_000 + gzip.compress(VCF)
    yield "gzip-in-gzip.vcf.gz", gzip.compress(gzip.compress(VCF))
    yield "gzip-rest.vcf.gz", gzip.compress(VCF) + b"rest" * 100
    for number, length in enumerate((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(VCF))):
        text = VCF.partition(b"chr7\t")[0] + b"\x00"
        yield f"binary-{number}.bcf", _bgzf(b"BCF\x02\x02" + struct.pack("<I", length) + text)
        lies = struct.pack("<II", length, length) + bytes(64)
        yield f"binary-record-{number}.bcf", _bgzf(b"BCF\x02\x02" + struct.pack("<I", len(text)) + text + lies)


def _bgzf(body: bytes) -> bytes:
    """One block of block gzip (SAM specification, section 4.1)."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(body) + packer.flush()
    head = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00BC\x02\x00" + struct.pack("<H", len(packed) + 25)
    return head + packed + struct.pack("<II", zlib.crc32(body), len(body))


def _dicom(change: Callable[[object], None], **writing: object) -> bytes:
    """The good slice with its data set changed."""
    import warnings

    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(io.BytesIO(dicom_slice()))
        change(data)
        stream = io.BytesIO()
        pydicom.dcmwrite(stream, data, **writing)
    return stream.getvalue()


def _element(group: int, element: int, kind: bytes, value: bytes, length: int | None = None) -> bytes:
    """One explicit little-endian element; `length` may lie."""
    long = kind in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"OF", b"UC", b"UR")
    size = len(value) if length is None else length
    packed = b"\0\0" + struct.pack("<I", size) if long else struct.pack("<H", size & 0xFFFF)
    return struct.pack("<HH", group, element) + kind + packed + value


def _before_pixels(extra: bytes, syntax: bytes | None = None) -> bytes:
    """The good slice with elements before its pixels, and another transfer syntax if one is given."""
    good = dicom_slice()
    at = good.index(struct.pack("<HH", 0x7FE0, 0x0010))
    made = good[:at] + extra + good[at:]
    return made if syntax is None else _other_syntax(made, syntax)


def _other_syntax(body: bytes, syntax: bytes) -> bytes:
    old = b"1.2.840.10008.1.2.1\x00"
    wanted = syntax + b"\x00" * (len(syntax) % 2)
    start = body.index(old)
    length = struct.unpack_from("<I", body, 140)[0] + len(wanted) - len(old)
    made = body[: start - 2] + struct.pack("<H", len(wanted)) + wanted + body[start + len(old) :]
    return made[:140] + struct.pack("<I", length) + made[144:]


def _fragments(parts: list[bytes], table: bytes = b"", *, ended: bool = True) -> bytes:
    """Encapsulated pixel data."""
    items = b"".join(b"\xfe\xff\x00\xe0" + struct.pack("<I", len(part)) + part for part in (table, *parts))
    end = b"\xfe\xff\xdd\xe0\0\0\0\0" if ended else b""
    return b"\xe0\x7f\x10\x00OB\0\0\xff\xff\xff\xff" + items + end


def dicom() -> Files:
    """Encapsulated frames that lie, sequences without end, other transfer syntaxes and character sets, DICOMDIR."""
    good = dicom_slice()
    head = good[: good.index(struct.pack("<HH", 0x7FE0, 0x0010))]
    syntaxes = (
        b"1.2.840.10008.1.2", b"1.2.840.10008.1.2.2", b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.4.50",
        b"1.2.840.10008.1.2.4.70", b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.4.201",
        b"1.2.840.10008.1.2.5", b"1.2.840.10008.1.2.4.100", b"1.2.840.10008.1.2.4.94", b"1.2.3", b"x" * 60,
    )  # fmt: skip
    jpeg = b"\xff\xd8\xff\xc3\x00\x0b\x10\xff\xff\xff\xff\x01\x01\x11\x00\xff\xc4\x00\x02\xff\xda\x00\x02" + b"\0" * 50
    jpeg2000 = b"\xff\x4f\xff\x51\x00\x29\x00\x00" + b"\xff" * 32 + b"\x00\x01\x0f\x01\x01"
    for number, syntax in enumerate(syntaxes):
        yield f"syntax-{number}.dcm", _other_syntax(good, syntax)
        for part_number, parts in enumerate(([jpeg], [jpeg2000], [b"\0" * 64], [])):
            yield f"frames-{number}-{part_number}.dcm", _other_syntax(head + _fragments(parts), syntax)
    rle = b"1.2.840.10008.1.2.5"
    yield "table.dcm", _other_syntax(head + _fragments([b"\0" * 64], b"\xff" * 64), rle)
    yield "no-end.dcm", _other_syntax(head + _fragments([b"\0" * 64], ended=False), rle)
    yield "rle-bomb.dcm", _other_syntax(head + _fragments([struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 500_000]), rle)
    yield "rle-offsets.dcm", _other_syntax(head + _fragments([struct.pack("<16I", 15, *[0xFFFFFFF0] * 15)]), rle)
    yield "rle-segments.dcm", _other_syntax(head + _fragments([struct.pack("<16I", 0xFFFFFFFF, *[64] * 15)]), rle)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflater.compress(bytes(300_000_000)) + deflater.flush()
    end = 144 + struct.unpack_from("<I", good, 140)[0]
    yield "deflated-bomb.dcm", _other_syntax(good[:end], b"1.2.840.10008.1.2.1.99") + bomb
    open_item = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    yield "sequences.dcm", _before_pixels(open_item * 10_000)
    yield "sequences-ended.dcm", _before_pixels(open_item * 900 + b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0" * 900)
    yield "items.dcm", _before_pixels(_element(0x0040, 0x0275, b"SQ", b"\xfe\xff\x00\xe0\0\0\0\0" * 50_000))
    for number, (kind, length) in enumerate((k, n) for k in (b"UN", b"UT", b"OB", b"SQ") for n in (0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFE)):
        yield f"huge-{number}.dcm", _before_pixels(_element(0x0040, 0xA160, kind, b"x" * 64, length))
    for number, kind in enumerate((b"??", b"\0\0", b"ZZ", b"sq")):
        yield f"kind-{number}.dcm", _before_pixels(_element(0x0040, 0xA160, kind, b"x" * 64))
    for number, value in enumerate(
        (b"ISO 2022 IR 87", b"\\ISO 2022 IR 149", b"ISO_IR 999", b"GB18030", b"\\" * 5000, b"utf-7", b"idna", b"../../x", b"\x1b$B")
    ):
        text = _element(0x0010, 0x0010, b"PN", b"\x1b$B\x1b(J\x1b$)C" * 9 + b"A")
        charset = _element(0x0008, 0x0005, b"CS", value + b" " * (len(value) % 2))
        at = good.index(b"\x08\x00\x16\x00UI")
        yield f"charset-{number}.dcm", good[:at] + charset + good[at:].replace(b"\x10\x00\x10\x00PN", text + b"\x10\x00\x10\x10PN")
    for number, (name, value) in enumerate(
        (
            ("Rows", 65535), ("Columns", 65535), ("NumberOfFrames", "2147483647"), ("NumberOfFrames", "-1"), ("BitsAllocated", 1),
            ("BitsAllocated", 64), ("BitsAllocated", 3), ("BitsStored", 99), ("HighBit", 65535), ("SamplesPerPixel", 0),
            ("SamplesPerPixel", 4), ("PixelRepresentation", 7), ("PhotometricInterpretation", "PALETTE COLOR"),
            ("RescaleSlope", "1e308"), ("RescaleIntercept", "-1e308"), ("PixelPaddingValue", 65535), ("PlanarConfiguration", 9),
            ("ImagePositionPatient", ["1e308", "1e308", "-1e308"]), ("PixelSpacing", ["1e-30", "1e30"]), ("PatientName", "^" * 60),
            ("SOPInstanceUID", "1." * 31 + "1"), ("Modality", "MR"), ("StudyDescription", "\u202e/../" * 9),
        )
    ):  # fmt: skip
        yield f"value-{number}.dcm", _dicom(lambda data, n=name, v=value: setattr(data, n, v))  # type: ignore[misc]
    for number, value in enumerate((b"1e400 ", b"nan ", b"-inf", b"9" * 5000, b"\\" * 5000, b"0x10", b"1" * 16 + b"\\" + b"e" * 15)):
        yield f"decimal-{number}.dcm", _before_pixels(_element(0x0028, 0x1052, b"DS", value))
    record = _element(0x0004, 0x1500, b"CS", b"..\\..\\..\\ETC\\PASSWD ") + _element(0x0004, 0x1430, b"CS", b"IMAGE ")
    item = b"\xfe\xff\x00\xe0" + struct.pack("<I", len(record)) + record
    directory = good[:end].replace(b"1.2.840.10008.5.1.4.1.1.2\x00", b"1.2.840.10008.1.3.10\x00\x00\x00\x00\x00\x00")
    yield "DICOMDIR.dcm", directory + _element(0x0004, 0x1220, b"SQ", item)
    yield "group-length.dcm", good[:140] + struct.pack("<I", 0xFFFFFFFF) + good[144:]
    yield "no-preamble.dcm", good[132:]
    yield "preamble.dcm", b"\x7fELF" + b"x" * 124 + good[128:]
    yield "after.dcm", good + good
    yield "only-pixels.dcm", good[:end] + good[good.index(struct.pack("<HH", 0x7FE0, 0x0010)) :]


def nifti_family() -> Files:
    """Bombs in gzip, extensions and offsets that lie, kinds of voxels that are none, the second version of the format."""
    good = nifti()
    for number, (offset, form, value) in enumerate(
        (
            (108, "<f", 1e38), (108, "<f", 353.5), (108, "<f", -352.0), (108, "<f", 348.0), (112, "<f", 1e38), (116, "<f", float("nan")),
            (70, "<h", 1), (70, "<h", 128), (70, "<h", 2304), (70, "<h", 32), (70, "<h", 1536), (70, "<h", 2048), (72, "<h", 64),
            (0, "<i", 540), (0, ">i", 348), (0, "<i", 0), (344, "<4s", b"ni1\0"), (344, "<4s", b"n+2\0"), (344, "<4s", b"\0\0\0\0"),
            (252, "<h", 99), (254, "<h", -7), (256, "<3f", (float("nan"),) * 3), (280, "<4f", (0.0,) * 4), (280, "<4f", (1e30,) * 4),
            (40, "<8h", (3, 32767, 32767, 32767, 1, 1, 1, 1)), (40, "<8h", (7, 12, 12, 8, 9, 9, 9, 9)), (40, "<8h", (3, -12, 12, 8, 1, 1, 1, 1)),
            (40, "<8h", (3, 12, 12, 0, 1, 1, 1, 1)), (40, "<8h", (0,) * 8), (76, "<8f", (float("inf"),) * 8), (123, "<B", 255), (39, "<B", 255),
        )
    ):  # fmt: skip
        data = bytearray(good)
        struct.pack_into(form, data, offset, *(value if isinstance(value, tuple) else (value,)))
        yield f"field-{number}.nii", bytes(data)
    for number, (size, code) in enumerate(((0, 4), (-16, 4), (0x7FFFFFF0, 6), (17, 4), (8, 2), (16, -1), (32, 2), (2**20, 99))):
        data = bytearray(good[:348] + b"\1\0\0\0" + struct.pack("<ii", size, code) + b"x" * 24 + good[352:])
        struct.pack_into("<f", data, 108, 384.0)
        yield f"extension-{number}.nii", bytes(data)
    chunk = struct.pack("<ii", 16, 4) + b"x" * 8
    data = bytearray(good[:348] + b"\1\0\0\0" + chunk * 100_000 + good[352:])
    struct.pack_into("<f", data, 108, 352.0 + len(chunk) * 100_000)
    yield "extensions.nii", bytes(data)
    large = bytearray(good[:352])
    struct.pack_into("<8h", large, 40, 3, 600, 600, 600, 1, 1, 1, 1)
    yield "bomb.nii.gz", gzip.compress(bytes(large) + bytes(600 * 600 * 600 * 2 // 4), 1)
    yield "more-after.nii.gz", gzip.compress(good + bytes(400_000_000), 1)
    packed = gzip.compress(good)
    yield "checksum.nii.gz", packed[:-8] + bytes(8)
    yield "cut.nii.gz", packed[:-20]
    yield "members.nii.gz", gzip.compress(good[:400]) + gzip.compress(good[400:])
    yield "twice.nii.gz", gzip.compress(packed)
    yield "rest.nii.gz", packed + b"x" * 1000
    yield "named.nii.gz", b"\x1f\x8b\x08\x08\0\0\0\0\0\xff../../../tmp/slipped\0" + packed[10:]
    yield "comment.nii.gz", b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"c" * 3_000_000 + b"\0" + packed[10:]
    for number, sides in enumerate(((2**40, 2, 2), (-1, 12, 8), (0, 12, 8), (12, 12, 8))):
        second = bytearray(540 + 4)
        struct.pack_into("<i8sHH", second, 0, 540, b"n+2\0\r\n\x1a\n", 4, 16)
        struct.pack_into("<8q", second, 16, 3, *sides, 1, 1, 1, 1)
        struct.pack_into("<8d", second, 104, 1, 1, 1, 2, 1, 1, 1, 1)
        struct.pack_into("<q", second, 168, 544)
        yield f"second-{number}.nii", bytes(second) + good[352:]
    pair = bytearray(good[:352])
    struct.pack_into("<4s", pair, 344, b"ni1\0")
    yield "pair.hdr", bytes(pair)
    for number, head in enumerate(
        (
            b"NRRD0005\ntype: short\ndimension: 3\nsizes: 12 12 8\nencoding: raw\ndata file: /etc/passwd\n\n",
            b"NRRD0005\ntype: short\ndimension: 3\nsizes: 99999 99999 99999\nencoding: gzip\n\n",
            b"NRRD0005\ntype: short\ndimension: 3\nsizes: -1 12 8\nencoding: raw\n\n",
            b"NRRD0005\ntype: block\nblock size: 99999999999\ndimension: 3\nsizes: 12 12 8\nencoding: raw\n\n",
            b"NRRD0005\ntype: short\ndimension: 16\nsizes: " + b"2 " * 16 + b"\nencoding: raw\n\n",
            b"NRRD0005\ntype: short\ndimension: 3\nsizes: 12 12 8\nspace directions: (nan,0,0) (0,inf,0) (0,0,0)\nencoding: raw\n\n",
            b"NRRD0005\ntype: short\ndimension: 3\nsizes: 12 12 8\nline skip: 99999999\nbyte skip: -1\nencoding: raw\n\n",
        )
    ):
        yield f"nrrd-{number}.nrrd", head + good[352:]
    for number, head in enumerate(
        (
            b"ObjectType = Image\nNDims = 3\nDimSize = 12 12 8\nElementType = MET_SHORT\nElementDataFile = /etc/passwd\n",
            b"ObjectType = Image\nNDims = 3\nDimSize = 12 12 8\nElementType = MET_SHORT\nElementDataFile = LIST\n/etc/passwd\n",
            b"ObjectType = Image\nNDims = 3\nDimSize = 99999 99999 99999\nElementType = MET_SHORT\nElementDataFile = LOCAL\n",
            b"ObjectType = Image\nNDims = 10\nDimSize = 2 2 2 2 2 2 2 2 2 2\nElementType = MET_SHORT\nElementDataFile = LOCAL\n",
            b"ObjectType = Image\nNDims = -3\nDimSize = 12 12 8\nElementType = MET_SHORT\nElementDataFile = LOCAL\n",
            b"ObjectType = Image\nNDims = 3\nCompressedData = True\nCompressedDataSize = -1\nDimSize = 12 12 8\nElementType = MET_SHORT\nElementDataFile = LOCAL\n",
        )
    ):
        yield f"meta-{number}.mha", head + good[352:]


def structure() -> Files:
    """Tables that never end, numbers in other forms, models and names without number, mmCIF that is not closed."""
    text = PDB.decode()
    lines = text.splitlines(keepends=True)
    for number, made in enumerate(
        (
            text.replace("ATOM  ", "ATOM  ", 1) * 400,
            "".join(f"MODEL     {n:4d}\n{text}ENDMDL\n" for n in range(300)),
            "MODEL" * 20_000 + text,
            text.replace(" A ", " \u202e ", 1),
            text.replace("20.00", " 1e99"),
            text.replace("20.00", "  nan"),
            text.replace("1.00 20.00", "-9.99 9999."),
            text.replace("0.000", "1e400", 1),
            text.replace("   0.000", "٠٫٠٠٠   ", 1),
            "TITLE     " + "x" * 2_000_000 + "\n" + text,
            "REMARK   2 RESOLUTION. 1e999 ANGSTROMS.\n" + text,
            "REMARK 350 " * 50_000 + "\n" + text,
            "CONECT" + "99999" * 50_000 + "\n" + text,
            "CRYST1" + " nan" * 20 + "\n" + text,
            "SEQRES" * 50_000 + "\n" + text,
            "HEADER    \x1b[31m../../etc/passwd\n" + text,
            text.replace("\n", "\r\n"),
            text.replace("\n", "\x0b"),
            text.replace("ALA", "\u0391\u039b\u0391"),
            "".join(line[:26] + "\u200b" + line[27:] for line in lines),
            "".join(line[:16] + chr(65 + n % 26) + line[17:] for n, line in enumerate(lines)),
            "".join(line[:21] + chr(33 + n % 90) + line[22:] for n, line in enumerate(lines)),
            "ANISOU" + text.replace("ATOM  ", "ANISOU"),
            "ATOM\n" * 50_000,
            "ATOM  " + " " * 74 + "\n",
            text + "END\n" * 100_000,
            text[:-3] + "\x00",
        )
    ):
        yield f"made-{number}.pdb", made.encode()
    columns = "group_PDB id type_symbol label_atom_id label_alt_id label_comp_id label_asym_id label_entity_id label_seq_id "
    columns += "pdbx_PDB_ins_code Cartn_x Cartn_y Cartn_z occupancy B_iso_or_equiv auth_seq_id auth_asym_id pdbx_PDB_model_num"
    table = "data_x\nloop_\n" + "".join(f"_atom_site.{name}\n" for name in columns.split())
    row = "ATOM 1 C CA . ALA A 1 1 ? 1.0 2.0 3.0 1.0 20.0 1 A 1\n"
    for number, made in enumerate(
        (
            table + row.replace("ATOM", "ATOM", 1) * 20_000,
            table + row[:-3],
            table + row.replace("1.0 2.0 3.0", "nan inf -inf"),
            table + row.replace("1.0 2.0 3.0", "1e400 . ?"),
            table + row.replace(" 1 A 1\n", " 99999999999999999999 A 1\n"),
            table + row.replace(" 1 A 1\n", " x A 1\n"),
            table + row.replace(" A 1\n", f" {'A' * 100_000} 1\n"),
            table + row.replace(" 1\n", " -1\n"),
            table + row.replace("CA", "'C A'"),
            table + row.replace("CA", "'CA"),
            table + row.replace("CA", '"CA'),
            table + ";" + "x\n" * 50_000,
            table.replace("loop_", "loop_\nloop_") + row,
            "data_" + "x" * 1_000_000 + "\n" + table[7:] + row,
            "data_x\n" * 20_000 + table + row,
            "data_x\nsave_\n" * 5_000 + table + row,
            "data_x\n" + "_a.b c\n" * 100_000 + table[7:] + row,
            "data_x\n_a.b '" + "'" * 200_000,
            "data_x\nloop_\n" + "".join(f"_a.b{n}\n" for n in range(20_000)) + "1\n",
            table + "\u202e" + row,
            "# " * 100_000 + "\n" + table + row,
            table + "?\n" * 100_000,
            table + ". " * 180_000,
            "global_\nstop_\n" + table + row,
            "data_x\n_atom_site.id 1\n",
        )
    ):
        yield f"made-{number}.cif", made.encode()
    yield "bomb.pdb.gz", gzip.compress(PDB + b" " * 400_000_000, 1)
    yield "twice.pdb.gz", gzip.compress(gzip.compress(PDB))
    yield "cut.pdb.gz", gzip.compress(PDB)[:-9]
    yield "utf16.pdb", PDB.decode().encode("utf-16")
    yield "binary.bcif", b"\x83\xa7encoder" + bytes(range(256))
    yield "xml.pdb", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    yield "long-name.pdb", PDB.replace(b"CA ", b"C" * 3)
    yield "one-line.pdb", PDB.replace(b"\n", b"")
