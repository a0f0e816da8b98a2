"""JSON schemas of the records that leave Consilium. `python -m agent.report.schema` writes them to `docs/schema`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pydantic import BaseModel

from agent.draft import Draft, Review, Verification
from agent.report.data import ReportDocument
from tools.case import Case
from tools.evidence import Evidence

RECORDS: dict[str, type[BaseModel]] = {
    "case": Case,
    "draft": Draft,
    "evidence": Evidence,
    "report": ReportDocument,
    "review": Review,
    "verification": Verification,
}


def schemas() -> dict[str, str]:
    """File name to JSON schema text, for every record."""
    return {
        f"{name}.schema.json": json.dumps(record.model_json_schema(mode="serialization"), indent=2, ensure_ascii=False)
        + "\n"
        for name, record in RECORDS.items()
    }


def main(folder: Path = Path("docs/schema")) -> None:
    """Write the schemas into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{folder / name}\n")


if __name__ == "__main__":
    main()
