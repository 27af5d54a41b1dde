"""Requests byte by byte: shapes by which a proxy and a server may disagree about where a request ends or to whom it goes, and
what proxies and health checks send. (RFC 9110, RFC 9112.)"""

import re
import socket

import pytest
from test_http import error_of, raw


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    from conftest import Daemon

    daemon = Daemon(tmp_path_factory.mktemp("requests"), {"HTTP_REQUEST_TIMEOUT": "2"})
    daemon.add_site()
    yield daemon
    daemon.kill()


def statuses(response):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", response)]


def request(line, *fields, body=b"", host=b"Host: localhost\r\n"):
    return line + b"\r\n" + host + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


JSON = b"Content-Type: application/json"
SMUGGLED = b"GET /api/sites/1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "name, fields, body",
    [
        ("length and chunks", (b"Content-Length: 4", b"Transfer-Encoding: chunked"), CHUNKED),
        ("chunks and length", (b"Transfer-Encoding: chunked", b"Content-Length: 4"), CHUNKED),
        ("two lengths", (b"Content-Length: 2", b"Content-Length: 40"), b"{}"),
        ("list of lengths", (b"Content-Length: 2, 2",), b"{}"),
        ("signed length", (b"Content-Length: +2",), b"{}"),
        ("negative length", (b"Content-Length: -2",), b"{}"),
        ("hexadecimal length", (b"Content-Length: 0x2",), b"{}"),
        ("no length", (b"Content-Length:",), b"{}"),
        ("huge length", (b"Content-Length: 18446744073709551618",), b"{}"),
        ("unknown coding", (b"Transfer-Encoding: xchunked",), CHUNKED),
        ("chunked is not the last", (b"Transfer-Encoding: chunked, identity",), CHUNKED),
        ("another coding before it", (b"Transfer-Encoding: gzip, chunked",), CHUNKED),
        ("two codings", (b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked"), CHUNKED),
        ("chunked twice", (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), CHUNKED),
        ("quoted coding", (b'Transfer-Encoding: "chunked"',), CHUNKED),
        ("space before the colon", (b"Transfer-Encoding : chunked",), CHUNKED),
        ("tab before the colon", (b"Content-Length\t: 2",), b"{}"),
        ("field without a name", (b": 2",), b"{}"),
        ("NUL in a field", (b"X: a\0b", b"Content-Length: 2"), b"{}"),
        ("bare CR in a field", (b"X: a\rContent-Length: 2",), b"{}"),
        ("bad chunk", (b"Transfer-Encoding: chunked",), b"x\r\n{}\r\n0\r\n\r\n"),
        ("negative chunk", (b"Transfer-Encoding: chunked",), b"-2\r\n{}\r\n0\r\n\r\n"),
        ("huge chunk", (b"Transfer-Encoding: chunked",), b"fffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
    ],
)
def test_unclear_framing_is_refused_and_nothing_behind_it_is_a_request(daemon, name, fields, body):
    response = raw(daemon, request(b"POST /api/sites HTTP/1.1", JSON, *fields, body=body + SMUGGLED))
    assert statuses(response) == [400] and b"Connection: close" in response, (name, response[:400])


def test_a_coding_in_http_1_0_is_refused(daemon):
    response = raw(daemon, request(b"POST /api/sites HTTP/1.0", JSON, b"Transfer-Encoding: chunked", b"Connection: keep-alive", body=CHUNKED + SMUGGLED))
    assert [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", response)] == [400]


def test_chunks_are_a_body_and_what_follows_is_the_next_request(daemon):
    smuggled = SMUGGLED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    response = raw(daemon, request(b"POST /api/sites HTTP/1.1", JSON, b"Transfer-Encoding: chunked", body=CHUNKED + smuggled))
    assert statuses(response) == [422, 200]


@pytest.mark.parametrize(
    "line, status",
    [
        (b"GET /api/sites/%31 HTTP/1.1", 404), (b"GET /api/%73ites HTTP/1.1", 404), (b"GET //api/sites HTTP/1.1", 404), (b"GET /api//sites HTTP/1.1", 404),
        (b"GET /api/../health HTTP/1.1", 404), (b"GET /api/%2e%2e/health HTTP/1.1", 404), (b"GET /../../etc/passwd HTTP/1.1", 404), (b"GET /%00 HTTP/1.1", 404),
        (b"GET /api/sites#x HTTP/1.1", 404), (b"GET /api/sites/ HTTP/1.1", 404), (b"GET /a\0b HTTP/1.1", 400), (b"GET api/sites HTTP/1.1", 400),
        (b"GET * HTTP/1.1", 400), (b"CONNECT localhost:502 HTTP/1.1", 400), (b"GET /api/sites HTTP/2.0", 400), (b"GET /api/sites", 400),
        (b"GET /api/sites?device_id=1&device_id=1 HTTP/1.1", 400),
        (b"GET /api/sites?" + b"x" * 15_000 + b" HTTP/1.1", 400), (b"GET /api/sites?" + b"x" * 20_000 + b" HTTP/1.1", 431),
        (b"GET ftp://localhost/api/sites HTTP/1.1", 400), (b"GET http://user@localhost/api/sites HTTP/1.1", 400), (b"GET http:///api/sites HTTP/1.1", 400),
    ],
)
def test_targets_without_a_route(daemon, line, status):
    response = raw(daemon, request(line, b"Connection: close"))
    assert statuses(response) == [status], response[:300]


def test_absolute_form_overrides_the_host_header(daemon):
    """The Host header does not count then, so it cannot get a foreign page past the rules for host names."""
    port = str(daemon.port).encode()
    assert statuses(raw(daemon, request(b"GET http://localhost:" + port + b"/api/sites/1 HTTP/1.1", b"Connection: close"))) == [200]
    assert statuses(raw(daemon, request(b"GET http://127.0.0.1/api/sites/1 HTTP/1.1", b"Connection: close", host=b"Host: evil.example\r\n"))) == [200]
    for target in (b"http://evil.example/api/sites/1", b"https://evil.example:8010/api/sites/1", b"HTTP://evil.example/api/sites/1"):
        response = raw(daemon, request(b"GET " + target + b" HTTP/1.1", b"Connection: close"))
        assert statuses(response) == [403] and b"forbidden_host" in response, target
    upgrade = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Sec-WebSocket-Version: 13")
    response = raw(daemon, request(b"GET http://evil.example/ws/metrics HTTP/1.1", *upgrade) + request(b"GET /health HTTP/1.1", b"Connection: close"))
    assert statuses(response) == [403, 200]


def test_forwarded_headers_change_nothing(daemon):
    said = (b"X-Forwarded-Host: localhost", b"Forwarded: host=localhost;for=127.0.0.1", b"X-Forwarded-For: 127.0.0.1", b"X-Original-URL: /health", b"Connection: close")
    assert statuses(raw(daemon, request(b"GET /api/sites/1 HTTP/1.1", *said, host=b"Host: evil.example\r\n"))) == [403]
    said = (b"X-Forwarded-Host: evil.example", b"X-HTTP-Method-Override: DELETE", b"Connection: close")
    assert statuses(raw(daemon, request(b"GET /api/sites/1 HTTP/1.1", *said))) == [200]
    assert daemon.get("/api/sites/1").status_code == 200


def test_http_1_1_has_one_valid_host_header(daemon):
    line, close = b"GET /health HTTP/1.1", b"Connection: close"
    for host in (b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: local host\r\n", b"Host: localhost/x\r\n", b"Host: user@localhost\r\n"):
        response = raw(daemon, request(line, close, host=host))
        assert statuses(response) == [400] and b"bad_host" in response, host
    for host in (b"Host:\r\n", b"Host: localhost\r\n", b"Host: [::1]:8010\r\n"):
        assert statuses(raw(daemon, request(line, close, host=host))) == [200], host


def test_options_is_answered_without_a_body_and_names_the_methods(daemon):
    """The default health check of HAProxy is `OPTIONS / HTTP/1.0` without a Host header."""
    response = raw(daemon, b"OPTIONS / HTTP/1.0\r\n\r\n")
    assert response.startswith(b"HTTP/1.0 204 ") or response.startswith(b"HTTP/1.1 204 "), response
    assert response.endswith(b"\r\n\r\n") and b"Content-Length" not in response
    for target, allowed in ((b"/", b"GET, HEAD, OPTIONS"), (b"*", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"), (b"/api/sites", b"GET, HEAD, POST, OPTIONS"),
                            (b"/api/devices/read", b"POST, OPTIONS"), (b"/ws/metrics", b"GET, OPTIONS"), (b"http://localhost", b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")):
        response = raw(daemon, request(b"OPTIONS " + target + b" HTTP/1.1", b"Connection: close"))
        assert statuses(response) == [204] and b"\r\nAllow: " + allowed + b"\r\n" in response, (target, response)
    assert statuses(raw(daemon, request(b"OPTIONS /nothing HTTP/1.1", b"Connection: close"))) == [404]


def test_options_needs_no_token(start_daemon):
    daemon = start_daemon(API_TOKEN="s3cret-t0ken")
    for target in (b"/", b"*", b"/api/sites"):
        assert statuses(raw(daemon, request(b"OPTIONS " + target + b" HTTP/1.1", b"Connection: close"))) == [204], target


def test_continue_is_sent_where_it_is_expected(daemon):
    def exchange(version, body):
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as connection:
            connection.sendall(request(b"POST /api/sites HTTP/" + version, JSON, b"Content-Length: 2", b"Expect: 100-continue", b"Connection: close", body=body))
            first = connection.recv(4096)
            if b" 100 " in first:
                connection.sendall(b"{}")
            while chunk := connection.recv(4096):
                first += chunk
            return first

    assert statuses(exchange(b"1.1", b"")) == [100, 422]
    assert b" 100 " not in exchange(b"1.0", b"{}")
    too_long = raw(daemon, request(b"POST /api/sites HTTP/1.1", JSON, b"Content-Length: 10000000", b"Expect: 100-continue"))
    assert statuses(too_long) == [413], "the body is not asked for"


def test_bytes_after_connection_close_are_ignored_and_the_response_arrives(daemon):
    first = request(b"GET /api/openapi.json HTTP/1.1", b"Connection: close")
    response = raw(daemon, first + SMUGGLED * 2_000)
    assert statuses(response) == [200] and response.endswith(daemon.get("/api/openapi.json").content)


def test_http_1_0_keeps_the_connection_on_request(daemon):
    line = b"GET /api/sites/1 HTTP/1.0"
    count = lambda response: len(re.findall(rb"HTTP/1\.[01] 200 ", response))  # noqa: E731
    assert count(raw(daemon, request(line) * 2)) == 1
    assert count(raw(daemon, request(line, b"Connection: keep-alive") + request(line))) == 2


def test_times_of_a_query_have_any_offset(daemon):
    for text in ("2026-02-17T14:30:00Z", "2026-02-17t14:30:00.5z", "2026-02-17T14:30:00.123456+03:00", "2026-02-17T14:30:00%2B03:00", "2016-12-31T23:59:60Z"):
        assert daemon.get(f"/api/events?from={text}").status_code == 200, text
        response = daemon.get(f"/api/history?device_id=99&fields=gen_freq&to={text}")
        assert response.status_code == 404, "the device is unknown, the time is not"
    for path in ("/api/events?from=", "/api/events?to=", "/api/history?device_id=99&fields=x&from=", "/api/history?device_id=99&fields=x&to="):
        response = daemon.get(path + "2026-02-17")
        assert response.status_code == 400 and "2026-02-17T14:30:00Z" in error_of(response)["message"], path
