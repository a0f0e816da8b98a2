"""Order gradings of different schemes roughly, for listing strong recommendations first.

Schemes do not translate into each other; this is an order for display and is never shown as a grade. GRADE
(strong/weak, 1/2), ACC/AHA and ESC classes (1, 2a, 2b, 3; I, IIa, IIb, III), USPSTF (A, B, C, D, I),
SIGN/BTS (A to D), ESMO (I to V, A to E), CPIC (strong, moderate, optional).
"""

from __future__ import annotations

import re

STRONG, MODERATE, WEAK, UNGRADED = range(4)
_ORDER = (
    (STRONG, r"^(strong|class 1\b|class i\b|cor 1\b|cor i\b|1[abc]?\b|i\b|a\b|high)"),
    (MODERATE, r"^(moderate|class 2a|class iia|cor 2a|cor iia|2a\b|iia\b|ii\b|b\b)"),
    (WEAK, r"^(weak|conditional|optional|class 2b|class iib|cor 2b|cor iib|2[bc]?\b|iib\b|iii\b|c\b|d\b|e\b|low|3\b)"),
)


def strength_order(strength: str) -> int:
    """`STRONG` (0) to `UNGRADED` (3)."""
    text = strength.strip().lower().removeprefix("grade ").strip()
    return next((level for level, pattern in _ORDER if re.match(pattern, text)), UNGRADED)
