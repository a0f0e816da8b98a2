"""`consilium serve`: the page and the HTTP interface, for one person on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.common import err, new_app

app = new_app()
_HOSTS = ("127.0.0.1", "localhost")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8765,
    host: Annotated[str, typer.Option(help="Only 127.0.0.1 is served.")] = "127.0.0.1",
) -> None:
    """Serve the page at 127.0.0.1. The link that is printed works once; it opens a session in one browser."""
    from knowledge.errors import ToolRetry

    if host not in _HOSTS:
        raise ToolRetry(
            f"{host} cannot be served: there are no accounts and no TLS, so only 127.0.0.1 is. "
            "From another machine use a tunnel: ssh -L 8765:127.0.0.1:8765 THIS-MACHINE."
        )
    import socket

    import uvicorn

    from agent.server import create_app
    from agent.server.security import Sessions
    from agent.service import Consilium
    from knowledge.errors import ToolFailed
    from knowledge.paths import ROOT

    sessions = Sessions()
    example = ROOT / "evals" / "example" / "lung-nodule"
    made = create_app(
        Consilium(), sessions, ROOT / "ui" / "dist", example if example.is_dir() else None, own_process=True
    )
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError:
        raise ToolFailed(f"Port {port} is taken. Name another one with --port.") from None
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    err.print(
        f"\nOpen once, in your browser:  {address}/login?token={sessions.link_token}", highlight=False, soft_wrap=True
    )
    err.print(
        f"For programs ({address}/api, /v1):  Authorization: Bearer {sessions.key}\n", highlight=False, soft_wrap=True
    )
    err.print("Ctrl-C stops. Unfinished runs go on at the next start.")
    config = uvicorn.Config(
        made, access_log=False, log_level="warning", timeout_graceful_shutdown=3, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])
