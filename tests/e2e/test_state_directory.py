"""Where the registry is when DATABASE_URL is not set."""

import subprocess

import pytest

from conftest import GENSETD, Program, free_port, wait_until


@pytest.fixture
def serve(programs):
    """Starts the daemon in a working directory, with nothing but `environment`, and ends it again. Gives its log."""

    def run(work, **environment):
        work.mkdir(exist_ok=True)
        log = work / f"{len(programs)}.log"
        program = Program([GENSETD, "serve"], log, {"HTTP_LISTEN": f"127.0.0.1:{free_port()}", **environment})
        programs.append(program)
        wait_until(lambda: "gensetd serves" in program.text(), f"the start ({program.text()})")
        assert program.stop() == 0
        return program.text()

    return run


def test_the_registry_does_not_depend_on_the_working_directory(serve, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    file = home / ".local/state/gensetd/gensetd.sqlite"
    assert f"uses the database {file}" in serve(tmp_path / "one", HOME=str(home))
    inode = file.stat().st_ino
    assert f"uses the database {file}" in serve(tmp_path / "two", HOME=str(home))
    assert file.stat().st_ino == inode
    assert not list(tmp_path.glob("one/*.sqlite")) and not list(tmp_path.glob("two/*.sqlite"))
    assert file.parent.stat().st_mode & 0o777 == 0o700
    for name, value, place in (("XDG_STATE_HOME", "xdg", "xdg/gensetd"), ("STATE_DIRECTORY", "state", "state")):
        serve(tmp_path / "one", HOME=str(home), **{name: str(tmp_path / value)})
        assert (tmp_path / place / "gensetd.sqlite").exists()


def test_a_registry_of_an_earlier_release_stays_in_use_until_it_is_moved(serve, tmp_path):
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    serve(work, HOME=str(home), DATABASE_URL="sqlite:///gensetd.sqlite")
    left, file = work / "gensetd.sqlite", home / ".local/state/gensetd/gensetd.sqlite"
    assert f"uses {left} in the working directory" in serve(work, HOME=str(home))
    assert not file.exists()
    file.parent.mkdir(parents=True)
    left.rename(file)
    assert f"uses the database {file}" in serve(work, HOME=str(home))
    file.replace(left)
    serve(tmp_path / "elsewhere", HOME=str(home))
    assert f"{left} in the working directory is not used" in serve(work, HOME=str(home))


def test_without_a_home_the_start_names_the_setting(tmp_path):
    ran = subprocess.run([GENSETD, "serve"], cwd=tmp_path, env={"PATH": "/usr/bin"}, capture_output=True, text=True, timeout=30)
    assert ran.returncode == 2
    lines = ran.stderr.strip().splitlines()
    assert len(lines) == 1 and "DATABASE_URL" in lines[0] and "HOME" in lines[0]
