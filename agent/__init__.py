"""The graph that reads a case, calls tools, drafts, verifies and takes a physician's review."""

import os

# Set before the libraries that read them are imported: nothing is sent anywhere, checkpoints hold plain types only.
for _name, _value in {
    "LANGGRAPH_STRICT_MSGPACK": "true",
    "LANGSMITH_TRACING": "false",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "TOKENIZERS_PARALLELISM": "false",
}.items():
    os.environ.setdefault(_name, _value)
