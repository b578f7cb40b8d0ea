"""Files of users: each kind as its own program writes it, and what is refused.

The rule of this file: whatever a file is, nobody reads a password out of an error.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

import bcrypt
import pytest

from ippfast.http import DigestAuthenticator, Refusal
from ippfast.http.auth import DigestAuth
from ippfast.printer.storage.nonces import SharedNonces
from ippfast.printer.users import Users, UsersError, add_user

LINES = {
    "htdigest": f"ann:ipp:{hashlib.md5(b'ann:ipp:secret').hexdigest()}",
    "sha": f"ann:ipp:{hashlib.sha256(b'ann:ipp:secret').hexdigest()}",
    "bcrypt": f"ann:{bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}",
    "plain": "ann:secret",
}


def users(path: Path, *lines: str) -> Users:
    path.write_text("\n".join(["# the staff", *lines, ""]))
    path.chmod(0o600)
    return Users(path)


@pytest.mark.parametrize("kind", LINES)
def test_each_kind_knows_a_password(tmp_path: Path, kind: str) -> None:
    found = users(tmp_path / "users", LINES[kind])
    for _ in range(2):
        assert found.check("ann", "secret")
        assert not found.check("ann", "wrong")
        assert not found.check("bob", "secret")
        assert not found.check("ann", "")
    assert "ann" in found
    assert "bob" not in found


@pytest.mark.parametrize("kind", ["htdigest", "bcrypt", "argon2"])
def test_a_user_is_added_and_gets_another_password(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "users"
    add_user(path, "ann", "first", kind=kind)
    add_user(path, "bøb", "pässword", kind=kind)
    add_user(path, "ann", "second", kind=kind)
    assert path.stat().st_mode & 0o777 == 0o600
    found = Users(path)
    assert found.check("ann", "second")
    assert not found.check("ann", "first")
    assert found.check("bøb", "pässword")
    assert "first" not in path.read_text()
    assert "second" not in path.read_text()
    with pytest.raises(UsersError, match="another kind"):
        add_user(path, "eve", "x", kind="bcrypt" if kind == "htdigest" else "htdigest")


def test_digest_of_a_file_without_passwords(tmp_path: Path) -> None:
    path = tmp_path / "users"
    add_user(path, "ann", "secret", realm="The office")
    found = Users(path)
    assert found.algorithms == ["SHA-256", "MD5"]
    judge = DigestAuthenticator(secret_of=found.secret_of, realm=found.realm, algorithms=found.algorithms)
    for password, right in (("secret", True), ("wrong", False)):
        client = DigestAuth("ann", password)
        with pytest.raises(Refusal) as caught:
            judge.authenticate("POST", "/", None, secure=False)
        assert client.challenge([value for _, value in caught.value.headers], secure=False)
        line = client.header("POST", "/")
        if right:
            assert judge.authenticate("POST", "/", line, secure=False) == "ann"
        else:
            with pytest.raises(Refusal):
                judge.authenticate("POST", "/", line, secure=False)


def test_only_md5_is_offered_if_there_is_nothing_else(tmp_path: Path) -> None:
    assert users(tmp_path / "users", LINES["htdigest"]).algorithms == ["MD5"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is part of the system")
def test_hashes_that_are_guessed_quickly_are_refused(tmp_path: Path) -> None:
    for option in ("-apr1", "-5", "-6"):
        command = ["openssl", "passwd", option, "secret"]
        line = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        with pytest.raises(UsersError, match="guessed too quickly"):
            users(tmp_path / "users", f"ann:{line}")
    with pytest.raises(UsersError, match="guessed too quickly"):
        users(tmp_path / "users", "ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=")


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["ann"], "line 2: expected name:password"),
        ([], "names no user"),
        ([LINES["plain"], LINES["plain"]], "line 3: the user has such a line already"),
        ([LINES["plain"], f"bob{LINES['bcrypt'][3:]}"], "line 3: another kind"),
        ([LINES["htdigest"], LINES["htdigest"].replace("ipp", "other").replace("ann", "bob")], "line 3: another kind"),
        ([LINES["htdigest"], LINES["sha"].replace("ann", "bob")], "no kind of hash that all users have"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, lines: list[str], fault: str) -> None:
    with pytest.raises(UsersError, match=fault) as caught:
        users(tmp_path / "users", *lines)
    assert "secret" not in str(caught.value)


def test_a_file_in_another_charset_is_named(tmp_path: Path) -> None:
    path = tmp_path / "users"
    path.write_bytes(b"zo\xeb:secret\n")
    path.chmod(0o600)
    with pytest.raises(UsersError, match="users is not in UTF-8") as caught:
        Users(path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "password"), [("a:b", "x"), ("", "x"), ("#a", "x"), ("a\n", "x"), ("a", ""), ("a", "x\ny")]
)
def test_names_and_passwords_that_have_no_place(tmp_path: Path, name: str, password: str) -> None:
    with pytest.raises(UsersError):
        add_user(tmp_path / "users", name, password)
    assert not (tmp_path / "users").exists()


def test_more_than_bcrypt_knows(tmp_path: Path) -> None:
    with pytest.raises(UsersError, match="72 octets"):
        add_user(tmp_path / "users", "ann", "x" * 73, kind="bcrypt")
    add_user(tmp_path / "users", "ann", "x" * 72, kind="bcrypt")
    assert Users(tmp_path / "users").check("ann", "x" * 72)


def test_it_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "users"
    found = users(path, LINES["plain"])
    path.write_text("bob:other\n")
    found.reload()
    assert found.check("bob", "other")
    assert not found.check("ann", "secret")
    path.write_text("bob\n")
    with pytest.raises(UsersError):
        found.reload()
    assert found.check("bob", "other")
    path.write_text(LINES["bcrypt"])
    with pytest.raises(UsersError, match="another kind"):
        found.reload()
    assert found.check("bob", "other")


def test_nonces_of_several_processes(tmp_path: Path) -> None:
    """Each takes what another has made, and none what another has seen."""
    shared = [SharedNonces(tmp_path / "nonces", b"k" * 32) for _ in range(2)]
    judges = [DigestAuthenticator({"ann": "secret"}.get, nonces=nonces) for nonces in shared]
    client = DigestAuth("ann", "secret")
    with pytest.raises(Refusal) as caught:
        judges[0].authenticate("POST", "/", None, secure=False)
    client.challenge([value for _, value in caught.value.headers], secure=False)
    lines = [client.header("POST", "/") for _ in range(4)]
    for place, line in enumerate(lines):
        assert judges[place % 2].authenticate("POST", "/", line, secure=False) == "ann"
        for judge in judges:
            with pytest.raises(Refusal) as caught:
                judge.authenticate("POST", "/", line, secure=False)
            assert "stale=true" in str(caught.value.headers)
    for nonces in shared:
        nonces.close()
