"""PPDs of the shim for pycups by themselves: groups, choices, conflicts and what is written, from a file made for it.

The rule of this file: neither pycups nor CUPS is needed. What libcups reads in files of Debian's is compared elsewhere.
"""

import gzip
import io
from pathlib import Path

import pytest

import ippfast.compat.pycups as cups

PPD = """*PPD-Adobe: "4.3"
*FormatVersion: "4.3"
*LanguageVersion: English
*LanguageEncoding: UTF-8
*% a comment
*NickName: "Drucker für alle"
*cupsFilter: "application/pdf 0 -"
*cupsFilter: "image/png 0 -"
*cupsIPPReason media-low/Paper low: "http://printer.example/low file:///low"
*UIConstraints: *Duplex *Installed False
*UIConstraints: *Duplex *PageSize Postcard
*OpenGroup: Extras/Install<C3BC>
*OpenUI *Installed/Duplexer: Boolean
*DefaultInstalled: False
*Installed True: ""
*Installed False: ""
*CloseUI: *Installed
*CloseGroup: Extras
*OpenUI *PageSize: PickOne
*OrderDependency: 10 AnySetup *PageSize
*DefaultPageSize: A4
*PageSize A4: "<</PageSize[595 842]>>
setpagedevice"
*End
*PageSize Postcard/Card: "card"
*CloseUI: *PageSize
*OpenUI *PageRegion: PickOne
*DefaultPageRegion: A4
*PageRegion A4: "region"
*CloseUI: *PageRegion
*CustomPageSize True: "custom"
*OpenUI *Duplex/Two sides: PickOne
*OrderDependency: 20 AnySetup *Duplex
*DefaultDuplex: None
*Duplex None/Off: "one"
*Duplex DuplexNoTumble/Long edge: "two"
*CloseUI: *Duplex
*JCLOpenUI *JCLCopies: PickOne
*OrderDependency: 10 JCLSetup *JCLCopies
*DefaultJCLCopies: 1
*JCLCopies 1: "@PJL SET COPIES=1<0A>"
*JCLCloseUI: *JCLCopies
*de.Translation Duplex/Beidseitig: ""
*de.Duplex None/Aus: ""
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "printer.ppd"
    file.write_text(PPD, encoding="utf-8")
    return file


def test_groups_and_options(path: Path) -> None:
    ppd = cups.PPD(str(path))
    groups = {group.name: (group.text, [option.keyword for option in group.options]) for group in ppd.optionGroups}
    assert groups == {
        "Extras": ("Installü", ["Installed"]),
        "General": ("General", ["PageSize", "PageRegion", "Duplex"]),
        "JCL": ("JCL", ["JCLCopies"]),
    }
    size, duplex = ppd.findOption("pagesize"), ppd.findOption("Duplex")
    assert size is not None
    assert duplex is not None
    assert (size.text, size.defchoice, size.ui) == ("Media Size", "A4", cups.PPD_UI_PICKONE)
    assert [each["choice"] for each in size.choices] == ["A4", "Postcard", "Custom"]
    assert duplex.choices[1] == {"choice": "DuplexNoTumble", "text": "Long edge", "marked": False}
    assert ppd.findOption("none") is None


def test_attributes(path: Path) -> None:
    ppd = cups.PPD(str(path))
    first, second = ppd.findAttr("cupsFilter"), ppd.findNextAttr("cupsFilter")
    assert first is not None
    assert second is not None
    assert (first.value, second.value) == ("application/pdf 0 -", "image/png 0 -")
    assert ppd.findNextAttr("cupsFilter") is None
    name = ppd.findAttr("NickName")
    assert name is not None
    assert name.value == "Drucker für alle"
    assert ppd.localizeIPPReason("media-low") == "Paper low"
    assert ppd.localizeIPPReason("media-low", "file") == "file:///low"
    assert ppd.localizeIPPReason("none") is None


def test_marks_and_conflicts(path: Path) -> None:
    ppd = cups.PPD(str(path))
    ppd.markDefaults()
    assert (ppd.conflicts(), ppd.nondefaultsMarked()) == (0, False)
    assert ppd.markOption("Duplex", "DuplexNoTumble") == 1  # there is no duplexer
    conflicted = [option.keyword for group in ppd.optionGroups for option in group.options if option.conflicted]
    assert conflicted == ["Installed", "Duplex"]
    assert ppd.nondefaultsMarked()
    assert ppd.markOption("Installed", "True") == 0
    assert ppd.markOption("PageSize", "Postcard") == 1
    assert ppd.markOption("PageSize", "Custom.100x200") == 0
    assert ppd.markOption("PageRegion", "A4") == 0
    size = ppd.findOption("PageSize")
    assert size is not None
    assert not any(each["marked"] for each in size.choices)


def test_what_is_written(path: Path, tmp_path: Path) -> None:
    ppd = cups.PPD(str(path))
    ppd.markDefaults()
    ppd.markOption("PageSize", "Postcard")
    with (tmp_path / "written.ppd").open("wb") as file:
        ppd.writeFd(file.fileno())
    again = cups.PPD(str(tmp_path / "written.ppd"))
    size = again.findOption("PageSize")
    assert size is not None
    assert size.defchoice == "Postcard"
    assert (ppd.emitString(0, 20.0) or "").splitlines()[1] == "%%BeginFeature: *Duplex None"
    assert ppd.emitString(3, 0.0) == "@PJL SET COPIES=1\n"
    assert ppd.emitString(5, 0.0) is None
    text = io.StringIO()
    ppd.emit(text, 0)
    assert "card" in text.getvalue()


def test_files_that_are_none(path: Path, tmp_path: Path) -> None:
    (tmp_path / "small.ppd.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert cups.PPD(str(tmp_path / "small.ppd.gz")).findOption("Duplex") is not None
    (tmp_path / "text").write_text("a text")
    for name in ("text", "none"):
        with pytest.raises(RuntimeError):
            cups.PPD(str(tmp_path / name))
    with pytest.raises(TypeError):
        cups.PPD(3)  # type: ignore[arg-type]
