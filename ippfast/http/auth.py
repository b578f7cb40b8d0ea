"""Authentication: Basic, Digest and Bearer, on both sides (RFC 9110 section 11, RFC 7617, RFC 7616, RFC 6750).

The rule of this file: a client answers challenges through `Auth`, a server judges credentials through `Authenticator`;
the requesting-user-name of a message proves nothing. Passwords and tokens are sent only over TLS unless the caller says
otherwise, are compared in constant time, and never stand in an error or a log.
"""

import base64
import contextlib
import hashlib
import hmac
import re
import secrets
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from .errors import HTTPError, Refusal

__all__ = [
    "Auth",
    "Authenticator",
    "BasicAuth",
    "BasicAuthenticator",
    "BearerAuth",
    "BearerAuthenticator",
    "DigestAuth",
    "DigestAuthenticator",
    "InsecureAuthError",
    "Nonces",
    "claimed_user",
]

UPGRADE = (("Connection", "Upgrade"), ("Upgrade", "TLS/1.2, HTTP/1.1"))
"""The header lines of a response that demands TLS, or begins it (RFC 2817 section 4)."""

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,|$)')
_SCHEME = re.compile(rf"\s*({_TOKEN})(?:\s+|\s*(?:,|$))(?:([A-Za-z0-9._~+/-]+=*)\s*(?:,|$))?")
_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}


class InsecureAuthError(HTTPError):
    """A server without TLS asks for a password or token, which would be sent in the clear. It was not sent."""


class _Challenge(NamedTuple):
    scheme: str
    parameters: dict[str, str]
    rest: str


def _parse(line: str) -> Iterator[_Challenge]:
    """The challenges or credentials of one header line (RFC 9110 section 11.3), up to the first that cannot be read."""
    at, current = 0, None
    while at < len(line):
        if current is not None and (found := _PARAMETER.match(line, at)):
            value = found[3] if found[2] is None else re.sub(r"\\(.)", r"\1", found[2])
            if current.parameters.setdefault(found[1].lower(), value) != value:
                return  # one name with two values: nobody knows which counts
        elif found := _SCHEME.match(line, at):
            if current is not None:
                yield current
            current = _Challenge(found[1].lower(), {}, found[2] or "")
        else:
            return
        at = found.end()
    if current is not None:
        yield current


class Auth(Protocol):
    """A client's credentials."""

    def header(self, method: str, target: str) -> str | None:
        """The Authorization of the next request; None if there has been no challenge yet."""
        ...

    def challenge(self, challenges: Iterable[str], *, secure: bool) -> bool:
        """Take the WWW-Authenticate lines of a 401. Returns whether another attempt makes sense.

        secure: whether the connection has TLS. Raises InsecureAuthError if the credentials may not be sent without it.
        """
        ...


class _PlainAuth:
    """Credentials that are the same in each request, so that anybody who reads them can use them."""

    scheme: str
    insecure: bool

    def __init__(self) -> None:
        self._asked = False

    def _credentials(self) -> str:
        raise NotImplementedError

    def header(self, method: str, target: str) -> str | None:
        """As `Auth.header`."""
        return self._credentials() if self._asked else None

    def challenge(self, challenges: Iterable[str], *, secure: bool) -> bool:
        """As `Auth.challenge`."""
        wanted = any(each.scheme == self.scheme for line in challenges for each in _parse(line))
        if wanted and not secure and not self.insecure:
            raise InsecureAuthError(f"{self.scheme.capitalize()} over a connection without TLS")
        again = wanted and not self._asked
        self._asked = self._asked or wanted
        return again


class BasicAuth(_PlainAuth):
    """A user name and password (RFC 7617). insecure: send them without TLS too.

    Raises ValueError for a user name with a colon, and for strings that cannot be encoded as UTF-8.
    """

    scheme = "basic"

    def __init__(self, user: str, password: str, *, insecure: bool = False) -> None:
        super().__init__()
        if ":" in user:
            raise ValueError("a user name with a colon cannot be sent with Basic")
        self._pair = f"{user}:{password}".encode()
        self.insecure = insecure

    def _credentials(self) -> str:
        return f"Basic {base64.b64encode(self._pair).decode()}"


class BearerAuth(_PlainAuth):
    """A token (RFC 6750). insecure: send it without TLS too."""

    scheme = "bearer"

    def __init__(self, token: str, *, insecure: bool = False) -> None:
        super().__init__()
        self._token = token
        self.insecure = insecure

    def _credentials(self) -> str:
        return f"Bearer {self._token}"


class DigestAuth:
    """A user name and password, of which only a digest is sent (RFC 7616): SHA-256, or MD5 for old servers.

    Raises ValueError for strings that cannot be encoded as UTF-8.
    """

    def __init__(self, user: str, password: str) -> None:
        f"{user}:{password}".encode()  # raise ValueError now, not when it is sent
        self._user, self._password = user, password
        self._lock = threading.Lock()
        self._parameters: dict[str, str] | None = None
        self._count = 0

    def header(self, method: str, target: str) -> str | None:
        """As `Auth.header`."""
        with self._lock:
            asked = self._parameters
            if asked is None:
                return None
            self._count += 1
            count = f"{self._count:08x}"
        algorithm = asked.get("algorithm", "MD5")
        fields = {"username": self._user, "realm": asked["realm"], "nonce": asked["nonce"], "uri": target}
        bare = {"algorithm": algorithm}
        cnonce = secrets.token_hex(16)
        qop = "auth" if "qop" in asked else ""
        if qop:
            fields["cnonce"] = cnonce
            bare |= {"qop": qop, "nc": count}
        secret = _secret(algorithm, self._user, asked["realm"], self._password)
        fields["response"] = _response(algorithm, secret, method, target, asked["nonce"], count, cnonce, qop)
        if "opaque" in asked:
            fields["opaque"] = asked["opaque"]
        quoted = [f'{name}="{_escape(value)}"' for name, value in fields.items()]
        text = f"Digest {', '.join(quoted + [f'{name}={value}' for name, value in bare.items()])}"
        return text.encode().decode("iso-8859-1")  # UTF-8 on the wire (RFC 7616 section 3.3)

    def challenge(self, challenges: Iterable[str], *, secure: bool) -> bool:
        """As `Auth.challenge`. It takes the first challenge that it can answer: the server puts its favourite first."""
        for line in challenges:
            for scheme, parameters, _ in _parse(line):
                if scheme == "digest" and self._can_answer(parameters):
                    stale = parameters.get("stale", "").lower() == "true"
                    with self._lock:
                        again = self._parameters is None or stale
                        self._parameters, self._count = parameters, 0
                    return again
        return False

    @staticmethod
    def _can_answer(parameters: dict[str, str]) -> bool:
        qop = {each.strip().lower() for each in parameters.get("qop", "auth").split(",")}
        known = parameters.get("algorithm", "MD5").upper() in _HASHES
        return known and "auth" in qop and "realm" in parameters and "nonce" in parameters


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _hash(algorithm: str, text: str) -> str:
    return _HASHES[algorithm.upper()](text.encode()).hexdigest()


def _secret(algorithm: str, user: str, realm: str, password: str) -> str:
    return _hash(algorithm, f"{user}:{realm}:{password}")


def _response(
    algorithm: str, secret: str, method: str, target: str, nonce: str, count: str, cnonce: str, qop: str
) -> str:
    """The response parameter of Digest (RFC 7616 section 3.4.1); without qop, that of RFC 2069."""
    request = _hash(algorithm, f"{method}:{target}")
    middle = f"{nonce}:{count}:{cnonce}:{qop}" if qop else nonce
    return _hash(algorithm, f"{secret}:{middle}:{request}")


class Authenticator(Protocol):
    """Judges the credentials of requests to a server."""

    def authenticate(self, method: str, target: str, authorization: str | None, *, secure: bool) -> str:
        """The user whose request this is.

        authorization: the Authorization line, None if there is none. secure: whether the connection has TLS.
        Raises Refusal with the status 401 and the challenges, or with another status.
        """
        ...


def _refuse(challenges: Iterable[str]) -> Refusal:
    return Refusal(401, "not authenticated", headers=[("WWW-Authenticate", each) for each in challenges])


def _credentials(authorization: str | None, scheme: str) -> _Challenge | None:
    """The credentials of an Authorization line, if they are of this scheme."""
    try:
        text = (authorization or "").encode("iso-8859-1").decode()  # UTF-8 on the wire (RFC 7616 section 3.3)
    except UnicodeError:
        return None
    found = list(_parse(text))
    return found[0] if len(found) == 1 and found[0].scheme == scheme else None


class BasicAuthenticator:
    """Accepts a user name and password (RFC 7617).

    check: whether a user has that password; it compares in constant time, as `hmac.compare_digest` does.
    insecure: accept them without TLS too; otherwise such a client is told to upgrade (426).
    """

    def __init__(self, check: Callable[[str, str], bool], *, realm: str = "ipp", insecure: bool = False) -> None:
        self._check = check
        self._challenge = f'Basic realm="{_escape(realm)}", charset="UTF-8"'
        self._insecure = insecure

    def authenticate(self, method: str, target: str, authorization: str | None, *, secure: bool) -> str:
        """As `Authenticator.authenticate`."""
        _demand_tls(secure or self._insecure)
        credentials = _credentials(authorization, "basic")
        try:
            pair = base64.b64decode(credentials.rest, validate=True).decode() if credentials is not None else ""
        except ValueError:
            pair = ""
        user, colon, password = pair.partition(":")
        if not colon or not self._check(user, password):
            raise _refuse([self._challenge])
        return user


class BearerAuthenticator:
    """Accepts a token (RFC 6750). user_of: gives its user, or None. insecure: as for `BasicAuthenticator`."""

    def __init__(self, user_of: Callable[[str], str | None], *, realm: str = "ipp", insecure: bool = False) -> None:
        self._user_of = user_of
        self._challenge = f'Bearer realm="{_escape(realm)}"'
        self._insecure = insecure

    def authenticate(self, method: str, target: str, authorization: str | None, *, secure: bool) -> str:
        """As `Authenticator.authenticate`."""
        _demand_tls(secure or self._insecure)
        credentials = _credentials(authorization, "bearer")
        user = self._user_of(credentials.rest) if credentials is not None and credentials.rest else None
        if user is None:
            raise _refuse([self._challenge])
        return user


def claimed_user(authorization: str | None) -> str | None:
    """The user that credentials name, proved or not; None if they name nobody, as a token does."""
    for scheme in ("digest", "basic"):
        credentials = _credentials(authorization, scheme)
        if credentials is None:
            continue
        if scheme == "digest":
            return credentials.parameters.get("username")
        with contextlib.suppress(ValueError):
            return base64.b64decode(credentials.rest, validate=True).decode().partition(":")[0]
    return None


def _demand_tls(secure: bool) -> None:
    if not secure:
        raise Refusal(426, "this server accepts credentials only over TLS", headers=UPGRADE)


class Nonces(Protocol):
    """The nonces that a `DigestAuthenticator` has made.

    key: it signs them with this key. Authenticators with the same key accept each other's nonces, if they share what
    `advance` knows.
    """

    key: bytes

    def advance(self, nonce: str, count: int) -> bool:
        """Note a count that came with a nonce. Returns whether it is higher than all that came with it before."""
        ...


class _OwnNonces:
    """The nonces of one authenticator."""

    _MOST = 1_000

    def __init__(self) -> None:
        self.key = secrets.token_bytes(32)
        self.counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def advance(self, nonce: str, count: int) -> bool:
        with self._lock:
            if count <= self.counts.get(nonce, 0):
                return False
            self.counts[nonce] = count
            if len(self.counts) > self._MOST:
                # A nonce that is only forgotten could be replayed. With a new key, all nonces are stale.
                self.key = secrets.token_bytes(32)
                self.counts.clear()
        return True


class DigestAuthenticator:
    """Accepts digests of passwords (RFC 7616). password_of: gives a user's password, or None if there is no such user.

    secret_of: instead of it, gives the hash of a user, realm and password for an algorithm, as htdigest files have it
    (RFC 7616 section 3.4.2). algorithms: those offered, the favourite first. nonce_seconds: how long a challenge can
    be answered. nonces: the nonces, if several authenticators share them.
    """

    def __init__(
        self,
        password_of: Callable[[str], str | None] | None = None,
        *,
        secret_of: Callable[[str, str], str | None] | None = None,
        realm: str = "ipp",
        algorithms: Iterable[str] = ("SHA-256", "MD5"),
        nonce_seconds: float = 300.0,
        nonces: Nonces | None = None,
    ) -> None:
        if (password_of is None) == (secret_of is None):
            raise ValueError("give either password_of or secret_of")
        self._password_of = password_of
        self._secret_of = secret_of
        self._realm = realm
        self._algorithms = tuple(algorithms)
        if not self._algorithms or not set(self._algorithms) <= set(_HASHES):
            raise ValueError("the algorithms are SHA-256 and MD5")
        self._seconds = nonce_seconds
        self._nonces = _OwnNonces() if nonces is None else nonces

    def _secret(self, algorithm: str, user: str) -> str | None:
        if self._secret_of is not None:
            return self._secret_of(user, algorithm)
        assert self._password_of is not None
        password = self._password_of(user)
        return None if password is None else _secret(algorithm, user, self._realm, password)

    def authenticate(self, method: str, target: str, authorization: str | None, *, secure: bool) -> str:
        """As `Authenticator.authenticate`."""
        credentials = _credentials(authorization, "digest")
        if credentials is None:
            raise _refuse(self._challenges(stale=False))
        given = credentials.parameters
        algorithm = given.get("algorithm", "MD5")
        user, nonce, count = given.get("username", ""), given.get("nonce", ""), given.get("nc", "")
        expected, secret = "-", None
        if algorithm in self._algorithms:
            secret = self._secret(algorithm, user)
            known = secret or _secret(algorithm, user, self._realm, "")
            expected = _response(algorithm, known, method, target, nonce, count, given.get("cnonce", ""), "auth")
        fits = (
            hmac.compare_digest(expected.encode(), given.get("response", "").encode())
            and secret is not None
            and given.get("realm") == self._realm
            and given.get("uri") == target
            and given.get("qop") == "auth"
            and re.fullmatch(r"[0-9a-fA-F]{8}", count) is not None
        )
        if not fits:
            raise _refuse(self._challenges(stale=False))
        if not self._is_fresh(nonce, int(count, 16)):
            raise _refuse(self._challenges(stale=True))
        return user

    def _challenges(self, *, stale: bool) -> list[str]:
        when = struct.pack(">d", time.time()) + secrets.token_bytes(8)
        nonce = base64.urlsafe_b64encode(when + hmac.digest(self._nonces.key, when, "sha256")).decode()
        end = ', qop="auth", charset=UTF-8' + (", stale=true" if stale else "")
        realm = _escape(self._realm)
        return [f'Digest realm="{realm}", nonce="{nonce}", algorithm={each}{end}' for each in self._algorithms]

    def _is_fresh(self, nonce: str, count: int) -> bool:
        """Whether this server made the nonce recently, and this count is higher than all that came with it before."""
        try:
            made = base64.b64decode(nonce, altchars=b"-_", validate=True)
        except ValueError:
            return False
        when, key = made[:16], self._nonces.key
        if len(made) != 48 or not hmac.compare_digest(made[16:], hmac.digest(key, when, "sha256")):
            return False
        if not 0 <= time.time() - struct.unpack(">d", when[:8])[0] <= self._seconds:
            return False
        # If the key has changed, perhaps in another thread meanwhile, the counts of this nonce were forgotten.
        return self._nonces.advance(nonce, count) and self._nonces.key == key
