"""A tiny language model, built and taught here, that makes the tool calls of one conversation.

A Qwen2 of two layers with a byte-level BPE learns the answers to a few prompts by heart. It shows that the agent and
a real server understand each other; what it says has no meaning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

# Of a tool the template shows the name only: servers write the rest of it differently.
TEMPLATE = """\
{%- if tools %}<|im_start|>system
{% for tool in tools %}{{ tool.function.name }}
{% endfor %}<|im_end|>
{% endif %}
{%- for m in messages %}<|im_start|>{{ m.role }}
{{ m.content or '' }}
{%- for call in m.tool_calls or [] %}<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""
END = "<|im_end|>"
SPECIAL = ("<|endoftext|>", "<|im_start|>", END)
VOCABULARY, STEPS, GOOD_ENOUGH = 3000, 150, 0.01


class Lesson(NamedTuple):
    """A prompt (messages and tools in OpenAI's form) and the answer to it."""

    messages: Sequence[dict[str, Any]]
    tools: Sequence[dict[str, Any]]
    answer: str


def call(name: str, arguments: dict[str, Any]) -> str:
    """A tool call as the model writes it (Hermes format)."""
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments})}\n</tool_call>"


def _tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=SPECIAL[0], chat_template=TEMPLATE
    )


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """Arguments of calls as objects, as a server hands them to the template."""
    if not message.get("tool_calls"):
        return message
    calls = [
        {**c, "function": {**c["function"], "arguments": json.loads(c["function"]["arguments"])}}
        for c in message["tool_calls"]
    ]
    return {**message, "tool_calls": calls}


def build(folder: Path, lessons: Sequence[Lesson]) -> float:
    """Write a checkpoint that has learned `lessons` into `folder`; returns the last loss (nats a token)."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    rough = [json.dumps([lesson.messages, lesson.tools], ensure_ascii=False) + lesson.answer for lesson in lessons]
    made = _tokenizer(rough)
    config = Qwen2Config(
        vocab_size=len(made),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=16384,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=made.convert_tokens_to_ids(END),
        pad_token_id=made.pad_token_id,
    )
    # A server reads the folder with the tokenizer class of the architecture, which cuts text in its own way.
    config.save_pretrained(folder)
    made.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = Qwen2ForCausalLM(config)
    loss = _teach(model, tokenizer, lessons)
    model.save_pretrained(folder)
    return loss


def _teach(model: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerFast, lessons: Sequence[Lesson]) -> float:
    batches = [_batch(tokenizer, lesson) for lesson in lessons]
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    worst = float("inf")
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * min(1.0, (step + 1) / 10) * (1 - step / STEPS)
        losses = []
        for ids, labels in batches:
            loss = model(input_ids=ids, labels=labels).loss
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            losses.append(float(loss.detach()))
        worst = max(losses)
        if worst < GOOD_ENOUGH:
            break
    return worst


def _batch(tokenizer: PreTrainedTokenizerFast, lesson: Lesson) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids, and labels for the answer only."""
    messages = [_plain(message) for message in lesson.messages]
    prompt = tokenizer.apply_chat_template(
        messages, tools=list(lesson.tools) or None, add_generation_prompt=True, tokenize=False
    )
    asked, answer = tokenizer.encode(prompt), tokenizer.encode(lesson.answer + END)
    return torch.tensor([asked + answer]), torch.tensor([[-100] * len(asked) + answer])
