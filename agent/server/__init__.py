"""The HTTP service: the page, its interface under /api, and an OpenAI-compatible interface under /v1."""

from agent.server.app import create_app

__all__ = ["create_app"]
