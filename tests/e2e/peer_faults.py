"""Faults of each peer of a running gensetd, as context managers that begin and end a fault."""

import contextlib
import os
import random
import select
import signal
import socket
import threading
from collections import Counter
from datetime import timedelta

from conftest import free_port
from faulty_controller import RESET

UPGRADE = (
    b"GET /ws/metrics HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
HALF_A_REQUEST = b"GET /api/metrics HTTP/1.1\r\nHost: loc"
SMALL_BUFFER = 4096  # bytes: a client that does not read is felt at once
CLIENTS = 20
RECONNECTS = 1000
TCP_REPAIR = 19  # linux/tcp.h


@contextlib.contextmanager
def paused(*processes):
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


class SimulatorPeer:
    """A process with simulated controllers: killed and restarted, or paused."""

    def __init__(self, start):
        self.start = start  # start(port)
        self.program = start(None)

    @contextlib.contextmanager
    def killed(self):
        self.program.kill()
        yield
        self.program = self.start(self.program.port)

    def paused(self):
        return paused(self.program.process.pid)

    def faults(self, name):
        return {f"{name} killed": self.killed, f"{name} paused": self.paused}


class ControllerPeer:
    """A FaultyController, with any of its faults."""

    def __init__(self, controller, chance):
        self.controller, self.chance = controller, chance

    @contextlib.contextmanager
    def at_random(self):
        self.controller.set_fault(self.chance.choice(self.controller.FAULTS))
        yield
        self.controller.set_fault("none")

    def faults(self, name):
        # Listed twice, since it has more faults than the others.
        return {f"{name} with a fault": self.at_random, f"{name} with another": self.at_random}


class RedisPeer:
    def __init__(self, start):
        self.start = start
        self.server = start(None)
        self.port, self.url = self.server.port, self.server.url

    @contextlib.contextmanager
    def killed(self):
        """And starts empty."""
        self.server.kill()
        yield
        self.server = self.start(self.port)

    def paused(self):
        return paused(self.server.process.pid)

    @contextlib.contextmanager
    def configured(self, name, value):
        self.server.client.config_set(name, value)
        yield
        self.server.client.config_set(name, 0)

    @contextlib.contextmanager
    def read_only(self):
        """It replicates a server that does not exist."""
        self.server.client.replicaof("127.0.0.1", free_port())
        yield
        self.server.client.replicaof("NO", "ONE")

    @contextlib.contextmanager
    def flushed(self):
        self.server.client.flushall()
        yield

    @contextlib.contextmanager
    def cut_off(self):
        """Closes all connections, also those of subscribers."""
        for kind in ("normal", "pubsub"):
            self.server.client.execute_command("CLIENT", "KILL", "TYPE", kind)
        yield

    def faults(self):
        return {
            "Redis killed": self.killed,
            "Redis paused": self.paused,
            "Redis without memory": lambda: self.configured("maxmemory", 1),
            "Redis without replicas": lambda: self.configured("min-replicas-to-write", 1),
            "Redis read-only": self.read_only,
            "Redis flushed": self.flushed,
            "Redis cuts off": self.cut_off,
        }


class PostgresPeer:
    def __init__(self, start):
        self.start = start
        self.server = start(None)
        self.url = self.server.url()

    @contextlib.contextmanager
    def killed(self):
        self.server.kill()
        yield
        self.server = self.start(self.server)

    def _backends(self):
        return [int(line) for line in self.server.psql("SELECT pid FROM pg_stat_activity WHERE application_name = 'gensetd'").split()]

    def paused(self):
        return paused(self.server.process.pid, *self._backends())

    @contextlib.contextmanager
    def cut_off(self):
        self.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gensetd'")
        yield

    @contextlib.contextmanager
    def locked(self):
        """Another session has locked the tables."""
        lock = "BEGIN; LOCK TABLE sites, devices, events; SELECT pg_sleep(60)"
        thread = threading.Thread(target=lambda: self._run_until_cut(lock), daemon=True)
        thread.start()
        yield
        self.server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'BEGIN; LOCK%'")
        thread.join()

    def _run_until_cut(self, sql):
        with contextlib.suppress(Exception):
            self.server.psql(sql)

    def faults(self):
        return {"PostgreSQL killed": self.killed, "PostgreSQL paused": self.paused, "PostgreSQL cuts off": self.cut_off, "PostgreSQL locked": self.locked}


class ClientPeers:
    """HTTP and WebSocket clients that misbehave."""

    def __init__(self, port):
        self.port = port

    def _connect(self, data):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(data)
        return connection

    @contextlib.contextmanager
    def _held(self, data):
        held = [self._connect(data) for _ in range(CLIENTS)]
        yield held
        for connection in held:
            connection.close()

    def never_reading(self):
        return self._held(UPGRADE)

    def half_asking(self):
        return self._held(HALF_A_REQUEST)

    @contextlib.contextmanager
    def never_answering_pings(self):
        """They read everything but send nothing."""
        with self._held(UPGRADE) as held:
            ending = threading.Event()

            def read_all():
                while not ending.is_set():
                    for connection in select.select(held, [], [], 0.1)[0]:
                        connection.recv(65536)

            reader = threading.Thread(target=read_all, daemon=True)
            reader.start()
            yield
            ending.set()
            reader.join(60)

    @contextlib.contextmanager
    def vanishing(self):
        """Neither FIN nor RST, like a laptop whose lid is closed. This needs root; other users get a reset."""
        for _ in range(CLIENTS):
            connection = self._connect(UPGRADE)
            connection.recv(1)
            try:
                connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
            except PermissionError:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()
        yield

    @contextlib.contextmanager
    def reconnecting(self):
        for number in range(RECONNECTS):
            connection = self._connect(UPGRADE)
            if number % 2:
                connection.recv(1)
            if number % 3 == 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            connection.close()
        yield

    def faults(self):
        return {
            "clients never read": self.never_reading,
            "clients never answer pings": self.never_answering_pings,
            "clients half ask": self.half_asking,
            "clients vanish": self.vanishing,
            "clients reconnect": self.reconnecting,
        }


class ClockPeer:
    """The daemon's wall clock is set and restored, or set repeatedly. Delays use the monotonic clock."""

    STEPS = {"seconds": None, "an hour": timedelta(hours=1), "14 days": timedelta(days=14), "200 days": timedelta(days=200)}
    AGAIN = (0.2, 1.5)  # seconds

    def __init__(self, clock, chance):
        self.clock, self.chance = clock, chance

    def _step(self, length):
        return self.STEPS[length] or timedelta(seconds=self.chance.choice([2, 4, 6]))

    @contextlib.contextmanager
    def set(self, length, sign):
        self.clock.set(sign * self._step(length))
        yield
        self.clock.set(timedelta())

    @contextlib.contextmanager
    def set_again(self):
        """Sets the clock ahead, back, or correct, repeatedly."""
        ending = threading.Event()

        def step():
            while True:
                self.clock.set(self.chance.choice([-1, 0, 1]) * self._step(self.chance.choice(list(self.STEPS))))
                if ending.wait(self.chance.uniform(*self.AGAIN)):
                    return

        stepping = threading.Thread(target=step, daemon=True)
        stepping.start()
        yield
        ending.set()
        stepping.join()
        self.clock.set(timedelta())

    def faults(self):
        back = {f"clock back by {length}": lambda length=length: self.set(length, -1) for length in ("seconds", "an hour", "14 days")}
        ahead = {f"clock ahead by {length}": lambda length=length: self.set(length, 1) for length in ("seconds", "an hour", "200 days")}
        return {**back, **ahead, "clock set again and again": self.set_again}


class Faults:
    """Begins and ends faults, alone and together; each is used once before any is repeated."""

    TOGETHER = [1, 1, 2, 3, 6]
    SHORT, LONG, LONGER = (0.3, 1), (1, 3), (6, 8)  # seconds that they last
    LASTING = 8 * [SHORT] + 3 * [LONG] + [LONGER]

    def __init__(self, peers, seed):
        self.peers = peers  # {peer: {fault: context manager}}
        self.chance = random.Random(f"faults {seed}")
        self.deck = []
        self.log = []
        self.times = Counter()

    def _draw(self, count):
        """`count` faults of different peers."""
        drawn = {}
        if len(self.deck) < count:
            more = [(peer, fault) for peer, faults in self.peers.items() for fault in faults]
            self.chance.shuffle(more)
            self.deck = more + self.deck
        for peer, fault in reversed(list(self.deck)):
            if peer not in drawn and len(drawn) < count:
                drawn[peer] = fault
                self.deck.remove((peer, fault))
        return drawn

    def some(self, wait):
        """Some faults from their beginning to their end, `wait(seconds)` in between."""
        drawn = self._draw(self.chance.choice(self.TOGETHER))
        self.these(drawn, self.chance.uniform(*self.chance.choice(self.LASTING)), wait)

    def these(self, drawn, seconds, wait):
        self.times.update(drawn.values())
        self.log.append(f"{', '.join(drawn.values())} for {seconds:.1f} s")
        with contextlib.ExitStack() as under_way:
            for peer, fault in drawn.items():
                under_way.enter_context(self.peers[peer][fault]())
            wait(seconds)
        wait(self.chance.uniform(0, 1))
