"""Readings of another process on their way to a client, of every length and between control frames: the bytes on the wire."""

import json
import socket
from datetime import datetime, timedelta, timezone

import pytest
from conftest import wait_until
from websocket_frames import PING, PONG, TEXT, RawClient, connect, frame, upgrade

DEVICE = 7


class Publisher:
    """Readings of one device, each newer than the last and of the given length."""

    def __init__(self, redis):
        self.redis = redis
        self.time = datetime.now(timezone.utc)

    def text(self, length):
        self.time += timedelta(milliseconds=1)
        stamp = self.time.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        text = json.dumps({"device_id": DEVICE, "site_code": "S", "timestamp": stamp, "filling": ""})
        return text.replace('"filling": ""', f'"filling": "{"x" * (length - len(text))}"')

    def publish(self, texts):
        with self.redis.pipeline(transaction=False) as pipe:
            for text in texts:
                pipe.publish("metrics:updates", text)
            pipe.execute()


@pytest.fixture
def publisher(start_redis):
    return Publisher(start_redis().client)


@pytest.fixture
def daemon(start_daemon, publisher):
    address = publisher.redis.connection_pool.connection_kwargs
    one = start_daemon(REDIS_URL=f"redis://{address['host']}:{address['port']}/0")
    wait_until(lambda: publisher.redis.pubsub_numsub("metrics:updates")[0][1] == 1, "the subscription")
    return one


def test_readings_of_every_length_arrive_complete_and_in_order(daemon, publisher):
    lengths = [*range(110, 140), *range(16_380, 16_390), *range(32_760, 32_775)]
    with connect(daemon) as client:
        for length in lengths:
            text = publisher.text(length)
            publisher.publish([text])
            one = client.frame()
            assert (one.opcode, one.fin, one.reserved) == (TEXT, True, 0)
            assert one.payload.decode() == text and len(text) == length


def test_pings_are_answered_between_readings(daemon, publisher):
    rounds = 300
    with connect(daemon) as client:
        texts, payloads = [], []
        for number in range(rounds):
            text = publisher.text(200 + number)
            publisher.publish([text])
            client.send(frame(PING, f"{number}"))
            client.send(frame(TEXT, "ping"))
            while not texts or texts[-1] != text or len(payloads) <= number:
                one = client.frame()
                if one.opcode == PONG:
                    payloads.append(one.payload.decode())
                elif one.payload != b"pong":
                    texts.append(one.payload.decode())
                    assert texts[-1] == text
        assert payloads == [f"{number}" for number in range(rounds)]
        assert len(texts) == rounds


@pytest.mark.parametrize("length", [500, 3_000, 20_000])
def test_client_that_pings_without_reading_later_reads_complete_frames(daemon, publisher, length):
    """Unread bytes fill its buffers in the middle of a frame, with pongs in between."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", daemon.port))
    with RawClient(connection) as client, connect(daemon) as other:
        client.send(upgrade("/ws/metrics"))
        assert client.response()[0] == 101
        assert json.loads(client.frame().payload)["type"] == "snapshot"
        number = 0
        for _ in range(40):
            texts = [publisher.text(length + more) for more in range(2_000_000 // 40 // length + 1)]
            publisher.publish(texts)
            while other.frame().payload.decode() != texts[-1]:  # it has the newest while the first is stuck
                pass
            for number in range(number, number + 5):
                client.send(frame(PING, f"{number}"))
            number += 1
        pongs, seen = [], []
        while not seen or seen[-1] != texts[-1]:
            one = client.frame()
            if one.opcode == PONG:
                pongs.append(int(one.payload))
            elif one.opcode == TEXT:
                seen.append(one.payload.decode())
                json.loads(seen[-1])
        stamps = [json.loads(text)["timestamp"] for text in seen]
        assert stamps == sorted(set(stamps)), "each newer than the one before"
        assert pongs == sorted(set(pongs))
        client.send(frame(TEXT, "ping"))
        while (one := client.frame()).payload != b"pong":
            assert one.opcode in (PING, PONG)
