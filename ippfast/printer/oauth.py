"""Tokens of an OpenID provider: they tell the user of a request (RFC 6750, RFC 7519, PWG 5100.23).

The rule of this file: a token counts if the provider has signed it for this printer and it has not expired; PyJWT
checks that (the extra ``oauth``). No secret is known here, only the provider's public keys. They are fetched again if a
token names an unknown key, but not more often if a client sends many such tokens.
"""

import json
import logging
import threading
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import jwt

from ippfast.http.errors import Refusal

__all__ = ["OpenIDProvider"]

_log = logging.getLogger("ippfast.printer")

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_TIME_OUT = 10.0
_MOST_OCTETS = 1_048_576
_KEEP = 3_600.0  # for how many seconds keys are good
_AGAIN = 10.0  # the least seconds between two fetches
_LEEWAY = 30.0  # seconds that clocks may differ


class _Straight(urllib.request.HTTPRedirectHandler):
    """Follows no redirection, which could lead away from https."""

    def redirect_request(self, *args: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_Straight)


class OpenIDProvider:
    """A provider of tokens. issuer: its URI, with https. audience: what it calls this printer.

    claim: the claim of a token that names the user; only ``sub`` is never another user's (OpenID Connect Core section
    5.7).

    Raises ValueError if `issuer` cannot be used.
    """

    def __init__(self, issuer: str, audience: str, *, claim: str = "sub") -> None:
        parts = urlsplit(issuer)
        if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(f"{issuer!r} is not an issuer, which is a URI such as https://login.example.com")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")):
            raise ValueError(f"{issuer!r} is not an issuer: its keys must come by https")
        self.issuer = issuer
        self._audience = audience
        self._claim = claim
        self._lock = threading.Lock()
        self._keys: dict[str | None, Any] = {}
        self._fetched = self._tried = -1e9

    def user_of(self, token: str) -> str | None:
        """The user of a token; None: it is not valid. Raises Refusal (503) if the provider's keys can't be fetched."""
        try:
            named = jwt.get_unverified_header(token).get("kid")
            key = self._key(named if isinstance(named, str) else None)
            if key is None:
                _log.info("a token is signed with a key that %s does not have", self.issuer)
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=_ALGORITHMS,
                audience=self._audience,
                issuer=self.issuer,
                leeway=_LEEWAY,
                options={"require": ["exp", "iss", "aud", self._claim]},
            )
        except jwt.PyJWTError as error:
            _log.info("a token is refused: %s", error)
            return None
        user = claims[self._claim]
        return user if isinstance(user, str) and user and len(user.encode("utf-8", "replace")) <= 255 else None

    def _key(self, name: str | None) -> Any:
        """The key of that name; without a name, the only key that there is."""
        with self._lock:
            now = time.monotonic()
            stale = now - self._fetched > _KEEP or (name not in self._keys and name is not None)
            if stale and now - self._tried > _AGAIN:
                self._tried = now
                try:
                    self._keys = self._fetch()
                    self._fetched = now
                except (OSError, ValueError, KeyError, TypeError, jwt.PyJWTError) as error:
                    _log.warning("the keys of %s can't be fetched: %s", self.issuer, error)
            if now - self._fetched > 2 * _KEEP:
                raise Refusal(503, "the provider of tokens can't be asked", headers=[("Retry-After", "30")])
            if name is None:
                return next(iter(self._keys.values())) if len(self._keys) == 1 else None
            return self._keys.get(name)

    def _fetch(self) -> dict[str | None, Any]:
        """The provider's keys (OpenID Connect Discovery sections 3 and 4)."""
        about = _json(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if about["issuer"] != self.issuer:
            raise ValueError(f"it calls itself {about['issuer']!r}")
        place = str(about["jwks_uri"])
        if urlsplit(place).scheme not in ("https", urlsplit(self.issuer).scheme):
            raise ValueError("its keys do not come by https")
        keys = jwt.PyJWKSet.from_dict(_json(place)).keys
        return {key.key_id: key for key in keys if key.public_key_use in (None, "sig")}


def _json(uri: str) -> dict[str, Any]:
    with _OPENER.open(uri, timeout=_TIME_OUT) as answer:
        octets = answer.read(_MOST_OCTETS + 1)
    if len(octets) > _MOST_OCTETS:
        raise ValueError(f"{uri} gives too many octets")
    found = json.loads(octets)
    if not isinstance(found, dict):
        raise ValueError(f"{uri} gives no JSON object")
    return found
