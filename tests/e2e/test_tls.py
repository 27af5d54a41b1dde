"""REST and WebSocket over TLS, with certificates made here: versions, renewal while it runs, and what stops the start."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess

import pytest
import requests
import websockets
from conftest import GENSETD, Program, free_port, wait_until
from websocket_frames import TEXT, RawClient, frame, upgrade


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)


def make_certificate(folder, name, key_kind="P-256"):
    """A certificate of its own authority for 127.0.0.1, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    kind = ("-newkey", "rsa:2048") if key_kind == "rsa" else ("-newkey", "ec", "-pkeyopt", f"ec_paramgen_curve:{key_kind}")
    openssl("req", "-x509", "-nodes", *kind, "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1")
    return certificate, key


class TlsDaemon(Program):
    def __init__(self, folder, certificate, key, **settings):
        self.port = free_port()
        self.certificate = certificate
        self.url = f"https://127.0.0.1:{self.port}"
        environment = {"HTTP_LISTEN": f"127.0.0.1:{self.port}", "DATABASE_URL": f"sqlite:///{folder}/registry.sqlite", "ALLOW_LOOPBACK_DEVICES": "1"}
        super().__init__([GENSETD, "serve"], folder / "gensetd.log", {**environment, "TLS_CERT": str(certificate), "TLS_KEY": str(key), **settings})
        wait_until(lambda: self.lines("gensetd serves https://") or self.process.poll() is not None, "the start of gensetd")
        assert self.process.poll() is None, self.text()

    def context(self, **more):
        return ssl.create_default_context(cafile=str(self.certificate), **more)

    def get(self, path, **more):
        return requests.get(self.url + path, verify=str(self.certificate), timeout=20, **more)

    def peer_name(self):
        """Whom the certificate of a new connection names."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as plain, context.wrap_socket(plain) as connection:
            der = connection.getpeercert(binary_form=True)
        shown = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-subject"], input=der, capture_output=True, check=True, timeout=60)
        return shown.stdout.decode().strip().split("CN = ")[1]


@pytest.fixture
def start(programs, tmp_path):
    def start_(certificate=None, key=None, **settings):
        if certificate is None:
            certificate, key = make_certificate(tmp_path, "first")
        daemon = TlsDaemon(tmp_path, certificate, key, **settings)
        programs.append(daemon)
        return daemon

    return start_


@pytest.mark.parametrize("key_kind", ["P-256", "rsa"])
def test_rest_and_websocket_are_encrypted(start, start_simulator, tmp_path, key_kind):
    simulator = start_simulator(devices=1)
    daemon = start(*make_certificate(tmp_path, "site", key_kind), API_TOKEN="s3cret")
    assert daemon.get("/health").ok
    assert daemon.get("/api/sites").status_code == 401
    headers = {"Authorization": "Bearer s3cret"}

    def post(path, body):
        return requests.post(daemon.url + path, json=body, headers=headers, verify=str(daemon.certificate), timeout=20)

    assert post("/api/sites", {"name": "N", "code": "N"}).status_code == 201
    device = {"site_id": 1, "name": "G", "device_type": "generator", "ip_address": "127.0.0.1", "port": simulator.port, "poll_interval": 0.2}
    assert post("/api/devices", device).status_code == 201

    async def scene():
        url = f"wss://127.0.0.1:{daemon.port}/ws/metrics"
        with pytest.raises(websockets.InvalidStatusCode) as refused:
            await websockets.connect(url, ssl=daemon.context())
        assert refused.value.status_code == 401
        async with websockets.connect(url, ssl=daemon.context(), extra_headers=headers, origin=daemon.url) as client:
            assert json.loads(await client.recv())["type"] == "snapshot"
            await client.send("ping")
            seen = []
            while not ("pong" in seen and any('"online":true' in one for one in seen)):
                seen.append(await asyncio.wait_for(client.recv(), 30))

    asyncio.run(scene())
    body = daemon.get("/api/profiles", headers=headers)
    assert len(body.json()) == 2 and int(body.headers["Content-Length"]) == len(body.content) > 16384, "more than one record"
    assert daemon.stop() == 0


def handshake(daemon, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as plain, context.wrap_socket(plain) as connection:
        return connection.version()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_versions_below_1_2_are_refused(start):
    daemon = start()
    assert handshake(daemon, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    assert handshake(daemon, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            handshake(daemon, version)


def test_plain_http_on_the_tls_port_gets_an_explanation(start):
    daemon = start()
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        response = b""
        while chunk := connection.recv(4096):
            response += chunk
    assert response.startswith(b"HTTP/1.1 400") and b"https://" in response
    for garbage in (b"\x16\x03\x01", b"\x00" * 100, b"hello\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as connection:
            connection.sendall(garbage)
    assert daemon.get("/health").ok


def test_client_without_a_handshake_or_too_slow_is_disconnected(start):
    daemon = start(HTTP_REQUEST_TIMEOUT="0.3")
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as silent:
        assert silent.recv(4096) == b""
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # the beginning of a ClientHello of 512 bytes
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as trickling:
        trickling.sendall(hello)
        trickling.settimeout(0.05)
        ended = None
        for _ in range(400):  # one byte each 50 ms: all of it would take 25 s
            try:
                trickling.sendall(b"\0")
                ended = trickling.recv(4096)
                break
            except socket.timeout:
                continue
            except ConnectionError:
                ended = b""
                break
        assert ended == b"", "closed: there is nobody to say anything to"
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=30) as plain, daemon.context().wrap_socket(plain, server_hostname="127.0.0.1") as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\n")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")


def test_renewed_certificate_is_loaded_on_sighup_and_connections_stay(start, tmp_path):
    certificate, key = make_certificate(tmp_path, "first")
    daemon = start(certificate, key)

    async def scene():
        context = daemon.context()
        async with websockets.connect(f"wss://127.0.0.1:{daemon.port}/ws/metrics", ssl=context) as client:
            await client.recv()
            loop = asyncio.get_running_loop()
            assert await loop.run_in_executor(None, daemon.peer_name) == "first"
            for new, old in zip(make_certificate(tmp_path, "second"), (certificate, key)):
                os.replace(new, old)
            daemon.process.send_signal(signal.SIGHUP)
            await loop.run_in_executor(None, wait_until, lambda: daemon.lines("re-read TLS_CERT"), "the reload")
            assert await loop.run_in_executor(None, daemon.peer_name) == "second"
            await client.send("ping")
            assert await asyncio.wait_for(client.recv(), 30) == "pong", "the older connection goes on"

    asyncio.run(scene())
    key.write_text("no key at all\n")
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: daemon.lines("the current certificate stays in use: TLS_KEY"), "the refusal")
    assert daemon.peer_name() == "second"
    assert daemon.get("/health").ok
    assert daemon.stop() == 0


def make_bad(folder, kind):
    """Files that cannot be used, and their error line."""
    certificate, key = make_certificate(folder, "good")
    if kind == "no such certificate":
        return folder / "none.pem", key, ["TLS_CERT", "none.pem", "No such file"]
    if kind == "no such key":
        return certificate, folder / "none.key", ["TLS_KEY", "none.key", "No such file"]
    if kind == "a folder":
        return folder, key, ["TLS_CERT", "Is a directory"]
    if kind == "empty":
        certificate.write_text("")
        return certificate, key, ["TLS_CERT", "empty"]
    if kind == "no certificate":
        certificate.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        return certificate, key, ["TLS_CERT", "no valid PEM certificate"]
    if kind == "no key":
        return certificate, certificate, ["TLS_KEY", "no valid PEM key"]
    if kind == "passphrase":
        locked = folder / "locked.key"
        openssl("pkey", "-in", key, "-aes256", "-passout", "pass:hidden-secret", "-out", locked)
        return certificate, locked, ["TLS_KEY", "passphrase"]
    other_kind = "rsa" if kind == "key of another kind" else "P-256"
    return certificate, make_certificate(folder, "other", other_kind)[1], ["TLS_KEY", "does not match", "good.pem"]


@pytest.mark.parametrize("kind", [
    "no such certificate", "no such key", "a folder", "empty", "no certificate", "no key", "passphrase", "key of another certificate",
    "key of another kind",
])
def test_bad_files_stop_the_start_with_one_line(tmp_path, kind):
    certificate, key, parts = make_bad(tmp_path, kind)
    environment = {"PATH": os.environ["PATH"], "HTTP_LISTEN": "127.0.0.1:0", "DATABASE_URL": f"sqlite:///{tmp_path}/r.sqlite", "TLS_CERT": str(certificate), "TLS_KEY": str(key)}
    ran = subprocess.run([GENSETD, "serve"], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert ran.returncode == 2, ran.stderr + ran.stdout
    lines = (ran.stderr + ran.stdout).strip().splitlines()
    assert len(lines) == 1, lines
    for part in parts:
        assert part in lines[0], lines
    assert "hidden-secret" not in lines[0]


def test_one_file_without_the_other_is_refused(tmp_path):
    for name, other in (("TLS_CERT", "TLS_KEY"), ("TLS_KEY", "TLS_CERT")):
        ran = subprocess.run(
            [GENSETD, "serve"], env={"PATH": os.environ["PATH"], "HTTP_LISTEN": "127.0.0.1:0", name: "/x"},
            capture_output=True, text=True, timeout=60, cwd=tmp_path,
        )
        assert ran.returncode == 2 and ran.stderr.strip() == f"gensetd serve: {name}: {other} is not set; give both, or neither"


def test_client_that_sends_too_much_receives_the_reason_and_no_reset(start):
    daemon = start()
    plain = socket.create_connection(("127.0.0.1", daemon.port), timeout=20)
    with RawClient(daemon.context().wrap_socket(plain, server_hostname="127.0.0.1")) as client:
        client.send(upgrade("/ws/metrics"))
        assert client.response()[0] == 101
        client.frame()
        length = 600_000
        client.send(frame(TEXT, b"*" * length, mask=b"\0\0\0\0")[:14])
        assert client.close_code() == 1009
        for _ in range(60):
            client.send(b"*" * (length // 60))
        assert not client.was_reset()


def test_frames_behind_the_handshake_are_the_first_ones(start):
    daemon = start()
    plain = socket.create_connection(("127.0.0.1", daemon.port), timeout=20)
    with RawClient(daemon.context().wrap_socket(plain, server_hostname="127.0.0.1")) as client:
        client.send(upgrade("/ws/metrics", {"Host": f"127.0.0.1:{daemon.port}"}) + frame(TEXT, "ping"))
        assert client.response()[0] == 101
        assert b"pong" in (client.frame().payload, client.frame().payload), "one is the snapshot"
