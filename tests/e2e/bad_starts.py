"""Causes of a failed start: each function prepares one in `folder` and returns the settings, and parts of the error line."""

import os
import socket
import sqlite3
import struct
import subprocess
import threading
from contextlib import contextmanager

import pytest
from conftest import free_port

PASSWORD = "hidden-secret"
SQLITE_HEAD = b"SQLite format 3\0"


@contextmanager
def server(talk, port=0):
    """Accepts connections on a port and calls `talk(connection)` for each; then it is silent until the end."""
    listener = socket.create_server(("127.0.0.1", port))
    connections = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            try:
                talk(connection)
            except (OSError, struct.error):
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in connections:
            connection.close()
        thread.join()


def say_nothing(connection):
    pass


def hang_up(connection):
    connection.shutdown(socket.SHUT_RDWR)


def speak_http(connection):
    connection.recv(1024)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def log_in_as_postgres_and_stall(connection):
    """Messages of PostgreSQL 55.7: accepts every login, and responds to no query."""

    def packet(kind, body):
        return kind + struct.pack("!I", len(body) + 4) + body

    def take():
        return connection.recv(struct.unpack("!I", connection.recv(4))[0] - 4)

    if struct.unpack("!I", take()[:4])[0] == 80877103:  # SSLRequest
        connection.sendall(b"N")
        take()
    parameters = {"server_version": "16.1", "server_encoding": "UTF8", "client_encoding": "UTF8", "default_transaction_read_only": "off", "in_hot_standby": "off"}
    statuses = b"".join(packet(b"S", f"{name}\0{value}\0".encode()) for name, value in parameters.items())
    connection.sendall(packet(b"R", struct.pack("!I", 0)) + statuses + packet(b"K", bytes(8)) + packet(b"Z", b"I"))


TALKS = {"silent": say_nothing, "hangs up": hang_up, "speaks HTTP": speak_http, "stalls after the login": log_in_as_postgres_and_stall}


@contextmanager
def tmpfs(folder, *options):
    folder.mkdir(exist_ok=True)
    ran = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, text=True)
    if ran.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {ran.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder):
    """Writes until there is no room for another byte; gives the file."""
    filler = folder / "filler"
    with open(filler, "wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
    return filler


def in_sqlite(file, *statements):
    with sqlite3.connect(file) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return {"DATABASE_URL": f"sqlite:///{file}"}


def damaged(folder):
    file = folder / "r.sqlite"
    file.write_bytes(SQLITE_HEAD + os.urandom(8192))
    return {"DATABASE_URL": f"sqlite:///{file}"}


def sqlite_at(path):
    return {"DATABASE_URL": f"sqlite:///{path}"}


def postgres_at(place):
    return {"DATABASE_URL": f"postgresql://gensetd:{PASSWORD}@{place}"}


def made(path, make):
    make(path)
    return path


OURS = ("CREATE TABLE schema_version (version INTEGER, applied_at TEXT)", "CREATE TABLE sites (id INTEGER)", "CREATE TABLE devices (id INTEGER)")

# name: (what gives the settings, parts of the line)
CASES = {
    "word for a number": (lambda f: {"POLL_INTERVAL": "often"}, ["POLL_INTERVAL: 'often' (from the environment) is not allowed; give a number"]),
    "level that is none": (lambda f: {"LOG_LEVEL": "loud"}, ["LOG_LEVEL", "'loud'", "debug or info"]),
    "open to all without a token": (lambda f: {"HTTP_LISTEN": "0.0.0.0:0"}, ["HTTP_LISTEN", "API_TOKEN"]),
    "Redis with a port that is none": (lambda f: {"REDIS_URL": f"redis://user:{PASSWORD}@host:99999"}, ["REDIS_URL", "port"]),
    "settings file missing": (lambda f: {"config": str(f / "none.toml")}, ["none.toml", "No such file"]),
    "settings file is a folder": (lambda f: {"config": str(made(f / "s.toml", os.mkdir))}, ["s.toml", "it is a folder"]),
    "settings file is binary": (lambda f: {"config": str(made(f / "s.toml", lambda p: p.write_bytes(b"\xff\xfe\0")))}, ["s.toml:1", "utf-8"]),
    "settings file is cut off": (lambda f: {"config": str(made(f / "s.toml", lambda p: p.write_text("log_level = \n")))}, ["s.toml:1"]),
    "settings file with an unknown key": (
        lambda f: {"config": str(made(f / "s.toml", lambda p: p.write_text("\npol_interval = 2\n")))},
        ["s.toml:2", "'pol_interval'", "poll_interval"],
    ),
    "settings file with a table": (lambda f: {"config": str(made(f / "s.toml", lambda p: p.write_text("[log_level]\n")))}, ["s.toml:1", "log_level", "wrong type"]),
    "Redis by another scheme": (lambda f: {"REDIS_URL": f"http://:{PASSWORD}@127.0.0.1"}, ["REDIS_URL", "redis://"]),
    "Redis without a host": (lambda f: {"REDIS_URL": "redis:///0"}, ["REDIS_URL", "no host"]),
    "Redis with a word for a database": (lambda f: {"REDIS_URL": f"redis://:{PASSWORD}@h/live"}, ["REDIS_URL", "database"]),
    "database by another scheme": (lambda f: {"DATABASE_URL": f"mysql://u:{PASSWORD}@h/d"}, ["DATABASE_URL", "'mysql:'", "postgresql://"]),
    "database with too few slashes": (lambda f: {"DATABASE_URL": "sqlite://r.sqlite"}, ["DATABASE_URL", "slashes"]),
    "PostgreSQL unreachable": (lambda f: postgres_at(f"127.0.0.1:{free_port()}/d"), ["Connection refused", "check DATABASE_URL"]),
    "SQLite folder missing": (lambda f: sqlite_at(f / "none/r.sqlite"), ["there is no folder", "none"]),
    "SQLite file is a folder": (lambda f: sqlite_at(made(f / "r.sqlite", os.mkdir)), ["it is a folder"]),
    "SQLite file is a pipe": (lambda f: sqlite_at(made(f / "r.sqlite", os.mkfifo)), ["not a regular file"]),
    "SQLite file is a text": (lambda f: sqlite_at(made(f / "r.sqlite", lambda p: p.write_text("hello"))), ["not a SQLite database"]),
    "SQLite file is damaged": (damaged, ["restore it from a backup"]),
    "SQLite file of another program": (lambda f: in_sqlite(f / "r.sqlite", "CREATE TABLE invoices (id INTEGER)"), ["another program", "invoices"]),
    "SQLite file of another program with our names": (lambda f: in_sqlite(f / "r.sqlite", *OURS), ["another program", "schema_version"]),
    "SQLite file of a newer gensetd": (lambda f: in_sqlite(f / "r.sqlite", *OURS, "INSERT INTO schema_version VALUES (99, '')"), ["newer gensetd", "99"]),
    "address of another machine": (lambda f: {"HTTP_LISTEN": "192.0.2.1:8010", "ALLOW_ANONYMOUS": "1"}, ["HTTP_LISTEN 192.0.2.1:8010", "Cannot assign"]),
    "register maps missing": (lambda f: {"PROFILES": str(f / "none")}, ["none"]),
    "register map that is no TOML": (lambda f: {"PROFILES": str(made(f / "p.toml", lambda p: p.write_text("a = \n")).parent)}, ["p.toml:1"]),
}
