"""``Guard``: who may ask, by which name, from which page, and what browsers are told to forbid."""

from __future__ import annotations

import hmac
import ipaddress
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from furu_dashboard.options import LOOPBACK_NAMES, is_loopback

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from furu_dashboard.options import Options

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Lets through what the dashboard's own pages and programs of its user ask.

    A request has to name a host this server is known by, which stops pages whose domain was pointed at this address.  It
    must not come from another page: neither ``Origin`` nor ``Sec-Fetch-Site`` may say so.  Where a token is set it has to
    be shown: as ``Authorization: Bearer``, or as the cookie that the first page with ``?token=`` sets.  Nothing is ever
    allowed to other origins, and each answer tells browsers what to forbid.
    """

    def __init__(self, app: ASGIApp, options: Options) -> None:
        self.app = app
        self.options = options
        self.cookie = f"furu_dashboard_{options.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (self._refusal(scope) or self.app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return what is answered instead, or None when the request may pass."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._known(host):
            return _refused(
                scope,
                403,
                f"This dashboard does not go by the name {host!r}; allow it with --allow-host {_name(host)}.",
            )
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return _refused(scope, 403, f"Pages of {origin} may not ask this dashboard.")
        fetched_from = headers.get("sec-fetch-site", "none")
        if scope["path"].startswith("/api/") and fetched_from not in ("none", "same-origin"):
            return _refused(scope, 403, "Pages of other sites may not ask this dashboard.")
        return None if self.options.token is None else self._unproved(scope, headers, self.options.token)

    def _known(self, host: str) -> bool:
        name = _name(host)
        if is_loopback(self.options.host):
            return is_loopback(name) or name in self.options.allowed_hosts
        return name in self.options.allowed_hosts | LOOPBACK_NAMES | {self.options.host} or _is_address(name)

    def _unproved(self, scope: Scope, headers: Headers, token: str) -> Response | None:
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(shown.strip(), token):
            return None
        if _same(self._cookie(headers), token):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if scope["method"] == "GET" and any(name == "token" and _same(value, token) for name, value in query):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            where = scope["path"] if not scope["path"].startswith("//") else "/"
            response = RedirectResponse(f"{where}?{rest}" if rest else where, status_code=303)
            response.set_cookie(self.cookie, token, httponly=True, samesite="lax", path="/")
            return response
        return _refused(scope, 401, "A token is needed: open the URL that was printed when the dashboard was started.")

    def _cookie(self, headers: Headers) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self.cookie)
        except CookieError:
            return ""
        return found.value if found else ""


def _same(shown: str, token: str) -> bool:
    return hmac.compare_digest(shown.encode(), token.encode())


def _name(host: str) -> str:
    """Return a ``Host`` header without its port and brackets, in lower case."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    """Return whether a name is an address: no domain can be pointed elsewhere by it."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refused(scope: Scope, status: int, reason: str) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    if scope["path"].startswith("/api"):
        return JSONResponse({"detail": reason, "errors": []}, status_code=status, headers=headers)
    return PlainTextResponse(reason + "\n", status_code=status, headers=headers)
