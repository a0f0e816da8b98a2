"""The built-in chat model: rule-driven, deterministic, no weights, no network.

It reads the same messages and the same tool schemas as any other chat model, plans by a written protocol, and
composes sentences from evidence. It is the baseline that a language model has to beat.
"""
