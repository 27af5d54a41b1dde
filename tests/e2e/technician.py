"""The technician's commands as processes, and a listening socket that counts connections."""

import os
import socket
import subprocess
import threading

import pytest
from conftest import GENSETD, PATIENCE


class Ran:
    def __init__(self, ended):
        self.status, self.out, self.errors = ended.returncode, ended.stdout, ended.stderr

    @property
    def error(self):
        """The only line on stderr."""
        lines = self.errors.splitlines()
        assert len(lines) == 1, self.errors
        return lines[0]


def run(*arguments, **environment):
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "ASAN_OPTIONS", "TSAN_OPTIONS")}
    command = [GENSETD, *(str(one) for one in arguments)]
    return Ran(subprocess.run(command, env={**kept, **environment}, capture_output=True, text=True, timeout=120))


def read(port, *arguments, **environment):
    return run("read", f"127.0.0.1:{port}", *arguments, **environment)


def scan(port, *arguments):
    return run("scan", f"127.0.0.1:{port}", *arguments)


class Listener:
    """A listening socket that accepts all bytes and never responds; or relays to another port. Counts connections."""

    def __init__(self, to=None):
        self.to = to
        self.connections = 0
        self.open = 0
        self.open_max = 0
        self.lock = threading.Lock()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open += 1
                self.open_max = max(self.open_max, self.open)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            if self.to is None:
                while client.recv(4096):
                    pass
            else:
                with socket.create_connection(("127.0.0.1", self.to)) as server:
                    back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                    back.start()
                    self.copy(client, server)
                    back.join(PATIENCE)
        with self.lock:
            self.open -= 1

    @staticmethod
    def copy(source, target):
        try:
            while data := source.recv(4096):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.socket.close()


@pytest.fixture
def listener():
    made = []

    def make(to=None):
        made.append(Listener(to))
        return made[-1]

    yield make
    for one in made:
        one.close()
