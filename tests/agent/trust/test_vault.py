"""What is stored of a patient is unreadable without the key, and what is not sealed is refused."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path

import pytest

from agent.runs import RunStore
from agent.trust.files import CHUNK_BYTES, SealedFile, SealedWriter
from agent.trust.keys import KeyMissing, Keyring, key_provider, read_keyring
from agent.trust.vault import NotSealed, Shredded, Vault
from knowledge.errors import ToolFailed

OLD, NEW = Keyring(b"o" * 32), Keyring(b"n" * 32, (b"o" * 32,))


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_is_sealed_opens_in_its_own_place_only(tmp_path: Path) -> None:
    vault = Vault(tmp_path, OLD)
    seal = vault.make("case-a")
    body = seal.seal(b"CANARY", "evidence|r1|k")
    assert b"CANARY" not in body
    assert Vault(tmp_path, OLD).seal_of("case-a").open(body, "evidence|r1|k") == b"CANARY"
    for opened, context in ((seal, "evidence|r2|k"), (vault.make("case-b"), "evidence|r1|k")):
        with pytest.raises(NotSealed, match="altered or moved"):
            opened.open(body, context)
    with pytest.raises(NotSealed, match="altered"):
        seal.open(body[:-1] + bytes([body[-1] ^ 1]), "evidence|r1|k")
    with pytest.raises(NotSealed, match="not encrypted"):
        seal.open(b"CANARY", "evidence|r1|k")


def test_an_envelope_that_was_cut_anywhere_or_is_of_another_version_is_refused(tmp_path: Path) -> None:
    seal = Vault(tmp_path, OLD).make("case-a")
    body = seal.seal(b"CANARY", "c")
    for cut in range(len(body)):
        with pytest.raises(NotSealed):
            seal.open(body[:cut], "c")
    with pytest.raises(NotSealed, match="not encrypted"):
        seal.open(b"CV0\x00" + body[4:], "c")


def test_names_are_hidden_and_come_back(tmp_path: Path) -> None:
    vault = Vault(tmp_path, OLD)
    seal = vault.make("case-a")
    hidden = seal.seal_name("Doe_Jane_CT.nii.gz")
    assert "Doe" not in hidden
    assert len(seal.seal_name("名" * 50)) < 255
    assert seal.open_name(hidden) == "Doe_Jane_CT.nii.gz"
    assert vault.make("case-b").open_name(hidden) is None
    assert seal.open_name("runs.sqlite") is None


def test_a_wrong_key_is_said_and_nothing_is_touched(tmp_path: Path) -> None:
    Vault(tmp_path, OLD).make("case-a")
    before = snapshot(tmp_path)
    with pytest.raises(KeyMissing, match=f"{OLD.active}.*Nothing was changed"):
        Vault(tmp_path, Keyring(b"x" * 32))
    assert snapshot(tmp_path) == before


def test_a_key_file_that_is_gone_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIUM_HOME", str(tmp_path))
    RunStore(tmp_path / "runs")
    ring = tmp_path / "config" / "keyring.json"
    assert ring.stat().st_mode & 0o777 == 0o600
    ring.rename(tmp_path / "kept.json")
    with pytest.raises(KeyMissing, match="no key file"):
        RunStore(tmp_path / "runs")
    assert not ring.exists()
    monkeypatch.setenv("CONSILIUM_KEY_FILE", str(tmp_path / "kept.json"))
    RunStore(tmp_path / "runs")


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    OLD.save(path)
    assert read_keyring(path).active == OLD.active
    path.chmod(0o640)
    with pytest.raises(KeyMissing, match="chmod 600"):
        read_keyring(path)


def test_a_link_to_a_key_file_is_judged_by_the_file_and_what_is_none_is_refused(tmp_path: Path) -> None:
    path, link = tmp_path / "ring.json", tmp_path / "link.json"
    OLD.save(path)
    link.symlink_to(path)
    assert read_keyring(link).active == OLD.active
    path.chmod(0o644)
    with pytest.raises(KeyMissing, match="chmod 600"):
        read_keyring(link)
    path.chmod(0o600)
    for body in (
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"format": "consilium-keyring/1", "active": 5, "keys": {}}',
    ):
        path.write_bytes(body)
        with pytest.raises(KeyMissing, match="not a key file"):
            read_keyring(path)
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(KeyMissing, match="not a plain file"):
        read_keyring(tmp_path / "folder")


def test_a_key_comes_from_the_environment_or_from_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    text = base64.b64encode(b"e" * 32).decode()
    assert key_provider(create=False, environment={"CONSILIUM_KEY": text}).active == Keyring(b"e" * 32).active
    with pytest.raises(KeyMissing, match="32 bytes"):
        key_provider(create=False, environment={"CONSILIUM_KEY": "c2hvcnQ="})
    hooked = {"CONSILIUM_KMS": "tests.agent.trust.test_vault:service"}
    assert key_provider(create=False, environment=hooked) is OLD
    with pytest.raises(KeyMissing, match="cannot be imported"):
        key_provider(create=False, environment={"CONSILIUM_KMS": "no.such:thing"})


def service() -> Keyring:
    return OLD


def test_the_key_is_exchanged_without_touching_content(tmp_path: Path) -> None:
    vault = Vault(tmp_path, OLD)
    body = vault.make("case-a").seal(b"x", "c")
    assert vault.rewrap(NEW) == 2
    assert vault.key_ids() == {NEW.active: 2}
    assert Vault(tmp_path, NEW.only_active()).seal_of("case-a").open(body, "c") == b"x"
    with pytest.raises(KeyMissing):
        Vault(tmp_path, OLD)


@pytest.mark.hazard("HAZ-18")
def test_a_destroyed_case_cannot_be_read_by_anybody_and_the_others_can(tmp_path: Path) -> None:
    vault, other = Vault(tmp_path, OLD), Vault(tmp_path, OLD)
    a, b = vault.make("case-a").seal(b"a", "c"), vault.make("case-b").seal(b"b", "c")
    other.seal_of("case-a")
    vault.shred("case-a")
    for each in (vault, other):
        with pytest.raises(Shredded, match="destroyed"):
            each.seal_of("case-a").open(a, "c")
        with pytest.raises(Shredded):
            each.make("case-a")
        assert each.seal_of("case-b").open(b, "c") == b"b"


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 7])
def test_a_file_comes_back_whole_and_an_upload_goes_on(tmp_path: Path, size: int) -> None:
    seal = Vault(tmp_path, OLD).make("case-a")
    file = SealedFile(tmp_path / "f", seal, "notes/a.md")
    data = bytes(i % 251 for i in range(size))
    file.write(data)
    assert (file.read(), file.size_bytes(), file.stored_bytes()) == (data, size, size)
    with SealedWriter(file, size) as writer:
        writer.write(b"and more")
    assert file.read() == data + b"and more"


@pytest.mark.parametrize("cut", [1, 30, CHUNK_BYTES + 28, CHUNK_BYTES + 40])
def test_a_file_that_was_cut_is_refused_and_can_be_gone_on_with(tmp_path: Path, cut: int) -> None:
    seal = Vault(tmp_path, OLD).make("case-a")
    file = SealedFile(tmp_path / "f", seal, "a")
    data = b"y" * (2 * CHUNK_BYTES + 100)
    file.write(data)
    file.path.write_bytes(file.path.read_bytes()[:-cut])
    with pytest.raises(NotSealed, match="not complete"):
        file.read()
    left = file.stored_bytes()
    assert left % CHUNK_BYTES == 0
    with SealedWriter(file, left) as writer:
        writer.write(data[left:])
    assert file.read() == data


def test_exchanged_chunks_names_and_plain_files_are_refused(tmp_path: Path) -> None:
    seal = Vault(tmp_path, OLD).make("case-a")
    file = SealedFile(tmp_path / "f", seal, "a")
    file.write(b"1" * CHUNK_BYTES + b"2" * CHUNK_BYTES)
    raw, step = file.path.read_bytes(), CHUNK_BYTES + 28
    file.path.write_bytes(raw[:20] + raw[20 + step : 20 + 2 * step] + raw[20 : 20 + step] + raw[20 + 2 * step :])
    with pytest.raises(NotSealed):
        file.read()
    file.path.write_bytes(raw)
    with pytest.raises(NotSealed):
        SealedFile(file.path, seal, "b").read()
    file.path.write_bytes(b"plain text of a note")
    with pytest.raises(NotSealed, match="not encrypted"):
        file.read()


def test_a_store_of_plain_rows_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "runs.sqlite") as connection:
        connection.execute("CREATE TABLE runs (id TEXT)")
        connection.execute("INSERT INTO runs VALUES ('a')")
    before = snapshot(tmp_path)
    with pytest.raises(ToolFailed, match="did not encrypt"):
        RunStore(tmp_path)
    assert snapshot(tmp_path) == before
