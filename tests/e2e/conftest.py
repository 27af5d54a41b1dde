"""Starts the real programs on free ports: gensetd from $GENSETD, redis-server, postgres, pymodbus slaves."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import redis
import requests

HERE = Path(__file__).parent
GENSETD = os.environ.get("GENSETD", str(HERE.parent.parent / "build/release/gensetd"))
PATIENCE = 30  # seconds until a test that waits fails; never what is asserted


def free_port(count=1):
    """The first of `count` ports in a row that nobody listens on."""
    for _ in range(200):
        sockets = []
        try:
            first = socket.socket()
            first.bind(("127.0.0.1", 0))
            sockets.append(first)
            port = first.getsockname()[1]
            for offset in range(1, count):
                other = socket.socket()
                sockets.append(other)
                other.bind(("127.0.0.1", port + offset))
            return port
        except (OSError, OverflowError):
            continue
        finally:
            for one in sockets:
                one.close()
    raise RuntimeError("no free ports")


def wait_until(condition, what="it"):
    """The first true result of `condition`, asked again and again."""
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
    def __init__(self, folder, settings, port=None):
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {"HTTP_LISTEN": f"127.0.0.1:{self.port}", "ALLOW_LOOPBACK_DEVICES": "1", "DATABASE_URL": f"sqlite:///{folder}/registry.sqlite", **settings}
        super().__init__([GENSETD, "serve"], folder / "gensetd.log", environment)
        wait_until(self.answers, f"the start of gensetd ({self.text()})")

    def answers(self):
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
        answer = self.post("/api/devices", body)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

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
    def start(port=None, **settings):
        daemon = Daemon(tmp_path, settings, port)
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
        wait_until(self.answers, "the start of redis-server")

    def answers(self):
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
NOBODY = 65534  # PostgreSQL refuses to run as root


def make_certificate(folder, name="server"):
    """A certificate for 127.0.0.1 that signs itself; its key lies beside it."""
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
        as_user = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
        if not data:
            self.data.mkdir()
            self.certificate = make_certificate(folder)
            password = folder / "password"
            password.write_text("secret")
            if as_user:
                for path in (self.data, password):
                    os.chown(path, NOBODY, NOBODY)
            words = ["-U", "gensetd", "-A", "scram-sha-256", "--pwfile", str(password), "-E", "UTF8", "--locale=C", "--no-sync"]
            subprocess.run([f"{POSTGRES}/initdb", "-D", ".", *words], cwd=self.data, check=True, stdout=subprocess.DEVNULL, **as_user)
            for name in ("server.crt", "server.key"):
                shutil.copy(folder / name, self.data / name)
                if as_user:
                    os.chown(self.data / name, NOBODY, NOBODY)
        self.log = folder / f"postgres-{self.port}.log"
        with open(self.log, "ab") as out:
            arguments = ["-D", ".", "-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "ssl=on"]
            self.process = subprocess.Popen([f"{POSTGRES}/postgres", *arguments], cwd=self.data, stdout=out, stderr=out, **as_user)
        wait_until(self.answers, "the start of postgres")

    def answers(self):
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
