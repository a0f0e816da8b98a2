"""What pip-audit really found (`make audit`): it says "no known vulnerabilities" also where it could look up nothing.

python -m tests.safety.vulnerabilities FILE    FILE: its JSON, which is not there if no database was reachable
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def verdict(path: Path) -> tuple[int, str]:
    """Exit code (1: something is vulnerable) and what to say."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["dependencies"]
    except (OSError, ValueError, KeyError):
        return 0, "NOT CHECKED: no database of vulnerabilities was reachable."
    lines = [f"{d['name']} {d['version']}: {v['id']}" for d in found for v in d.get("vulns", ())]
    skipped = [item["name"] for item in found if "skip_reason" in item]
    lines.append(f"{len(found) - len(skipped)} of {len(found)} packages were looked up.")
    if skipped:
        lines.append(f"NOT CHECKED: {', '.join(skipped)}.")
    return int(any(item.get("vulns") for item in found)), "\n".join(lines)


if __name__ == "__main__":
    code, said = verdict(Path(sys.argv[1]))
    sys.stdout.write(said + "\n")
    sys.exit(code)
