"""A thread that requests history by the daemon's wall clock, and repeats each request while the data must exist."""

import itertools
import math
from collections import namedtuple
from datetime import datetime, timedelta

from pattern import machine_ms, origin, was_read_between
from wall_clock import EDGE_MS
from observers import Background

POLL_SECONDS = 0.5  # seconds
LENGTH_MS = 500  # of a requested period: several readings of a device that is read every 200 ms
WAIT_MS = 500  # until the period is requested
SAME_CLOCK_MS = EDGE_MS + LENGTH_MS + WAIT_MS
KEPT_MS = 3_500_000  # a bit less than HISTORY_SPAN
PROBES_PER_PERIOD_MS = 10_000
AGAIN_AT_ONCE = 4  # probes
MARGIN_MS = 1000  # around the times that were shown twice, and until the device is read behind a step
READ_BEFORE_MS = 5000  # a value before the bucket that it is in, at most: a cycle with repetitions on a loaded machine
SMALL_STEP_MS = 60_000  # ahead: history/record.hpp continues the same piece

Probe = namedtuple("Probe", "period begin_ms buckets")  # begin_ms: in the machine's time


class HistoryObserver(Background):
    """Of a device with the profile `pattern` that is never lost."""

    def __init__(self, daemon, device, unit, clock):
        super().__init__()
        self.daemon, self.device, self.unit, self.clock = daemon, device, unit, clock
        self.probes = []
        self.compared = 0
        self.place = 0  # of the probe that is compared next

    def run(self):
        self.daemon.wait_online(self.device)
        self.ending.wait((LENGTH_MS + WAIT_MS) / 1000)
        while not self.ending.wait(POLL_SECONDS):
            self._probe()
            for _ in range(min(AGAIN_AT_ONCE, len(self.probes))):
                self.place = (self.place + 1) % len(self.probes)
                self._compare(self.probes[self.place])

    def compare_all(self):
        """When the thread has ended."""
        for probe in self.probes:
            self._compare(probe)

    def _get(self, shown_ms):
        period = {"from": time_text(shown_ms), "to": time_text(shown_ms + LENGTH_MS)}
        response = self.daemon.get("/api/history", params={"device_id": self.device, "fields": "r000", "points": 1, **period})
        response.raise_for_status()
        return response.json()["fields"]["r000"]

    def _probe(self):
        """Half a second of the present clock."""
        period = self.clock.periods[-1]
        now_ms = machine_ms()
        last = self.probes[-1] if self.probes else None
        is_probed = last and last.period.begin_ms == period.begin_ms and now_ms - last.begin_ms < PROBES_PER_PERIOD_MS
        if now_ms - period.begin_ms < SAME_CLOCK_MS or is_probed:
            return
        begin_ms = round(now_ms) - WAIT_MS - LENGTH_MS
        buckets = self._get(begin_ms + period.offset_ms)
        if self.clock.periods[-1].begin_ms != period.begin_ms:
            return  # the clock may have been set back over it
        self._judge(begin_ms, buckets)
        self.probes.append(Probe(period, begin_ms, buckets))

    def _judge(self, begin_ms, buckets):
        """All registers are from the half second; of a mean one cannot know."""
        if buckets == [None]:
            self.wrong.append(f"history: nothing from {begin_ms}")
            return
        for value in buckets[0][:2]:
            of_unit, of_register, tick = origin(value)
            if (of_unit, of_register) != (self.unit % 4, 0) or not was_read_between(tick, begin_ms - READ_BEFORE_MS, begin_ms + LENGTH_MS):
                self.wrong.append(f"history: {buckets} from {begin_ms}")

    def _compare(self, probe):
        shown_ms = probe.begin_ms + probe.period.offset_ms
        if machine_ms() - probe.begin_ms > KEPT_MS or self._is_shown_again(probe, shown_ms):
            return
        buckets = self._get(shown_ms)
        if not self._is_shown_again(probe, shown_ms):
            self.compared += 1
            if buckets != probe.buckets:
                self.wrong.append(f"history: {buckets} from {time_text(shown_ms)}, before {probe.buckets}")

    def _is_shown_again(self, probe, shown_ms):
        """Whether the clock was set later so that it covers this time: the newest that was read at a time counts."""
        return any(begin - MARGIN_MS < shown_ms + LENGTH_MS and shown_ms < end + MARGIN_MS for begin, end in self._covered_after(probe))

    def _covered_after(self, probe):
        """Times of the wall clock, from a step to the next one that begins a piece. What was set for a moment only may have no reading, and so
        no piece. The newest covers all that is ahead of it, until a reading begins another."""
        later = [period for period in self.clock.periods if period.begin_ms > probe.period.begin_ms]
        newest_ms = machine_ms() - MARGIN_MS

        def end_of(period):
            return math.inf if period.end_ms > newest_ms else period.end_ms + period.offset_ms

        for index, period in enumerate(later):
            end = end_of(period)
            for next_one in itertools.islice(later, index + 1, None):
                if 0 <= next_one.offset_ms - period.offset_ms < SMALL_STEP_MS:
                    end = max(end, end_of(next_one))
                if next_one.end_ms - next_one.begin_ms >= MARGIN_MS:
                    break
            yield period.begin_ms + period.offset_ms, end


def time_text(shown_ms):
    moment = datetime(1970, 1, 1) + timedelta(milliseconds=round(shown_ms))
    return moment.isoformat(timespec="milliseconds") + "Z"
