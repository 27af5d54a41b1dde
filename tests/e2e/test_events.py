"""The journal of the running program: devices that raise alarms, are lost and return."""

import asyncio
import csv
import io
import json

import pytest
import requests
import websockets
from conftest import wait_until
from metrics_text import of, samples

READ, ALL = "reader-token", "admin-token"
STATUS_BITS, GEN_STATUS, ALARM_COUNT, BREAKERS = 0, 260, 511, 114
CALM = {STATUS_BITS: 1 << 9, BREAKERS: 0b0011, GEN_STATUS: 0}


def alarm(*bits):
    return {**CALM, STATUS_BITS: 1 << 9 | 1 | sum(1 << bit for bit in bits), ALARM_COUNT: len(bits)}


def events(daemon, **query):
    response = daemon.get("/api/events", params=query)
    assert response.status_code == 200, response.text
    return response.json()["events"]


def codes(daemon, **query):
    return [one["code"] for one in events(daemon, **query)]


def alarms(daemon):
    return daemon.get("/api/alarms").json()["alarms"]


@pytest.fixture
def daemon(start_daemon):
    daemon = start_daemon(EVENTS_OFFLINE_DELAY="1")
    daemon.add_site()
    return daemon


def test_start_of_the_gateway_is_the_first_event(daemon):
    (event,) = wait_until(lambda: events(daemon), "the first event")
    assert event["code"] == "gateway_started" and event["kind"] == "gateway" and event["state"] == "closed"
    assert event["device_id"] is None and event["site_id"] is None and event["priority"] is None
    body = daemon.get("/api/alarms").json()
    assert body["alarms"] == [] and body["rate_10min"] == 0 and body["count_24h"] == 0 and body["server_time"].endswith("Z")


def test_alarm_is_notified_acknowledged_and_closed(daemon, start_slave):
    device = daemon.add_device(start_slave(alarm(1)).port)
    (active,) = wait_until(lambda: alarms(daemon), "the alarm")
    assert active["code"] == "alarm_shutdown" and active["priority"] == 1 and active["onset_at_latest"] is True
    assert active["args"] == {"field": "alarm_shutdown", "alarm_count": 1} and active["site_code"] == "MKZ"
    path = f"/api/events/{active['id']}/ack"
    assert daemon.post(path, {"by": ""}).status_code == 422
    assert daemon.post(path, {"who": "Anna"}).status_code == 422
    assert daemon.post(path, {}, headers={"Origin": "https://evil.example"}).status_code == 403
    acknowledged = daemon.post(path, {"by": "Анна"})
    assert acknowledged.status_code == 200 and acknowledged.json()["state"] == "acknowledged" and acknowledged.json()["acknowledged_by"] == "Анна"
    again = daemon.post(path, {})
    assert again.status_code == 409 and again.json()["error"]["code"] == "acknowledged_already"
    daemon.patch(f"/api/devices/{device}", {"port": start_slave(CALM).port})
    wait_until(lambda: alarms(daemon) == [], "the end of the alarm")
    (over,) = events(daemon, kind="alarm", priority=1)
    assert over["state"] == "closed" and over["returned_at"] > over["acknowledged_at"] > over["onset"]
    closed = daemon.post(path, {})
    assert closed.status_code == 409 and closed.json()["error"]["code"] == "not_open"
    assert "audit: anonymous from 127.0.0.1" in daemon.text() and f"acknowledged event {active['id']}" in daemon.text()


def test_figures_of_journal_and_history(daemon, start_slave):
    def figures(query=""):
        return samples(daemon.get("/metrics" + query).text)

    assert of(figures(), "gensetd_alarms_open") == 0
    device = daemon.add_device(start_slave(alarm(1)).port)
    wait_until(lambda: alarms(daemon), "the alarm")
    wait_until(lambda: of(figures(), "gensetd_events_written_total") == len(events(daemon)), "all events in the database")
    seen = figures("?devices=1")
    assert of(seen, "gensetd_alarms_open") == 1 and of(seen, "gensetd_events_waiting") == of(seen, "gensetd_events_dropped_total") == 0
    assert of(seen, "gensetd_events_recorded_total") == of(seen, "gensetd_events_written_total") == len(events(daemon))
    assert of(seen, "gensetd_events_database_duration_seconds_count") > 0
    assert of(seen, "gensetd_history_devices") == 1 and of(seen, "gensetd_history_limit_bytes") == 64_000_000
    (bytes_of_device,) = [value for (name, labels), value in seen.items() if name == "gensetd_device_history_bytes"]
    assert 0 < bytes_of_device <= of(seen, "gensetd_history_bytes") < 64_000_000
    wait_until(lambda: of(figures(), "gensetd_history_span_seconds") > 1, "a second of history")
    assert daemon.delete(f"/api/devices/{device}").status_code == 204
    gone = figures()
    assert of(gone, "gensetd_alarms_open") == of(gone, "gensetd_history_devices") == 0
    assert of(gone, "gensetd_history_bytes") < of(seen, "gensetd_history_bytes")


def test_acknowledgement_of_a_missing_alarm(daemon):
    started = wait_until(lambda: events(daemon), "the first event")[0]
    assert requests.post(f"{daemon.url}/api/events/{started['id']}/ack", timeout=20).status_code == 409  # no body, no alarm
    for unknown in ("1", "x", "0", "99999999999999999999"):
        assert requests.post(f"{daemon.url}/api/events/{unknown}/ack", timeout=20).status_code == 404
    assert daemon.get(f"/api/events/{started['id']}/ack").status_code == 405


def test_read_token_cannot_acknowledge(start_daemon, start_slave):
    daemon = start_daemon(API_TOKEN=ALL, READ_TOKEN=READ)

    def ask(method, path, token):
        return requests.request(method, daemon.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=20)

    for path in ("/api/events", "/api/alarms", "/api/event-codes"):
        assert ask("GET", path, READ).status_code == 200 and ask("GET", path, "wrong").status_code == 401
    assert ask("POST", "/api/events/1/ack", READ).status_code == 403
    assert ask("POST", "/api/events/1/ack", ALL).status_code == 404


def test_lost_device_raises_an_alarm_after_the_delay_and_returns(daemon, start_simulator):
    plant = start_simulator(devices=1)
    device = daemon.add_device(plant.port)
    daemon.wait_online(device)
    plant.kill()
    (lost,) = wait_until(lambda: alarms(daemon), "the alarm")
    assert lost["code"] == "device_offline" and lost["priority"] == 4 and "connection" in lost["args"]["error"]
    assert lost["onset"] <= daemon.reading(device)["timestamp"] and lost["onset_at_latest"] is False
    start_simulator(devices=1, port=plant.port)
    (back,) = wait_until(lambda: [one for one in alarms(daemon) if one["state"] == "returned"], "its return")
    assert back["id"] == lost["id"] and back["returned_at"] > back["onset"]
    assert daemon.post(f"/api/events/{lost['id']}/ack", {}).json()["state"] == "closed"
    assert alarms(daemon) == []


def test_site_whose_devices_are_lost_together_is_one_alarm(daemon, start_simulator):
    plant = start_simulator(devices=3)
    devices = [daemon.add_device(plant.port + index) for index in range(3)]
    for device in devices:
        daemon.wait_online(device)
    plant.kill()
    (lost,) = wait_until(lambda: alarms(daemon), "the alarm")
    assert lost["code"] == "site_offline" and lost["device_id"] is None and lost["args"] == {"devices": devices, "count": 3}


def test_restart_in_the_middle_of_an_alarm_has_one_onset(start_daemon, start_slave):
    daemon = start_daemon()
    daemon.add_site()
    daemon.add_device(start_slave(alarm(2)).port)
    (before,) = wait_until(lambda: alarms(daemon), "the alarm")
    daemon.stop()
    daemon = start_daemon()
    daemon.wait_online(1)
    (after,) = alarms(daemon)
    assert after == before
    assert codes(daemon).count("gateway_started") == 2 and codes(daemon).count("alarm_warning") == 1
    assert "device_offline" not in codes(daemon) and "device_interrupted" not in codes(daemon)
    assert daemon.get("/api/alarms").json()["count_24h"] == 1


def test_journal_is_kept_in_postgresql_too(start_daemon, start_slave, start_postgres):
    postgres = start_postgres()
    daemon = start_daemon(DATABASE_URL=postgres.url())
    daemon.add_site()
    daemon.add_device(start_slave(alarm(7)).port)
    (active,) = wait_until(lambda: alarms(daemon), "the alarm")
    wait_until(lambda: codes(daemon, state="active") == ["alarm_block"], "the row")
    assert postgres.psql(f"SELECT code, priority, state FROM events WHERE id = {active['id']}") == "alarm_block|2|active"


def test_filters_pages_and_csv(daemon, start_slave):
    daemon.add_device(start_slave(alarm(1, 2, 7)).port)
    wait_until(lambda: len(alarms(daemon)) == 3, "the alarms")
    assert [one["priority"] for one in alarms(daemon)] == [1, 2, 3]
    everything = events(daemon)
    first = daemon.get("/api/events", params={"limit": 2}).json()
    rest = daemon.get("/api/events", params={"limit": 100, "cursor": first["next_cursor"]}).json()
    assert first["events"] + rest["events"] == everything and rest["next_cursor"] is None
    assert codes(daemon, priority=2) == ["alarm_block"] and codes(daemon, kind="gateway") == ["gateway_started"]
    assert codes(daemon, device_id=99) == [] and codes(daemon, to=everything[-1]["onset"]) == []
    response = daemon.get("/api/events", params={"kind": "alarm"}, headers={"Accept": "text/csv"})
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert {row["code"] for row in rows} == {"alarm_shutdown", "alarm_block", "alarm_warning"} | {row["code"] for row in rows if row["code"] == "alarm_count_changed"}
    assert {row["text_ru"] for row in rows if row["code"] == "alarm_block"} == {"Блокировка"}


@pytest.mark.parametrize(
    "query, field",
    [
        ("kind=odd", "kind"), ("state=open", "state"), ("priority=5", "priority"), ("priority=x", "priority"), ("limit=0", "limit"), ("limit=1001", "limit"),
        ("from=yesterday", "from"), ("from=2026-01-02T00:00:00.000Z&to=2026-01-01T00:00:00.000Z", "from"), ("cursor=x", "cursor"), ("device_id=-1", "device_id"),
        ("device=1", "device"), ("site_id=1&site_id=2", "site_id"),
    ],
)
def test_bad_query_names_the_parameter(daemon, query, field):
    response = daemon.get(f"/api/events?{query}")
    assert response.status_code == 400 and response.json()["error"]["field"] == field


def test_codes_have_both_texts(daemon):
    body = daemon.get("/api/event-codes").json()["codes"]
    assert {"alarm_shutdown", "device_offline", "site_offline", "mode_changed"} <= {one["code"] for one in body}
    assert all(one["text"]["en"] and one["text"]["ru"] for one in body)


def test_dashboards_and_redis_receive_events(start_daemon, start_slave, start_redis):
    server = start_redis()
    daemon = start_daemon(REDIS_URL=server.url)
    daemon.add_site()
    wait_until(lambda: daemon.get("/health").json()["redis"] == "ok", "Redis")
    channel = server.client.pubsub()
    channel.subscribe("events:new")
    assert channel.get_message(timeout=20)["type"] == "subscribe"

    async def run():
        async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics?proto=2") as client:
            assert json.loads(await client.recv())["alarms"] == []
            await asyncio.to_thread(daemon.add_device, start_slave(alarm(1)).port)
            while True:
                message = json.loads(await asyncio.wait_for(client.recv(), 30))
                if message["type"] == "event":
                    break
            async with websockets.connect(f"ws://127.0.0.1:{daemon.port}/ws/metrics?proto=2") as other:
                assert json.loads(await other.recv())["alarms"] == [message["event"]]
            return message["event"]

    event = asyncio.run(run())
    assert event["code"] == "alarm_shutdown" and event["state"] == "active"
    assert json.loads(channel.get_message(timeout=20)["data"]) == event
