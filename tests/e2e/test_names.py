"""Controllers by host name, and a name service that is slow, silent or knows nothing: the C library's resolver queries it."""

import socket
import struct
import subprocess
import threading
import time
from datetime import datetime

import pytest
from conftest import free_port, wait_until

DNS_PORT = 53  # the resolver knows no other
NAME_ERROR = 3  # RFC 1035, 4.1.1
ADDRESS = 1  # type A
UNANSWERED = 0.6  # seconds for which a question certainly is, of a name service that is slow or silent


class NameService:
    """Every name has the address 127.0.0.1, as long as it `knows`."""

    def __init__(self):
        number = free_port()
        self.address = f"127.53.{number >> 8}.{number & 255}"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, DNS_PORT))
        self.knows, self.is_silent, self.delay = True, False, 0
        self.asked, self.asked_at = 0, 0.0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:
                return
            if self._type(query) == ADDRESS:  # the resolver queries an IPv6 address at the same time
                self.asked, self.asked_at = self.asked + 1, time.time()
            if not self.is_silent and query:
                time.sleep(self.delay)
                self.socket.sendto(self._respond(query), client)

    def _type(self, query):
        return struct.unpack_from(">H", query, query.index(0, 12) + 1)[0]

    def _respond(self, query):
        question = query[12 : query.index(0, 12) + 5]
        is_found = self.knows and self._type(query) == ADDRESS
        code = 0 if self.knows else NAME_ERROR
        head = query[:2] + struct.pack(">5H", 0x8180 | code, 1, int(is_found), 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", ADDRESS, 1, 0, 4) + socket.inet_aton("127.0.0.1")
        return head + question + (record if is_found else b"")

    def close(self):
        self.socket.close()


@pytest.fixture
def name_service():
    try:
        service = NameService()
    except PermissionError as refused:
        pytest.skip(f"no name service on port {DNS_PORT}: {refused}")
    yield service
    service.close()


@pytest.fixture
def launcher(name_service, tmp_path):
    """For a program that only queries this name service, in its own mount namespace."""
    settings = tmp_path / "resolv.conf"
    settings.write_text(f"nameserver {name_service.address}\noptions timeout:1 attempts:1\n")
    enter = ["unshare", "--mount", "sh", "-c", f'mount --bind {settings} /etc/resolv.conf && exec "$@"', "sh"]
    tried = subprocess.run([*enter, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"no mount namespace: {tried.stderr}")
    return enter


def read_at(daemon, device):
    return datetime.fromisoformat(daemon.reading(device)["timestamp"].replace("Z", "+00:00")).timestamp()


@pytest.mark.parametrize("fault", [{"is_silent": True}, {"knows": False}, {"delay": 0.4}], ids=["silent", "knows nothing", "slow"])
def test_failing_name_service_delays_no_other_device(name_service, launcher, start_daemon, start_simulator, fault):
    named, other = start_simulator(devices=1), start_simulator(devices=1)
    daemon = start_daemon(launcher=launcher, POLL_THREADS="1", MODBUS_TIMEOUT="2")
    daemon.add_site()
    by_name = daemon.add_device(named.port, ip_address="controller.plant.test")
    by_address = daemon.add_device(other.port)
    daemon.wait_online(by_address)
    values = daemon.wait_online(by_name)
    assert name_service.asked > 0

    for attribute, value in fault.items():
        setattr(name_service, attribute, value)
    named.kill()
    lost = daemon.wait_for(by_name, lambda reading: not reading["online"], "the loss")
    assert lost["error"].startswith(f"controller.plant.test:{named.port}")
    assert lost["gen_status"] == values["gen_status"]
    asked = name_service.asked
    start_simulator(devices=1, port=named.port)

    wait_until(lambda: name_service.asked > asked, "a question for the name")
    if "knows" not in fault:
        wait_until(lambda: 0 < read_at(daemon, by_address) - name_service.asked_at < UNANSWERED, "a reading of the other device while a name is asked for")
    assert daemon.get(f"/api/devices/{by_address}/diagnostics").json()["polling"]["failed_cycles"] == 0
    assert daemon.get("/health").status_code == 200
    if "delay" not in fault:
        still = daemon.reading(by_name)
        assert still["online"] is False and "controller.plant.test" in still["error"]

    name_service.knows, name_service.is_silent, name_service.delay = True, False, 0
    daemon.wait_online(by_name)
