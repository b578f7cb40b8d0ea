"""The plugin of pytest, as a project that has ippfast installed gets it: fixtures, the marker, and files as tests."""

import subprocess
import sys
from pathlib import Path

import pytest

from ippfast.testing import FailedTests, LoopbackPrinter, check_file, run_file

pytest_plugins = ("pytester",)

ASK = """{ NAME "a printer" OPERATION Get-Printer-Attributes GROUP operation-attributes-tag
    ATTR charset attributes-charset utf-8 ATTR naturalLanguage attributes-natural-language en
    ATTR uri printer-uri $uri EXPECT printer-name WITH-VALUE $name }"""


def run_pytest(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("-p", "no:cacheprovider", "-Werror", "--strict-markers", *arguments)


def test_the_fixtures(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest
        from ippfast.http import Client
        from ippfast.testing import Refuse

        def test_a_printer(ipp_printer):
            with Client(ipp_printer.uri) as client:
                client.print(b"hello", document_format="text/plain").wait()
            assert ipp_printer.wait_for_jobs()[0].octets == b"hello"

        @pytest.mark.ipp_printer(description={"printer-name": "one"}, faults=[Refuse()])
        class TestMany:
            @pytest.mark.ipp_printer(description={"printer-name": "two"})
            def test_marked(self, ipp_printer):
                with Client(ipp_printer.uri) as client:
                    assert client.attributes("printer-name").value("printer-name") == "two"

        def test_two(ipp_printers):
            one, other = ipp_printers(), ipp_printers(speed=20)
            assert one.uri != other.uri
        """
    )
    result = run_pytest(pytester)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*server-error-busy*"])


def test_files_are_tests(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("good.test").write_text(f"DEFINE name ippfast\n{ASK}")
    pytester.path.joinpath("bad.test").write_text(f"DEFINE name other\n{ASK}")
    pytester.path.joinpath("odd.test").write_text("\nWHAT")
    with LoopbackPrinter() as printer:
        result = run_pytest(pytester, "--ipp-uri", printer.uri)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "*1 of 1 tests of *bad.test failed*",
            "*bad.test:2: a printer*",
            '*EXPECTED: printer-name WITH-VALUE "other"*',
            '*GOT: printer-name="ippfast"*',
            "*odd.test:2: 'WHAT' is not a directive*",
        ]
    )
    run_pytest(pytester).assert_outcomes()


def test_a_file_in_a_test(tmp_path: Path) -> None:
    (file := tmp_path / "a.test").write_text(ASK)
    with LoopbackPrinter() as printer:
        assert check_file(file, printer, variables={"name": "ippfast"}).passed
        assert not run_file(file, printer.uri).failures  # an empty value is any
        with pytest.raises(FailedTests) as caught:
            check_file(str(file), printer, variables={"name": "other"})
    assert str(caught.value).splitlines() == [
        f"1 of 1 tests of {file} failed",
        f"{file}:1: a printer",
        '    EXPECTED: printer-name WITH-VALUE "other"',
        '    GOT: printer-name="ippfast"',
    ]


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    program = (
        "import sys, pytest; before = set(sys.modules); import ippfast.testing.plugin;"
        "print(*(name for name in set(sys.modules) - before if name.startswith(('ippfast.', 'h11', 'ssl'))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = ("http", "printer", "operations", "registry", "enums", "testing.loopback", "testing.running")
    loaded = {name.removeprefix("ippfast.") for name in done.stdout.split()}
    assert "testing.plugin" in loaded
    assert not [name for name in loaded if name.startswith((*heavy, "h11", "ssl"))]
