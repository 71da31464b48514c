"""Who is served: this machine alone, by its own name; and what the page may clear away."""

import asyncio

import pytest

from jiqun.app.serving import HEADERS, MARK, Guard, _bound, _own
from jiqun.scenarios import InputError

OWN = "127.0.0.1:8155"


async def _inner(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})
    else:
        await send({"type": "websocket.accept"})


def asked(kind, *headers):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "headers": [(name.encode(), value.encode()) for name, value in headers]}
    asyncio.run(Guard(_inner, 8155)(scope, None, send))
    return sent


@pytest.mark.parametrize(
    ("headers", "let_in"),
    [
        ([("host", OWN)], True),
        ([("host", "localhost:8155"), ("origin", "http://localhost:8155")], True),
        ([("host", OWN), ("origin", f"http://{OWN}")], True),
        ([("host", "evil.example:8155")], False),
        ([("host", "127.0.0.1:80")], False),
        ([("host", OWN), ("origin", "http://evil.example")], False),
        ([("host", OWN), ("origin", "null")], False),
        ([("host", OWN), ("host", "evil.example")], False),
        ([], False),
    ],
)
def test_only_this_page_by_its_own_name_is_let_in(headers, let_in):
    first = asked("http", *headers)[0]
    assert first["status"] == (200 if let_in else 400)
    if let_in:
        assert {name for name, _ in first["headers"]} == {name.encode() for name in HEADERS}
    socket = asked("websocket", *headers)[0]["type"]
    assert socket == ("websocket.accept" if let_in else "websocket.close")


def test_the_socket_listens_on_the_loopback_alone():
    with _bound(0) as listening:
        host, port = listening.getsockname()
        assert host == "127.0.0.1"
        listening.listen()
        with pytest.raises(InputError, match="port"), _bound(port):
            pass


def test_a_folder_of_others_is_left_alone(tmp_path):
    (tmp_path / "thesis.doc").write_text("years of work")
    with pytest.raises(InputError), _own(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.doc"]


def test_what_an_earlier_page_left_is_cleared_and_two_pages_share_no_folder(tmp_path):
    folder = tmp_path / "app"
    with _own(folder):
        assert (folder / MARK).exists()
        (folder / "sessions" / "old").mkdir(parents=True)
        with pytest.raises(InputError), _own(folder):
            pass
    (folder / "sessions" / "killed").mkdir(parents=True)
    with _own(folder):
        assert not (folder / "sessions").exists()
