"""Reads the registers of `gensetd simulate --pattern`: unit id % 4, 167 * address % 256, UTC tenths of a second % 64."""

from datetime import datetime, timezone

TICK_MS = 100
TICKS = 64


def value_at(unit, address, now_ms):
    """What a register reads at that time."""
    return unit % 4 << 14 | 167 * address % 256 << 6 | now_ms // TICK_MS % TICKS


def origin(value):
    """The unit (modulo 4), register (modulo 256) and tick (modulo 64) that a value says it is from."""
    return value >> 14, (value >> 6 & 0xFF) * pow(167, -1, 256) % 256, value & 0x3F


def milliseconds(timestamp):
    """Of a reading's timestamp, since 1970."""
    moment = datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)


def was_read_between(tick, first_ms, last_ms):
    """Whether a value with this tick can have been read then. A tick comes again after 6.4 s."""
    first, last = first_ms // TICK_MS, last_ms // TICK_MS
    return last - first >= TICKS or (last - tick) % TICKS <= last - first


def registers_of(reading):
    """Address and value of each register of a reading with the profile `pattern`; value None is no data."""
    return {int(name[1:]): value for name, value in reading.items() if name[0] == "r" and name[1:].isdigit()}


def wrong_values(reading, unit, not_before_ms):
    """What a reading of this unit says that it cannot know: registers of others, and values from before its cycle."""
    last_ms = milliseconds(reading["timestamp"])
    wrong = []
    for address, value in registers_of(reading).items():
        if value is None:
            continue
        of_unit, of_register, tick = origin(value)
        if (of_unit, of_register) != (unit % 4, address % 256):
            wrong.append(f"register {address} has the value of unit {of_unit} register {of_register}")
        elif not was_read_between(tick, not_before_ms, last_ms):
            wrong.append(f"register {address} is not from {not_before_ms}..{last_ms}: tick {tick}")
    return wrong


class Watch:
    """Judges the readings that one source gives of one device, in their order. Seen again after a reconnect, the newest
    one is no second reading."""

    def __init__(self, unit, line=""):
        self.unit, self.line = unit, line
        self.last = None
        self.successes = 0
        self.values = 0
        self.wrong = []

    def see(self, reading):
        before, self.last = self.last, reading
        if before is None:
            return
        # A daemon that starts again begins another epoch, and its numbers from 1.
        if reading["epoch"] == before["epoch"] and reading["seq"] <= before["seq"]:
            if reading != before:
                self.wrong.append(f"reading {reading['seq']} comes after {before['seq']}")
            return
        if reading["timestamp"] != reading["last_seen"]:
            if registers_of(reading) != registers_of(before) and before["last_seen"] == reading["last_seen"]:
                self.wrong.append("values changed in a failed cycle")
            return
        self.successes += 1
        self.values += sum(value is not None for value in registers_of(reading).values())
        # A cycle begins after the reading before it was published, and ends with the timestamp of its own.
        self.wrong += wrong_values(reading, self.unit, milliseconds(before["timestamp"]))
