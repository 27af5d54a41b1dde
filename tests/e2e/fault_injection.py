"""Makes allocations fail, or a thread hang, inside a running daemon, by the preloaded library fault_injection.c."""

import mmap
import struct
from pathlib import Path

from conftest import GENSETD

LIBRARY = Path(GENSETD).parent / "libfault_injection.so"
NUMBERS = ["fail_in", "fail_times", "failed", "allocations", "counting", "hang", "hanging"]
ONLY = len(NUMBERS) * 8
SIZE = ONLY + 32


class FaultInjector:
    def __init__(self, folder):
        self.path = folder / "fault_injection"
        self.path.write_bytes(bytes(SIZE))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), SIZE)

    def settings(self):
        """The environment of a daemon with fault injection."""
        return {"LD_PRELOAD": str(LIBRARY), "FAULT_INJECTION": str(self.path)}

    def __getitem__(self, name):
        return struct.unpack_from("<q", self.memory, NUMBERS.index(name) * 8)[0]

    def __setitem__(self, name, value):
        struct.pack_into("<q", self.memory, NUMBERS.index(name) * 8, value)

    def fail_allocation(self, number, times=1, thread=""):
        """The `number`th allocation from now on fails, and `times - 1` after it; with `thread`, only of threads with that name."""
        self.memory[ONLY : ONLY + 32] = thread.encode().ljust(32, b"\0")
        self["fail_times"] = times
        self["fail_in"] = number
