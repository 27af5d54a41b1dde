"""Starts the real programs on free ports: gensetd from $GENSETD, redis-server, postgres, pymodbus slaves."""

import itertools
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import pytest
import redis
import requests

HERE = Path(__file__).parent
GENSETD = os.environ.get("GENSETD", str(HERE.parent.parent / "build/release/gensetd"))
PATIENCE = 30  # seconds until a waiting test fails; never asserted itself
LOWEST_PORT = 10_000
WORKERS_MAX = 8


def ports_below_the_ephemeral():
    """A range of ports for each process, outside those that the kernel assigns: on an assigned port, a client that retries
    until its server listens would sooner or later be connected to itself."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    stretch = (first - LOWEST_PORT) // WORKERS_MAX
    begin = LOWEST_PORT + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % WORKERS_MAX * stretch
    return range(begin, begin + stretch)


def pytest_collection_modifyitems(items):
    """Each worker takes a run of tests at a time. Slow ones stand together in their files, and are spread over the runs here; those that share
    a daemon stay together."""

    def place(item):
        shares = {"websocket_daemon", "package"} & set(item.fixturenames)
        return zlib.crc32((item.module.__name__ if shares else item.nodeid).encode())

    items.sort(key=place)


PORTS = ports_below_the_ephemeral()
next_port = itertools.islice(itertools.cycle(PORTS), random.randrange(len(PORTS)), None)


def free_port(count=1):
    """The first of `count` consecutive ports without a listener."""
    row = []
    for port in itertools.islice(next_port, 2 * len(PORTS)):
        with socket.socket() as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                row = []
                continue
        row = [*row, port] if not row or port == row[-1] + 1 else [port]
        if len(row) == count:
            return row[0]
    raise RuntimeError("no free ports")


def is_built_with_sanitizer():
    return re.search(r"^GENSETD_SANITIZE:STRING=.+", (Path(GENSETD).parent / "CMakeCache.txt").read_text(), re.MULTILINE) is not None


def wait_until(condition, what="it"):
    """The first true result of `condition`, called repeatedly."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen within {PATIENCE} s")


class Program:
    """A process with its log, ended with the test."""

    def __init__(self, arguments, log, environment=None):
        self.log = log
        clean = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG", "ASAN_OPTIONS")}
        with open(log, "ab") as out:
            self.process = subprocess.Popen(arguments, stdout=out, stderr=out, cwd=log.parent, env={**clean, **(environment or {})})

    def text(self):
        return self.log.read_text()

    def lines(self, part):
        return [line for line in self.text().splitlines() if part in line]

    def stop(self, number=signal.SIGTERM):
        """Ends it and gives its exit status."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)


class Daemon(Program):
    def __init__(self, folder, settings, port=None, is_awaited=True, launcher=()):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # More polling threads than a small machine has by itself, so that each test meets them.
        environment = {
            "HTTP_LISTEN": f"127.0.0.1:{self.port}", "POLL_THREADS": "3", "ALLOW_LOOPBACK_DEVICES": "1",
            "DATABASE_URL": f"sqlite:///{folder}/registry.sqlite", **settings,
        }
        super().__init__([*launcher, GENSETD, "serve"], folder / "gensetd.log", environment)
        if is_awaited:
            wait_until(self.responds, f"the start of gensetd ({self.text()})")

    def responds(self):
        assert self.process.poll() is None, self.text()
        try:
            return requests.get(self.url + "/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def get(self, path, **more):
        return requests.get(self.url + path, timeout=20, **more)

    def post(self, path, body, **more):
        return requests.post(self.url + path, json=body, timeout=40, **more)

    def patch(self, path, body):
        return requests.patch(self.url + path, json=body, timeout=20)

    def delete(self, path):
        return requests.delete(self.url + path, timeout=20)

    def add_site(self, code="MKZ"):
        return self.post("/api/sites", {"name": code, "code": code}).json()["id"]

    def add_device(self, port, site_id=1, **more):
        body = {"site_id": site_id, "name": f"Gen {port}", "device_type": "generator", "ip_address": "127.0.0.1", "port": port, "poll_interval": 0.2, "retry_delay": 0.1, **more}
        response = self.post("/api/devices", body)
        assert response.status_code == 201, response.text
        return response.json()["id"]

    def reading(self, device_id):
        list_ = self.get("/api/metrics", params={"device_id": device_id}).json()
        return list_[0] if list_ else None

    def wait_for(self, device_id, condition, what):
        def look():
            reading = self.reading(device_id)
            return reading if reading and condition(reading) else None

        return wait_until(look, what)

    def wait_online(self, device_id):
        return self.wait_for(device_id, lambda reading: reading["online"], f"device {device_id} online")


@pytest.fixture
def programs():
    started = []
    yield started
    for program in reversed(started):
        program.kill()


@pytest.fixture
def start_daemon(programs, tmp_path):
    def start(port=None, is_awaited=True, launcher=(), **settings):
        """`launcher`: a command that executes the command in its arguments."""
        daemon = Daemon(tmp_path, settings, port, is_awaited, launcher)
        programs.append(daemon)
        return daemon

    return start


@pytest.fixture
def start_simulator(programs, tmp_path):
    """Simulates HGM9520Ns, a port each; or with no number the demonstration plant (offsets 0, 1, 2, 10, 11, 12)."""

    def start(*options, port=None, devices=0):
        count = devices or 13
        port = port or free_port(count)
        arguments = [GENSETD, "simulate", "--port", str(port), "--devices", str(devices), *options]
        simulator = Program(arguments, tmp_path / f"simulator-{port}.log")
        simulator.port = port
        programs.append(simulator)
        wait_until(lambda: "Ctrl-C ends it" in simulator.text() or simulator.process.poll() is not None, "the simulator's start")
        assert simulator.process.poll() is None, simulator.text()
        return simulator

    return start


class Redis(Program):
    def __init__(self, folder, port=None):
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        super().__init__(["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"], folder / "redis.log")
        self.client = redis.Redis(port=self.port, decode_responses=True)
        wait_until(self.responds, "the start of redis-server")

    def responds(self):
        try:
            return self.client.ping()
        except redis.exceptions.RedisError:
            return False


@pytest.fixture
def start_redis(programs, tmp_path):
    def start(port=None):
        server = Redis(tmp_path, port)
        programs.append(server)
        return server

    return start


POSTGRES = "/usr/lib/postgresql/15/bin"
NOBODY_UID = 65534  # PostgreSQL refuses to run as root


def make_certificate(folder, name="server"):
    """A self-signed certificate for 127.0.0.1, with its key."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(certificate), *subject]
    subprocess.run(words, check=True, capture_output=True)
    key.chmod(0o600)
    return certificate


class Postgres(Program):
    """A server with TLS in a folder of its own, with the user gensetd whose password is `secret`."""

    def __init__(self, folder, port=None, data=None):
        self.port = port or free_port()
        self.data = data or folder / f"data-{self.port}"
        as_user = {"user": NOBODY_UID, "group": NOBODY_UID} if os.geteuid() == 0 else {}
        if not data:
            self.data.mkdir()
            self.certificate = make_certificate(folder)
            password = folder / "password"
            password.write_text("secret")
            if as_user:
                for path in (self.data, password):
                    os.chown(path, NOBODY_UID, NOBODY_UID)
            words = ["-U", "gensetd", "-A", "scram-sha-256", "--pwfile", str(password), "-E", "UTF8", "--locale=C", "--no-sync"]
            subprocess.run([f"{POSTGRES}/initdb", "-D", ".", *words], cwd=self.data, check=True, stdout=subprocess.DEVNULL, **as_user)
            for name in ("server.crt", "server.key"):
                shutil.copy(folder / name, self.data / name)
                if as_user:
                    os.chown(self.data / name, NOBODY_UID, NOBODY_UID)
        self.log = folder / f"postgres-{self.port}.log"
        with open(self.log, "ab") as out:
            arguments = ["-D", ".", "-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "ssl=on"]
            self.process = subprocess.Popen([f"{POSTGRES}/postgres", *arguments], cwd=self.data, stdout=out, stderr=out, **as_user)
        wait_until(self.responds, "the start of postgres")

    def responds(self):
        assert self.process.poll() is None, self.text()
        return subprocess.run([f"{POSTGRES}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-d", "postgres"]).returncode == 0

    def url(self, database="postgres", password="secret"):
        return f"postgresql://gensetd:{password}@127.0.0.1:{self.port}/{database}"

    def psql(self, sql, database="postgres"):
        words = [f"{POSTGRES}/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", sql]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)  # immediate shutdown, with all its sessions
        self.process.wait(PATIENCE)


@pytest.fixture
def start_postgres(programs):
    """With `again`, the same server once more."""
    folder = Path(tempfile.mkdtemp(prefix="gensetd-postgres-"))
    folder.chmod(0o755)

    def start(again=None):
        server = Postgres(folder, again.port, again.data) if again else Postgres(folder)
        programs.append(server)
        return server

    yield start
    for program in programs:
        if isinstance(program, Postgres):
            program.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start_slave(programs, tmp_path):
    """A pymodbus server: `registers` is {address: value}, all others read 0."""

    def start(registers, framing="tcp", unit=1):
        port = free_port()
        pairs = [f"{address}={value}" for address, value in registers.items()]
        slave = Program([sys.executable, str(HERE / "slave.py"), str(port), framing, str(unit), *pairs], tmp_path / f"slave-{port}.log")
        slave.port = port
        programs.append(slave)

        def listens():
            assert slave.process.poll() is None, slave.text()
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        wait_until(listens, "the slave's start")
        return slave

    return start


WEBSOCKET_MESSAGE_MAX = 65_536


@pytest.fixture(scope="module")
def websocket_daemon(tmp_path_factory):
    """A daemon without devices, for clients that break the rules. Two other clients check that they are not affected."""
    from websocket_frames import connect

    daemon = Daemon(tmp_path_factory.mktemp("websocket"), {"WEBSOCKET_MESSAGE_MAX": str(WEBSOCKET_MESSAGE_MAX)})
    with connect(daemon) as plain, connect(daemon, "/ws/metrics?proto=2") as dashboard:
        daemon.observers = [plain, dashboard]
        yield daemon
    daemon.kill()


@pytest.fixture
def unnoticed(websocket_daemon):
    yield
    assert websocket_daemon.process.poll() is None, websocket_daemon.text()
    for observer in websocket_daemon.observers:
        assert observer.frames_until_pong() == [], "another client heard of it"
