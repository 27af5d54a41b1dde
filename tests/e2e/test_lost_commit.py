"""A change whose COMMIT reaches PostgreSQL, or does not, while the response is lost: its audit line contains the result of the check."""

import socket
import threading

import pytest

from conftest import free_port, wait_until


class CuttingProxy:
    """A proxy for a PostgreSQL server. Once armed with a text, the next COMMIT after that text closes all its connections:
    before the server receives it, or after the server has responded."""

    def __init__(self, server_port):
        self.server_port = server_port
        self.port = free_port()
        self.marker = None
        self.deliver = False
        self.cuts = 0
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def arm(self, marker, deliver):
        self.deliver = deliver
        self.marker = marker

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.server_port))
            threading.Thread(target=self.to_client, args=(server, client), daemon=True).start()
            threading.Thread(target=self.to_server, args=(client, server), daemon=True).start()

    def to_client(self, server, client):
        try:
            while data := server.recv(65536):
                client.sendall(data)
        except OSError:
            pass

    def to_server(self, client, server):
        is_due = False
        try:
            while data := client.recv(65536):
                is_due = is_due or (self.marker is not None and self.marker in data)
                if is_due and b"COMMIT" in data:
                    self.marker = None
                    self.cuts += 1  # before the daemon notices
                    client.shutdown(socket.SHUT_RDWR)  # its response is lost
                    if self.deliver:
                        server.sendall(data)
                        server.shutdown(socket.SHUT_WR)
                    else:
                        server.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(data)
        except OSError:
            pass


@pytest.fixture
def proxied(start_postgres, start_daemon):
    server = start_postgres()
    proxy = CuttingProxy(server.port)
    url = f"postgresql://gensetd:secret@127.0.0.1:{proxy.port}/postgres?sslmode=disable"
    daemon = start_daemon(DATABASE_URL=url)
    daemon.add_site()
    return server, proxy, daemon


def healthy(daemon):
    return daemon.get("/health").json()["registry"] == "ok"


@pytest.mark.parametrize("deliver", [True, False])
def test_a_change_whose_response_is_lost_has_an_audit_line(proxied, deliver):
    server, proxy, daemon = proxied
    body = {"site_id": 1, "name": "Gen", "device_type": "generator", "ip_address": "127.0.0.1", "is_active": False}
    assert daemon.post("/api/devices", body).status_code == 201
    changes = [
        (b"INSERT INTO devices", lambda: daemon.post("/api/devices", {**body, "name": "Gen 2"}), "add", "added", "device 2"),
        (b"UPDATE devices", lambda: daemon.patch("/api/devices/1", {"port": 503}), "change", "changed", "device 1: port 502 -> 503"),
        (b"DELETE FROM devices", lambda: daemon.delete("/api/devices/1"), "remove", "removed", "device 1"),
    ]
    for number, (marker, change, to_do, done, what) in enumerate(changes, 1):
        proxy.arm(marker, deliver)
        assert change().status_code == 503
        assert proxy.cuts == number
        outcome = f"{done} {what}" if deliver else f"tried to {to_do} {what}"
        found = "the change is stored" if deliver else "the change is not stored"
        wait_until(lambda: [line for line in daemon.lines(outcome) if found in line], f"the audit line of '{what}' ({daemon.text()})")
        wait_until(lambda: healthy(daemon), "the database's return")
    ids = [device["id"] for device in daemon.get("/api/devices").json()]
    assert ids == ([2] if deliver else [1])
    assert server.psql("SELECT count(*) FROM devices") == "1"
