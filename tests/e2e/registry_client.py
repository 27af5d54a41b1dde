"""A client that changes the registry as fast as it responds, and knows the expected rows when it is interrupted."""

import random

import requests

from observers import Background

ROWS_MAX = 6  # of a kind; beyond, one is deleted
STATUS = {"POST": 201, "PATCH": 200, "DELETE": 204}


class RegistryClient(Background):
    """Use: begin(url) with each start of the daemon, wait for the thread when it was killed, then compare(). All names
    begin with `name`, and each change has a number, so that half a change would be seen."""

    def __init__(self, name, seed, site, device_defaults):
        super().__init__()
        self.name = name
        self.random = random.Random(f"{name} {seed}")
        self.site = site  # of the devices
        self.device_defaults = device_defaults
        self.number = 0
        self.rows = {}  # (kind, id): the last response
        self.unanswered = None  # method, kind, id, fields
        self.answered = 0
        self.cut_off = 0
        self.ids_max = {"sites": 0, "devices": 0}

    def run(self):
        session = requests.Session()
        try:
            while not self.ending.is_set():
                self._change(session)
        except requests.RequestException:
            self.cut_off += 1

    def _change(self, session):
        kind = self.random.choice(["sites", "devices", "devices"])
        ids = [row_id for row_kind, row_id in self.rows if row_kind == kind]
        methods = ["POST"] if not ids else ["PATCH", "DELETE"] if len(ids) > ROWS_MAX else ["POST", "POST", "PATCH", "PATCH", "DELETE"]
        method = self.random.choice(methods)
        row_id = self.random.choice(ids) if method != "POST" else None
        fields = None if method == "DELETE" else self._fields(kind, method)
        self.unanswered = (method, kind, row_id, fields)
        path = f"{self.url}/api/{kind}" + (f"/{row_id}" if row_id else "")
        response = session.request(method, path, json=fields, timeout=60)
        assert response.status_code == STATUS[method], f"{method} {path} {fields}: {response.status_code} {response.text}"
        self.unanswered = None
        self.answered += 1
        if method == "DELETE":
            del self.rows[kind, row_id]
            return
        row = response.json()
        if method == "POST":
            assert row["id"] > self.ids_max[kind], f"{kind} {row['id']} was there before"
            self.ids_max[kind] = row["id"]
        self.rows[kind, row["id"]] = row

    def _fields(self, kind, method):
        self.number += 1
        fields = {"name": f"{self.name} {self.number}", "description": f"change {self.number} " + "x" * self.random.randrange(400)}
        if kind == "sites":
            return {**fields, "code": f"{self.name}-{self.number}"}
        if method == "PATCH":
            return {**fields, "poll_interval": 1 + self.number % 1000 / 10}
        return {**fields, "site_id": self.site, "is_active": self.random.random() < 0.3, **self.device_defaults}

    def compare(self, rows):
        """The errors in the rows of a started daemon, {(kind, id): row}. These rows are expected from then on."""
        there = {key: row for key, row in rows.items() if row["name"].startswith(self.name + " ")}
        expected = dict(self.rows)
        method, kind, row_id, fields = self.unanswered or (None, None, None, None)
        wrong = []
        if method == "POST":
            for key in there.keys() - expected.keys():
                if key[0] == kind and _has(there[key], fields):
                    expected[key] = there[key]
                    break
        elif method == "PATCH" and (kind, row_id) in there:
            after, before = there[kind, row_id], expected[kind, row_id]
            if _has(after, fields) and after["updated_at"] >= before["updated_at"]:
                expected[kind, row_id] = {**before, **fields, "updated_at": after["updated_at"]}
        elif method == "DELETE" and (kind, row_id) not in there:
            del expected[kind, row_id]
        if there != expected:
            differing = sorted(key for key in there.keys() | expected.keys() if there.get(key) != expected.get(key))
            wrong = [f"{self.name}: {key} is {there.get(key)}, answered was {expected.get(key)}; without answer: {self.unanswered}" for key in differing]
        self.rows, self.unanswered = there, None
        for row_kind, row_id in there:
            self.ids_max[row_kind] = max(self.ids_max[row_kind], row_id)
        return wrong


def _has(row, fields):
    return all(row[name] == value for name, value in fields.items())
