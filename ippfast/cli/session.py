"""What all commands that speak with a printer share: their options, credentials, and one conversation.

The rule of this file: passwords and tokens come from the environment or a prompt, are sent only if a server asks and
the connection has TLS, and are in no argument, no error and no output.
"""

import functools
import getpass
import hashlib
import os
import re
import ssl
import sys
import warnings
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

import click

from ippfast import DelimiterTag, Message
from ippfast.http import (
    TLS,
    Auth,
    BasicAuth,
    BearerAuth,
    Client,
    DigestAuth,
    PinError,
    ProbeResult,
    StatusError,
    Timeouts,
    probe,
)
from ippfast.http.probing import has_tls
from ippfast.http.uri import Endpoint, parse_uri, printer_uri
from ippfast.issues import Issue

from .failures import LOG_IN, NOT_ALLOWED, USAGE, Failure, Refused, explained
from .output import Output
from .parameters import Seconds
from .terminal import Terminal, terminal_options
from .text import escape, quote

__all__ = [
    "Access",
    "Session",
    "access_options",
    "allow_versions",
    "any_context",
    "credentials",
    "json_option",
    "printer_command",
    "trust_is_given",
    "trust_options",
    "why",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])

_VERSIONS = {"1.0": (1, 0), "1.1": (1, 1), "2.0": (2, 0), "2.1": (2, 1), "2.2": (2, 2)}
_PROBE_SECONDS = 20.0
_GLANCE_SECONDS = 5.0

Build = Callable[..., Message]
"""A function of `ippfast.operations`."""

Progress = Callable[[int, int | None], object]
"""A function that is called with how many octets of a document are sent, and its length; None if that is not known."""


class Access(NamedTuple):
    """How a printer is reached, as the options say."""

    ca: str | None = None
    pin: str | None = None
    insecure: bool = False
    cleartext_password: bool = False
    user: str | None = None
    timeout: float = 60.0
    antique: bool = False
    """Whether any version of TLS and any certificate is accepted."""
    version: tuple[int, int] | None = None
    """The IPP version of requests; None: 2.0, or an older one if the printer takes no other."""
    in_tls: bool = False
    """Whether TLS is needed although neither ``ca`` nor ``pin`` is given."""

    @property
    def needs_tls(self) -> bool:
        """Whether nothing is sent without TLS, since the options say whom to trust."""
        return self.in_tls or self.ca is not None or self.pin is not None

    def tls(self) -> TLS:
        """The TLS that is asked for. Raises Failure for files and fingerprints that cannot be used."""
        if self.antique:
            return TLS(context=any_context())
        if self.insecure:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return TLS(context=context)
        try:
            tls = TLS(ca_file=self.ca, fingerprint=self.pin)
            if self.ca is not None:  # otherwise nothing can be wrong, and without TLS nobody need wait for it
                tls.make_context()
        except ValueError as error:
            raise Failure(f"--pin: {error}", USAGE) from None
        except OSError as error:
            raise Failure(f"--ca {escape(str(self.ca))}: {error.strerror or error}", USAGE) from None
        return tls

    @property
    def user_name(self) -> str:
        """The name of the user, for requesting-user-name and for passwords."""
        if self.user:
            return self.user
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):  # a user without a name
            return "anonymous"


def any_context() -> ssl.SSLContext:
    """Accepts any certificate and every version of TLS that OpenSSL has: to examine printers, not for secrets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    allow_versions(context, ssl.TLSVersion.TLSv1, None)
    return context


def allow_versions(context: ssl.SSLContext, oldest: ssl.TLSVersion, newest: ssl.TLSVersion | None) -> None:
    """Limit the versions of TLS. newest: None: no limit."""
    with warnings.catch_warnings():  # they are tried because they are old
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = oldest
        if newest is not None:
            context.maximum_version = newest


_TRUST_OPTIONS = (
    click.option(
        "--ca", type=click.Path(), envvar="IPPFAST_CA", metavar="FILE", help="Trust the certificates in this PEM file."
    ),
    click.option(
        "--pin",
        envvar="IPPFAST_PIN",
        metavar="SHA256",
        help="Trust only the certificate with this fingerprint, whoever signed it.",
    ),
    click.option(
        "--insecure",
        is_flag=True,
        help="Accept any certificate. An attacker in between can read everything.",
    ),
)
_ACCESS_OPTIONS = (
    click.option("--cleartext-password", is_flag=True, help="Send a password or token without TLS too."),
    click.option(
        "--user", envvar="IPPFAST_USER", metavar="NAME", help="The name of the user; by default who is logged in here."
    ),
    click.option(
        "--timeout",
        type=Seconds(),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait for an answer, and for a printer that is busy.",
    ),
    click.option(
        "--ipp-version",
        type=click.Choice(list(_VERSIONS)),
        help="The IPP version of requests; by default 2.0, or an older one if the printer does not take it.",
    ),
)


def trust_options(command: _Command) -> _Command:
    """Adds the options that say whom to trust, as the argument ``trust``: an `Access` with only these options."""

    @functools.wraps(command)
    def run(*, ca: str | None, pin: str | None, insecure: bool, **arguments: Any) -> Any:
        given = _given("ca", "pin", "insecure")
        if len(given) > 1:
            raise Failure("--ca, --pin and --insecure: give one of them", USAGE)
        if given:  # then it counts, whatever the environment says
            ca, pin = (ca if "ca" in given else None), (pin if "pin" in given else None)
        return command(trust=Access(ca, pin, insecure), **arguments)

    for option in reversed(_TRUST_OPTIONS):
        run = option(run)
    return run  # type: ignore[return-value]


def trust_is_given() -> bool:
    """Whether the command line has one of the options of `trust_options`."""
    return bool(_given("ca", "pin", "insecure"))


def access_options(command: _Command) -> _Command:
    """Adds the options of `Access`, as the argument ``access``."""

    @functools.wraps(command)
    def run(
        *,
        trust: Access,
        cleartext_password: bool,
        user: str | None,
        timeout: float,
        ipp_version: str | None,
        **arguments: Any,
    ) -> Any:
        version = None if ipp_version is None else _VERSIONS[ipp_version]
        access = trust._replace(cleartext_password=cleartext_password, user=user, timeout=timeout, version=version)
        return command(access=access, **arguments)

    for option in reversed(_ACCESS_OPTIONS):
        run = option(run)
    return trust_options(run)  # type: ignore[return-value]


def _given(*names: str) -> list[str]:
    """Those of the options that the command line has."""
    source = click.get_current_context().get_parameter_source
    return [name for name in names if source(name) is click.core.ParameterSource.COMMANDLINE]


def json_option(command: _Command) -> _Command:
    """Adds --json and the options of a terminal, as the argument ``output``."""

    @functools.wraps(command)
    def run(*, as_json: bool, color: bool | None, width: int | None, **arguments: Any) -> Any:
        with Output(Terminal(color, width), as_json) as output:
            return command(output=output, **arguments)

    option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
    return option(terminal_options(run))  # type: ignore[return-value]


def printer_command(command: Callable[..., None]) -> click.Command:
    """A command whose first argument is a printer: the function is given ``session`` and ``output``."""

    @functools.wraps(command)
    def run(*, uri: str, access: Access, **arguments: Any) -> None:
        with Session(uri, access) as session:
            command(session=session, **arguments)

    own = [option.name for option in getattr(command, "__click_params__", [])]
    made = click.command(click.argument("uri", metavar="URI")(json_option(access_options(run))))
    made.params.sort(key=lambda option: (option.name != "uri", option.name not in own))  # the command's own first
    return made


class Session:
    """Sends requests to one printer, one after the other.

    place: its URI, or a host with or without a port and path; then the printer is looked for, with TLS first.
    anonymous: whether no credentials are sent. strict: whether an answer that is malformed is an error, not repaired.
    """

    def __init__(self, place: str, access: Access, *, anonymous: bool = False) -> None:
        self._anonymous = anonymous
        self._issues: dict[Issue, None] = {}
        self.strict = False
        self.access = access
        self.place = place
        self._version = access.version or (2, 0)
        self._tls = access.tls()
        self._auth = None if anonymous else credentials(access)
        self._client: Client | None = None
        self._uri = place if "://" in place else None
        try:
            self._endpoint = parse_uri(place if self._uri else f"ipps://{place}")
        except ValueError as error:
            expected = "expected a URI such as ipps://printer.local/ipp/print, or a host"
            raise Failure(f"{expected}: {escape(str(error))}", USAGE) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if self._issues and not self._anonymous:
            first = escape(str(next(iter(self._issues))))
            more = f", and {len(self._issues) - 1} more" if len(self._issues) > 1 else ""
            click.echo(
                f"Note: the printer's answers are malformed, and were repaired: {first}{more}; "
                "'ippfast capture' keeps them as they are",
                err=True,
            )

    def close(self) -> None:
        if self._client is not None:
            self._issues |= dict.fromkeys(self._client.issues)
            self._client.close()
            self._client = None

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was repaired in the answers so far."""
        return tuple(self._issues | dict.fromkeys(self._client.issues if self._client is not None else ()))

    @property
    def uri(self) -> str:
        """The URI as it goes into messages: of the scheme ipp or ipps (RFC 8010 section 5)."""
        if self._uri is None:
            self._find()
        assert self._uri is not None
        return ipp_uri(self._uri)

    @property
    def endpoint(self) -> Endpoint:
        """The printer's address; if only a host was given, the one that was found."""
        assert self.uri
        return self._endpoint

    @property
    def version(self) -> tuple[int, int]:
        """The IPP version that the printer takes, as far as is known."""
        return (self._client.version if self._client is not None else None) or self._version

    def client(self) -> Client:
        """The client for the URI."""
        assert self.uri
        if self._client is None:
            self._client = self._make_client(self.access.timeout)
        return self._client

    def as_stranger(self) -> "Session":
        """Another session with the same printer, for questions that anybody may ask, whatever its certificate."""
        access = self.access._replace(ca=None, pin=None, antique=True, user="stranger", in_tls=self.access.needs_tls)
        return Session(self.place, access, anonymous=True)

    def timeouts(self, seconds: float | None = None) -> Timeouts:
        """How long to wait: as --timeout says, or this many seconds."""
        seconds = self.access.timeout if seconds is None else seconds
        return Timeouts(connect=min(30.0, seconds), first_octet=seconds, answer=seconds, idle=seconds)

    def authorization(self) -> dict[str, str]:
        """The header line with the credentials, if the printer has asked for them."""
        line = None if self._auth is None else self._auth.header("POST", self.endpoint.target)
        return {} if line is None else {"Authorization": line}

    def ask(
        self,
        build: Build,
        *,
        document: Callable[[], Any] | None = None,
        progress: Progress | None = None,
        **arguments: Any,
    ) -> Message:
        """Send what a function of `ippfast.operations` builds, and give the response.

        document: makes the document data, again for each attempt. Raises Refused unless the status is a successful
        one, and Failure.
        """
        answer = self.ask_anyway(build, document=document, progress=progress, **arguments)
        if not answer.succeeded:
            raise Refused(build.__name__.replace("_", "-").title().replace("Cups-", "CUPS-"), answer)
        return answer

    def ask_for(self, tag: DelimiterTag, build: Build, **arguments: Any) -> tuple[Message, Refused | None]:
        """As `ask`, for attributes in groups of this tag. Those that come with a refusal count too.

        Returns the answer, and the refusal, which is to be raised once the attributes have been shown.
        """
        try:
            return self.ask(build, **arguments), None
        except Refused as refused:
            if not any(len(group) for group in refused.answer.groups_of(tag)):
                raise
            return refused.answer, refused

    def ask_anyway(
        self,
        build: Build,
        *,
        document: Callable[[], Any] | None = None,
        progress: Progress | None = None,
        **arguments: Any,
    ) -> Message:
        """As `ask`, but the caller judges the status."""
        place = self.uri
        arguments.setdefault("user", self.access.user_name)
        with explained(self.place, self._endpoint.authority), _with_fingerprint(self._endpoint):
            message = build(place, version=self.version, **arguments)
            return self._send(message, document, progress)

    def _send(self, message: Message, document: Callable[[], Any] | None, progress: Progress | None) -> Message:
        try:
            return self.client().send(message, document and document(), progress=progress)
        except StatusError as error:
            if error.status != 401 or self._anonymous:
                raise
            if self._auth is not None:
                raise self._auth.refusal(self._endpoint.authority) from None
        # From here on with credentials: a client that has some asks for the challenge before it sends a document.
        self.close()
        self._auth = _Credentials(self.access)
        try:
            return self.client().send(message, document and document(), progress=progress)
        except StatusError as error:
            if error.status != 401:
                raise
            raise self._auth.refusal(self._endpoint.authority) from None

    def _make_client(self, seconds: float) -> Client:
        assert self._uri is not None
        return Client(
            self._uri,
            tls=self._tls,
            auth=self._auth,
            timeouts=self.timeouts(seconds),
            upgrade="required" if self.access.needs_tls else None,
            patience=seconds,
            user=self.access.user_name,
            strict=self.strict,
            version=self.access.version,
        )

    def probe(self) -> ProbeResult:
        """Look for the printer: with TLS first, at the ports and paths that printers have."""
        in_tls = self.access.needs_tls and "://" not in self.place
        place = f"ipps://{self.place}" if in_tls else self.place
        with explained(self.place, self._endpoint.authority):
            return probe(place, tls=self._tls, auth=self._auth, timeout=min(_PROBE_SECONDS, self.access.timeout))

    def has_tls(self) -> bool:
        """Whether there is TLS at the URI, whatever its certificate. Raises Failure if that stays unknown."""
        with explained(self.place, self._endpoint.authority):
            return has_tls(self._endpoint, self._tls, min(_PROBE_SECONDS, self.access.timeout))

    def _find(self) -> None:
        """Go on with the printer that is found."""
        found = self.probe()
        if found.secure and not found.trusted:
            # If there is TLS, nothing is sent without it: an attacker in between could have replaced the certificate.
            if self._tls.fingerprint is not None:
                with explained(self.place):
                    raise PinError(found.fingerprint or "")
            raise _not_trusted(self.place, why(found), found.fingerprint or "")
        self._uri, self._endpoint = found.uri, parse_uri(found.uri)
        self._version = self.access.version or found.version
        if not found.secure:
            place = escape(self._endpoint.authority)
            click.echo(f"Note: {place} has no TLS; the request is sent unencrypted.", err=True)


def ipp_uri(uri: str) -> str:
    """The URI with the scheme ipp or ipps, and the port that http or https stood for (RFC 8010 section 5)."""
    endpoint = parse_uri(uri)
    if uri.startswith(("ipp://", "ipps://")):
        return uri if endpoint.name == endpoint.host else printer_uri(endpoint)
    host = f"[{endpoint.name}]" if ":" in endpoint.name else endpoint.name
    return f"{'ipps' if endpoint.secure else 'ipp'}://{host}:{endpoint.port}{endpoint.target}"


class _with_fingerprint:  # used as a function
    """Adds to a certificate that is not trusted the fingerprint that --pin would take."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            found = _fingerprint(self._endpoint)
            if found is not None:
                raise _not_trusted(self._endpoint.authority, error.verify_message, found) from None


def _not_trusted(place: str, reason: str, fingerprint: str) -> Failure:
    return Failure(
        f"the certificate of {escape(place)} is not trusted: {escape(reason)}; if its fingerprint is right, "
        f"give --pin sha256:{fingerprint}, otherwise --ca FILE or --insecure",
        NOT_ALLOWED,
    )


def why(found: ProbeResult) -> str:
    """Why a certificate is not trusted, without what OpenSSL writes around it."""
    text = found.distrust or ""
    match = re.search(r"certificate verify failed: (.+?)(?: \(_ssl\.c:\d+\))?$", text)
    return match[1] if match else text


def _fingerprint(endpoint: Endpoint) -> str | None:
    try:
        pem = ssl.get_server_certificate((endpoint.host, endpoint.port), timeout=_GLANCE_SECONDS)
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    except (OSError, ValueError):
        return None


def credentials(access: Access) -> "_Credentials | None":
    """Those of the environment; None if it has none."""
    has = bool(os.environ.get("IPPFAST_TOKEN") or os.environ.get("IPPFAST_PASSWORD"))
    return _Credentials(access) if has else None


class _Credentials:
    """Answers challenges: with a token, a digest, or a password over TLS. Asks the user for a missing password."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._chosen: Auth | None = None

    def header(self, method: str, target: str) -> str | None:
        return None if self._chosen is None else self._chosen.header(method, target)

    def challenge(self, challenges: Iterable[str], *, secure: bool) -> bool:
        lines = list(challenges)
        if self._chosen is None:
            self._chosen = self._choose(lines, secure)
        return self._chosen.challenge(lines, secure=secure)

    def refusal(self, place: str) -> Failure:
        """The failure for credentials that were sent and answered with another 401."""
        if self._chosen is None:
            return Failure(f"{escape(place)} asks for credentials, but does not say how", NOT_ALLOWED)
        if isinstance(self._chosen, BearerAuth):
            return Failure(f"{escape(place)} refused the token of IPPFAST_TOKEN", NOT_ALLOWED)
        user = quote(self._access.user_name)
        return Failure(f"{escape(place)} refused the user {user} with this password", NOT_ALLOWED)

    def _choose(self, lines: list[str], secure: bool) -> Auth:
        try:
            return self._choose_one(lines, secure)
        except ValueError as error:
            why = "it is not in UTF-8" if isinstance(error, UnicodeError) else str(error)
            raise Failure(f"the user name or password cannot be sent: {why}", USAGE) from None

    def _choose_one(self, lines: list[str], secure: bool) -> Auth:
        insecure, token = self._access.cleartext_password, os.environ.get("IPPFAST_TOKEN")
        if token and BearerAuth("", insecure=insecure).challenge(lines, secure=secure):
            return BearerAuth(token, insecure=insecure)
        user = self._access.user_name
        if DigestAuth("", "").challenge(lines, secure=secure):
            return DigestAuth(user, self._password())
        if BasicAuth("", "", insecure=insecure).challenge(lines, secure=secure):
            return BasicAuth(user, self._password(), insecure=insecure)
        if BearerAuth("", insecure=True).challenge(lines, secure=secure):
            raise Failure("the printer wants a token: set IPPFAST_TOKEN", NOT_ALLOWED)
        schemes = ", ".join(escape(line.split(" ", 1)[0]) for line in lines) or "none"
        raise Failure(
            f"the printer asks for credentials in a way that is not known here ({schemes})",
            NOT_ALLOWED,
        )

    def _password(self) -> str:
        password = os.environ.get("IPPFAST_PASSWORD")
        if password:
            return password
        if not sys.stderr.isatty():
            raise Failure(f"the printer asks for credentials: {LOG_IN}", NOT_ALLOWED)
        prompt = f"Password of {escape(self._access.user_name)}"
        return str(click.prompt(prompt, hide_input=True, err=True))
