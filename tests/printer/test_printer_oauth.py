"""Tokens of an OpenID provider, which is a small server here that signs what the test wants.

The rule of this file: each token is right but for one thing.
"""

import time
from collections.abc import Iterator

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from openid import Provider

from ippfast.http import Refusal
from ippfast.printer import oauth
from ippfast.printer.oauth import OpenIDProvider


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


def test_a_token_names_its_user(provider: Provider) -> None:
    known = OpenIDProvider(provider.issuer, "printer")
    for _ in range(3):
        assert known.user_of(provider.token()) == "ann"
    assert known.user_of(provider.token(aud=["other", "printer"])) == "ann"
    assert provider.asked == ["/.well-known/openid-configuration", "/keys"]  # once
    by_mail = OpenIDProvider(provider.issuer, "printer", claim="email")
    assert by_mail.user_of(provider.token(email="ann@example.com")) == "ann@example.com"
    assert by_mail.user_of(provider.token()) is None


def test_tokens_that_are_not_good(provider: Provider) -> None:
    known = OpenIDProvider(provider.issuer, "printer")
    other = rsa.generate_private_key(65_537, 2_048)
    public = jwt.algorithms.RSAAlgorithm.to_jwk(provider.keys["one"].public_key())
    none = jwt.encode({"iss": provider.issuer, "aud": "printer", "sub": "ann", "exp": time.time() + 60}, "", "none")
    faulty = {
        "of another issuer": provider.token(iss="https://login.example.com"),
        "for another": provider.token(aud="scanner"),
        "for nobody": provider.token(aud=None),
        "too old": provider.token(exp=int(time.time()) - 120),
        "without an end": provider.token(exp=None),
        "not yet good": provider.token(nbf=int(time.time()) + 120),
        "of nobody": provider.token(sub=""),
        "of a number": provider.token(sub=None),
        "of too long a name": provider.token(sub="n" * 256),
        "signed by another": provider.token(key=other),
        "signed with the public key": provider.token(key=public.encode()[:64], algorithm="HS256"),
        "not signed": none,
        "cut": provider.token()[:-5],
        "no token": "abc",
        "empty": "",
        "not ASCII": "\u00e4.b.c",
    }
    assert {name: known.user_of(token) for name, token in faulty.items()} == dict.fromkeys(faulty)
    assert known.user_of(provider.token()) == "ann"


def test_new_keys_are_fetched_and_not_for_each_token(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    known = OpenIDProvider(provider.issuer, "printer")
    assert known.user_of(provider.token()) == "ann"
    provider.keys = {"two": ec.generate_private_key(ec.SECP256R1())}
    for _ in range(5):
        assert known.user_of(provider.token("two", algorithm="ES256")) is None  # it was asked just now
    assert len(provider.asked) == 2
    monkeypatch.setattr(oauth, "_AGAIN", -1.0)
    assert known.user_of(provider.token("two", algorithm="ES256")) == "ann"
    assert len(provider.asked) == 4


def test_a_provider_that_is_not_there_or_another(provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    token = provider.token()
    for changes, reason in (
        ({"issuer": "https://evil.example"}, "calls itself"),
        ({"jwks_uri": "file:///etc/passwd"}, "can't be fetched"),
    ):
        provider.changes = changes
        with pytest.raises(Refusal) as caught:
            OpenIDProvider(provider.issuer, "printer").user_of(token)
        assert caught.value.status == 503
        assert reason in caplog.text
    provider.close()
    with pytest.raises(Refusal):
        OpenIDProvider(provider.issuer, "printer").user_of(token)


@pytest.mark.parametrize("issuer", ["", "login.example.com", "http://login.example.com", "https://u@h", "https://h/?a"])
def test_what_is_no_issuer(issuer: str) -> None:
    with pytest.raises(ValueError, match="is not an issuer"):
        OpenIDProvider(issuer, "printer")
