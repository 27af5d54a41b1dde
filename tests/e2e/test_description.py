"""web/openapi.json against the running server, both ways: each described response occurs, with its body, type and headers, and
each response is described. That the routes are the same is a unit test (tests/api/api_test.cpp)."""

import asyncio
import contextlib
import http.client
import json
import os
import signal
import socket
import threading
from pathlib import Path

import jsonschema
import pytest
import websockets
from conftest import PATIENCE, free_port, wait_until

DESCRIPTION = json.loads((Path(__file__).parent.parent.parent / "web/openapi.json").read_text())
METHODS = ("get", "post", "put", "patch", "delete")
OPERATIONS = [(method, path) for path, item in DESCRIPTION["paths"].items() for method in METHODS if method in item]
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
JSON = {"Content-Type": "application/json"}
TOML = {"Content-Type": "application/toml"}
PROFILE = """name = "uploaded"
extends = "hgm9520n"
title = { en = "Uploaded", ru = "Загруженная" }
"""


def operation(method, path):
    return DESCRIPTION["paths"][path][method]


def resolved(thing):
    if "$ref" not in thing:
        return thing
    found = DESCRIPTION
    for name in thing["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def as_json_schema(schema):
    """OpenAPI 3.0 has `nullable` where JSON Schema has a type."""
    if isinstance(schema, list):
        return [as_json_schema(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: as_json_schema(value) for name, value in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


COMPONENTS = as_json_schema(DESCRIPTION["components"])


def validate(value, schema):
    jsonschema.Draft202012Validator({**as_json_schema(schema), "components": COMPONENTS}).validate(value)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()


def send(daemon, method, target, body=None, headers=None, source=("127.0.0.1", 0)):
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=40, source_address=source)
    try:
        if isinstance(body, dict):
            body, headers = json.dumps(body), {**JSON, **(headers or {})}
        elif body == PROFILE:
            body, headers = body.encode(), {**TOML, **(headers or {})}
        connection.request(method.upper(), target, body, headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


def headers_of(path):
    return UPGRADE if path.startswith("/ws/") else {}


class Seen:
    """Compares each response with its description, and records which occurred."""

    def __init__(self):
        self.responds = set()

    def check(self, method, path, status, answer):
        where = f"{method} {path}: {answer.status} {answer.body[:300]}"
        assert answer.status == status, f"{where}, not {status}"
        responses = operation(method, path)["responses"]
        assert str(status) in responses, f"{where} is not described"
        described = resolved(responses[str(status)])
        content = described.get("content", {})
        assert bool(content) == bool(answer.body), where
        for name in described.get("headers", {}):
            assert name in answer.headers, f"{where}: no {name}"
        if content:
            kind = answer.headers["Content-Type"].split(";")[0]
            assert kind in content, where
            if kind == "application/json":
                validate(json.loads(answer.body), content[kind]["schema"])
        self.responds.add((method, path, str(status)))


# Required query parameters.
QUERIES = {"/api/history": "?device_id={id}&fields=gen_freq"}


def target_of(path, id_=1, name="hgm9520n"):
    return (path + QUERIES.get(path, "")).replace("{id}", str(id_)).replace("{name}", name)


def target_to_change(method, path):
    """A built-in profile cannot be changed."""
    return target_of(path, name="uploaded" if method in ("put", "delete") else "hgm9520n")


def with_query(target, more):
    return f"{target}{'&' if '?' in target else '?'}{more}"


# Request bodies; `port` is that of a simulated controller.
def bodies(port):
    here = {"ip_address": "127.0.0.1", "port": port}
    return {
        ("post", "/api/sites"): {"name": "Y", "code": "Y"},
        ("patch", "/api/sites/{id}"): {"name": "Z"},
        ("post", "/api/devices"): {"site_id": 1, "name": "G", "device_type": "generator", "poll_interval": 0.2, **here},
        ("patch", "/api/devices/{id}"): {"description": "x"},
        ("post", "/api/devices/test-connection"): here,
        ("post", "/api/devices/read"): here,
        ("post", "/api/scan"): {**here, "slave_ids": [1]},
        ("post", "/api/events/{id}/ack"): {"by": "Anna"},
        ("put", "/api/profiles/{name}"): PROFILE,
    }


# Where nothing of the path is unknown, what of the query is.
UNKNOWN = {("get", "/api/devices"): "?site_id=999", ("get", "/api/metrics"): "?device_id=999"}
# Existing rows: target and body. Site 1 with device 1, and site 2 with the code TAKEN.
CONFLICTS = {
    ("post", "/api/sites"): ("/api/sites", {"name": "Y", "code": "TAKEN"}),
    ("patch", "/api/sites/{id}"): ("/api/sites/1", {"code": "TAKEN"}),
    ("delete", "/api/sites/{id}"): ("/api/sites/1", None),
    ("post", "/api/events/{id}/ack"): ("/api/events/{started}/ack", {}),
    ("post", "/api/scan"): ("/api/scan", {"ip_address": "127.0.0.1"}),  # during running_scan()
    ("put", "/api/profiles/{name}"): ("/api/profiles/hgm9520n", PROFILE),
    ("delete", "/api/profiles/{name}"): ("/api/profiles/hgm9520n", None),
}


@contextlib.contextmanager
def running_scan(daemon):
    """Of a peer that never responds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        body = {"ip_address": "127.0.0.1", "port": silent.getsockname()[1]}
        scanning = threading.Thread(target=send, args=(daemon, "post", "/api/scan", body))
        scanning.start()
        client, _ = silent.accept()
        yield
    client.close()
    scanning.join(PATIENCE)
    assert not scanning.is_alive()


def start_of_gateway(daemon, headers=None):
    """The event that is always there, which is no alarm: its id."""

    def found():
        return json.loads(send(daemon, "get", "/api/events?kind=gateway", headers=headers).body)["events"]

    return wait_until(found, "the event of the start")[0]["id"]


def open_alarm(daemon):
    """The port of a device that never responds."""
    alarms = wait_until(lambda: json.loads(send(daemon, "get", "/api/alarms").body)["alarms"], "an alarm")
    return next(alarm["id"] for alarm in alarms if alarm["state"] == "active")


def see_refusals(daemon, seen, sent):
    """Reasons to refuse a single request, on a daemon with sites 1 and 2 and device 1."""
    for method, path in OPERATIONS:
        key, target, body = (method, path), target_to_change(method, path), sent.get((method, path))
        described = operation(method, path)["responses"]
        takes_body = "requestBody" in operation(method, path)

        def see(status, *more, headers=None):
            seen.check(method, path, status, send(daemon, method, *more, headers={**headers_of(path), **(headers or {})}))

        assert not takes_body or body, f"say in bodies() what to send to {method} {path}"
        see(400, with_query(target, "surprise=1"), body)
        if body == PROFILE:
            see(413, target, " " * 270_000, headers=TOML)
            see(415, target, "name = 5", headers=JSON)
            see(422, target, "name = 5", headers=TOML)
        elif takes_body:
            see(400, target, "{", headers=JSON)
            see(413, target, " " * (530_000 if "/sites" in path else 70_000), headers=JSON)
            see(415, target, json.dumps(body), headers={"Content-Type": "text/plain"})
            see(422, target, {**body, "surprise": 1})
        if "403" in described:
            see(403, target, body, headers={"Host": "evil.example"})
        if "404" in described:
            unknown = target_of(path, 999, "none")
            assert unknown != target or key in UNKNOWN, f"say in UNKNOWN what {method} {path} does not find"
            see(404, unknown + UNKNOWN.get(key, ""), body)
        if "409" in described:
            assert key in CONFLICTS, f"say in CONFLICTS what {method} {path} collides with"
            collides, conflicting = CONFLICTS[key]
            with running_scan(daemon) if path == "/api/scan" else contextlib.nullcontext():
                see(409, collides.replace("{started}", str(start_of_gateway(daemon))), conflicting)
        see(431, target, body, headers={"X": "a" * 20_000})


def in_order():
    """The operations in an order that creates, reads, changes and then deletes rows, devices before sites."""
    order = {"post": 0, "put": 1, "get": 2, "patch": 3, "delete": 4}
    return sorted(OPERATIONS, key=lambda pair: (order[pair[0]], pair[1]))


def see_good_answers(daemon, seen, sent):
    for method, path in in_order():
        # On site 1, whose devices are there until they are deleted just before.
        target = "/api/sites/1" if (method, path) == ("delete", "/api/sites/{id}") else target_to_change(method, path)
        if path == "/api/events/{id}/ack":
            target = target_of(path, open_alarm(daemon))
        good, *also_good = sorted((status for status in operation(method, path)["responses"] if status < "300"), reverse=True)
        if target == "/api/sites/1" and method == "delete":
            for device in json.loads(send(daemon, "get", "/api/devices").body):
                send(daemon, "delete", f"/api/devices/{device['id']}")
        seen.check(method, path, int(good), send(daemon, method, target, sent.get((method, path)), headers_of(path)))
        for status in also_good:  # the second time
            seen.check(method, path, int(status), send(daemon, method, target, sent.get((method, path))))
        if path.startswith("/ws/"):
            seen.check(method, path, 426, send(daemon, method, target))


def see_messages(daemon):
    """WebSocket messages are not in a response; the description names their content, readings."""

    async def scene():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics") as client:
            return [json.loads(await asyncio.wait_for(client.recv(), PATIENCE)) for _ in range(3)]

    snapshot, *readings = asyncio.run(scene())
    assert set(snapshot) == {"type", "data"} and snapshot["type"] == "snapshot" and len(snapshot["data"]) == 1
    for reading in snapshot["data"] + readings:
        validate(reading, {"$ref": "#/components/schemas/Reading"})
        assert list(reading)[-3:] == ["last_seen", "seq", "epoch"] and len(reading) > 20, "and the fields of the profile"


def see_strangers(daemon, seen, token, sent):
    for method, path in OPERATIONS:
        described = operation(method, path)["responses"]
        if "401" not in described:
            assert operation(method, path).get("security") == [], f"{method} {path} is open and has to say so"
            continue
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            seen.check(method, path, 401, send(daemon, method, target_of(path), sent.get((method, path)), {**headers_of(path), **headers}))
        if method != "get":
            reader = {"Authorization": f"Bearer {token}"}
            seen.check(method, path, 403, send(daemon, method, target_of(path), sent.get((method, path)), reader))


def see_slow_senders(daemon, seen):
    """All at once: each waits for the deadline."""
    waiting = []
    for method, path in OPERATIONS:
        connection = socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE)
        connection.sendall(f"{method.upper()} {target_of(path)} HTTP/1.1\r\nHost: localhost\r\nX: ".encode())
        waiting.append((method, path, connection))
    for method, path, connection in waiting:
        with connection:
            response = http.client.HTTPResponse(connection, method=method.upper())
            response.begin()
            seen.check(method, path, 408, Answer(response))


def see_full_houses(start, seen):
    for settings, status, held in (({"HTTP_CONNECTIONS_PER_ADDRESS": "1"}, 429, 1), ({"HTTP_CONNECTIONS_MAX": "2", "WEBSOCKET_CLIENTS_MAX": "1"}, 503, 2)):
        daemon = start(**settings)
        source = ("127.0.0.2", 0)

        def opened():
            connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=40, source_address=source)
            connection.request("GET", "/health")
            if connection.getresponse().read() and connection.sock:  # a served request keeps it open
                return connection
            connection.close()
            return None

        others = [wait_until(opened, "a place") for _ in range(held)]
        for method, path in OPERATIONS:
            seen.check(method, path, status, send(daemon, method, target_of(path), headers=headers_of(path), source=source))
        for connection in others:
            connection.close()


def see_a_poller_that_stopped(start, redis, seen):
    """While Redis, which does not take the device's last word, keeps the stop waiting."""
    daemon = start(REDIS_URL=redis.url)
    daemon.add_site()
    device = daemon.add_device(1)
    wait_until(lambda: redis.client.exists(f"device:{device}:metrics"), "the device in Redis")
    os.kill(redis.process.pid, signal.SIGSTOP)
    failing = []

    def ask():
        connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=40)
        try:
            while len(failing) < 2:
                path = ("/health", "/health/ready")[len(failing)]
                connection.request("GET", path)
                answer = Answer(connection.getresponse())
                if answer.status != 200:
                    failing.append((path, answer))
        except (OSError, http.client.HTTPException):
            pass  # the stop is over

    asking = threading.Thread(target=ask)
    asking.start()
    daemon.process.send_signal(signal.SIGTERM)
    asking.join(PATIENCE)
    assert len(failing) == 2, "health during the stop"
    for path, answer in failing:
        seen.check("get", path, 503, answer)
        assert json.loads(answer.body)["status"] == "failing"


def test_every_described_response_occurs_and_no_other(start_daemon, start_simulator, start_redis, tmp_path):
    simulator = start_simulator(devices=1)
    seen, sent = Seen(), bodies(simulator.port)
    daemon = start_daemon(EVENTS_OFFLINE_DELAY="0")
    daemon.add_site("MKZ")
    daemon.add_site("TAKEN")
    device = daemon.add_device(simulator.port)
    daemon.wait_online(device)
    see_messages(daemon)
    daemon.add_device(free_port())
    see_refusals(daemon, seen, sent)
    see_good_answers(daemon, seen, sent)

    count = iter(range(100))

    def start(**settings):
        return start_daemon(DATABASE_URL=f"sqlite:///{tmp_path}/other-{next(count)}.sqlite", **settings)

    see_strangers(start(API_TOKEN="all", READ_TOKEN="read"), seen, "read", sent)
    see_slow_senders(start(HTTP_REQUEST_TIMEOUT="0.3"), seen)
    see_full_houses(start, seen)
    see_a_poller_that_stopped(start, start_redis(), seen)

    described = {(method, path, status) for method, path in OPERATIONS for status in operation(method, path)["responses"]}
    assert described - seen.responds == set(), "described and not seen"


def test_methods_that_are_not_described_are_refused(start_daemon):
    daemon = start_daemon()
    for path, item in DESCRIPTION["paths"].items():
        known = {method.upper() for method in item} | ({"HEAD"} if "get" in item else set())
        if path.startswith("/ws/"):
            known -= {"HEAD"}
        for method in {"GET", "HEAD", "POST", "PATCH", "DELETE", "PUT", "TRACE", "OPTIONS", "CONNECT", "BREW"} - known:
            if path.startswith("/ws/") and method == "HEAD":
                continue
            answer = send(daemon, method, target_of(path))
            assert answer.status == (204 if method == "OPTIONS" else 405), (method, path, answer.status)
            assert set(answer.headers["Allow"].split(", ")) == known | {"OPTIONS"}, (method, path, answer.headers["Allow"])


def test_head_works_wherever_get_does(start_daemon):
    daemon = start_daemon()
    for path, item in DESCRIPTION["paths"].items():
        if "get" in item:
            got, head = send(daemon, "get", target_of(path)), send(daemon, "head", target_of(path))
            assert head.status == got.status and head.body == b"", path
            assert head.headers["Content-Type"] == got.headers["Content-Type"], path


def test_the_description_that_is_served_is_the_one_that_is_tested(start_daemon):
    assert json.loads(send(start_daemon(), "get", "/api/openapi.json").body) == DESCRIPTION


def wrong_values(schema):
    kind, values = schema.get("type"), []
    values += {"string": [5, True, []], "integer": ["1", 1.5, True], "number": ["1", True], "boolean": ["yes", 1], "object": [5, []], "array": [5, {}]}[kind]
    if not schema.get("nullable"):
        values.append(None)
    for bound, step in (("minimum", -1), ("maximum", 1)):
        if bound in schema:
            values.append(schema[bound] + step)
    if "minLength" in schema:
        values.append("x" * (schema["minLength"] - 1))
    if "maxLength" in schema:
        values.append("x" * (schema["maxLength"] + 1))
    if "minItems" in schema:
        values += [[], list(range(schema["maxItems"] + 1)), *([value] for value in wrong_values(schema["items"]))]
    if "enum" in schema:
        values.append("other")
    return values


def edge_values(schema):
    values = [schema[bound] for bound in ("minimum", "maximum", "default") if bound in schema] + schema.get("enum", [])
    values += ["x" * schema[bound] for bound in ("minLength", "maxLength") if bound in schema]
    return values + ([None] if schema.get("nullable") else []) + ([True, False] if schema.get("type") == "boolean" else [])


WITH_BODY = [pair for pair in OPERATIONS if "application/json" in operation(*pair).get("requestBody", {}).get("content", {})]


@pytest.mark.parametrize("method, path", WITH_BODY, ids=[" ".join(pair) for pair in WITH_BODY])
def test_bodies_are_accepted_up_to_their_limits_and_refused_beyond(start_daemon, method, path):
    daemon = start_daemon()
    daemon.add_site("MKZ")
    daemon.post("/api/devices", {"site_id": 1, "name": "G", "device_type": "generator", "ip_address": "10.0.0.1", "is_active": False})
    base = bodies(1)[(method, path)]
    described = resolved(operation(method, path)["requestBody"]["content"]["application/json"]["schema"])
    validate(base, described)
    fields = described["properties"]
    reaches_out = method == "post" and path in ("/api/devices/test-connection", "/api/devices/read", "/api/scan")
    taken = (404,) if path == "/api/events/{id}/ack" else (200, 201)  # the body is checked before the event is searched
    numbers = iter(range(10_000))
    for name, schema in fields.items():
        schema = resolved(schema)
        for value in wrong_values(schema):
            body = {**base, name: value}
            with pytest.raises(jsonschema.ValidationError):
                validate(body, described)
            answer = send(daemon, method, target_of(path), body)
            assert answer.status == 422 and json.loads(answer.body)["error"]["field"].startswith(name), (name, value, answer.body)
        if name in described.get("required", []):
            assert send(daemon, method, target_of(path), {key: value for key, value in base.items() if key != name}).status == 422
        for value in [] if reaches_out else edge_values(schema):
            protocol = {"protocol": "tcp"} if "protocol" in fields else {}  # it decides over slave_id
            inactive = {"is_active": False} if "is_active" in fields else {}
            body = {**inactive, **protocol, **base, **({"code": f"C{next(numbers)}"} if "code" in base else {}), name: value}
            validate(body, described)
            answer = send(daemon, method, target_of(path), body)
            assert answer.status in taken, (name, value, answer.body)
            validate(json.loads(answer.body), resolved(operation(method, path)["responses"][str(answer.status)])["content"]["application/json"]["schema"])
