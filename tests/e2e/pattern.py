"""Reads the registers of `gensetd simulate --pattern`: unit id % 4, 167 * address % 256, UTC tenths of a second % 64."""

import time
from datetime import datetime, timezone

TICK_MS = 100
TICKS = 64


def value_at(unit, address, now_ms):
    """The value of a register at that time."""
    return unit % 4 << 14 | 167 * address % 256 << 6 | now_ms // TICK_MS % TICKS


def origin(value):
    """The unit (modulo 4), register (modulo 256) and tick (modulo 64) that a value encodes."""
    return value >> 14, (value >> 6 & 0xFF) * pow(167, -1, 256) % 256, value & 0x3F


def milliseconds(timestamp):
    """Of a reading's timestamp, since 1970."""
    moment = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)


def machine_ms():
    return time.time() * 1000


class MachineClock:
    """The wall clock of a program whose clock is not set."""

    def moments(self, text):
        """When it showed this time, in the machine's time: once, or in the future, that is never."""
        moment = milliseconds(text)
        return [moment] if moment <= machine_ms() else []


def was_read_between(tick, first_ms, last_ms):
    """Whether a value with this tick can have been read then. Ticks repeat after 6.4 s."""
    first, last = first_ms // TICK_MS, last_ms // TICK_MS
    return last - first >= TICKS or (last - tick) % TICKS <= last - first


def registers_of(reading):
    """Address and value of each register of a reading with the profile `pattern`; value None is no data."""
    return {int(name[1:]): value for name, value in reading.items() if name[0] == "r" and name[1:].isdigit()}


def wrong_values(reading, unit, first_ms, last_ms):
    """What a reading of this unit, from a cycle at this time, says that it cannot know: registers of others, and values
    from before or after the cycle."""
    wrong = []
    for address, value in registers_of(reading).items():
        if value is None:
            continue
        of_unit, of_register, tick = origin(value)
        if (of_unit, of_register) != (unit % 4, address % 256):
            wrong.append(f"register {address} has the value of unit {of_unit} register {of_register}")
        elif not was_read_between(tick, first_ms, last_ms):
            wrong.append(f"register {address} is not from {first_ms}..{last_ms}: tick {tick}")
    return wrong


class Watch:
    """Judges the readings that one source gives of one device, in their order. Seen again after a reconnect, the newest
    one is no second reading. `clock` is that of the program whose readings they are."""

    def __init__(self, unit, line="", clock=MachineClock()):
        self.unit, self.line, self.clock = unit, line, clock
        self.last = None
        self.moment = 0  # of `last`, in the machine's time
        self.seen_success = None  # the newest one that was seen: its `last_seen` and its possible moments
        self.epochs = set()
        self.successes = 0
        self.values = 0
        self.wrong = []

    def see(self, reading):
        before, self.last = self.last, reading
        self.epochs.add(reading["epoch"])
        # A daemon that starts again begins another epoch, and its numbers from 1.
        if before and reading["epoch"] == before["epoch"] and reading["seq"] <= before["seq"]:
            if reading != before:
                self.wrong.append(f"reading {reading['seq']} comes after {before['seq']}")
            return
        moments = [moment for moment in self.clock.moments(reading["timestamp"]) if moment >= self.moment]
        if not moments:
            self.wrong.append(f"no clock showed {reading['timestamp']} since {self.moment} and until {machine_ms():.0f}")
        elif before is None:
            self.moment = moments[0]
        elif self._is_success(reading, before):
            self._judge_values(reading, moments)
        else:
            self.moment = moments[0]
            if registers_of(reading) != registers_of(before) and before["last_seen"] == reading["last_seen"]:
                self.wrong.append("values changed in a failed cycle")

    def _is_success(self, reading, before):
        """A clock that was set back may show the time of the last success once more when a cycle fails."""
        return reading["timestamp"] == reading["last_seen"] and (reading["error"] is None or reading["last_seen"] != before["last_seen"])

    def _judge_values(self, reading, moments):
        """A cycle begins after the reading before it was published, and ends with the timestamp of its own."""
        self.successes += 1
        self.values += sum(value is not None for value in registers_of(reading).values())
        judged = {moment: wrong_values(reading, self.unit, self.moment, moment) for moment in moments}
        possible = [moment for moment, wrong in judged.items() if not wrong] or moments[-1:]
        self.moment = possible[0]
        self.wrong += judged[self.moment]
        self.seen_success = reading["last_seen"], possible
