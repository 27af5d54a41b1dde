"""A thread that disconnects a controller repeatedly and checks the alarms and the event journal."""

import random
import time

from conftest import PATIENCE
from pattern import machine_ms
from observers import Background

POLL_SECONDS = 0.05  # seconds
# Seconds until an alarm, beyond its delay: a tick of a second, retries of a cycle, answers of a busy machine. A silent controller is
# read again for as long as a new connection may not be ready, five seconds.
LATE_MAX = {"vanished": 3.0, "cut": 4.0, "silent": 12.0}
RETURN_MAX = 5.0  # seconds


class AlarmObserver(Background):
    """Loses the controller of `device`, which is alone at its site, until that is an alarm, and then for a moment, in turn.
    `delay`: seconds, EVENTS_OFFLINE_DELAY of the daemon, whose wall clock is `clock`."""

    def __init__(self, daemon, device, controller, delay, clock, seed):
        super().__init__()
        self.daemon, self.device, self.controller, self.delay, self.clock = daemon, device, controller, delay, clock
        self.chance = random.Random(f"alarms {seed}")
        self.alarms = set()  # ids
        self.interruptions = self.uncertain = 0  # uncertain: a moment that was so long that it may be an alarm
        self.latest = {}  # fault: seconds until its alarm, at most

    def run(self):
        self._await("online", self._is_online, PATIENCE)
        while not self.ending.is_set():
            self._lose()
            self._lose_for_a_moment()

    def _is_online(self):
        reading = self.daemon.reading(self.device)
        return reading is not None and reading["online"]

    def _alarm(self, state):
        """The one of the device that is in this state."""
        of_device = [one for one in self.daemon.get("/api/alarms").json()["alarms"] if one["device_id"] == self.device]
        return next((one for one in of_device if one["state"] == state and one["code"] == "device_offline"), None)

    def _await(self, what, condition, seconds):
        """The result, and how long it took. A result after more than that many seconds is an error."""
        begin = time.monotonic()
        while not (found := condition()):
            if time.monotonic() - begin > seconds + PATIENCE:
                raise TimeoutError(what)
            time.sleep(POLL_SECONDS)
        took = time.monotonic() - begin
        if took > seconds:
            self.wrong.append(f"alarms: {what} after {took:.1f} s")
        return found, took

    def _judge_time(self, name, text, first_ms, last_ms):
        moments = self.clock.moments(text)
        if not any(first_ms - 1 <= moment <= last_ms for moment in moments):
            self.wrong.append(f"alarms: {name} {text}, that is {moments}, is not in {first_ms:.0f}..{last_ms:.0f}")

    def _lose(self):
        lost_ms = machine_ms()
        fault = self.chance.choice(list(LATE_MAX))
        self.controller.set_fault(fault)
        alarm, took = self._await(f"the alarm of one that is {fault}", lambda: self._alarm("active"), self.delay + LATE_MAX[fault])
        self.latest[fault] = max(self.latest.get(fault, 0), took)
        if took < self.delay:
            self.wrong.append(f"alarms: {alarm} {took:.2f} s after the loss")
        if alarm["id"] in self.alarms:
            self.wrong.append(f"alarms: {alarm} came before")
        self.alarms.add(alarm["id"])
        self._judge_time("onset", alarm["onset"], lost_ms, machine_ms() - self.delay * 1000)
        back_ms = machine_ms()
        self.controller.set_fault("none")
        returned, _ = self._await("its return", lambda: self._alarm("returned"), RETURN_MAX)
        if (returned["id"], returned["onset"]) != (alarm["id"], alarm["onset"]):
            self.wrong.append(f"alarms: {alarm} became {returned}")
        self._judge_time("returned_at", returned["returned_at"], back_ms, machine_ms())

    def _lose_for_a_moment(self):
        begin = time.monotonic()
        self.controller.set_fault("vanished")
        self._await("the loss", lambda: not self._is_online(), LATE_MAX["vanished"])
        self.controller.set_fault("none")
        self._await("online again", self._is_online, RETURN_MAX)
        if time.monotonic() - begin >= self.delay:
            self.uncertain += 1
        else:
            self.interruptions += 1
            if alarm := self._alarm("active"):
                self.wrong.append(f"alarms: {alarm} of a moment")

    def judge_journal(self, events):
        """All of it, when the thread has ended."""
        own = [event for event in events if event["device_id"] == self.device]
        alarms = {event["id"] for event in own if event["code"] == "device_offline"}
        seconds = [event["args"]["seconds"] for event in own if event["code"] == "device_interrupted"]
        wrong = []
        if not self.alarms <= alarms or len(alarms) > len(self.alarms) + self.uncertain:
            wrong.append(f"journal: of {len(self.alarms)} alarms of device {self.device} there are {len(alarms)}")
        if not self.interruptions <= len(seconds) <= self.interruptions + self.uncertain:
            wrong.append(f"journal: {len(seconds)} interruptions of device {self.device} for {self.interruptions}")
        if any(one > self.delay + LATE_MAX["vanished"] for one in seconds):
            wrong.append(f"journal: interruptions of {seconds} s")
        return wrong


def journal_of(daemon):
    """All events, by pages."""
    events, query = [], {"limit": 1000}
    while True:
        page = daemon.get("/api/events", params=query).json()
        events += page["events"]
        if page["next_cursor"] is None:
            return events
        query["cursor"] = page["next_cursor"]
