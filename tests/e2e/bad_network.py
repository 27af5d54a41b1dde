"""Two network namespaces with a wire between them on which packets are delayed, lost, doubled and overtaken by seed, or
nothing gets through at all. Needs root and /dev/net/tun, and no queueing discipline of the kernel."""

import contextlib
import ctypes
import fcntl
import heapq
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time

import pytest

CLONE_NEWNET = 0x40000000  # linux/sched.h
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
PACKET_MAX = 65536
NEAR, FAR = "10.77.0.1", "10.77.0.2"


class Namespace:
    """One with loopback. `with namespace:` the calling thread is in it, with the threads and processes that it starts."""

    def __init__(self):
        self.before = []
        with open("/proc/thread-self/ns/net") as outside:
            _call("unshare", CLONE_NEWNET)
            self.file = open("/proc/thread-self/ns/net")
            try:
                _ip("link", "set", "lo", "up")
            finally:
                _call("setns", outside.fileno(), CLONE_NEWNET)

    def __enter__(self):
        self.before.append(open("/proc/thread-self/ns/net"))
        _call("setns", self.file.fileno(), CLONE_NEWNET)

    def __exit__(self, *_):
        with self.before.pop() as outside:
            _call("setns", outside.fileno(), CLONE_NEWNET)

    def open_end(self, address):
        """The end of a wire, a file of packets."""
        with self:
            end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN | IFF_NO_PI))
            _ip("address", "add", f"{address}/24", "dev", "wire")
            _ip("link", "set", "wire", "up")
        return end


def _call(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def _ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Wire:
    """Carries packets between a near and a far end. change() sets what happens to them: seconds of delay and up to
    how many more, by which packets overtake each other; chances that one is lost or comes twice; and whether the
    directions are cut."""

    def __init__(self, near, far, seed):
        self.ends = [near.open_end(NEAR), far.open_end(FAR)]
        self.chance = random.Random(seed)
        self.change()
        self.carried = self.lost = 0
        self.on_the_way = []
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._carry, daemon=True)
        self.thread.start()

    def change(self, delay=0.0, spread=0.0, loss=0.0, doubled=0.0, cut_there=False, cut_back=False):
        self.state = (delay, spread, loss, doubled, (cut_there, cut_back))

    def close(self):
        self.is_over.set()
        self.thread.join(60)
        for end in self.ends:
            os.close(end)

    def _carry(self):
        while not self.is_over.is_set():
            pause = max(0.0, min(0.1, self.on_the_way[0][0] - time.monotonic())) if self.on_the_way else 0.1
            for end in select.select(self.ends, [], [], pause)[0]:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        self._take(self.ends.index(end), os.read(end, PACKET_MAX))
            while self.on_the_way and self.on_the_way[0][0] <= time.monotonic():
                _, _, direction, packet = heapq.heappop(self.on_the_way)
                with contextlib.suppress(OSError):  # the other end's queue is full: lost, as on any wire
                    os.write(self.ends[1 - direction], packet)

    def _take(self, direction, packet):
        delay, spread, loss, doubled, cut = self.state
        if cut[direction] or self.chance.random() < loss:
            self.lost += 1
            return
        for _ in range(2 if self.chance.random() < doubled else 1):
            self.carried += 1
            due = time.monotonic() + delay + self.chance.uniform(0, spread)
            heapq.heappush(self.on_the_way, (due, self.carried, direction, packet))


@contextlib.contextmanager
def bad_network(seed):
    """The far namespace and the wire; the calling thread is in the near one. Skips where that is not allowed."""
    if not shutil.which("ip"):
        pytest.skip("there is no ip (package iproute2)")
    try:
        near, far = Namespace(), Namespace()
        wire = Wire(near, far, seed)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"network namespaces with a wire need root, /dev/net/tun and CAP_NET_ADMIN: {error}")
    try:
        with near:
            yield far, wire
    finally:
        wire.close()
