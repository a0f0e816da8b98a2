"""What keeps stored content secret, as tools see it. The keys are the agent's business (`agent.trust.vault`)."""

from __future__ import annotations

from typing import Protocol


class Seal(Protocol):
    """Encrypts what is stored of one case. `context` says what the bytes are; they open under the same context only."""

    def seal(self, data: bytes, context: str) -> bytes:
        """`data`, encrypted and authenticated."""
        ...

    def open(self, data: bytes, context: str) -> bytes:
        """The bytes again. Raises `ToolFailed` if they are not sealed, were altered, or belong to another context."""
        ...

    def seal_name(self, name: str) -> str:
        """A file name that hides `name`; the same name gives the same one."""
        ...

    def open_name(self, sealed: str) -> str | None:
        """The name again; None for a file name that is not of this case."""
        ...
