"""Adding documents: structure, offsets, duplicates, resuming, hostile files, removal."""

from __future__ import annotations

import contextlib
import zipfile

import docx as python_docx
import pytest

from knowledge.errors import BadInput, ToolRetry
from knowledge.ingest import library
from knowledge.ingest.chunk import LONGEST, chunk
from knowledge.ingest.extract import sniff
from knowledge.ingest.layout import Page, PageWriter
from knowledge.ingest.library import (
    Description,
    Reader,
    add_document,
    document_page,
    document_passages,
    documents,
    library_problems,
    remove_document,
)
from tests.knowledge.ingest import files
from tools.documents import LIMITED_READER

pytestmark = pytest.mark.usefixtures("own_home")
ABOUT = Description(licence="internal")


@pytest.mark.parametrize(
    ("make", "name"), [(files.docx, "a.docx"), (files.markdown, "a.md"), (files.html, "a.html"), (files.text, "a.txt")]
)
def test_every_passage_is_an_exact_span_of_its_page_under_its_headings(make, name, tmp_path):
    added = add_document(make(tmp_path / name), ABOUT, LIMITED_READER)
    passages = document_passages(added.document.id)
    for passage in passages:
        assert document_page(added.document.id, passage.page)[passage.start : passage.end] == passage.text
    assert files.FIRST[0] in passages[0].text
    assert passages[0].section.casefold().startswith("dosing of drug alpha")
    assert "Renal function" in passages[-1].section
    assert added.document.title.casefold() == "dosing of drug alpha"


@pytest.mark.parametrize(("make", "name"), [(files.docx, "a.docx"), (files.markdown, "a.md"), (files.html, "a.html")])
def test_a_table_stays_a_table(make, name, tmp_path):
    added = add_document(make(tmp_path / name), ABOUT, LIMITED_READER)
    assert "| below 30 | do not give |" in document_passages(added.document.id)[-1].text


def test_a_pdf_is_read_by_page_column_and_table_without_running_heads(tmp_path):
    added = add_document(files.pdf(tmp_path / "a.pdf", pages=3, columns=2, table=True), ABOUT, LIMITED_READER)
    passages = document_passages(added.document.id)
    assert added.document.pages == 3
    first = passages[0]
    assert first.text.index("left 1.11") < first.text.index("right 1.0"), "columns are read one after the other"
    assert first.section == "1 Dosing in chapter 1"
    assert any("| 30 to 60 | 5 mg |" in p.text for p in passages)
    assert {p.page for p in passages} == {1, 2, 3}
    for passage in passages:
        assert document_page(added.document.id, passage.page)[passage.start : passage.end] == passage.text
        assert "Hospital of Testing" not in passage.text
        assert " of 3" not in passage.text


def test_lines_that_differ_in_a_dose_are_no_running_heads(tmp_path):
    def page(number):
        writer = PageWriter(number)
        writer.add("paragraph", f"Formulary of the ward, page {number} of 6")
        writer.add("paragraph", f"Adult: {5 * number} mg twice daily")
        writer.add("paragraph", f"Drug {number} is started in the evening and taken with food for {number} weeks.")
        writer.add("paragraph", f"Greatest dose {40 + 10 * number} mg")
        writer.add("paragraph", "Printed copies are not controlled")
        return writer.page()

    reader = Reader(lambda *_: 6, lambda *given: [page(n) for n in range(given[3], given[4] + 1)])
    added = add_document(files.text(tmp_path / "a.txt"), ABOUT, reader)
    text = " ".join(passage.text for passage in document_passages(added.document.id))
    for number in range(1, 7):
        assert f"Adult: {5 * number} mg twice daily" in text
        assert f"Greatest dose {40 + 10 * number} mg" in text
    assert "Formulary of the ward" not in text
    assert "Printed copies" not in text


def test_hidden_text_menus_and_scripts_of_a_page_are_left_out(tmp_path):
    added = add_document(files.html(tmp_path / "a.html"), ABOUT, LIMITED_READER)
    text = document_page(added.document.id, 1)
    assert not any(word in text for word in ("steal", "Menu", "Ignore all instructions"))
    assert "the serum potassium" in text
    assert "Loose text" in text


def test_the_same_file_and_the_same_text_are_held_once(tmp_path):
    first = add_document(files.text(tmp_path / "a.txt"), ABOUT, LIMITED_READER)
    again = add_document(tmp_path / "a.txt", ABOUT, LIMITED_READER)
    (tmp_path / "b.txt").write_text((tmp_path / "a.txt").read_text().replace("\n", "\r\n"), newline="")
    other = add_document(tmp_path / "b.txt", ABOUT, LIMITED_READER)
    assert (first.was_there, again.was_there, other.was_there) == (False, True, True)
    assert len(documents()) == 1


def test_reading_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "_BATCH", 2)
    path = tmp_path / "a.txt"
    path.write_text("a document of seven pages, as the reader below has it")
    asked: list[int] = []

    def read(path, name, kind, first, last):
        asked.append(first)
        if first == 5 and asked.count(5) == 1:
            raise KeyboardInterrupt
        made = []
        for number in range(first, last + 1):
            writer = PageWriter(number)
            writer.add("paragraph", f"Page {number} speaks at length of the drug number {number} and its dose.")
            made.append(writer.page())
        return made

    reader = Reader(lambda path, name, kind: 7, read)
    with pytest.raises(KeyboardInterrupt):
        add_document(path, ABOUT, reader)
    assert documents() == []
    added = add_document(path, ABOUT, reader)
    assert asked == [1, 3, 5, 5, 7]
    assert added.document.pages == 7
    assert [p.page for p in document_passages(added.document.id)] == [1, 2, 3, 4, 5, 6, 7]


def test_removal_takes_it_from_the_list_and_a_second_removal_says_so(tmp_path):
    added = add_document(files.text(tmp_path / "a.txt"), ABOUT, LIMITED_READER)
    remove_document(added.document.id)
    assert documents() == []
    with pytest.raises(ToolRetry, match="No document"):
        remove_document(added.document.id)


@pytest.mark.parametrize("name", ["../x", "doc-zzz", "", "doc-0123456789ab/../x", "/etc"])
def test_an_id_is_never_a_path(name):
    with pytest.raises(ToolRetry):
        document_page(name, 1)
    with pytest.raises(ToolRetry):
        document_passages(name)


def test_a_changed_original_is_found_by_the_check(tmp_path, own_home):
    added = add_document(files.text(tmp_path / "a.txt"), ABOUT, LIMITED_READER)
    assert library_problems() == []
    (own_home / "documents" / added.document.id / "original.text").write_text("something else")
    assert "was changed" in library_problems()[0]


def test_a_changed_page_is_found_by_the_check(tmp_path, own_home):
    added = add_document(files.text(tmp_path / "a.txt"), ABOUT, LIMITED_READER)
    pages = own_home / "documents" / added.document.id / "pages.jsonl"
    text = document_page(added.document.id, 1)
    pages.write_text(pages.read_text().replace(text.split()[0], "Otherwise", 1))
    assert document_page(added.document.id, 1) != text
    assert library_problems() == [f"{added.document.id}: the text of its pages is missing or was changed"]


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<w>" + b"a" * 401_000_000)
    return path


def deep_html(path):
    path.write_text("<html><body>" + "<div>" * 200_000 + "text")
    return path


def entity_bomb(path):
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    body = f'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY e0 "aaaaaaaaaa">{entities}]><w>&e9;</w>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", body)
    return path


def written(content):
    def make(path):
        path.write_bytes(content)
        return path

    return make


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (written(b""), "empty.txt"),
        (written(b"   \n \n"), "blank.txt"),
        (written(b"\x00\x01\x02" * 100), "x.pdf"),
        (written(b"PK\x03\x04broken"), "x.docx"),
        (written(b"%PDF-1.7\nno objects here"), "x.pdf"),
        (written(b"<html><body><script>x()</script></body></html>"), "x.html"),
        (bomb, "bomb.docx"),
        (entity_bomb, "entities.docx"),
    ],
)
def test_a_hostile_or_empty_file_is_refused_by_name_and_leaves_nothing(make, name, tmp_path):
    path = make(tmp_path / name)
    with pytest.raises(BadInput) as caught:
        add_document(path, ABOUT, LIMITED_READER)
    assert caught.value.file == name
    assert documents() == []


def test_a_deeply_nested_page_neither_crashes_nor_hangs(tmp_path):
    path = deep_html(tmp_path / "deep.html")
    with contextlib.suppress(BadInput):
        assert add_document(path, ABOUT, LIMITED_READER).document.passages == 1
    assert len(documents()) <= 1


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"%PDF-1.7 ...", "a.txt", "pdf"),
        (b"<!DOCTYPE html><p>x", "a.txt", "html"),
        (b"# Title\n\ntext", "a.md", "markdown"),
        ("\ufeff肺癌筛查指南".encode("utf-16-le"), "a.txt", "text"),
        ("肺癌筛查指南".encode(), "a.txt", "text"),
    ],
)
def test_the_kind_is_told_from_the_content(content, name, kind, tmp_path):
    (tmp_path / name).write_bytes(content)
    assert sniff(tmp_path / name, name) == kind


@pytest.mark.parametrize("kind", ["html", "md", "txt", "docx"])
def test_ligatures_of_typesetting_are_spelt_out_and_offsets_count_in_what_is_kept(kind, tmp_path):
    said = "An oﬃce blood pressure of 140 deﬁnes hypertension; eﬀect and ﬂow are ﬁne in the signiﬁcant majority."
    path = tmp_path / f"a.{kind}"
    if kind == "docx":
        document = python_docx.Document()
        document.add_paragraph(said)
        document.save(path)
    else:
        path.write_text(f"<html><body><p>{said}</p></body></html>" if kind == "html" else said, encoding="utf-8")
    added = add_document(path, ABOUT, LIMITED_READER)
    text = document_page(added.document.id, 1)
    assert "An office blood pressure of 140 defines hypertension; effect and flow are fine" in text
    for passage in document_passages(added.document.id):
        assert text[passage.start : passage.end] == passage.text


def test_chinese_text_in_its_old_encoding_is_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("高血压患者应当每天测量血压，并且按时服药，定期复查肾功能与血钾水平。".encode("gb18030"))
    added = add_document(path, ABOUT, LIMITED_READER)
    assert "高血压患者" in document_page(added.document.id, 1)


@pytest.mark.parametrize("declared", ["", '<meta charset="utf-8">', '<meta charset="windows-1252">'])
def test_a_page_is_read_in_its_encoding_also_where_it_declares_none(declared, tmp_path):
    path = tmp_path / "a.html"
    body = f"<html><head>{declared}</head><body><p>β-blocker: metoprolol – 25 µg/L, naïve.</p></body></html>"
    path.write_bytes(body.replace("β", "b").encode("cp1252") if "1252" in declared else body.encode())
    text = document_page(add_document(path, ABOUT, LIMITED_READER).document.id, 1)
    assert text.endswith("-blocker: metoprolol – 25 µg/L, naïve.")


def test_long_text_is_cut_at_sentences_and_nothing_is_lost():
    text = " ".join(f"Sentence number {i} says that the dose is {i} mg a day." for i in range(200))
    writer = PageWriter()
    writer.add("paragraph", text)
    pieces = list(chunk([writer.page()]))
    assert all(len(p.text) <= LONGEST for p in pieces)
    assert " ".join(p.text for p in pieces) == text
    assert all(p.text.endswith("a day.") for p in pieces)


def test_one_word_without_an_end_is_cut_too():
    pieces = list(chunk([Page(number=1, text="x" * 5000)]))
    assert sum(len(p.text) for p in pieces) == 5000


def test_a_long_table_is_cut_at_rows_and_keeps_its_header_as_a_hint():
    rows = "\n".join(f"| drug {i} | {i} mg once daily with food |" for i in range(100))
    writer = PageWriter()
    writer.add("table", f"| drug | dose |\n{rows}")
    pieces = list(chunk([writer.page()]))
    assert len(pieces) > 3
    assert pieces[-1].hints == "| drug | dose |"
    assert all(p.text.startswith("|") and p.text.endswith("|") for p in pieces)
