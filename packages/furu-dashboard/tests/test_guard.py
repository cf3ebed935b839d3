"""Who may ask: hosts, origins, tokens, headers.  Paths never lead out of an artifact."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from dashboard_pipelines import Numbers
from test_detail import address

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Client, Serve

TOKEN = "a-token-of-this-test"


@pytest.fixture
def numbers(furu_tmp_root: object) -> Numbers:
    """Give an experiment."""
    made = Numbers()
    made.get()
    return made


SECRET = "nobody should read this"

WAYS_OUT = [
    "../../../../secret.txt",
    "..%2f..%2f..%2f..%2fsecret.txt",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret.txt",
    "%2e%2e%2f%2e%2e%2f%2e%2e%2f%2e%2e%2fsecret.txt",
    "plots/../../../../../secret.txt",
    "%252e%252e%252fsecret.txt",
    "..%5c..%5csecret.txt",
    "leak.txt",
    "leaky/secret.txt",
    "%00/etc/passwd",
    ".",
    "..",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "file:///etc/passwd",
    "a" * 4000,
]


@pytest.mark.scenario
@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("verb", ["files", "raw"])
def test_no_path_leads_out_of_an_artifact(
    client: Client, numbers: Numbers, furu_tmp_root: Path, verb: str, way: str
) -> None:
    """Dots, encoded dots, absolute paths and symbolic links are answered like files that are not there."""
    (furu_tmp_root / "secret.txt").write_text(SECRET)
    (furu_tmp_root / "data" / "secret.txt").write_text(SECRET)
    os.symlink(furu_tmp_root / "secret.txt", numbers.furu_dir / "leak.txt")
    os.symlink(furu_tmp_root, numbers.furu_dir / "leaky")

    answer = client.get(f"{address(numbers)}/{verb}/{way}")

    assert answer.status in (404, 422)
    assert "detail" in answer.json
    assert SECRET not in answer.text


@pytest.mark.scenario
@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fetc/0123456789abcdef0123",
        "../../etc/passwd",
        "%2e%2e/0123456789abcdef0123",
        "a/..%2f..%2f..%2fsecret",
        "a%00b/0123456789abcdef0123",
        f"{'a.' * 2000}b/0123456789abcdef0123",
        "%ff%fe/0123456789abcdef0123",
    ],
)
@pytest.mark.parametrize("rest", ["", "/logs", "/files", "/files/x", "/logs/stream", "/raw/x"])
def test_no_name_leads_out_of_the_store(client: Client, name: str, rest: str) -> None:
    """A namespace or hash that spells a path names no experiment."""
    answer = client.get(f"/api/experiments/{name}{rest}")

    assert answer.status in (404, 422)
    assert "detail" in answer.json


@pytest.mark.scenario
def test_an_artifact_that_is_a_link_out_of_the_store_is_not_shown(client: Client, furu_tmp_root: Path) -> None:
    """The directory itself has to lie in the store, too."""
    elsewhere = furu_tmp_root / "elsewhere"
    (elsewhere / ".furu").mkdir(parents=True)
    (furu_tmp_root / "data" / "some" / "Thing").mkdir(parents=True)
    os.symlink(elsewhere, furu_tmp_root / "data" / "some" / "Thing" / ("0" * 20))

    assert client.get(f"/api/experiments/some.Thing/{'0' * 20}/files").status == 404


def test_links_inside_an_artifact_are_followed(client: Client, numbers: Numbers) -> None:
    """What a link leads to may be looked at where it lies in the same artifact."""
    (numbers.furu_dir / "real.txt").write_text("here")
    os.symlink("real.txt", numbers.furu_dir / "latest.txt")
    os.symlink(".", numbers.furu_dir / "loop")

    assert client.get(f"{address(numbers)}/files/latest.txt").json["text"] == "here"
    assert client.get(f"{address(numbers)}/files/loop/loop/latest.txt").json["text"] == "here"
    kinds = {entry["path"]: entry["kind"] for entry in client.get(f"{address(numbers)}/files").json["entries"]}
    assert (kinds["latest.txt"], kinds["loop"]) == ("link", "link")


@pytest.mark.scenario
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "", "[::", "10.0.0.5"])
def test_a_server_of_this_machine_answers_to_its_own_names_only(client: Client, host: str) -> None:
    """A page whose domain was pointed at this address is refused."""
    answer = client.get("/api/health", Host=host)

    assert answer.status == 403
    assert "--allow-host" in answer.json["detail"]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST"])
def test_this_machine_s_names_are_answered(client: Client, host: str) -> None:
    """Whatever this machine is called from itself, tunnels included."""
    assert client.get("/api/health", Host=host).status == 200


def test_further_names_are_allowed_by_the_user(serve: Serve) -> None:
    """A proxy's name is answered when it was allowed."""
    assert serve(allowed_hosts=frozenset({"proxy.example"})).get("/api/health", Host="proxy.example").status == 200


@pytest.mark.scenario
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000", "Host": "localhost:8000"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_pages_of_others_are_refused(client: Client, headers: dict[str, str]) -> None:
    """Neither scripts nor images of other pages get an answer, and none is allowed to read one."""
    answer = client.get("/api/health", **headers)

    assert answer.status == 403
    assert "access-control-allow-origin" not in answer.headers


def test_own_pages_may_ask(client: Client) -> None:
    """The origin that the request was sent to is the dashboard's own."""
    answer = client.get(
        "/api/health", Host="localhost:8000", Origin="http://localhost:8000", Sec_Fetch_Site="same-origin"
    )

    assert answer.status == 200


@pytest.mark.scenario
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "Bearer "},
        {"Cookie": "furu_dashboard_0=wrong"},
        {"Cookie": "\x01=; =;;"},
        {"Cookie": f"other={TOKEN}"},
    ],
)
def test_without_the_token_nothing_is_told(serve: Serve, headers: dict[str, str]) -> None:
    """API, pages and files are refused alike."""
    client = serve(host="0.0.0.0", token=TOKEN)

    for path in (
        "/api/health",
        "/api/openapi.json",
        "/",
        "/assets/x.js",
        "/?token=wrong",
        "/api/health?token=" + TOKEN,
    ):
        answer = client.get(path, **headers)
        assert answer.status in (401, 303)
        assert TOKEN not in answer.text


def test_the_token_opens_in_two_ways(serve: Serve) -> None:
    """As a header for programs; for browsers in the first address, which gives a cookie that no script can read."""
    client = serve(host="0.0.0.0", token=TOKEN)

    assert client.get("/api/health", Authorization=f"Bearer {TOKEN}").status == 200
    first = client.get(f"/experiments?q=a%3Db&token={TOKEN}")
    assert (first.status, first.headers["location"]) == (303, "/experiments?q=a%3Db")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/api/health", Cookie=cookie.partition(";")[0]).status == 200


def test_every_answer_tells_browsers_what_to_forbid(client: Client) -> None:
    """Pages, API and errors carry the same headers, and the policy allows no inline script."""
    for path in ("/", "/api/health", "/api/nothing"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(client: Client, numbers: Numbers, method: str) -> None:
    """There is no operation that writes."""
    assert client.get(address(numbers), method=method).status == 405
