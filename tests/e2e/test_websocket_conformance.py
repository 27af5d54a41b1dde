"""RFC 6455 against the running program, frame by frame: the cases of the Autobahn test suite's groups 1 to 10. Instead
of an echo, 'ping' is used, which both protocols answer with 'pong': the frame was accepted, or the connection was closed as required."""

import json

import pytest
from conftest import WEBSOCKET_MESSAGE_MAX
from websocket_frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, close_payload, connect, frame

PLAIN, DASHBOARD = "/ws/metrics", "/ws/metrics?proto=2"
PROTOCOL_ERROR, BAD_PAYLOAD, TOO_BIG = 1002, 1007, 1009
WHOLE, BY_BYTES = None, 1

pytestmark = pytest.mark.usefixtures("unnoticed")


@pytest.fixture(params=[PLAIN, DASHBOARD], ids=["plain", "dashboard"])
def client(websocket_daemon, request):
    with connect(websocket_daemon, request.param) as one:
        one.is_dashboard = request.param == DASHBOARD
        yield one


def error_codes(frames):
    assert all(one.opcode == TEXT and one.fin for one in frames), frames
    return [json.loads(one.payload)["code"] for one in frames]


def assert_taken(client, code):
    """A message without meaning: a dashboard receives an error, the specification's protocol ignores it."""
    assert error_codes(client.frames_until_pong()) == ([code] if client.is_dashboard else [])


# Framing


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 128, 65535, 65536])
@pytest.mark.parametrize("opcode, code", [(TEXT, "malformed_json"), (BINARY, "not_text")], ids=["text", "binary"])
@pytest.mark.parametrize("piece", [WHOLE, 997])
def test_message_of_any_length_is_accepted(client, length, opcode, code, piece):
    client.send(frame(opcode, b"*" * length), piece)
    assert_taken(client, code)


@pytest.mark.parametrize("mask", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x00\xff\x01\x80"])
def test_any_mask_is_accepted(client, mask):
    client.send(frame(TEXT, "ping", mask=mask))
    assert client.frame_in_response() == Frame(TEXT, b"pong", True, 0)


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_unmasked_frame_closes_the_connection(client, opcode):
    client.send(frame(opcode, mask=None))
    assert client.close_code() == PROTOCOL_ERROR


@pytest.mark.parametrize("length, form", [(5, 126), (5, 127), (126, 127), (65535, 127)])
def test_length_that_is_not_minimal_closes_the_connection(client, length, form):
    client.send(frame(TEXT, b"*" * length, form=form))
    assert client.close_code() == PROTOCOL_ERROR


# Pings


@pytest.mark.parametrize("payload", [b"", b"Hello, world!", b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125])
@pytest.mark.parametrize("piece", [WHOLE, BY_BYTES])
def test_ping_is_answered_with_its_payload(client, payload, piece):
    client.send(frame(PING, payload), piece)
    assert client.frame_in_response() == Frame(PONG, payload, True, 0)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frame_of_more_than_125_bytes_closes_the_connection(client, opcode):
    client.send(frame(opcode, b"\x03\xe8" + b"x" * 124))
    assert client.close_code() == PROTOCOL_ERROR


def test_unsolicited_pongs_are_ignored(client):
    client.send(frame(PONG) + frame(PONG, "unasked") + frame(PING, "asked"))
    assert client.frame_in_response() == Frame(PONG, b"asked", True, 0)
    assert client.frames_until_pong() == []


@pytest.mark.parametrize("piece", [WHOLE, BY_BYTES])
def test_ten_pings_in_a_row_are_all_answered(client, piece):
    client.send(b"".join(frame(PING, f"payload-{number}") for number in range(10)), piece)
    assert [client.frame_in_response().payload for _ in range(10)] == [b"payload-%d" % number for number in range(10)]


# Reserved bits and opcodes


@pytest.mark.parametrize("reserved", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
@pytest.mark.parametrize("before", [b"", frame(TEXT, "ping")], ids=["first", "after a message"])
def test_reserved_bit_closes_the_connection(client, reserved, opcode, before):
    client.send(before + frame(opcode, b"\x03\xe8" if opcode == CLOSE else b"ping", reserved=reserved))
    assert client.close_code() == PROTOCOL_ERROR


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("payload", [b"", b"reserved"])
@pytest.mark.parametrize("before", [b"", frame(TEXT, "ping"), frame(TEXT, "pi", fin=False)], ids=["first", "after a message", "within one"])
def test_reserved_opcode_closes_the_connection(client, opcode, payload, before):
    client.send(before + frame(opcode, payload) + frame(PING))
    assert client.close_code() == PROTOCOL_ERROR


# Fragments

PI, NG = frame(TEXT, "pi", fin=False), frame(CONTINUATION, "ng")
STRAY = {
    "last part": frame(CONTINUATION, "x"),
    "a part": frame(CONTINUATION, "x", fin=False),
    "empty part": frame(CONTINUATION),
}
MISPLACED = {
    **{f"{name} of nothing": data for name, data in STRAY.items()},
    **{f"{name} behind a message": PI + NG + data for name, data in STRAY.items()},
    "text within a text": PI + frame(TEXT, "ng"),
    "first part within a text": PI + frame(TEXT, "ng", fin=False),
    "binary within a text": PI + frame(BINARY, "ng"),
    "text within a binary": frame(BINARY, "pi", fin=False) + frame(TEXT, "ng"),
    "part of a ping": frame(PING, "pi", fin=False) + NG,
    "part of a pong": frame(PONG, "pi", fin=False) + NG,
    "part of a close": frame(CLOSE, "", fin=False) + NG,
}


@pytest.mark.parametrize("name", MISPLACED)
@pytest.mark.parametrize("piece", [WHOLE, BY_BYTES])
def test_misplaced_continuation_closes_the_connection(client, name, piece):
    client.send(MISPLACED[name] + frame(TEXT, "ping"), piece)
    assert client.close_code() == PROTOCOL_ERROR


@pytest.mark.parametrize("parts", [["pi", "ng"], ["", "ping"], ["ping", ""], ["p", "", "i", "", "ng"], ["", "", "ping", "", ""]])
@pytest.mark.parametrize("between", [b"", frame(PING, "between"), frame(PONG, "unasked")], ids=["alone", "pings between", "pongs between"])
@pytest.mark.parametrize("piece", [WHOLE, BY_BYTES])
def test_message_in_parts_is_one(client, parts, between, piece):
    frames = [frame(CONTINUATION if index else TEXT, part, fin=index == len(parts) - 1) for index, part in enumerate(parts)]
    client.send(between.join(frames), piece)
    pongs = (len(parts) - 1) * (between == frame(PING, "between"))
    responses = [client.frame_in_response() for _ in range(pongs + 1)]
    assert responses == [Frame(PONG, b"between", True, 0)] * pongs + [Frame(TEXT, b"pong", True, 0)]


def test_ping_within_a_message_is_answered_before_its_end(client):
    client.send(PI)
    for payload in (b"first", b"second"):
        client.send(frame(PING, payload) + frame(CONTINUATION, fin=False))
        assert client.frame_in_response() == Frame(PONG, payload, True, 0)
    client.send(NG)
    assert client.frame_in_response() == Frame(TEXT, b"pong", True, 0)


@pytest.mark.parametrize("length", [1, 64, 1300])
def test_large_message_in_many_parts_is_one(client, length):
    parts = [b"*" * length] * (WEBSOCKET_MESSAGE_MAX // length)
    client.send(frame(TEXT, parts[0], fin=False) + frame(CONTINUATION, parts[0], fin=False) * (len(parts) - 2) + frame(CONTINUATION, parts[0]))
    assert_taken(client, "malformed_json")


# UTF-8

VALID = ["κόσμε", "Hello-µ@ßöäüàá", "\0", "\x7f\x80", "\u07ff\u0800", "\ud7ff\ue000", "\ufffd\ufffe\uffff", "\U00010000", "\U0001fffe", "\U0010ffff"]
INVALID = {
    "continuation alone": b"\x80",
    "last continuation alone": b"\xbf",
    "two continuations": b"\x80\xbf",
    "one of two": b"\xc2",
    "one of two and a space": b"\xdf ",
    "two of three": b"\xe1\xbd",
    "three of four": b"\xf0\x9f\x98",
    "no continuation": b"\xe1\x28\xa1",
    "slash in two": b"\xc0\xaf",
    "7f in two": b"\xc1\xbf",
    "7ff in three": b"\xe0\x9f\xbf",
    "zero in three": b"\xe0\x80\x80",
    "ffff in four": b"\xf0\x8f\xbf\xbf",
    "zero in four": b"\xf0\x80\x80\x80",
    "first surrogate": b"\xed\xa0\x80",
    "last surrogate": b"\xed\xbf\xbf",
    "pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
    "110000": b"\xf4\x90\x80\x80",
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "fe": b"\xfe",
    "ff": b"\xff",
}


def in_parts_of_a_byte(data):
    return b"".join(frame(CONTINUATION if index else TEXT, data[index : index + 1], fin=index == len(data) - 1) for index in range(len(data)))


def in_one_frame(data):
    return frame(TEXT, data)


WAYS_TO_SEND = pytest.mark.parametrize(
    "make, piece", [(in_one_frame, WHOLE), (in_one_frame, BY_BYTES), (in_parts_of_a_byte, WHOLE)], ids=["whole", "by bytes", "in parts"]
)


@pytest.mark.parametrize("text", VALID, ids=ascii)
@WAYS_TO_SEND
def test_text_is_accepted_however_it_is_split(client, text, make, piece):
    client.send(make(text.encode()), piece)
    assert_taken(client, "malformed_json")


@pytest.mark.parametrize("name", INVALID)
@pytest.mark.parametrize("before", [b"", "κόσμε".encode()], ids=["at once", "after text"])
@WAYS_TO_SEND
def test_invalid_text_closes_the_connection(client, name, before, make, piece):
    client.send(make(before + INVALID[name]), piece)
    assert client.close_code() == BAD_PAYLOAD


@pytest.mark.parametrize("bad", [b"\xf4\x90", b"\xff", b"\xed\xa0", b"\xc0"])
def test_invalid_text_closes_the_connection_before_the_message_is_complete(client, bad):
    client.send(frame(TEXT, "κόσμε", fin=False) + frame(CONTINUATION, bad, fin=False))
    assert client.close_code() == BAD_PAYLOAD


@pytest.mark.parametrize("bad", [b"\xf4\x90", b"\xff"])
def test_invalid_text_closes_the_connection_before_the_frame_is_complete(client, bad):
    client.send(frame(TEXT, "κόσμε".encode() + bad + b"*" * 100)[: -len("*" * 100)])
    assert client.close_code() == BAD_PAYLOAD


def test_ping_within_a_code_point_does_not_damage_it(client):
    client.send(frame(TEXT, b"\xf0\x9f", fin=False) + frame(PING, b"\xff") + frame(CONTINUATION, b"\x98\x80"))
    assert client.frame_in_response() == Frame(PONG, b"\xff", True, 0)
    assert_taken(client, "malformed_json")


@pytest.mark.parametrize("name", INVALID)
def test_binary_may_be_anything(client, name):
    client.send(frame(BINARY, INVALID[name]))
    assert_taken(client, "not_text")


# The closing handshake


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999])
@pytest.mark.parametrize("reason", [b"", "Ende: κόσμε".encode(), b"*" * 123], ids=["no reason", "reason", "long reason"])
def test_close_is_answered_by_its_code(client, code, reason):
    client.send(frame(CLOSE, close_payload(code, reason)))
    assert client.close_code() == code


@pytest.mark.parametrize("code", [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999])
def test_forbidden_close_code_closes_the_connection(client, code):
    client.send(frame(CLOSE, close_payload(code)))
    assert client.close_code() == PROTOCOL_ERROR


@pytest.mark.parametrize("code", [5000, 65535])
def test_undefined_close_code_closes_the_connection(client, code):
    """RFC 6455, 7.4.2, does not define them; Beast accepts them."""
    client.send(frame(CLOSE, close_payload(code)))
    assert client.close_code() in (code, PROTOCOL_ERROR)


def test_close_without_a_code_is_answered(client):
    client.send(frame(CLOSE))
    assert client.close_code() in (None, 1000)


def test_close_payload_of_one_byte_closes_the_connection(client):
    client.send(frame(CLOSE, b"\x03"))
    assert client.close_code() == PROTOCOL_ERROR


@pytest.mark.parametrize("reason", [b"\xff", b"\xce\xba\xe1\xbd", b"\xed\xa0\x80edited"])
def test_close_reason_that_is_not_text_closes_the_connection(client, reason):
    """RFC 6455 names no code for it: 1007 is for messages, and Beast responds with 1002."""
    client.send(frame(CLOSE, close_payload(1000, reason)))
    assert client.close_code() in (PROTOCOL_ERROR, BAD_PAYLOAD)


@pytest.mark.parametrize(
    "after",
    [frame(CLOSE, close_payload(1000)), frame(PING, "x"), frame(TEXT, "ping"), NG, frame(TEXT, b"\xff"), b"\xff" * 100, b"\0" * 100_000],
    ids=["close", "ping", "text", "the message's end", "no text", "no frame", "much"],
)
@pytest.mark.parametrize("before", [b"", PI], ids=["between messages", "within a message"])
def test_frames_after_a_close_are_ignored(client, before, after):
    client.send(before + frame(CLOSE, close_payload(1001)) + after)
    assert client.close_code() == 1001


# Limits


@pytest.mark.parametrize(
    "data",
    [
        frame(TEXT, b"*" * (WEBSOCKET_MESSAGE_MAX + 1)),
        frame(BINARY, b"*" * (WEBSOCKET_MESSAGE_MAX + 1)),
        frame(TEXT, b"*" * (WEBSOCKET_MESSAGE_MAX + 1))[:14],
        b"\x81\xff\x7f" + b"\xff" * 7 + b"\0" * 4,
        frame(TEXT, b"*" * WEBSOCKET_MESSAGE_MAX, fin=False) + frame(CONTINUATION, b"*"),
        frame(TEXT, b"*", fin=False) + frame(CONTINUATION, b"*" * 999, fin=False) * 66,
        frame(TEXT, b"*" * 1_000_000),
    ],
    ids=["text", "binary", "announced", "announced endless", "last part", "unfinished", "much"],
)
def test_too_large_message_closes_the_connection(client, data):
    client.send(data)
    assert client.close_code() == TOO_BIG


def test_length_with_the_highest_bit_closes_the_connection(client):
    client.send(b"\x81\xff" + b"\xff" * 8 + b"\0" * 4)
    assert client.close_code() in (PROTOCOL_ERROR, TOO_BIG)


def test_pings_within_a_message_do_not_count_as_its_bytes(client):
    client.send(frame(TEXT, b"*" * (WEBSOCKET_MESSAGE_MAX - 4), fin=False) + frame(PING, "x" * 100) + frame(CONTINUATION, "ping"))
    assert client.frame_in_response() == Frame(PONG, b"x" * 100, True, 0)
    assert_taken(client, "malformed_json")


def test_client_that_still_sends_receives_the_reason_and_no_reset(client):
    """A reset would discard bytes that the client has not read yet, above all the close frame (RFC 6455, 7.1.1)."""
    length = 600_000
    client.send(frame(TEXT, b"*" * length, mask=b"\0\0\0\0")[:14])
    assert client.close_code() == TOO_BIG
    for _ in range(60):
        client.send(b"*" * (length // 60))
    assert not client.was_reset()
