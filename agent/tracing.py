"""Spans of model and tool calls: kept with the run, and sent to OpenTelemetry where an exporter is set up.

Names and attributes follow the OpenTelemetry semantic conventions for generative AI (`chat MODEL`,
`execute_tool NAME`, `gen_ai.*`). No span holds any content of a case: no argument, no text, no path.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace

from agent.runs import RunStore, Span

_TRACER = trace.get_tracer("consilium")


class Recorded:
    """A span that is open; `note` adds an attribute."""

    def __init__(self, attributes: dict[str, str | int | float | bool]) -> None:
        self.attributes = attributes

    def note(self, **attributes: str | int | float | bool | None) -> None:
        """Add attributes; double underscores stand for dots, and what is None is left out."""
        found = {name.replace("__", "."): value for name, value in attributes.items()}
        self.attributes |= {name: value for name, value in found.items() if value is not None}


@contextmanager
def recorded(store: RunStore, run_id: str, operation: str, subject: str, **attributes: Any) -> Iterator[Recorded]:
    """Record what happens inside as one span of the run.

    Args:
        operation: `chat` or `execute_tool`.
        subject: the model's or the tool's name.
    """
    span = Recorded({"gen_ai.operation.name": operation, "gen_ai.conversation.id": run_id})
    span.note(**attributes)
    started_at, started = time.time(), time.perf_counter()
    # An exception's text may quote the case: OpenTelemetry would add it to the span by itself.
    opened = _TRACER.start_as_current_span(
        f"{operation} {subject}", record_exception=False, set_status_on_exception=False
    )
    with opened as telemetry:
        try:
            yield span
        except BaseException as error:
            span.note(error__type=type(error).__name__)
            raise
        finally:
            seconds = time.perf_counter() - started
            telemetry.set_attributes(span.attributes)
            store.add_span(
                run_id,
                Span(
                    name=f"{operation} {subject}", started=started_at, seconds=seconds, attributes=dict(span.attributes)
                ),
            )
