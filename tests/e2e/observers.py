"""Threads that observe a running gensetd through one interface each, and check everything they receive."""

import asyncio
import json
import threading

import redis
import requests
import websockets

from pattern import MachineClock, Watch, machine_ms

POLL_SECONDS = 0.2  # seconds between two requests of a polling observer
PUBLISHED_MAX = 20_000  # readings that are remembered to compare hashes with
AGE_EDGE_MS = 500  # between the two clocks that an age and its server_time are from, at most


class Background:
    """A thread that can be ended. `wrong` contains the mistakes it found, and the exception that ended it."""

    def __init__(self):
        self.wrong = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._guarded, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def begin(self, url):
        """Starts it against another daemon, also when it has ended before."""
        self.url = url
        Background.__init__(self)
        self.start()

    def end(self):
        self.ending.set()
        self.thread.join(60)

    def _guarded(self):
        try:
            self.run()
        except Exception as error:  # of the test itself: it must not pass unseen
            self.wrong.append(f"{type(self).__name__}: {error!r}")


class Observer(Background):
    """Checks the readings of the devices in `units`: {device id: unit id}. Their times are compared with `clock`."""

    def __init__(self, name, units, clock=MachineClock()):
        super().__init__()
        self.name = name
        self.clock = clock
        self.watches = {device: Watch(unit, clock=clock) for device, unit in units.items()}
        self.interruptions = 0

    def see(self, reading):
        watch = self.watches.get(reading["device_id"])
        if watch:
            watch.see(reading)

    def newest(self, device):
        return self.watches[device].last

    def epochs(self):
        return set().union(*(watch.epochs for watch in self.watches.values()))

    def values(self):
        return sum(watch.values for watch in self.watches.values())

    def mistakes(self):
        return [f"{self.name}, device {device}: {text}" for device, watch in self.watches.items() for text in watch.wrong] + self.wrong


class WebSocketObserver(Observer):
    """A client that reads at once, and connects again whenever it must. With `ping_every` seconds it notices by itself
    that a network is cut."""

    def __init__(self, port, units, query="", host="127.0.0.1", ping_every=None, **more):
        super().__init__(f"WebSocket {query}".strip(), units, **more)
        self.ping_every = ping_every
        self.events = {}  # id: what never changes of it
        self.url = f"ws://{host}:{port}/ws/metrics{query}"

    def run(self):
        asyncio.run(self._listen())

    async def _listen(self):
        while not self.ending.is_set():
            try:
                async with websockets.connect(self.url, ping_interval=self.ping_every, ping_timeout=self.ping_every, max_size=None, open_timeout=30, close_timeout=1) as client:
                    while not self.ending.is_set():
                        try:
                            self._receive(json.loads(await asyncio.wait_for(client.recv(), POLL_SECONDS)))
                        except asyncio.TimeoutError:
                            continue
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError):
                self.interruptions += 1
                await asyncio.sleep(0.05)  # so that it does not retry a stopped program without a pause

    def _receive(self, message):
        if "type" not in message:
            return self.see(message)
        for event in message.get("alarms", []) + ([message["event"]] if message["type"] == "event" else []):
            self._see_event(event)
        sent = self.clock.moments(message["server_time"]) if "server_time" in message else []
        if "server_time" in message and not sent:
            self.wrong.append(f"{message['type']}: no clock showed {message['server_time']}")
        for reading in message.get("data", []) if message["type"] in ("snapshot", "batch") else []:
            # The interval of readings is a field that changes without a reading.
            self.see({name: value for name, value in reading.items() if name not in ("cadence_ms", "age_ms")})
            if message["type"] == "batch":
                self._judge_age(reading, sent)
        return None

    def _judge_age(self, reading, sent):
        """It is the time from the moment that the values were read to the moment that they are sent, whatever the wall clock shows."""
        watch = self.watches.get(reading["device_id"])
        if watch is None or watch.seen_success is None or watch.seen_success[0] != reading["last_seen"]:
            return
        ages = [moment - read for moment in sent for read in watch.seen_success[1]]
        if ages and not any(abs(age - reading["age_ms"]) <= AGE_EDGE_MS for age in ages):
            watch.wrong.append(f"age {reading['age_ms']} ms of values that were read {ages} ms before")

    def _see_event(self, event):
        same = {name: event[name] for name in ("code", "kind", "device_id", "site_id", "onset")}
        if self.events.setdefault(event["id"], same) != same:
            self.wrong.append(f"event {event['id']} is {same}, before {self.events[event['id']]}")


class RestObserver(Observer):
    """Requests all readings repeatedly."""

    def __init__(self, url, units, **more):
        super().__init__("REST", units, **more)
        self.url = url

    def run(self):
        session = requests.Session()
        while not self.ending.wait(POLL_SECONDS):
            try:
                response = session.get(self.url + "/api/metrics", timeout=30)
            except requests.RequestException:
                self.interruptions += 1
                continue
            if response.status_code != 200:
                self.wrong.append(f"REST: {response.status_code} {response.text}")
                continue
            for reading in response.json():
                self.see(reading)


def texts_of(message):
    """A reading as its hash has it: numbers, booleans and null as in JSON, strings without quotes."""
    parsed = json.loads(message, parse_float=str, parse_int=str)
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in parsed.items()}


def reading_of(texts):
    """And back, as far as values are judged."""
    words = {"null": None, "true": True, "false": False}
    strings = ("site_code", "device_type", "timestamp", "error", "last_seen", "epoch")
    return {name: words[text] if text in words else text if name in strings else json.loads(text) for name, text in texts.items()}


def number_of(texts):
    """The identity of a reading."""
    return texts["device_id"], texts["epoch"], texts["seq"]


class Subscriber(Background):
    """Keeps the published readings to compare hashes with them."""

    def __init__(self, port):
        super().__init__()
        self.port = port
        self.published = {}  # number_of(texts): its texts
        self.received_ms = {}  # number_of(texts): when
        self.is_there = threading.Event()

    def run(self):
        client = redis.Redis(port=self.port, decode_responses=True)
        while not self.ending.is_set():
            try:
                with client.pubsub(ignore_subscribe_messages=False) as channel:
                    channel.subscribe("metrics:updates")
                    while not self.ending.is_set():
                        message = channel.get_message(timeout=POLL_SECONDS)
                        if message and message["type"] == "subscribe":
                            self.is_there.set()
                        elif message:
                            self._receive(message["data"])
            except (redis.exceptions.RedisError, OSError):
                self.is_there.clear()
                self.ending.wait(0.05)

    def _receive(self, data):
        texts = texts_of(data)
        self.published[number_of(texts)] = texts
        self.received_ms[number_of(texts)] = machine_ms()
        if len(self.published) > PUBLISHED_MAX:
            oldest = next(iter(self.published))
            del self.published[oldest], self.received_ms[oldest]


class RedisObserver(Observer):
    """Reads all hashes repeatedly while Redis responds."""

    def __init__(self, port, units, **more):
        super().__init__("Redis", units, **more)
        self.client = redis.Redis(port=port, decode_responses=True, socket_timeout=2)
        self.fields = {}  # of a device, as first seen

    def run(self):
        while not self.ending.wait(POLL_SECONDS):
            for device in self.watches:
                try:
                    texts = self.client.hgetall(f"device:{device}:metrics")
                except (redis.exceptions.RedisError, OSError):
                    self.interruptions += 1
                    break
                if texts:
                    self._judge(device, texts)

    def _judge(self, device, texts):
        names = sorted(texts)  # the order of a hash is not promised
        if names != self.fields.setdefault(device, names):
            self.wrong.append(f"Redis: the hash of device {device} has {names}, before {self.fields[device]}")
        else:
            self.see(reading_of(texts))
