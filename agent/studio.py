"""The graph for LangGraph Studio: `langgraph dev` shows the newest run on this machine.

Studio brings its own checkpointer, so what is done there is not recorded in the run.
"""

from __future__ import annotations

from langgraph.graph.state import CompiledStateGraph

from agent.graph import Desk, build_graph
from agent.llm import chat_model
from agent.runs import RunStore
from agent.state import State
from knowledge.paths import home


def graph() -> CompiledStateGraph[State]:
    """The graph of the newest run, compiled without a checkpointer. Raises `ToolRetry` if there is no run yet."""
    store = RunStore(home() / "runs")
    run = store.run("last")
    desk = Desk(run, store.case(run.id), store, chat_model(run.model), chat_model("builtin"))
    return build_graph(desk).compile()
