"""The service of `tests/agent/server`, for these tests too."""

from tests.agent.server.conftest import opened

__all__ = ["opened"]
