"""Variant files and structures that are made to break their readers."""

from __future__ import annotations

import gzip
import struct
import zlib

from tests.security.hostile.families import PDB, VCF, Files


def vcf() -> Files:
    """Headers and lines without end, block gzip that lies, alleles that are none, a BCF whose lengths are not true."""
    head, _, first = VCF.partition(b"#CHROM")
    record = b"chr7\t55191822\t.\tT\tG\t50\tPASS\tDP=100\tGT:AD\t0/1:60,40\n"
    yield "header-lines.vcf", head + b"##x=y\n" * 60_000 + b"#CHROM" + first
    yield "header-line.vcf", head + b"##x=" + b"y" * 9_000_000 + b"\n#CHROM" + first
    yield (
        "header-lines-long.vcf.gz",
        gzip.compress(head + (b"##x=" + b"y" * 1_000_000 + b"\n") * 200 + b"#CHROM" + first, 1),
    )
    yield "no-end.vcf", head
    yield "columns.vcf", VCF + b"chr7" + b"\t." * 1_000_000 + b"\n"
    yield "samples.vcf", VCF.replace(b"TUMOUR", b"\t".join(b"S%d" % n for n in range(10_000)))
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
    yield (
        "many-keys.vcf",
        VCF.replace(b"GT:AD\t0/1:60,40", b":".join([b"GT"] * 5_000) + b"\t" + b":".join([b"0/1"] * 5_000)),
    )
    for number, alleles in enumerate(
        (
            b"<DEL>",
            b"<DUP:TANDEM>",
            b"<" + b"I" * 10_000 + b">",
            b"*",
            b"<*>",
            b"<NON_REF>",
            b"]chr1:99999999999]T",
            b"T[<ctg>:1[",
            b".A",
            b"A.",
            b"G,G,G,G",
            b",",
            b",,",
            b"<",
            b">",
            b"=A1+B1",
            b"\xf0\x9f\x92\x8a",
            b"N" * 50_000,
            b"a,c,g,t",
        )
    ):
        yield f"allele-{number}.vcf", VCF + record.replace(b"\tG\t", b"\t" + alleles + b"\t")
    for number, position in enumerate(
        (b"0", b"-1", b"2147483648", b"9" * 30, b"1e5", b"0x10", "٥٥".encode(), "²".encode(), b"1 ", b"+1", b"")
    ):
        yield f"position-{number}.vcf", VCF + record.replace(b"55191822", position)
    for number, call in enumerate(
        (
            b"0/" * 5_000,
            b"99999999999999999999/0",
            b"-1/0",
            b"1",
            b"|",
            b"/",
            b"./.",
            b"0/1/2/3",
            b"0|1/0",
            "١/٠".encode(),
            b"0/1:60,40:x:y:z",
            b"0/1:" + b"1," * 5_000,
            b"0/1:9999999999999999999999,1",
            b"0/1:nan,inf",
            b"0/1:-5,-6",
            b"0/1:1e400,1",
        )
    ):
        yield f"call-{number}.vcf", VCF + record.replace(b"0/1:60,40", call)
    for number, info in enumerate(
        (
            b"END=1e400",
            b"SVLEN=nan",
            b"CSQ=" + b"|" * 10_000,
            b"ANN=" + b"(" * 5_000,
            b"=;=;=",
            b";" * 20_000,
            b"AF=inf",
            b"X" * 50_000,
        )
    ):
        yield f"info-{number}.vcf", VCF + record.replace(b"DP=100", info)
    block = _bgzf(VCF)
    yield "block.vcf.gz", block + _bgzf(b"")
    yield "block-no-end.vcf.gz", block
    for number, (at, value) in enumerate(
        (
            (16, b"\x00\x00"),
            (16, b"\xff\xff"),
            (10, b"\x00\x00"),
            (10, b"\xff\xff"),
            (-4, b"\xff\xff\xff\xff"),
            (-8, b"\x00\x00\x00\x00"),
        )
    ):
        made = bytearray(block)
        end = at + len(value)
        made[at : end or None] = value
        yield f"block-lie-{number}.vcf.gz", bytes(made)
    yield "members.vcf.gz", b"".join(gzip.compress(VCF[n : n + 1]) for n in range(len(VCF)))
    yield "empty-members.vcf.gz", gzip.compress(b"") * 2_000 + gzip.compress(VCF)
    yield "gzip-in-gzip.vcf.gz", gzip.compress(gzip.compress(VCF))
    yield "gzip-rest.vcf.gz", gzip.compress(VCF) + b"rest" * 100


def _bgzf(body: bytes) -> bytes:
    """One block of block gzip (SAM specification, section 4.1)."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed = packer.compress(body) + packer.flush()
    head = b"\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\x06\x00BC\x02\x00" + struct.pack("<H", len(packed) + 25)
    return head + packed + struct.pack("<II", zlib.crc32(body), len(body))


def structure() -> Files:
    """Tables that never end, numbers in other forms, models and names without number, mmCIF that is not closed."""
    text = PDB.decode()
    lines = text.splitlines(keepends=True)
    for number, made in enumerate(
        (
            text.replace("ATOM  ", "ATOM  ", 1) * 400,
            "".join(f"MODEL     {n:4d}\n{text}ENDMDL\n" for n in range(300)),
            "MODEL" * 2_000 + text,
            text.replace(" A ", " \u202e ", 1),
            text.replace("20.00", " 1e99"),
            text.replace("20.00", "  nan"),
            text.replace("1.00 20.00", "-9.99 9999."),
            text.replace("0.000", "1e400", 1),
            text.replace("   0.000", "٠٫٠٠٠   ", 1),
            "TITLE     " + "x" * 2_000_000 + "\n" + text,
            "REMARK   2 RESOLUTION. 1e999 ANGSTROMS.\n" + text,
            "REMARK 350 " * 5_000 + "\n" + text,
            "CONECT" + "99999" * 5_000 + "\n" + text,
            "CRYST1" + " nan" * 20 + "\n" + text,
            "SEQRES" * 5_000 + "\n" + text,
            "HEADER    \x1b[31m../../etc/passwd\n" + text,
            text.replace("\n", "\r\n"),
            text.replace("\n", "\x0b"),
            text.replace("ALA", "\u0391\u039b\u0391"),
            "".join(line[:26] + "\u200b" + line[27:] for line in lines),
            "".join(line[:16] + chr(65 + n % 26) + line[17:] for n, line in enumerate(lines)),
            "".join(line[:21] + chr(33 + n % 90) + line[22:] for n, line in enumerate(lines)),
            "ANISOU" + text.replace("ATOM  ", "ANISOU"),
            "ATOM\n" * 5_000,
            "ATOM  " + " " * 74 + "\n",
            text + "END\n" * 10_000,
            text[:-3] + "\x00",
        )
    ):
        yield f"made-{number}.pdb", made.encode()
    columns = (
        "group_PDB id type_symbol label_atom_id label_alt_id label_comp_id label_asym_id label_entity_id label_seq_id "
    )
    columns += (
        "pdbx_PDB_ins_code Cartn_x Cartn_y Cartn_z occupancy B_iso_or_equiv auth_seq_id auth_asym_id pdbx_PDB_model_num"
    )
    table = "data_x\nloop_\n" + "".join(f"_atom_site.{name}\n" for name in columns.split())
    row = "ATOM 1 C CA . ALA A 1 1 ? 1.0 2.0 3.0 1.0 20.0 1 A 1\n"
    for number, made in enumerate(
        (
            table + row.replace("ATOM", "ATOM", 1) * 2_000,
            table + row[:-3],
            table + row.replace("1.0 2.0 3.0", "nan inf -inf"),
            table + row.replace("1.0 2.0 3.0", "1e400 . ?"),
            table + row.replace(" 1 A 1\n", " 99999999999999999999 A 1\n"),
            table + row.replace(" 1 A 1\n", " x A 1\n"),
            table + row.replace(" A 1\n", f" {'A' * 10_000} 1\n"),
            table + row.replace(" 1\n", " -1\n"),
            table + row.replace("CA", "'C A'"),
            table + row.replace("CA", "'CA"),
            table + row.replace("CA", '"CA'),
            table + ";" + "x\n" * 5_000,
            table.replace("loop_", "loop_\nloop_") + row,
            "data_" + "x" * 1_000_000 + "\n" + table[7:] + row,
            "data_x\n" * 2_000 + table + row,
            "data_x\nsave_\n" * 5_000 + table + row,
            "data_x\n" + "_a.b c\n" * 10_000 + table[7:] + row,
            "data_x\n_a.b '" + "'" * 20_000,
            "data_x\nloop_\n" + "".join(f"_a.b{n}\n" for n in range(2_000)) + "1\n",
            table + "\u202e" + row,
            "# " * 10_000 + "\n" + table + row,
            table + "?\n" * 10_000,
            table + ". " * 180_000,
            "global_\nstop_\n" + table + row,
            "data_x\n_atom_site.id 1\n",
        )
    ):
        yield f"made-{number}.cif", made.encode()
    yield "bomb.pdb.gz", gzip.compress(PDB + b" " * 30_000_000, 1)
    yield "twice.pdb.gz", gzip.compress(gzip.compress(PDB))
    yield "cut.pdb.gz", gzip.compress(PDB)[:-9]
    yield "utf16.pdb", PDB.decode().encode("utf-16")
    yield "binary.bcif", b"\x83\xa7encoder" + bytes(range(256))
    yield "xml.pdb", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    yield "long-name.pdb", PDB.replace(b"CA ", b"C" * 3)
    yield "one-line.pdb", PDB.replace(b"\n", b"")
