"""What the service manager and the health checks of a container see of the daemon."""

import os
import signal
import socket
import subprocess

import pytest
from conftest import GENSETD, PATIENCE, Program, free_port, wait_until


class Manager(socket.socket):
    """A socket as systemd has it, with its name in NOTIFY_SOCKET."""

    def __init__(self, name):
        super().__init__(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.name = name
        self.bind(name.replace("@", "\0"))
        self.settimeout(PATIENCE)


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    name = str(tmp_path / "notify") if request.param == "path" else f"@gensetd-{os.getpid()}-{free_port()}"
    with Manager(name) as server:
        yield server


def start(programs, folder, manager, **environment):
    port = free_port()
    daemon = Program([GENSETD, "serve"], folder / "gensetd.log", {"HTTP_LISTEN": f"127.0.0.1:{port}", "NOTIFY_SOCKET": manager.name, **environment})
    daemon.port = port
    programs.append(daemon)
    return daemon


def told(manager):
    return manager.recv(4096).decode()


def health(*arguments):
    return subprocess.run([GENSETD, "health", *arguments], capture_output=True, text=True, timeout=PATIENCE)


def test_the_service_manager_is_notified_of_ready_and_stopping(manager, programs, tmp_path):
    daemon = start(programs, tmp_path, manager)
    ready = told(manager).splitlines()
    assert ready == ["READY=1", f"STATUS=serves http://127.0.0.1:{daemon.port}/"]
    assert health(f"http://127.0.0.1:{daemon.port}").returncode == 0, "ready is said when it can be asked"
    assert daemon.stop() == 0
    assert told(manager).splitlines()[0] == "STOPPING=1"
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        told(manager)  # without WATCHDOG_USEC the watchdog is not fed


def test_the_watchdog_is_fed_only_while_the_daemon_is_alive(manager, programs, tmp_path):
    daemon = start(programs, tmp_path, manager, WATCHDOG_USEC="100000")
    assert told(manager).startswith("READY=1")
    for _ in range(5):
        assert told(manager) == "WATCHDOG=1"
    daemon.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, daemon.process.pid, os.WSTOPPED | os.WNOWAIT)
    manager.settimeout(1)
    with pytest.raises(TimeoutError):
        for _ in range(1000):  # messages sent before
            told(manager)
    daemon.process.send_signal(signal.SIGCONT)
    manager.settimeout(PATIENCE)
    assert told(manager) == "WATCHDOG=1"
    assert daemon.stop() == 0


def test_a_daemon_that_cannot_start_is_never_ready(manager, programs, tmp_path):
    daemon = start(programs, tmp_path, manager, DATABASE_URL="sqlite:////nowhere/registry.sqlite")
    assert daemon.process.wait(PATIENCE) == 2
    manager.setblocking(False)
    with pytest.raises(BlockingIOError):
        told(manager)


def test_a_missing_service_manager_stops_nothing(programs, tmp_path):
    port = free_port()
    daemon = Program([GENSETD, "serve"], tmp_path / "gensetd.log", {"HTTP_LISTEN": f"127.0.0.1:{port}", "NOTIFY_SOCKET": str(tmp_path / "gone"), "WATCHDOG_USEC": "20000"})
    programs.append(daemon)
    wait_until(lambda: health(f"http://127.0.0.1:{port}").returncode == 0, "the start")
    assert daemon.stop() == 0
    assert len(daemon.lines("could not notify the service manager")) == 1, "it is said once"


def test_health_prints_the_response_and_needs_no_token(start_daemon):
    daemon = start_daemon(API_TOKEN="secret")
    response = health(daemon.url)
    assert response.returncode == 0 and '"status":"ok"' in response.stdout and response.stderr == ""


def test_health_prints_why_there_is_no_response(tmp_path):
    url = f"http://127.0.0.1:{free_port()}"
    response = health(url)
    assert response.returncode == 1 and response.stdout == ""
    assert response.stderr == f"gensetd health: {url}: connection refused; is `gensetd serve` running there?\n"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        response = health(f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert response.returncode == 1 and "no answer within 5 s" in response.stderr
    response = health("ftp://example.com")
    assert response.returncode == 2 and "not an http:// or https:// URL" in response.stderr
