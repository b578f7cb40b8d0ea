"""The users that a file names, and what their passwords are checked against.

The rule of this file: all lines of a file are of one kind; empty lines and those that begin with # are skipped. It
holds secrets, so only its owner may read it, and they are compared in constant time.

============  ==========================  ==========================================================================
kind          a line                      serves
============  ==========================  ==========================================================================
htdigest      ``name:realm:hash``         Digest and Basic; MD5 or SHA-256, or a line of each
htpasswd      ``name:$2y$...``            only Basic; bcrypt or argon2, which need the extra ``passwords``
plain         ``name:password``           Digest and Basic; the file shows the passwords
============  ==========================  ==========================================================================
"""

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

__all__ = ["Users", "UsersError", "add_user"]

_HTDIGEST = re.compile(r"([^:]+):([^:]+):([0-9a-f]{32}|[0-9a-f]{64})")
_HTPASSWD = re.compile(r"([^:]+):(\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$[!-~]+)")
_WEAK = re.compile(r"[^:]+:(?:\$(?:apr1|1|5|6)\$[!-~]+|\{S?SHA\}[!-~]+)")
_PLAIN = re.compile(r"([^:]+):(.+)")
_HASHES = {32: "MD5", 64: "SHA-256"}
_FUNCTIONS: dict[str, Callable[[bytes], "hashlib._Hash"]] = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_MOST_BCRYPT = 72  # octets of a password: bcrypt ignores the rest


class UsersError(ValueError):
    """The file cannot be used; the text says why, and shows no password."""


def _digest(algorithm: str, name: str, realm: str, password: str) -> str:
    """What a line of htdigest has (RFC 7616 section 3.4.2)."""
    return _FUNCTIONS[algorithm](f"{name}:{realm}:{password}".encode("utf-8", "surrogateescape")).hexdigest()


class Users:
    """The users of a file, by name.

    Raises UsersError, OSError if it cannot be read, and ModuleNotFoundError if its hashes need a library that is not
    installed.

    kind: ``"htdigest"``, ``"htpasswd"`` or ``"plain"``. realm: of the file, or ``"ipp"``. algorithms: those of Digest
    that it serves, the better one first.
    """

    def __init__(self, path: Path) -> None:
        self.kind = self.realm = ""
        self._path = path
        self._proved: dict[str, tuple[str, bytes]] = {}  # by name: the hash, and the password that was right for it
        self._key = secrets.token_bytes(32)
        self.reload()

    def reload(self) -> None:
        """Read the file again. If it can't be used, the users stay as they were."""
        mode = stat.S_IMODE(self._path.stat().st_mode)
        if mode & 0o077:
            raise UsersError(f"{self._path} can be read or written by others: chmod 600 {self._path}")
        kind, realm, found = _read(self._path)
        if self.kind and (self.kind, self.realm) != (kind, realm):
            raise UsersError(f"{self._path} is of another kind or realm than before: restart the server to use it")
        for each in {of_user["hash"][:2] for of_user in found.values() if "hash" in of_user}:
            import_module("bcrypt" if each == "$2" else "argon2")  # raises now if it is not installed
        self.kind, self.realm, self._found = kind, realm, found
        algorithms = [each for each in ("SHA-256", "MD5") if all(each in of_user for of_user in found.values())]
        self.algorithms = ["SHA-256", "MD5"] if kind == "plain" else algorithms

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def secret_of(self, name: str, algorithm: str) -> str | None:
        """The hash that Digest checks a user's response with; None: there is no such user, or no hash for this
        algorithm."""
        of_user = self._found.get(name)
        if of_user is None:
            return None
        if self.kind == "plain":
            return _digest(algorithm, name, self.realm, of_user["plain"])
        return of_user.get(algorithm)

    def check(self, name: str, password: str) -> bool:
        """Whether a user has that password."""
        of_user = self._found.get(name, {})
        if self.kind == "htpasswd":
            return self._check_hash(name, of_user.get("hash"), password)
        known = of_user.get("plain") if self.kind == "plain" else None
        if known is not None:
            return hmac.compare_digest(known.encode(), password.encode("utf-8", "surrogateescape"))
        algorithm = self.algorithms[0]
        right = hmac.compare_digest(of_user.get(algorithm, ""), _digest(algorithm, name, self.realm, password))
        return bool(of_user) and right

    def _check_hash(self, name: str, known: str | None, password: str) -> bool:
        """Check a password against a slow hash. One that was right is remembered by a fast hash in this process."""
        octets = password.encode("utf-8", "surrogateescape")
        seen = hmac.digest(self._key, octets, "sha256")
        proved = self._proved.get(name)
        if known is not None and proved is not None and proved[0] == known and hmac.compare_digest(proved[1], seen):
            return True
        # The time must not tell that there is no such user.
        tried = known or next(iter(self._found.values()))["hash"]
        right = _is_right(tried, octets)
        if known is None or not right:
            return False
        self._proved[name] = known, seen
        return True


def _is_right(known: str, password: bytes) -> bool:
    if known.startswith("$2"):
        import bcrypt

        return bcrypt.checkpw(password[:_MOST_BCRYPT], known.encode())
    import argon2

    try:
        return argon2.PasswordHasher().verify(known, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def _read(path: Path) -> tuple[str, str, dict[str, dict[str, str]]]:
    """The kind of a file, its realm, and by user what is known of the password."""
    kinds: set[str] = set()
    realms: set[str] = set()
    found: dict[str, dict[str, str]] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsersError(f"{path} is not in UTF-8: {error}") from error
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        kind, name, realm, added = _parse(line, f"{path}, line {number}")
        kinds.add(kind)
        realms.add(realm)
        of_user = found.setdefault(name, {})
        if of_user.keys() & added.keys():
            raise UsersError(f"{path}, line {number}: the user has such a line already")
        of_user |= added
        if len(kinds) > 1 or len(realms) > 1:
            raise UsersError(f"{path}, line {number}: another kind of line, or another realm, than those before")
    if not found:
        raise UsersError(f"{path} names no user")
    kind = kinds.pop()
    if kind == "htdigest" and not any(all(each in of_user for of_user in found.values()) for each in _FUNCTIONS):
        raise UsersError(f"{path}: there is no kind of hash that all users have")
    return kind, realms.pop(), found


def _parse(line: str, place: str) -> tuple[str, str, str, dict[str, str]]:
    if match := _HTDIGEST.fullmatch(line):
        return "htdigest", match[1], match[2], {_HASHES[len(match[3])]: match[3]}
    if match := _HTPASSWD.fullmatch(line):
        return "htpasswd", match[1], "ipp", {"hash": match[2]}
    if _WEAK.fullmatch(line):
        raise UsersError(f"{place}: this hash is guessed too quickly; htpasswd -B makes better ones")
    if match := _PLAIN.fullmatch(line):
        return "plain", match[1], "ipp", {"plain": match[2]}
    raise UsersError(f"{place}: expected name:password, or a line of htdigest or htpasswd")


def add_user(path: Path, name: str, password: str, *, kind: str = "htdigest", realm: str = "ipp") -> None:
    """Add a user to a file, or give an existing one a new password. The file is made if it does not exist.

    kind: ``"htdigest"``, ``"bcrypt"`` or ``"argon2"``; realm: of htdigest. Raises UsersError for a name or password
    that the file cannot hold, and for a file of another kind; OSError.
    """
    if not name or any(c in name for c in ":\r\n") or name.startswith("#") or not name.isprintable():
        raise UsersError("a user's name must not have a colon or control characters, or begin with #")
    if not password or "\n" in password or "\r" in password:
        raise UsersError("a password must be one line")
    lines: list[str] = []
    if path.exists():
        users = Users(path)
        if (users.kind, users.realm) != (("htdigest", realm) if kind == "htdigest" else ("htpasswd", "ipp")):
            raise UsersError(f"{path} is a file of another kind ({users.kind}), or of another realm ({users.realm})")
        kept = path.read_text(encoding="utf-8").splitlines()
        lines = [line for line in kept if line.startswith("#") or line.partition(":")[0] != name]
    lines += _lines(name, password, kind, realm)
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _lines(name: str, password: str, kind: str, realm: str) -> list[str]:
    if kind == "htdigest":
        return [f"{name}:{realm}:{_digest(each, name, realm, password)}" for each in _FUNCTIONS]
    octets = password.encode()
    if kind == "bcrypt":
        import bcrypt

        if len(octets) > _MOST_BCRYPT:
            raise UsersError(f"bcrypt takes at most {_MOST_BCRYPT} octets of a password")
        return [f"{name}:{bcrypt.hashpw(octets, bcrypt.gensalt()).decode()}"]
    import argon2

    return [f"{name}:{argon2.PasswordHasher().hash(octets)}"]
