"""A wall clock for the program under test that a test sets: wall_clock.c moves it there."""

import math
import mmap
import struct
from collections import Counter, namedtuple
from datetime import datetime, timedelta, timezone
from pathlib import Path

from conftest import GENSETD
from pattern import machine_ms, milliseconds

LIBRARY = Path(GENSETD).parent / "libwall_clock.so"
SIZE = 8
EDGE_MS = 250  # a program may be stopped between reading the machine's clock and the offset, for this long
RECENT_MS = 300_000  # a time is looked for among the offsets since then

Period = namedtuple("Period", "offset_ms begin_ms end_ms")  # by the machine's clock; the offset may count until the end at the latest


class WallClock:
    """The wall clock of the programs that have its environment: the machine's, moved by `offset`. It remembers when it
    was moved, so that a time of such a program can be converted to the machine's time. One that is not movable is the machine's."""

    def __init__(self, folder, is_movable=True):
        self.is_movable = is_movable
        self.offset = timedelta()
        self.steps = Counter()  # "ahead", "back": times
        self.periods = [Period(0, -math.inf, math.inf)]
        self.environment = {}
        if is_movable:
            path = folder / "wall_clock"
            path.write_bytes(bytes(SIZE))
            with open(path, "r+b") as file:
                self.memory = mmap.mmap(file.fileno(), SIZE)
            self.environment = {"LD_PRELOAD": str(LIBRARY), "WALL_CLOCK": str(path)}

    def set(self, offset):
        """Whole seconds. One thread."""
        assert self.is_movable
        if offset == self.offset:
            return
        self.steps["ahead" if offset > self.offset else "back"] += 1
        begin = machine_ms()
        # Known before it can be seen. A thread that reads the list has the old one or the new one.
        self.periods = [*self.periods, Period(round(offset.total_seconds() * 1000), begin, math.inf)]
        struct.pack_into("<q", self.memory, 0, int(offset.total_seconds()) * 1_000_000_000)
        self.periods = [*self.periods[:-2], self.periods[-2]._replace(end_ms=machine_ms()), self.periods[-1]]
        self.offset = offset

    def now(self):
        return datetime.now(timezone.utc) + self.offset

    def moments(self, text, until_ms=None):
        """When it may have been this time, in the machine's time: not later than `until_ms`, or than now. None of them:
        the clock did not show it. Several: a clock that was set back shows the same times again."""
        until_ms = machine_ms() if until_ms is None else until_ms
        shown_ms = milliseconds(text)
        found = set()
        for period in reversed(self.periods):
            if period.end_ms + RECENT_MS < until_ms:
                break
            moment = shown_ms - period.offset_ms
            if period.begin_ms - EDGE_MS <= moment <= min(period.end_ms + EDGE_MS, until_ms):
                found.add(moment)
        return sorted(found)
