"""`consilium serve`: the page and the HTTP interface, by a link on this machine, or with TLS and accounts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.common import err, new_app

if TYPE_CHECKING:
    import socket

    from agent.server.access import Access
    from agent.trust.tls import Certificate

app = new_app()
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
_ANY = ("0.0.0.0", "::")  # noqa: S104
# Longer than a page is usually idle: a request on a connection that is just being closed would fail.
KEEP_ALIVE_S = 75


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = 8765,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    name: Annotated[list[str] | None, typer.Option(help="A name under which others reach it; may be repeated.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key (PEM, mode 600).")] = None,
    tls_self_signed: Annotated[bool, typer.Option(help="Make a certificate, kept with the keys.")] = False,
) -> None:
    """Serve the page. On this machine a link opens it once; with accounts one logs in; for others TLS is needed too."""
    from agent.server.access import Access
    from agent.server.security import Sessions
    from agent.service import Consilium
    from agent.trust.oidc import Provider, Settings

    consilium = Consilium()
    hosts = _hosts(host, frozenset(name or ()))
    certificate = _certificate(tls_cert, tls_key, hosts, self_signed=tls_self_signed)
    settings = Settings.from_environment()
    access = Access.of(
        consilium.store,
        None,
        oidc=Provider(settings) if settings else None,
        secure=certificate is not None,
        hosts=hosts,
    )
    if not access.has_people:
        access = replace(access, link=Sessions())
    _require_safe(host, access)
    listener = _listener(host, port)
    _announce(access, listener, certificate)
    _run(consilium, access, listener, certificate)


def _hosts(host: str, names: frozenset[str]) -> frozenset[str]:
    from knowledge.errors import ToolRetry

    if host in LOOPBACK:
        return LOOPBACK | names
    if host in _ANY and not names:
        raise ToolRetry(f"With --host {host} also --name NAME is needed: how others reach the service.")
    return names if host in _ANY else names | {host}


def _certificate(
    cert: Path | None, key: Path | None, hosts: frozenset[str], *, self_signed: bool
) -> Certificate | None:
    from agent.trust import tls
    from knowledge.errors import ToolRetry
    from knowledge.paths import home

    if cert is not None and key is not None:
        return tls.given(cert, key)
    if cert is not None or key is not None:
        raise ToolRetry("--tls-cert and --tls-key belong together.")
    return tls.self_signed(hosts, home() / "config" / "tls") if self_signed else None


def _require_safe(host: str, access: Access) -> None:
    from knowledge.errors import ToolRetry

    if host in LOOPBACK:
        return
    lacking = [] if access.secure else ["TLS (--tls-self-signed, or --tls-cert FILE --tls-key FILE)"]
    lacking += [] if access.link is None else ["accounts (`consilium accounts add`) or CONSILIUM_OIDC_ISSUER"]
    if lacking:
        raise ToolRetry(
            f"{host} can be reached by others, so that this is needed: {' and '.join(lacking)}. Nothing was served. "
            "Without it use a tunnel from the other machine: ssh -L 8765:127.0.0.1:8765 THIS-MACHINE."
        )


def _listener(host: str, port: int) -> socket.socket:
    import socket

    from knowledge.errors import ToolFailed

    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ToolFailed(f"{host} port {port} cannot be used: {error.strerror}. Name another with --port.") from None
    return listener


def _announce(access: Access, listener: socket.socket, certificate: Certificate | None) -> None:
    scheme, port = "https" if certificate else "http", listener.getsockname()[1]
    shown = "127.0.0.1" if "127.0.0.1" in access.hosts else sorted(access.hosts)[0]
    address = f"{scheme}://{shown}:{port}"
    if access.link is None:
        _say(f"\nOpen and log in:  {address}/\n")
    else:
        _say(f"\nOpen once, in your browser:  {address}/login?token={access.link.link_token}")
        _say(f"For programs ({address}/api, /v1):  Authorization: Bearer {access.link.key}\n")
    if certificate is not None:
        _say(f"Certificate (SHA-256): {certificate.fingerprint()}")
    _say("Ctrl-C stops. Unfinished runs go on at the next start.")


def _say(text: str) -> None:
    err.print(text, highlight=False, soft_wrap=True, markup=False)


def _run(consilium: object, access: Access, listener: socket.socket, certificate: Certificate | None) -> None:
    import uvicorn

    from agent.server import create_app
    from agent.service import Consilium
    from agent.trust.tls import server_context
    from knowledge.paths import ROOT

    assert isinstance(consilium, Consilium)
    example = ROOT / "evals" / "example" / "lung-nodule"
    page, shown = ROOT / "ui" / "dist", example if example.is_dir() else None
    made = create_app(consilium, page=page, example=shown, own_process=True, access=access)
    config = uvicorn.Config(
        made,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
        timeout_keep_alive=KEEP_ALIVE_S,
        server_header=False,
        proxy_headers=False,
    )
    config.load()
    if certificate is not None:
        config.ssl = server_context(certificate)
    uvicorn.Server(config).run(sockets=[listener])
