"""`gensetd read --via https://…` and `gensetd health https://…`: which certificates are accepted, and the errors for the others."""

import datetime
import os
import socket
import subprocess

import pytest
from conftest import GENSETD, free_port
from test_tls import TlsDaemon, make_certificate, openssl

TOKEN = "s3cret-t0ken"


def run(*arguments, **environment):
    kept = {key: value for key, value in os.environ.items() if key in ("PATH", "ASAN_OPTIONS", "TSAN_OPTIONS")}
    return subprocess.run([GENSETD, *map(str, arguments)], env={**kept, **environment}, capture_output=True, text=True, timeout=120)


def make_authority(folder, name):
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    openssl("req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={name}")
    return certificate, key


def make_signed(folder, name, authority, names="IP:127.0.0.1,DNS:localhost", days=("-1", "1")):
    """A certificate of that authority, valid between these days from now."""
    certificate, key, request, extensions = (folder / f"{name}.{end}" for end in ("pem", "key", "csr", "cnf"))
    openssl("req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-keyout", key, "-out", request, "-subj", f"/CN={name}")
    now = datetime.datetime.now(datetime.timezone.utc)
    first, last = ((now + datetime.timedelta(days=float(day))).strftime("%y%m%d%H%M%SZ") for day in days)
    extensions.write_text(
        f"[ca]\ndefault_ca=one\n[one]\nnew_certs_dir={folder}\ndatabase={folder}/{name}.index\nserial={folder}/{name}.serial\n"
        f"default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n[names]\nsubjectAltName={names}\n"
    )
    (folder / f"{name}.index").write_text("")
    (folder / f"{name}.serial").write_text("01\n")
    openssl(
        "ca", "-batch", "-notext", "-config", extensions, "-extensions", "names", "-cert", authority[0], "-keyfile", authority[1],
        "-startdate", first, "-enddate", last, "-in", request, "-out", certificate,
    )
    return certificate, key


@pytest.fixture
def authority(tmp_path):
    return make_authority(tmp_path, "authority")


@pytest.fixture
def start(programs, tmp_path):
    def start_(certificate, key, **settings):
        daemon = TlsDaemon(tmp_path, certificate, key, **settings)
        programs.append(daemon)
        return daemon

    return start_


def test_certificate_of_the_given_authority_is_accepted(start, start_slave, tmp_path, authority):
    slave = start_slave({120: 3985})
    daemon = start(*make_signed(tmp_path, "site", authority), API_TOKEN=TOKEN)
    for url in (daemon.url, f"https://localhost:{daemon.port}"):
        response = run("health", url, "--ca", authority[0])
        assert response.returncode == 0 and '"status":"ok"' in response.stdout, response.stderr
        ran = run("read", f"127.0.0.1:{slave.port}", "--raw", "120", "--via", url, "--ca", authority[0], API_TOKEN=TOKEN)
        assert ran.returncode == 0 and "3985" in ran.stdout, ran.stderr
    whole = run("read", f"127.0.0.1:{slave.port}", "--via", daemon.url, "--ca", authority[0], "--token", TOKEN)
    assert whole.returncode == 0, whole.stderr
    wrong = run("read", f"127.0.0.1:{slave.port}", "--via", daemon.url, "--ca", authority[0], API_TOKEN="wrong")
    assert wrong.returncode == 1 and wrong.stderr.startswith(f"{daemon.url}: the daemon requires its token")
    assert TOKEN not in daemon.text()


def test_without_ca_the_authorities_of_the_system_count(start, tmp_path, authority):
    daemon = start(*make_signed(tmp_path, "site", authority))
    assert run("health", daemon.url, SSL_CERT_FILE=str(authority[0])).returncode == 0, "OpenSSL's name for the system's store"
    response = run("health", daemon.url)
    assert response.returncode == 1 and response.stdout == ""
    assert response.stderr == (
        f"gensetd health: {daemon.url}: the server's certificate is not trusted (unable to get local issuer certificate); give --ca FILE with the certificate of its authority\n"
    )


def test_without_url_health_queries_the_daemon_of_this_environment(start, start_daemon, tmp_path, authority):
    certificate, key = make_signed(tmp_path, "site", authority, names="DNS:gensetd.example")
    daemon = start(certificate, key)
    where = {"HTTP_LISTEN": f"0.0.0.0:{daemon.port}"}
    response = run("health", **where, TLS_CERT=str(certificate), TLS_KEY=str(key))
    assert response.returncode == 0 and '"status":"ok"' in response.stdout, response.stderr
    # Another's certificate is no proof, whatever name it has; nor is there any without TLS.
    other, other_key = make_signed(tmp_path, "other", authority)
    assert run("health", **where, TLS_CERT=str(other), TLS_KEY=str(other_key)).returncode == 1
    assert run("health", **where).returncode == 1
    plain = start_daemon()
    assert run("health", HTTP_LISTEN=f"127.0.0.1:{plain.port}").returncode == 0
    bad = run("health", HTTP_LISTEN="nowhere")
    assert bad.returncode == 2 and bad.stderr.startswith("gensetd health: HTTP_LISTEN: 'nowhere' (from the environment) is not allowed")


def test_self_signed_certificate_of_a_daemon_is_accepted_as_ca(start, tmp_path, authority):
    certificate, key = make_certificate(tmp_path, "self-signed")
    daemon = start(certificate, key)
    assert run("health", daemon.url, "--ca", certificate).returncode == 0
    response = run("health", daemon.url)
    assert response.returncode == 1 and "not trusted (self-signed certificate)" in response.stderr


def test_certificate_of_a_daemon_is_accepted_as_ca_when_signed_by_another(start, tmp_path, authority):
    certificate, key = make_signed(tmp_path, "signed", authority)
    daemon = start(certificate, key)
    assert run("health", daemon.url, "--ca", certificate).returncode == 0


@pytest.mark.parametrize(
    "names, days, said",
    [
        ("IP:10.0.0.1,DNS:plant.example", ("-1", "1"), "the server's certificate is for another name or address"),
        ("IP:127.0.0.1", ("-2", "-1"), "the server's certificate has expired"),
        ("IP:127.0.0.1", ("1", "2"), "the server's certificate is not valid yet"),
    ],
)
def test_daemon_with_an_invalid_certificate_receives_no_token(start, tmp_path, authority, names, days, said):
    daemon = start(*make_signed(tmp_path, "site", authority, names, days), API_TOKEN=TOKEN)
    ran = run("read", "10.0.0.1", "--raw", "120", "--via", daemon.url, "--ca", authority[0], API_TOKEN=TOKEN)
    assert ran.returncode == 1 and ran.stderr.startswith(f"{daemon.url}: {said}") and ran.stdout == "", ran.stderr
    if "another name" in said:
        ran = run("health", f"https://localhost:{daemon.port}", "--ca", authority[0])
        assert ran.returncode == 1 and said in ran.stderr


def test_other_authority_is_not_accepted(start, tmp_path, authority):
    daemon = start(*make_signed(tmp_path, "site", authority))
    response = run("health", daemon.url, "--ca", make_authority(tmp_path, "another")[0])
    assert response.returncode == 1 and "the server's certificate is not trusted" in response.stderr


def test_server_without_tls_or_with_tls_only_is_reported(start, start_daemon, tmp_path, authority):
    plain = start_daemon()
    response = run("health", f"https://127.0.0.1:{plain.port}")
    assert response.returncode == 1 and "the server there does not use TLS; give http://" in response.stderr, response.stderr
    plain.stop()
    daemon = start(*make_signed(tmp_path, "site", authority))
    response = run("health", f"http://127.0.0.1:{daemon.port}")
    assert response.returncode == 1 and "this port requires TLS: use https://" in response.stderr, response.stderr
    with socket.create_server(("127.0.0.1", 0)) as silent:
        response = run("health", f"https://127.0.0.1:{silent.getsockname()[1]}")
        assert response.returncode == 1 and "no answer within 5 s" in response.stderr
    url = f"https://127.0.0.1:{free_port()}"
    response = run("health", url)
    assert response.returncode == 1 and response.stderr == f"gensetd health: {url}: connection refused; is `gensetd serve` running there?\n"


def test_bad_ca_is_refused_before_anything_is_sent(tmp_path):
    empty, garbage = tmp_path / "empty.pem", tmp_path / "garbage.pem"
    empty.write_text("")
    garbage.write_text("no certificate\n")
    rows = [
        (("health", "https://127.0.0.1:1", "--ca", tmp_path / "none.pem"), "none.pem: No such file or directory"),
        (("health", "https://127.0.0.1:1", "--ca", empty), "empty.pem: the file is empty"),
        (("health", "https://127.0.0.1:1", "--ca", garbage), "garbage.pem: the file contains no valid PEM certificate"),
        (("health", "http://127.0.0.1:1", "--ca", garbage), "--ca: an http:// URL has no certificate to check"),
        (("read", "10.0.0.1", "--via", "https://127.0.0.1:1", "--ca", garbage), "garbage.pem: the file contains no valid PEM certificate"),
        (("read", "10.0.0.1", "--ca", garbage), "--ca: only with --via"),
    ]
    for words, said in rows:
        ran = run(*words)
        lines = ran.stderr.splitlines()
        assert ran.returncode == 2 and len(lines) == 1 and said in lines[0] and lines[0].startswith(f"gensetd {words[0]}: --ca: "), (words, ran.stderr)
