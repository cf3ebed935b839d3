"""``furu-dashboard``: starts the dashboard."""

from __future__ import annotations

import secrets
import socket
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from uvicorn.supervisors import ChangeReload

from furu.catalog import place as places
from furu_dashboard import pages
from furu_dashboard.app import STATIC, create_app
from furu_dashboard.options import Options, is_loopback

app = typer.Typer(
    name="furu-dashboard",
    help="Look at furu stores in the browser.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Host = Annotated[str, typer.Option(help="Address to listen at.  Others than this machine's own ask for a token.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")]
Root = Annotated[
    Path | None,
    typer.Option(help="Store to show, instead of FURU_PATH.", exists=True, file_okay=False, resolve_path=True),
]
Token = Annotated[
    str | None,
    typer.Option(envvar="FURU_DASHBOARD_TOKEN", help="What visitors have to show; made up where one is needed."),
]
AllowHost = Annotated[
    list[str] | None, typer.Option(help="A further name this server is known by, such as that of a proxy.")
]
Reload = Annotated[bool, typer.Option("--reload", help="Start again whenever the dashboard's own code changes.")]
Open = Annotated[bool, typer.Option("--open", help="Open it in the browser.")]


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    root: Root = None,
    token: Token = None,
    allow_host: AllowHost = None,
    reload: Reload = False,
    open_browser: Open = False,
) -> None:
    """Serve the web app and the API."""
    if not pages.is_built(STATIC):
        typer.echo("The web app is not built; only the API is served.  Build it with: make ui", err=True)
    _run(_options(host, port, root, token, allow_host, static=STATIC), reload=reload, open_browser=open_browser)


@app.command()
def api(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    root: Root = None,
    token: Token = None,
    allow_host: AllowHost = None,
    reload: Reload = False,
) -> None:
    """Serve the API alone."""
    _run(_options(host, port, root, token, allow_host, static=None), reload=reload, open_browser=False)


def main() -> None:
    """Run the command."""
    app()


def _options(
    host: str, port: int, root: Path | None, token: str | None, allow_host: list[str] | None, *, static: Path | None
) -> Options:
    place = places.of_settings() if root is None else places.below(root)
    if not is_loopback(host):
        token = token or secrets.token_urlsafe(24)
    return Options(
        place=place,
        host=host,
        port=port,
        token=token or None,
        allowed_hosts=frozenset(map(str.lower, allow_host or ())) | _own_names(host),
        static=static,
    )


def _own_names(host: str) -> frozenset[str]:
    """Return what others on the network call this machine; nothing where only it can ask."""
    return frozenset() if is_loopback(host) else frozenset({socket.gethostname().lower(), socket.getfqdn().lower()})


def _run(options: Options, *, reload: bool, open_browser: bool) -> None:
    """Listen, say where, and serve until told to end."""
    sockets = [_listening(options)]
    options = replace(options, port=sockets[0].getsockname()[1])
    where = _address(options)
    typer.echo(f"furu dashboard of {options.place.base}: {where}")
    if open_browser:
        typer.launch(where)
    settings = uvicorn.Config(
        partial(create_app, options),
        factory=True,
        log_level="warning",
        timeout_graceful_shutdown=1,  # streams that are followed never end by themselves
        reload=reload,
        reload_dirs=[str(Path(__file__).parent)] if reload else None,
        server_header=False,
    )
    server = uvicorn.Server(settings)
    if reload:
        ChangeReload(settings, target=server.run, sockets=sockets).run()
    else:
        server.run(sockets=sockets)


def _listening(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # Only where the protocol is named does asyncio send small answers at once (TCP_NODELAY).
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((options.host, options.port))
        listening.listen(128)  # from here on visitors wait instead of being turned away
    except OSError as error:
        listening.close()
        typer.echo(
            f"Cannot listen at {options.host}:{options.port}: {error.strerror or error}.  "
            "Choose another --port; 0 takes a free one.",
            err=True,
        )
        raise typer.Exit(1) from None
    return listening


def _address(options: Options) -> str:
    """Return the URL to open, with the token where one is asked for."""
    shown = socket.gethostname() if options.host in ("0.0.0.0", "::") else options.host
    host = f"[{shown}]" if ":" in shown else shown
    return f"http://{host}:{options.port}/" + (f"?token={options.token}" if options.token else "")
