"""The page and its WebSocket below a sub-path of a reverse proxy."""

import re
import socket
import threading

import pytest
import requests
from chromium import browser  # noqa: F401 (a fixture)
from conftest import wait_until

PREFIX = "/plant/gensets"


class Proxy:
    """Forwards requests below PREFIX, without the prefix; refuses all others. One request per connection."""

    def __init__(self, port):
        self.to, self.refused = port, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            head = b""
            while b"\r\n\r\n" not in head:
                chunk = client.recv(65536)
                if not chunk:
                    return
                head += chunk
            line, rest = head.split(b"\r\n", 1)
            method, target, version = line.split(b" ")
            if not target.startswith(PREFIX.encode() + b"/"):
                self.refused.append(target.decode())
                client.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if b"upgrade: websocket" not in rest.lower():
                rest = re.sub(rb"(?i)connection: [^\r]*", b"Connection: close", rest)
            with socket.create_connection(("127.0.0.1", self.to)) as server:
                server.sendall(b" ".join((method, target[len(PREFIX):], version)) + b"\r\n" + rest)
                back = threading.Thread(target=self.pump, args=(server, client), daemon=True)
                back.start()
                self.pump(client, server)
                back.join()

    @staticmethod
    def pump(from_, to):
        try:
            while chunk := from_.recv(65536):
                to.sendall(chunk)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of the two has disconnected


@pytest.fixture
def proxy(start_daemon, start_simulator):
    daemon = start_daemon()
    daemon.add_site()
    daemon.wait_online(daemon.add_device(start_simulator(devices=1).port))
    proxy = Proxy(daemon.port)
    yield proxy
    proxy.close()


def test_page_and_websocket_work_below_a_sub_path(proxy, browser):  # noqa: F811
    url = f"http://127.0.0.1:{proxy.port}{PREFIX}/"
    if "/assets/" not in requests.get(url, timeout=20).text:
        pytest.skip("the page is not built in")
    browser.get(url)
    wait_until(lambda: browser.execute_script("return document.body.innerText.includes('MKZ');"), "the site on the page")
    fetched = browser.execute_script("return performance.getEntriesByType('resource').map((one) => one.name);")
    assert fetched and all(one.startswith(url) or one.startswith("data:") for one in fetched), fetched
    assert proxy.refused in ([], ["/favicon.ico"])


def test_description_works_below_a_sub_path(proxy, browser):  # noqa: F811
    url = f"http://127.0.0.1:{proxy.port}{PREFIX}/api/docs"
    browser.get(url)
    wait_until(lambda: browser.execute_script("return document.querySelectorAll('.operation').length > 0;"), "the operations")
    assert f"curl '{url.removesuffix('/api/docs')}/health'" in browser.execute_script("return document.body.textContent;")
    assert proxy.refused in ([], ["/favicon.ico"])
