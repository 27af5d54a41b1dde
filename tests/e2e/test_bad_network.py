"""A network between the daemon and all its peers that delays, loses, doubles and reorders packets, and is interrupted."""

import contextlib
import os
import random
import socket

import pytest
from bad_network import FAR, NEAR, bad_network
from conftest import PATIENCE, free_port, wait_until
from figures import process_figures, scrape
from metrics_text import of
from peer_faults import UPGRADE
from numbered_converter import PROFILES
from observers import RedisObserver, WebSocketObserver

SEED = int(os.environ.get("GENSETD_SEED", random.randrange(1, 1_000_000)))
UNITS = 2
READINGS_MIN = 4  # of each device
BAD = {"delay": 0.005, "spread": 0.04, "loss": 0.03, "doubled": 0.02}


class Scene:
    """The daemon on this side; controllers, Redis and a client on the other."""

    def __init__(self, far, wire, start_daemon, start_simulator, start_redis):
        self.far, self.wire = far, wire
        options = ["--pattern", "--one-port", "--address", "0.0.0.0", "--baud", "115200", "--turnaround-ms", "5"]
        self.start_simulator = lambda protocol, port=None: start_simulator(*options, "--protocol", protocol, port=port, devices=UNITS)
        with far:
            self.redis = start_redis()
            self.redis.client.config_set("protected-mode", "no")
            self.simulators = {protocol: self.start_simulator(protocol) for protocol in ("tcp", "rtu_over_tcp")}
        port = free_port()
        self.daemon = start_daemon(
            port=port, HTTP_LISTEN=f"0.0.0.0:{port}", ALLOW_ANONYMOUS="1", PROFILES=PROFILES, MODBUS_TIMEOUT="1",
            REDIS_URL=f"redis://{FAR}:{self.redis.port}/0",
        )
        self.daemon.add_site()
        self.units = {}
        for protocol, simulator in self.simulators.items():
            for unit in range(1, UNITS + 1):
                more = {"ip_address": FAR, "protocol": protocol, "slave_id": unit, "profile": "pattern", "device_type": "ats"}
                self.units[self.daemon.add_device(simulator.port, name=f"{protocol} {unit}", **more)] = unit
        with far:
            self.client = WebSocketObserver(port, self.units, host=NEAR, ping_every=2).start()
            self.hashes = RedisObserver(self.redis.port, self.units).start()

    def wait_for_readings(self, count):
        begin = {device: watch.successes for device, watch in self.client.watches.items()}
        for device, watch in self.client.watches.items():
            wait_until(lambda: watch.successes >= begin[device] + count, f"{count} readings of device {device} at the client, {watch.last}")
        for device in self.units:
            stamp = self.client.newest(device)["timestamp"]
            wait_until(lambda: (self.hashes.newest(device) or {"timestamp": ""})["timestamp"] >= stamp, f"the hash of device {device}")

    def end(self):
        for one in (self.client, self.hashes):
            one.end()
        mistakes = self.client.mistakes() + self.hashes.mistakes()
        print(f"seed {SEED}: {self.wire.carried} packets, {self.wire.lost} lost, {self.client.values() + self.hashes.values()} values checked")
        assert not mistakes, mistakes[:20]


@pytest.fixture
def network():
    with bad_network(SEED) as network:
        yield network


@pytest.fixture
def scene(network, start_daemon, start_simulator, start_redis):
    return Scene(*network, start_daemon, start_simulator, start_redis)


def test_delay_loss_copies_and_reordering_make_no_wrong_value(scene):
    scene.wait_for_readings(1)
    scene.wire.change(**BAD)
    scene.wait_for_readings(READINGS_MIN)
    scene.wire.change()
    scene.wait_for_readings(1)
    scene.end()


@pytest.mark.parametrize("cut", [{"cut_there": True}, {"cut_back": True}], ids=["there", "back"])
def test_network_outage_is_reported_and_everything_recovers_after_it(scene, cut):
    scene.wait_for_readings(1)
    before = process_figures(scene.daemon.process.pid)
    scene.wire.change(**cut)
    for device in scene.units:
        lost = scene.daemon.wait_for(device, lambda reading: not reading["online"], f"the loss of device {device}")
        assert lost["error"].startswith(FAR) and lost["last_seen"] < lost["timestamp"]
    wait_until(lambda: scene.daemon.get("/health").json()["redis"] != "ok", "the loss of Redis")
    scene.wire.change()
    scene.wait_for_readings(2)
    wait_until(lambda: scene.daemon.get("/health").json()["status"] == "ok", "health")
    wait_until(lambda: process_figures(scene.daemon.process.pid)["descriptors"] <= before["descriptors"], "the descriptors of before")
    scene.end()


def test_controller_that_restarts_during_an_outage_is_found(scene):
    """Its old connection is never closed."""
    scene.wait_for_readings(1)
    scene.wire.change(cut_there=True, cut_back=True)
    for protocol, simulator in scene.simulators.items():
        simulator.kill()
        with scene.far:
            scene.start_simulator(protocol, port=simulator.port)
    scene.wire.change()
    scene.wait_for_readings(2)
    scene.end()


def test_client_behind_an_outage_is_dropped_and_others_continue(scene):
    """A laptop whose lid is closed: it sends no FIN and no RST."""
    scene.wait_for_readings(1)
    clients = lambda: of(scrape(scene.daemon), "gensetd_websocket_clients")
    here = WebSocketObserver(scene.daemon.port, scene.units).start()
    with scene.far:
        silent = socket.create_connection((NEAR, scene.daemon.port), timeout=PATIENCE)
    silent.sendall(UPGRADE)
    assert silent.recv(12) == b"HTTP/1.1 101"
    wait_until(lambda: clients() == 3, "three clients")
    scene.wire.change(cut_there=True, cut_back=True)

    def are_dropped():
        return clients() == 1

    # A client may be silent for 30 s: longer than other things take here.
    with contextlib.suppress(AssertionError):
        wait_until(are_dropped)
    wait_until(are_dropped, "the end of both clients behind the cut")
    assert here.interruptions == 0
    here.end()
    scene.wire.change()
    scene.wait_for_readings(1)
    silent.close()
    scene.end()
