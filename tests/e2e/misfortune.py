"""Makes memory fail, or a thread stand still, inside a daemon that runs: misfortune.c does it there."""

import mmap
import struct
from pathlib import Path

from conftest import GENSETD

LIBRARY = Path(GENSETD).parent / "libmisfortune.so"
NUMBERS = ["fail_in", "fail_times", "failed", "allocations", "counting", "hang", "hanging"]
ONLY = len(NUMBERS) * 8
SIZE = ONLY + 32


class Misfortune:
    def __init__(self, folder):
        self.path = folder / "misfortune"
        self.path.write_bytes(bytes(SIZE))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), SIZE)

    def settings(self):
        """The environment of a daemon that it is to befall."""
        return {"LD_PRELOAD": str(LIBRARY), "MISFORTUNE": str(self.path)}

    def __getitem__(self, name):
        return struct.unpack_from("<q", self.memory, NUMBERS.index(name) * 8)[0]

    def __setitem__(self, name, value):
        struct.pack_into("<q", self.memory, NUMBERS.index(name) * 8, value)

    def fail_allocation(self, number, times=1, thread=""):
        """The allocation with this number from now on fails, and those behind it; of threads with that name alone."""
        self.memory[ONLY : ONLY + 32] = thread.encode().ljust(32, b"\0")
        self["fail_times"] = times
        self["fail_in"] = number
