"""Deployment files agree with the program: compose file, man page, completion, package. tests/deploy installs and runs them."""

import gzip
import re
import subprocess
from pathlib import Path

import pytest
from conftest import GENSETD, is_built_with_sanitizer

ROOT = Path(__file__).parent.parent.parent
BUILD = Path(GENSETD).resolve().parent


def run(*arguments, **more):
    return subprocess.run([str(argument) for argument in arguments], check=True, capture_output=True, text=True, **more).stdout


def commands():
    return re.findall(r"^  (\w+)  ", run(GENSETD, "--help").partition("Subcommands:")[2], re.MULTILINE)


def options(command):
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", "\n".join(re.findall(r"^  -.*", run(GENSETD, command, "--help"), re.MULTILINE)))))


def test_every_variable_of_the_compose_file_is_in_the_example():
    compose = (ROOT / "docker-compose.yml").read_text()
    example = (ROOT / ".env.example").read_text()
    used = set(re.findall(r"\$\{(\w+)", compose))
    assert used == set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    secrets = set(re.findall(r"\$\{(\w+):\?", compose))
    assert secrets == set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == {"API_TOKEN", "POSTGRES_PASSWORD"}, "no secret has a default"


def test_every_setting_of_the_compose_file_exists():
    services = re.split(r"^  (?=\w+:$)", (ROOT / "docker-compose.yml").read_text(), flags=re.MULTILINE)
    ours = next(service for service in services if service.startswith("gensetd:"))
    settings = {"--" + name.lower().replace("_", "-") for name in re.findall(r"^      ([A-Z_]+): ", ours, re.MULTILINE)}
    assert settings and settings <= set(options("serve"))


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package's control information, its list of contents, and a folder with its contents."""
    if is_built_with_sanitizer():
        pytest.skip("only the release build is packaged")
    folder = tmp_path_factory.mktemp("package")
    run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    deb = next(folder.glob("gensetd_*.deb"))
    run("dpkg-deb", "-R", deb, folder / "contents")
    return run("dpkg-deb", "--info", deb), run("dpkg-deb", "--contents", deb), folder / "contents"


def test_package_has_everything_in_its_place(package):
    control, contents, folder = package
    for line in (
        r"-rwxr-xr-x root/root .* \./usr/bin/gensetd",
        r"-rw-r--r-- root/root .* \./usr/lib/systemd/system/gensetd\.service",
        r"-rw-r----- root/root .* \./etc/gensetd/gensetd\.toml",
        r"-rw-r--r-- root/root .* \./usr/share/gensetd/profiles/hgm9520n\.toml",
        r"-rw-r--r-- root/root .* \./usr/share/gensetd/profiles/hgm9560\.toml",
        r"-rw-r--r-- root/root .* \./usr/share/gensetd/profiles/unconfirmed/dse_gencomm\.toml",
        r"-rw-r--r-- root/root .* \./usr/share/man/man1/gensetd\.1\.gz",
        r"-rw-r--r-- root/root .* \./usr/share/bash-completion/completions/gensetd",
    ):
        assert re.search(line + "$", contents, re.MULTILINE), line
    assert (folder / "DEBIAN/conffiles").read_text() == "/etc/gensetd/gensetd.toml\n"
    version = run(GENSETD, "--version").split()[1]
    assert f" Version: {version}\n" in control
    assert re.search(r"^ Depends: .*libboost-json1\.81\.0.*libhiredis", control, re.MULTILINE)
    assert run(folder / "usr/bin/gensetd", "--version") == f"gensetd {version}\n"


def test_man_page_names_every_command_and_option(package):
    page = gzip.decompress((package[2] / "usr/share/man/man1/gensetd.1.gz").read_bytes()).decode().replace("\\-", "-")
    assert not re.search("@[A-Z]+@", page)
    sections = dict(re.findall(r"^\.SS gensetd (\w+)(.*?)(?=^\.S[SH] )", page, re.MULTILINE | re.DOTALL))
    assert list(sections) == commands()
    for command, section in sections.items():
        named = set(re.findall(r"--[a-z][a-z-]*", "\n".join(re.findall(r"^\\fB.*", section, re.MULTILINE))))
        assert named == set(options(command)), command


@pytest.mark.parametrize("word, words", [
    ("sim", ["simulate"]), ("serve --poll", ["--poll-interval", "--poll-threads"]), ("read --vi", ["--via"]), ("--ver", ["--version"]),
    ("serve fi", []),
])
def test_bash_completes(package, word, words):
    file = package[2] / "usr/share/bash-completion/completions/gensetd"
    script = f'source {file}; COMP_WORDS=(gensetd {word}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _gensetd; echo "${{COMPREPLY[@]}}"'
    assert run("bash", "-c", script).split() == words


def test_unit_is_hardened(package):
    # systemd-analyze is not in every root; tests/deploy/package runs it.
    unit = (package[2] / "usr/lib/systemd/system/gensetd.service").read_text().splitlines()
    for line in ("Type=notify", "WatchdogSec=30", "DynamicUser=yes", "ProtectSystem=strict", "CapabilityBoundingSet=", "NoNewPrivileges=yes"):
        assert line in unit
