"""Why a chat model did not answer: whether it may pass, how long its server asks to wait, and what to say of it.

The text of an error is never shown: servers repeat the request in it, which holds the case.
"""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime
from http import HTTPStatus

_LOST = frozenset({"ConnectionError", "TransportError", "APIConnectionError"})
_LATE = frozenset({"TimeoutError", "TimeoutException", "APITimeoutError"})
_UNREADABLE = frozenset({"JSONDecodeError", "APIResponseValidationError"})
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


def may_pass(error: Exception) -> bool:
    """Whether the same request may succeed later: time-outs, lost connections, broken answers, 429 and 5xx."""
    status = _status(error)
    if status is not None:
        return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return bool(_names(error) & (_LOST | _LATE | _UNREADABLE)) or _is_of_the_answer(error)


def asked_to_wait(error: Exception) -> float:
    """Seconds that the server asks to wait (Retry-After, RFC 9110 section 10.2.3, in seconds or as a date); else 0."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    text = str(headers.get("retry-after", "")).strip()
    try:
        if text.isascii() and text.isdigit():
            return float(text)
        until = parsedate_to_datetime(text)
        return max(0.0, (until - dt.datetime.now(until.tzinfo)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def in_words(error: Exception) -> str:
    """What happened, for a physician; empty where only the kind of the error is known."""
    status, names = _status(error), _names(error)
    if status is not None:
        return _refusal(status, asked_to_wait(error))
    if names & _LATE:
        return "its server did not answer in time"
    if names & _LOST:
        return "the connection to its server was lost"
    unreadable = names & _UNREADABLE or _is_of_the_answer(error)
    return "the answer of its server cannot be read" if unreadable else ""


def _refusal(status: int, wait_s: float) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        later = f" and asks to wait {wait_s:.0f} s" if wait_s else ""
        return f"its server has too many requests (HTTP 429){later}"
    if status in _REFUSED:
        return f"its server refused the key (HTTP {status})"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return f"its server has an error of its own (HTTP {status})"
    return f"its server refused the request (HTTP {status})"


def _is_of_the_answer(error: Exception) -> bool:
    """LangChain's ValueError for a body that is no answer, or for a stream without a piece."""
    text = str(error)
    return type(error) is ValueError and text.startswith(("Unexpected response type", "No generation"))


def _status(error: Exception) -> int | None:
    """The HTTP status that refused; a broken answer comes with a status of success."""
    found = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    return found if isinstance(found, int) and found >= HTTPStatus.BAD_REQUEST else None


def _names(error: Exception) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}
