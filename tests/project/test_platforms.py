"""Without what only POSIX has the package works, as on Windows, but for the print server, which says what it needs.

The rule of this file: everything runs in a process of its own, where the modules, functions and signals are gone
before anything of ippfast is imported. Python's own library has been imported by then: it knows its platform.
"""

import subprocess
import sys
from pathlib import Path

import pytest
from peers import package

import ippfast

TAKEN_AWAY = """
import asyncio, concurrent.futures.thread, ifaddr, ctypes, ctypes.util, getpass, importlib.abc, logging.config
import multiprocessing, os, selectors, shutil, signal, socket, sqlite3, ssl, subprocess, sys, tempfile, uuid, webbrowser

GONE = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog"}

class Without(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in GONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None

sys.meta_path.insert(0, Without())
for name in GONE:
    sys.modules.pop(name, None)
for name in [
    "fork", "forkpty", "sendfile", "posix_fadvise", "posix_fallocate", "pread", "pwrite", "preadv", "pwritev",
    "getuid", "geteuid", "getgid", "getegid", "setuid", "killpg", "setsid", "getpgid", "setpgid", "fchmod", "fchown",
    "chown", "mkfifo", "wait", "wait3", "wait4", "nice", "getloadavg", "openpty", "splice", "memfd_create",
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK",
]:
    if hasattr(os, name):
        delattr(os, name)
for name in ["SO_REUSEPORT", "SCM_RIGHTS", "MSG_DONTWAIT"]:
    if hasattr(socket, name):
        delattr(socket, name)
KEPT = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM"}
for name in list(vars(signal)):
    if name.startswith("SIG") and not name.startswith("SIG_") and name not in KEPT:
        delattr(signal, name)
for name in ["alarm", "setitimer", "pthread_kill", "pthread_sigmask", "sigwait", "siginterrupt"]:
    delattr(signal, name)
import select
for name in ["poll", "epoll"]:
    delattr(select, name)
"""

CODEC = """
import ippfast
message = ippfast.request("Print-Job", "ipp://localhost/ipp/print", job={"copies": 2})
assert ippfast.decode(ippfast.encode(message)) == message
assert ippfast.validate(message) == []
assert ippfast.recover(ippfast.encode(message)[:-3])[1]
assert list(ippfast.walk(message))
"""

HTTP = """
import pathlib
from ippfast import http, operations, response
from ippfast.http import AsyncClient, AsyncServer, Client, Server, asgi, workers

path = pathlib.Path(tempfile.mkdtemp()) / "document"
path.write_bytes(b"document " * 100_000)
message = operations.print_job("ipp://localhost/ipp/print", job_name="test")
seen = []

def handle(request):
    seen.append(sum(len(piece) for piece in request.document))
    return response(request.message, "successful-ok")

async def handle_later(request):
    total = 0
    async for piece in request.document:
        total += len(piece)
    seen.append(total)
    return response(request.message, "successful-ok")

with Server(handle, port=0) as server, Client(f"ipp://localhost:{server.port}/ipp/print") as client:
    assert client.send(message, path).status == 0

async def main():
    async with AsyncServer(handle_later, port=0) as server:
        async with AsyncClient(f"ipp://localhost:{server.port}/ipp/print") as client:
            assert (await client.send(message, path)).status == 0

asyncio.run(main())
assert seen == [900_000, 900_000], seen
try:
    workers.Workers(lambda host, port: None, 2, port=0)
except OSError as error:
    assert "SO_REUSEPORT" in str(error), error
else:
    raise AssertionError("processes share a port without SO_REUSEPORT")
"""

COMMANDS = """

from click.testing import CliRunner
from ippfast import response
from ippfast.cli.commands import ippfast as command
from ippfast.http import Server

def handle(request):
    return response(request.message, "successful-ok", printer={"printer-name": "Far away"})

def run(*arguments, input=None):
    return CliRunner().invoke(command, arguments, input=input)

assert run("--help").exit_code == 0, run("--help")
for name in command.commands:
    assert run(name, "--help").exit_code == 0, (name, run(name, "--help").exception)
with Server(handle, port=0) as server:
    result = run("attributes", f"ipp://localhost:{server.port}/ipp/print", "--json")
    assert result.exit_code == 0, (result.output, result.exc_info)
    assert "Far away" in result.output, (result.output, result.exc_info)
result = run("serve", "--port", "0", "--state", tempfile.mkdtemp())
assert result.exit_code == 2, (result.output, result.exc_info)
assert "the print server needs the file locks of a POSIX system" in result.output, (result.output, result.exc_info)
"""

PRINTER = """
from ippfast.printer import Directory, Fetcher, SpoolPrinter
try:
    SpoolPrinter(tempfile.mkdtemp())
except OSError as error:
    assert "the print server needs the file locks of a POSIX system" in str(error), error
else:
    raise AssertionError("a print server without locks")
"""

EVERYTHING = """
import importlib, pkgutil, ippfast
NOT_OURS = {"ippfast.__main__"}
for module in pkgutil.walk_packages(ippfast.__path__, "ippfast."):
    if module.name not in NOT_OURS:
        importlib.import_module(module.name)
"""


@pytest.mark.parametrize(
    "program",
    [CODEC, HTTP, COMMANDS, PRINTER, EVERYTHING],
    ids=["codec", "http", "commands", "printer", "everything"],
)
def test_without_posix(program: str, tmp_path: Path) -> None:
    if program == EVERYTHING:
        package("jwt")
    script = tmp_path / "program.py"
    script.write_text(TAKEN_AWAY + program, encoding="utf-8")
    path = str(Path(ippfast.__file__).parent.parent)
    code = f"import sys; sys.path.insert(0, {path!r}); exec(compile(open({str(script)!r}).read(), 'program', 'exec'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
