"""permessage-deflate (RFC 7692) of the dashboards' protocol: Autobahn's groups 12 and 13, with what its cases leave out."""

import json
import random
import zlib

import pytest
from conftest import WEBSOCKET_MESSAGE_MAX
from websocket_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, connect, frame

pytestmark = pytest.mark.usefixtures("unnoticed")

OFFER = "permessage-deflate; client_max_window_bits"
COMPRESSED = 4  # RSV1
WINDOW_BITS = 9  # that a client must use
RESYNC = '{"type":"resync"}'


def connect_with(daemon, offer):
    return connect(daemon, "/ws/metrics?proto=2", {"Sec-WebSocket-Extensions": offer})


@pytest.fixture
def client(websocket_daemon):
    with connect_with(websocket_daemon, OFFER) as one:
        yield one


def agreed(client):
    """The parameters of the extension, or None."""
    header = client.headers.get("sec-websocket-extensions")
    if header is None:
        return None
    name, *parameters = [part.strip() for part in header.split(";")]
    assert name == "permessage-deflate" and len(set(parameters)) == len(parameters)
    return {name: value for name, _, value in (parameter.partition("=") for parameter in parameters)}


def deflated(data, level=9, final=False, blocks=1):
    """`data` as a message's payload; with `final` its last block is marked as the last (RFC 7692, 7.2.3.4)."""
    if isinstance(data, str):
        data = data.encode()
    deflater = zlib.compressobj(level, wbits=-WINDOW_BITS)
    length = -(-len(data) // blocks) or 1
    out = b"".join(deflater.compress(data[begin : begin + length]) + deflater.flush(zlib.Z_SYNC_FLUSH) for begin in range(0, len(data) or 1, length))
    return out + deflater.flush(zlib.Z_FINISH) + b"\0" if final else out[:-4]


class Inflater:
    def __init__(self, parameters):
        self.bits = int(parameters.get("server_max_window_bits") or 15)
        self.forgets = "server_no_context_takeover" in parameters
        self.state = zlib.decompressobj(-self.bits)

    def __call__(self, message):
        if not message.reserved:
            return message.payload
        if self.forgets:
            self.state = zlib.decompressobj(-self.bits)
        return self.state.decompress(message.payload + b"\0\0\xff\xff")


def snapshots(client, count):
    """The texts of further snapshots, each on request."""
    inflate = Inflater(agreed(client) or {})
    texts = [inflate(client.snapshot)]
    while len(texts) < count:
        client.send(frame(TEXT, RESYNC))
        while json.loads(text := inflate(client.frame()))["type"] != "snapshot":
            pass
        texts.append(text)
    return texts


def assert_lives(client):
    """Answered may have been other messages before; here they are compressed or not."""
    client.send(frame(TEXT, deflated("ping"), reserved=COMPRESSED))
    while (one := client.frame()) != Frame(TEXT, b"pong", True, 0):
        assert one.opcode == TEXT, one


# What is agreed

OFFERS = [
    OFFER,
    "permessage-deflate; client_max_window_bits=15",
    "permessage-deflate; client_max_window_bits=9",
    "permessage-deflate; client_max_window_bits; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits; client_no_context_takeover",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=15",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=10",
    "permessage-deflate; client_max_window_bits; server_max_window_bits=9",
    "permessage-deflate; client_max_window_bits=12; server_max_window_bits=9; client_no_context_takeover; server_no_context_takeover",
    "x-unknown, permessage-deflate; client_max_window_bits",
    'permessage-deflate; client_max_window_bits="12"',
    "permessage-deflate; unknown, permessage-deflate; client_max_window_bits",  # the second could be accepted, and is not
]


@pytest.mark.parametrize("offer", [*OFFERS, "permessage-deflate", "permessage-deflate; client_max_window_bits; server_max_window_bits=8"])
def test_response_keeps_to_the_offer(websocket_daemon, offer):
    """An offer may be declined; what is agreed to must be what was offered, and what is sent must keep to it."""
    with connect_with(websocket_daemon, offer) as client:
        parameters = agreed(client)
        if parameters is not None:
            words = offer.replace('"', "").replace(";", " ").replace(",", " ").split()
            offered = dict((word.partition("=") + ("",))[::2] for word in words)
            assert set(parameters) <= {"server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits", "client_max_window_bits"}
            assert "server_no_context_takeover" in parameters or "server_no_context_takeover" not in offered
            if offered.get("server_max_window_bits"):
                assert 8 <= int(parameters["server_max_window_bits"]) <= int(offered["server_max_window_bits"])
            if "client_max_window_bits" in parameters:
                assert "client_max_window_bits" in offered and 8 <= int(parameters["client_max_window_bits"]) <= int(offered["client_max_window_bits"] or 15)
        for text in snapshots(client, 4):
            assert json.loads(text)["type"] == "snapshot"


@pytest.mark.parametrize("offer", OFFERS[:8])
def test_usual_offers_are_accepted(websocket_daemon, offer):
    with connect_with(websocket_daemon, offer) as client:
        assert agreed(client) is not None


@pytest.mark.parametrize(
    "parameters",
    [
        "unknown",
        "unknown=1",
        "client_max_window_bits=7",
        "client_max_window_bits=16",
        "client_max_window_bits=09",
        "client_max_window_bits=x",
        "client_max_window_bits=-9",
        "client_max_window_bits; client_max_window_bits",
        "client_max_window_bits; server_max_window_bits",
        "client_max_window_bits; server_max_window_bits=7",
        "client_max_window_bits; server_max_window_bits=16",
        "client_max_window_bits; server_max_window_bits=010",
        "client_max_window_bits; server_max_window_bits=9; server_max_window_bits=9",
        "client_max_window_bits; server_no_context_takeover=1",
        "client_max_window_bits; server_no_context_takeover; server_no_context_takeover",
        "client_max_window_bits; client_no_context_takeover=true",
        "client_max_window_bits; client_no_context_takeover; client_no_context_takeover",
    ],
)
def test_offer_with_forbidden_parameters_is_declined(websocket_daemon, parameters):
    """RFC 7692, 7.1: unknown parameters, values out of range, values where there is none, and parameters twice."""
    with connect_with(websocket_daemon, f"permessage-deflate; {parameters}") as client:
        assert agreed(client) is None
        assert client.frames_until_pong() == []


def test_nothing_is_agreed_on_in_the_specifications_protocol(websocket_daemon):
    with connect(websocket_daemon, "/ws/metrics", {"Sec-WebSocket-Extensions": OFFER}) as client:
        assert agreed(client) is None
        client.send(frame(TEXT, deflated("ping"), reserved=COMPRESSED))
        assert client.close_code() == 1002


# What a client may send


@pytest.mark.parametrize(
    "payload",
    [deflated("ping"), deflated("ping", level=0), deflated("ping", blocks=2), deflated("ping", blocks=4), deflated("ping", level=0, blocks=4)],
    ids=["deflated", "stored", "two blocks", "four blocks", "four stored"],
)
@pytest.mark.parametrize("piece", [None, 1])
def test_compressed_ping_is_answered(client, payload, piece):
    client.send(frame(TEXT, payload, reserved=COMPRESSED), piece)
    assert client.frame_in_response() == Frame(TEXT, b"pong", True, 0)
    assert_lives(client)


def test_final_deflate_block_is_refused(client):
    """RFC 7692, 7.2.3.4, lets a client send it, for want of a flush; Beast's inflater takes it for the end of all. No browser
    and no current library sends it, and the refusal is documented."""
    client.send(frame(TEXT, deflated("ping", final=True), reserved=COMPRESSED))
    assert client.close_code() == 1007


def test_message_that_is_not_compressed_is_accepted(client):
    client.send(frame(TEXT, "ping") + frame(TEXT, deflated("ping"), reserved=COMPRESSED))
    assert client.frame_in_response() == Frame(TEXT, b"pong", True, 0)
    assert_lives(client)


@pytest.mark.parametrize("piece", [None, 1])
def test_compressed_message_in_parts_with_pings_between_is_one(client, piece):
    payload = deflated("ping")
    parts = [frame(CONTINUATION if index else TEXT, payload[index : index + 1], fin=False, reserved=0 if index else COMPRESSED) for index in range(len(payload))]
    client.send(frame(PING, "between").join([*parts, frame(CONTINUATION)]), piece)
    for _ in range(len(payload)):
        assert client.frame_in_response() == Frame(PONG, b"between", True, 0)
    assert client.frame_in_response() == Frame(TEXT, b"pong", True, 0)


@pytest.mark.parametrize("length", [0, 1, 125, 1536, 3073, 3097, 4096, 32768, WEBSOCKET_MESSAGE_MAX - 1, WEBSOCKET_MESSAGE_MAX])
@pytest.mark.parametrize("opcode, code", [(TEXT, "malformed_json"), (BINARY, "not_text")], ids=["text", "binary"])
def test_compressed_message_of_any_length_is_accepted(client, length, opcode, code):
    client.send(frame(opcode, deflated("*" * length), reserved=COMPRESSED))
    assert json.loads(Inflater(agreed(client))(client.frame_in_response()))["code"] == code
    assert_lives(client)


def test_message_that_compression_makes_longer_is_accepted(client):
    payload = deflated(random.Random(1).randbytes(WEBSOCKET_MESSAGE_MAX), level=0)
    assert len(payload) > WEBSOCKET_MESSAGE_MAX
    client.send(frame(BINARY, payload, reserved=COMPRESSED))
    assert_lives(client)


# What ends it


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_compressed_control_frame_closes_the_connection(client, opcode):
    client.send(frame(opcode, deflated("\x03\xe8"), reserved=COMPRESSED))
    assert client.close_code() == 1002


@pytest.mark.parametrize("reserved", [1, 2, 3, 5, 6, 7])
def test_other_reserved_bits_close_the_connection(client, reserved):
    client.send(frame(TEXT, deflated("ping"), reserved=reserved))
    assert client.close_code() == 1002


@pytest.mark.parametrize("first", [0, COMPRESSED])
def test_compression_bit_on_a_continuation_closes_the_connection(client, first):
    payload = deflated("ping")
    client.send(frame(TEXT, payload[:2], fin=False, reserved=first) + frame(CONTINUATION, payload[2:], reserved=COMPRESSED))
    assert client.close_code() == 1002


@pytest.mark.parametrize("size", [WEBSOCKET_MESSAGE_MAX + 1, 2 * WEBSOCKET_MESSAGE_MAX, 5_000_000])
@pytest.mark.parametrize("make", [
    lambda payload: frame(TEXT, payload, reserved=COMPRESSED),
    lambda payload: frame(TEXT, payload[:20], fin=False, reserved=COMPRESSED) + frame(CONTINUATION, payload[20:]),
], ids=["whole", "in parts"])
def test_message_that_inflates_beyond_the_limit_closes_the_connection(client, size, make):
    client.send(make(deflated("*" * size)))
    assert client.close_code() == 1009


def test_endless_compressed_message_closes_the_connection(client):
    parts = deflated("*" * 1000, blocks=1)
    client.send(frame(TEXT, parts + b"\0\0\xff\xff", fin=False, reserved=COMPRESSED) + frame(CONTINUATION, parts + b"\0\0\xff\xff", fin=False) * 70)
    assert client.close_code() == 1009


@pytest.mark.parametrize(
    "payload",
    [b"\xff\xff\xff\xff", b"\x07", b"\x05\xe0\x81\x08\x00\x00\x00\x00", deflated("*" * 300)[:-1] + b"\xff\xff"],
    ids=["reserved block", "reserved block alone", "bad code lengths", "ends wrongly"],
)
def test_bytes_that_do_not_inflate_close_the_connection(client, payload):
    client.send(frame(TEXT, payload, reserved=COMPRESSED) + frame(TEXT, "ping") * 10)
    assert client.close_code() == 1007


@pytest.mark.parametrize("text", [b"\xff", b"\xed\xa0\x80", "κόσμε".encode()[:-1], b"x" * 1000 + b"\xc0\xaf"], ids=["ff", "surrogate", "unfinished", "far behind"])
def test_compressed_message_that_is_not_text_closes_the_connection(client, text):
    client.send(frame(TEXT, deflated(text), reserved=COMPRESSED))
    assert client.close_code() == 1007
