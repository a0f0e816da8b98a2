"""The graph that reads a case, calls tools, drafts, verifies and takes a physician's review."""

import logging
import os

# Set before the libraries that read them are imported: nothing is sent anywhere, checkpoints hold plain types only.
for _name, _value in {
    "LANGGRAPH_STRICT_MSGPACK": "true",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}.items():
    os.environ.setdefault(_name, _value)

# Whatever the shell says: these would send or log what is said of a patient.
for _name in ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"):
    os.environ[_name] = "false"
os.environ["ANONYMIZED_TELEMETRY"] = "False"
os.environ.pop("OPENAI_LOG", None)
# Libraries that log requests, or what they read, below a warning.
for _name in ("openai", "httpx", "httpcore", "httpx2", "httpcore2", "pdfminer", "langsmith"):
    logging.getLogger(_name).setLevel(logging.WARNING)
