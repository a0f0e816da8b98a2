"""What made a draft: versions of code, tools, data and models, and the device. Goes into every report."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("consilium", "langchain", "langgraph", "torch", "monai", "chromadb", "sentence-transformers", "pydantic")


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that matter, and of Python."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def tool_versions() -> dict[str, str]:
    """Version of each tool."""
    from tools.registry import get_tool, tool_names

    return {name: get_tool(name).version for name in tool_names()}


def data_releases() -> list[dict[str, Any]]:
    """Every table and weight file: path, title, release and SHA-256."""
    from knowledge.manifest import manifest

    return [
        {"path": item.path, "title": item.title, "release": item.release, "sha256": item.sha256}
        for item in manifest().values()
    ]


def device() -> str:
    """`cuda` with the card's name where torch sees one, else `cpu`."""
    import torch

    return f"cuda ({torch.cuda.get_device_name(0)})" if torch.cuda.is_available() else "cpu"


def stamp(model: str) -> dict[str, str]:
    """The versions that a signature binds: model, packages, tools and data, as flat text."""
    from tools.evidence import content_hash

    found = {"model": model, "data": content_hash(data_releases())[:16]}
    found |= {f"package {name}": value for name, value in package_versions().items()}
    found |= {f"tool {name}": value for name, value in tool_versions().items()}
    return found
