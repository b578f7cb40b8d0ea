"""The shim for pycups prints at CUPS' scheduler with a password callback, whether or not anybody asks for a password.

The rule of this file: real cupsd on loopback, used as pycups' programs use it.
"""

import getpass
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from peers import GuardedScheduler, Scheduler, StandardScheduler, SystemBus

from ippfast.compat import pycups
from ippfast.compat.pycups import trust


@pytest.fixture(params=["open", "guarded"])
def server(request: pytest.FixtureRequest, scheduler: Scheduler, guarded_scheduler: GuardedScheduler) -> Scheduler:
    """The scheduler that asks for no password, or the other; either has the queue ``guarded``."""
    running = guarded_scheduler if request.param == "guarded" else scheduler
    running.add_queue("guarded", "file:///dev/null")
    return running


@pytest.fixture
def user() -> Iterator[None]:
    pycups.setUser(GuardedScheduler.USER)
    yield
    pycups.setUser("")
    pycups.setPasswordCB2(None)


@pytest.mark.usefixtures("user")
def test_password_callback(server: Scheduler, tmp_path: Path) -> None:
    prompts: list[str] = []

    def password(prompt: str) -> str:
        prompts.append(prompt)
        return GuardedScheduler.PASSWORD

    pycups.setPasswordCB(password)
    path = tmp_path / "document.txt"
    path.write_bytes(b"hello")
    connection = pycups.Connection("localhost", server.port)
    options = {"job-hold-until": "indefinite"}
    first = connection.printFile("guarded", str(path), "a file", options)
    second = connection.createJob("guarded", "a stream", options)
    assert connection.startDocument("guarded", second, "doc", "text/plain", 1) == 100
    assert connection.writeRequestData(b"hello", 5) == 100
    assert connection.finishDocument("guarded") == 0
    assert {first, second} <= connection.getJobs().keys()
    assert connection.getJobAttributes(second)["job-k-octets"] == 1
    for job_id in (first, second):
        connection.cancelJob(job_id)
    assert bool(prompts) == isinstance(server, GuardedScheduler)


@pytest.fixture
def no_password() -> None:
    pycups.setUser(None)
    pycups.setPasswordCB2(None)


@pytest.mark.usefixtures("no_password")
@pytest.mark.parametrize("way", ["socket", "certificate"])
def test_local_administration(
    standard_scheduler: StandardScheduler, monkeypatch: pytest.MonkeyPatch, way: str, tmp_path: Path
) -> None:
    """Who runs the tests is root, and so an administrator of the server."""
    server = standard_scheduler
    if way == "certificate":
        monkeypatch.setenv("CUPS_STATEDIR", server.local_environment["CUPS_STATEDIR"])
    connection = pycups.Connection(str(server.socket) if way == "socket" else "localhost", server.port)
    connection.addPrinter("local", device="file:///dev/null", info="Here")
    connection.disablePrinter("local")
    connection.enablePrinter("local")
    connection.acceptJobs("local")
    assert connection.getPrinters()["local"]["printer-info"] == "Here"
    connection.getFile("/admin/conf/cupsd.conf", str(tmp_path / "cupsd.conf"))
    assert "<Policy default>" in (tmp_path / "cupsd.conf").read_text()
    settings = connection.adminGetServerSettings()
    assert settings["DefaultAuthType"] == "Basic"
    assert settings[pycups.CUPS_SERVER_USER_CANCEL_ANY] == "0"
    job = connection.createJob("local", "title", {})
    connection.startDocument("local", job, "name", "text/plain", 1)
    connection.writeRequestData(b"a document", 10)
    connection.finishDocument("local")
    found = connection.getDocument("ipp://localhost/printers/local", job, 1)
    assert Path(found["file"]).read_bytes() == b"a document"
    Path(found["file"]).unlink()
    connection.deletePrinter("local")
    connection.close()


PPD = """*PPD-Adobe: "4.3"
*FormatVersion: "4.3"
*FileVersion: "1.0"
*LanguageVersion: English
*LanguageEncoding: UTF-8
*PCFileName: "TEST.PPD"
*Manufacturer: "Test"
*Product: "(Test)"
*ModelName: "Test"
*ShortNickName: "Test"
*NickName: "Test"
*PSVersion: "(3010.000) 0"
*OpenUI *PageSize: PickOne
*DefaultPageSize: A4
*PageSize A4: "a4"
*PageSize A5: "a5"
*CloseUI: *PageSize
*OpenUI *PageRegion: PickOne
*DefaultPageRegion: A4
*PageRegion A4: "a4"
*PageRegion A5: "a5"
*CloseUI: *PageRegion
*DefaultImageableArea: A4
*ImageableArea A4: "0 0 595 842"
*ImageableArea A5: "0 0 420 595"
*DefaultPaperDimension: A4
*PaperDimension A4: "595 842"
*PaperDimension A5: "420 595"
"""


@pytest.mark.usefixtures("no_password")
def test_a_printer_s_ppd(standard_scheduler: StandardScheduler, tmp_path: Path) -> None:
    (tmp_path / "test.ppd").write_text(PPD)
    connection = pycups.Connection(str(standard_scheduler.socket), standard_scheduler.port)
    connection.addPrinter("ppd", device="file:///dev/null", filename=str(tmp_path / "test.ppd"))
    path = connection.getPPD("ppd")
    ppd = pycups.PPD(path)
    assert ppd.findOption("PageSize").defchoice == "A4"  # type: ignore[union-attr]
    ppd.markDefaults()
    assert ppd.markOption("PageSize", "A5") == 0
    connection.addPrinter("ppd", ppd=ppd)
    status, changed, again = connection.getPPD3("ppd", filename=path)
    assert (status, again) == (200, path)
    assert pycups.PPD(path).findOption("PageSize").defchoice == "A5"  # type: ignore[union-attr]
    assert connection.getPPD3("ppd", changed, path)[0] == 304
    Path(path).unlink()
    with pytest.raises(pycups.IPPError) as caught:
        connection.getPPD("none")
    assert caught.value.args[0] == pycups.IPP_NOT_FOUND
    connection.acceptJobs("ppd")
    job = connection.printTestPage("ppd", file=str(tmp_path / "test.ppd"), format="text/plain", user="bob")
    assert connection.getJobAttributes(job)["job-originating-user-name"] in ("bob", getpass.getuser())
    connection.deletePrinter("ppd")
    connection.close()


@pytest.mark.usefixtures("no_password")
def test_what_is_raw_stays_as_it_is(scheduler: Scheduler, tmp_path: Path) -> None:
    """At a queue with a driver too, whose filters would make something else of it."""
    label = b"^XA^FO50,50^ADN,36,20^FDhello^FS^XZ\n" * 3
    (tmp_path / "label.zpl").write_bytes(label)
    (tmp_path / "test.ppd").write_text(PPD)
    connection = pycups.Connection("localhost", scheduler.port)
    connection.addPrinter("zebra", device="file:///dev/null", filename=str(tmp_path / "test.ppd"))
    connection.enablePrinter("zebra")
    connection.acceptJobs("zebra")
    job = connection.printFile("zebra", str(tmp_path / "label.zpl"), "label", {"raw": "true"})
    give_up = time.monotonic() + 90
    while (found := connection.getJobAttributes(job))["job-state"] < pycups.IPP_JOB_CANCELED:
        assert time.monotonic() < give_up, found
        time.sleep(0.05)
    assert found["job-state"] == pycups.IPP_JOB_COMPLETED, found
    assert found["document-format"] == "application/vnd.cups-raw"
    document = Path(connection.getDocument("ipp://localhost/printers/zebra", job, 1)["file"])
    assert document.read_bytes() == label
    document.unlink()
    connection.deletePrinter("zebra")
    connection.close()


@pytest.mark.usefixtures("no_password")
def test_who_is_no_administrator(standard_scheduler: StandardScheduler) -> None:
    """Over TCP without a certificate, and over the domain socket as somebody else, nothing proves who asks."""
    for host, user in (("localhost", getpass.getuser()), (str(standard_scheduler.socket), "nobody")):
        pycups.setUser(user)
        connection = pycups.Connection(host, standard_scheduler.port)
        with pytest.raises(pycups.IPPError) as caught:
            connection.addPrinter("other")
        assert caught.value.args == (pycups.IPP_AUTHENTICATION_CANCELED, "Unauthorized")  # no page
        connection.close()


def settings_once_restarted(server: StandardScheduler) -> dict[str, str]:
    """The settings that the server has, once it answers again."""
    give_up = time.monotonic() + 90
    while True:
        try:
            return pycups.Connection(str(server.socket), server.port).adminGetServerSettings()
        except (RuntimeError, pycups.IPPError):
            assert time.monotonic() < give_up
            time.sleep(0.05)


@pytest.mark.usefixtures("no_password")
def test_settings_of_a_server(system_bus: SystemBus, tmp_path: Path) -> None:
    with StandardScheduler(system_bus) as server:
        connection = pycups.Connection(str(server.socket), server.port)
        settings = connection.adminGetServerSettings()
        settings |= {pycups.CUPS_SERVER_DEBUG_LOGGING: "1", pycups.CUPS_SERVER_USER_CANCEL_ANY: "1", "MaxJobs": "77"}
        connection.adminSetServerSettings(settings)
        connection.close()  # on which the server would wait
        again = settings_once_restarted(server)
        assert {name: again.get(name) for name in settings} == settings
        written = (server.directory / "cupsd.conf").read_text()
        assert "LogLevel debug" in written
        assert "<Limit CUPS-Authenticate-Job>" in written
        connection = pycups.Connection(str(server.socket), server.port)
        with (tmp_path / "conf").open("wb") as file:
            connection.getFile("/admin/conf/cupsd.conf", fd=file.fileno())
        assert (tmp_path / "conf").read_text() == written
        with pytest.raises(pycups.HTTPError) as caught:
            connection.getFile("/no/such", str(tmp_path / "none"))
        assert caught.value.args == (404,)
        with (tmp_path / "conf").open("rb") as file:
            connection.putFile("/admin/conf/cupsd.conf", file=file)
        connection.close()


@pytest.mark.usefixtures("no_password")
def test_trust_on_first_use(
    standard_scheduler: StandardScheduler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for encryption in (pycups.HTTP_ENCRYPT_REQUIRED, pycups.HTTP_ENCRYPT_ALWAYS):
        connection = pycups.Connection("localhost", standard_scheduler.port, encryption)
        assert isinstance(connection.getPrinters(), dict)
        assert connection._wire.secure
        connection.close()
    (line,) = trust.store().read_text().splitlines()
    server, fingerprint = line.split()
    assert server == f"localhost:{standard_scheduler.port}"
    assert len(bytes.fromhex(fingerprint)) == 32
    trust.store().write_text(f"{server} {'00' * 32}\n")
    with pytest.raises(pycups.IPPError) as caught:
        pycups.Connection("localhost", standard_scheduler.port, pycups.HTTP_ENCRYPT_ALWAYS).getPrinters()
    assert caught.value.args[0] == pycups.IPP_PKI_ERROR
