# ruff: noqa: E501 - one attack a line
"""Scans that are made to break their readers."""

from __future__ import annotations

import gzip
import io
import struct
import warnings
import zlib

from tests.security.hostile.families import Files, dicom_slice, nifti


def _dicom(keyword: str, value: object) -> bytes:
    """The good slice with one value changed."""
    import pydicom

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = pydicom.dcmread(io.BytesIO(dicom_slice()))
        if keyword == "PixelPaddingValue":
            data.add_new(keyword, "US", value)
        else:
            setattr(data, keyword, value)
        stream = io.BytesIO()
        data.save_as(stream)
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
        b"1.2.840.10008.1.2",
        b"1.2.840.10008.1.2.2",
        b"1.2.840.10008.1.2.1.99",
        b"1.2.840.10008.1.2.4.50",
        b"1.2.840.10008.1.2.4.70",
        b"1.2.840.10008.1.2.4.80",
        b"1.2.840.10008.1.2.4.90",
        b"1.2.840.10008.1.2.4.201",
        b"1.2.840.10008.1.2.5",
        b"1.2.840.10008.1.2.4.100",
        b"1.2.840.10008.1.2.4.94",
        b"1.2.3",
        b"x" * 60,
    )
    jpeg = b"\xff\xd8\xff\xc3\x00\x0b\x10\xff\xff\xff\xff\x01\x01\x11\x00\xff\xc4\x00\x02\xff\xda\x00\x02" + b"\0" * 50
    jpeg2000 = b"\xff\x4f\xff\x51\x00\x29\x00\x00" + b"\xff" * 32 + b"\x00\x01\x0f\x01\x01"
    for number, syntax in enumerate(syntaxes):
        yield f"syntax-{number}.dcm", _other_syntax(good, syntax)
        for part_number, parts in enumerate(([jpeg], [jpeg2000], [b"\0" * 64], [])):
            yield f"frames-{number}-{part_number}.dcm", _other_syntax(head + _fragments(parts), syntax)
    rle = b"1.2.840.10008.1.2.5"
    yield "table.dcm", _other_syntax(head + _fragments([b"\0" * 64], b"\xff" * 64), rle)
    yield "no-end.dcm", _other_syntax(head + _fragments([b"\0" * 64], ended=False), rle)
    yield (
        "rle-bomb.dcm",
        _other_syntax(head + _fragments([struct.pack("<16I", 1, 64, *[0] * 14) + b"\x81\x00" * 50_000]), rle),
    )
    yield "rle-offsets.dcm", _other_syntax(head + _fragments([struct.pack("<16I", 15, *[0xFFFFFFF0] * 15)]), rle)
    yield "rle-segments.dcm", _other_syntax(head + _fragments([struct.pack("<16I", 0xFFFFFFFF, *[64] * 15)]), rle)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflater.compress(bytes(1_000_000)) + deflater.flush()
    end = 144 + struct.unpack_from("<I", good, 140)[0]
    yield "deflated-bomb.dcm", _other_syntax(good[:end], b"1.2.840.10008.1.2.1.99") + bomb
    open_item = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    yield "sequences.dcm", _before_pixels(open_item * 10_000)
    yield (
        "sequences-ended.dcm",
        _before_pixels(open_item * 900 + b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0" * 900),
    )
    yield "items.dcm", _before_pixels(_element(0x0040, 0x0275, b"SQ", b"\xfe\xff\x00\xe0\0\0\0\0" * 5_000))
    for number, (kind, length) in enumerate(
        (k, n) for k in (b"UN", b"UT", b"OB", b"SQ") for n in (0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFE)
    ):
        yield f"huge-{number}.dcm", _before_pixels(_element(0x0040, 0xA160, kind, b"x" * 64, length))
    for number, kind in enumerate((b"??", b"\0\0", b"ZZ", b"sq")):
        yield f"kind-{number}.dcm", _before_pixels(_element(0x0040, 0xA160, kind, b"x" * 64))
    for number, value in enumerate(
        (
            b"ISO 2022 IR 87",
            b"\\ISO 2022 IR 149",
            b"ISO_IR 999",
            b"GB18030",
            b"\\" * 5000,
            b"utf-7",
            b"idna",
            b"../../x",
            b"\x1b$B",
        )
    ):
        text = _element(0x0010, 0x0010, b"PN", b"\x1b$B\x1b(J\x1b$)C" * 9 + b"A")
        charset = _element(0x0008, 0x0005, b"CS", value + b" " * (len(value) % 2))
        at = good.index(b"\x08\x00\x16\x00UI")
        yield (
            f"charset-{number}.dcm",
            good[:at] + charset + good[at:].replace(b"\x10\x00\x10\x00PN", text + b"\x10\x00\x10\x10PN"),
        )
    for number, (name, value) in enumerate(
        (
            ("Rows", 65535),
            ("Columns", 65535),
            ("NumberOfFrames", "2147483647"),
            ("NumberOfFrames", "-1"),
            ("BitsAllocated", 1),
            ("BitsAllocated", 64),
            ("BitsAllocated", 3),
            ("BitsStored", 99),
            ("HighBit", 65535),
            ("SamplesPerPixel", 0),
            ("SamplesPerPixel", 4),
            ("PixelRepresentation", 7),
            ("PhotometricInterpretation", "PALETTE COLOR"),
            ("RescaleSlope", "1e308"),
            ("RescaleIntercept", "-1e308"),
            ("PixelPaddingValue", 65535),
            ("PlanarConfiguration", 9),
            ("ImagePositionPatient", ["1e308", "1e308", "-1e308"]),
            ("PixelSpacing", ["1e-30", "1e30"]),
            ("PatientName", "^" * 60),
            ("SOPInstanceUID", "1." * 31 + "1"),
            ("Modality", "MR"),
            ("StudyDescription", "\u202e/../" * 9),
        )
    ):
        yield f"value-{number}.dcm", _dicom(name, value)
    for number, value in enumerate(
        (b"1e400 ", b"nan ", b"-inf", b"9" * 5000, b"\\" * 5000, b"0x10", b"1" * 16 + b"\\" + b"e" * 15)
    ):
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
            (108, "<f", 1e38),
            (108, "<f", 353.5),
            (108, "<f", -352.0),
            (108, "<f", 348.0),
            (112, "<f", 1e38),
            (116, "<f", float("nan")),
            (70, "<h", 1),
            (70, "<h", 128),
            (70, "<h", 2304),
            (70, "<h", 32),
            (70, "<h", 1536),
            (70, "<h", 2048),
            (72, "<h", 64),
            (0, "<i", 540),
            (0, ">i", 348),
            (0, "<i", 0),
            (344, "<4s", b"ni1\0"),
            (344, "<4s", b"n+2\0"),
            (344, "<4s", b"\0\0\0\0"),
            (252, "<h", 99),
            (254, "<h", -7),
            (256, "<3f", (float("nan"),) * 3),
            (280, "<4f", (0.0,) * 4),
            (280, "<4f", (1e30,) * 4),
            (40, "<8h", (3, 32767, 32767, 32767, 1, 1, 1, 1)),
            (40, "<8h", (7, 12, 12, 8, 9, 9, 9, 9)),
            (40, "<8h", (3, -12, 12, 8, 1, 1, 1, 1)),
            (40, "<8h", (3, 12, 12, 0, 1, 1, 1, 1)),
            (40, "<8h", (0,) * 8),
            (76, "<8f", (float("inf"),) * 8),
            (123, "<B", 255),
            (39, "<B", 255),
        )
    ):
        data = bytearray(good)
        struct.pack_into(form, data, offset, *(value if isinstance(value, tuple) else (value,)))
        yield f"field-{number}.nii", bytes(data)
    for number, (size, code) in enumerate(
        ((0, 4), (-16, 4), (0x7FFFFFF0, 6), (17, 4), (8, 2), (16, -1), (32, 2), (2**20, 99))
    ):
        data = bytearray(good[:348] + b"\1\0\0\0" + struct.pack("<ii", size, code) + b"x" * 24 + good[352:])
        struct.pack_into("<f", data, 108, 384.0)
        yield f"extension-{number}.nii", bytes(data)
    chunk = struct.pack("<ii", 16, 4) + b"x" * 8
    data = bytearray(good[:348] + b"\1\0\0\0" + chunk * 10_000 + good[352:])
    struct.pack_into("<f", data, 108, 352.0 + len(chunk) * 10_000)
    yield "extensions.nii", bytes(data)
    large = bytearray(good[:352])
    struct.pack_into("<8h", large, 40, 3, 600, 600, 600, 1, 1, 1, 1)
    yield "bomb.nii.gz", gzip.compress(bytes(large) + bytes(600 * 600 * 600 * 2 // 4), 1)
    yield "more-after.nii.gz", gzip.compress(good + bytes(30_000_000), 1)
    packed = gzip.compress(good)
    yield "checksum.nii.gz", packed[:-8] + bytes(8)
    yield "cut.nii.gz", packed[:-20]
    yield "members.nii.gz", gzip.compress(good[:400]) + gzip.compress(good[400:])
    yield "twice.nii.gz", gzip.compress(packed)
    yield "rest.nii.gz", packed + b"x" * 1000
    yield "named.nii.gz", b"\x1f\x8b\x08\x08\0\0\0\0\0\xff../../../tmp/slipped\0" + packed[10:]
    yield "comment.nii.gz", b"\x1f\x8b\x08\x10\0\0\0\0\0\xff" + b"c" * 300_000 + b"\0" + packed[10:]
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
