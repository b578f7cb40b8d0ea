"""A printer's doors: where it can be reached, with TLS and without, and what each lets in.

The rule of this file: only the host that was asked for is contacted, and what answers there counts only if it is the
same printer. A request without TLS asks for attributes, or whether a job would be taken; no credentials are sent.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ippfast import AttributeGroup, Message
from ippfast.enums import Status
from ippfast.http import Client, HTTPError, StatusError, Timeouts
from ippfast.http.uri import IPP_PORT, Endpoint, parse_uri, printer_uri, redirection
from ippfast.operations import get_printer_attributes, validate_job

from .attributes import printer_of
from .certificates import examine_tls
from .failures import DENIED
from .findings import Finding, Level
from .session import Access, Session
from .text import escape

__all__ = ["doors_of", "examine_doors"]

_MOST = 8
_SECONDS = 10.0
_IDENTITY = ("printer-uuid", "printer-name", "printer-make-and-model")


class _Outcome(NamedTuple):
    """What came of a request without TLS."""

    level: Level
    what: str
    advice: str = ""


_ENCRYPT = "have the printer require encryption, or switch IPP without TLS off"


def doors_of(endpoint: Endpoint, printer: AttributeGroup) -> list[Endpoint]:
    """Where the printer may be reached: as it was asked for, as it says, and at the ports of ipp and ipps.

    Of what it says only scheme, port and path count: another host could be anybody's.
    """
    supported = printer.get("printer-uri-supported")
    found = {(endpoint.secure, endpoint.port): endpoint}
    for value in () if supported is None else supported.values:
        try:
            said = parse_uri(str(value))._replace(host=endpoint.host)
        except ValueError:
            continue
        found.setdefault((said.secure, said.port), said)
    for secure, port in ((not endpoint.secure, endpoint.port), (False, IPP_PORT), (True, IPP_PORT), (True, 443)):
        found.setdefault((secure, port), endpoint._replace(secure=secure, port=port))
    return list(found.values())[:_MOST]


def examine_doors(
    session: Session, access: Access, doors: Sequence[Endpoint], printer: AttributeGroup
) -> list[Finding]:
    """Findings about TLS, and about what comes in without it, at all doors. The first is bad if there is no TLS.

    access: as the options say, for whom to trust.
    """
    asked = doors[0]
    secure = _secure_doors(session, access, doors, printer)
    if not secure:
        ports = ", ".join(dict.fromkeys(str(each.port) for each in doors))
        words = f"there is no TLS (tried port {ports}): others on the network can read documents and passwords"
        found = [Finding(Level.BAD, words, "switch on TLS (IPPS, HTTPS) in the printer's settings")]
    else:
        found = []
        for endpoint, findings in secure:
            known = {each.what for each in found}
            place = "" if not found else f"port {endpoint.port}: "
            found += [each._replace(what=place + each.what) for each in findings if each.what not in known]
        if not asked.secure:
            words = f"it has TLS too: {escape(printer_uri(secure[0][0]))}"
            found.insert(0, Finding(Level.NOTE, words, "use that URI, so that nothing is sent unencrypted"))
    if session.access.needs_tls:
        what = "not tried: whether jobs are taken without TLS too: with --pin or --ca nothing is sent unencrypted"
        return [*found, Finding(Level.INFO, what, "leave both out to try it")]
    return found + list(_examine_clear(session, doors, printer, has_tls=bool(secure)))


def _secure_doors(
    session: Session, access: Access, doors: Iterable[Endpoint], printer: AttributeGroup
) -> list[tuple[Endpoint, list[Finding]]]:
    """The doors with TLS, each with its findings."""
    found = []
    for number, endpoint in enumerate(doors):
        if endpoint.secure and (number == 0 or _is_the_same(session, endpoint, printer)):
            findings = list(examine_tls(endpoint, access))
            if findings:
                found.append((endpoint, findings))
    return found


def _examine_clear(
    session: Session, doors: Iterable[Endpoint], printer: AttributeGroup, *, has_tls: bool
) -> Iterator[Finding]:
    """Findings about requests without TLS. If the printer has no TLS at all, only that it wants a password is
    reported."""
    closed, told = [], set()
    for number, endpoint in enumerate(doors):
        if endpoint.secure:
            continue
        outcome = _knock(session, endpoint, printer if number else None)
        if outcome is None:
            closed.append(str(endpoint.port))
        elif outcome.what and (has_tls or "password" in outcome.what) and outcome.what not in told:
            told.add(outcome.what)
            yield Finding(outcome.level, f"{outcome.what} (port {endpoint.port})", outcome.advice)
    if closed and not told and has_tls:
        yield Finding(Level.GOOD, f"without TLS it does not answer (tried port {', '.join(closed)})")


def _knock(session: Session, endpoint: Endpoint, printer: AttributeGroup | None) -> _Outcome | None:
    """Ask without TLS whether a job would be taken. None: there is no answer, or it is another printer."""
    uri = printer_uri(endpoint)
    try:
        with Client(uri, upgrade="never", timeouts=_timeouts(session)) as client:
            if printer is not None and not _fits(client.send(_who(uri)), printer):
                return None
            answer = client.send(validate_job(uri, user="stranger", document_format="application/octet-stream"))
    except StatusError as error:
        return _refused(error, endpoint)
    except (HTTPError, OSError):
        return None
    if answer.status in DENIED:
        return _Outcome(Level.GOOD, "without TLS it takes no jobs from a stranger")
    if answer.succeeded:
        return _Outcome(Level.WEAK, "jobs are taken without TLS too", _ENCRYPT)
    return _Outcome(
        Level.INFO,
        f"it answers without TLS too; whether it takes jobs cannot be told ({escape(str(answer.status))})",
        _ENCRYPT,
    )


def _refused(error: StatusError, endpoint: Endpoint) -> _Outcome | None:
    """What an HTTP status means here (RFC 9110 section 15, RFC 2817 section 4.2)."""
    if error.status == 401:
        schemes = {line.split(" ", 1)[0].lower() for line in error.headers.get_all("www-authenticate")}
        if "basic" in schemes:
            words = "it asks for a password without TLS, to be sent as it is (Basic): everybody on the way can read it"
            return _Outcome(Level.BAD, words, _ENCRYPT)
        if "digest" in schemes:
            words = "it asks for a password without TLS, by Digest: that does not send it, but documents can be read"
            return _Outcome(Level.WEAK, words, _ENCRYPT)
        shown = ", ".join(map(escape, sorted(schemes))) or "no scheme"
        return _Outcome(Level.NOTE, f"it asks for credentials without TLS ({shown})", _ENCRYPT)
    if error.status == 426 or redirection(endpoint, error.status, error.headers.get("location")) is not None:
        return _Outcome(Level.GOOD, "without TLS it takes no jobs, and says that it wants TLS")
    if error.status == 403:
        return _Outcome(Level.GOOD, "without TLS it takes no jobs")
    if error.status == 404:
        return None
    return _Outcome(Level.INFO, f"whether it takes jobs without TLS cannot be told (HTTP {error.status})")


def _is_the_same(session: Session, endpoint: Endpoint, printer: AttributeGroup) -> bool:
    """Whether the printer is at a door with TLS; one that wants a password may be it."""
    uri = printer_uri(endpoint)
    try:
        with Client(uri, tls=session.access.tls(), timeouts=_timeouts(session)) as client:
            return _fits(client.send(_who(uri)), printer)
    except StatusError as error:
        return error.status in (401, 403)
    except (HTTPError, OSError):
        return False


def _timeouts(session: Session) -> Timeouts:
    """Short time-outs: a firewall may leave each of the doors without an answer."""
    return session.timeouts(min(_SECONDS, session.access.timeout))


def _who(uri: str) -> Message:
    return get_printer_attributes(uri, user="stranger", requested_attributes=list(_IDENTITY))


def _fits(answer: Message, printer: AttributeGroup) -> bool:
    """Whether an answer is of the same printer: by its UUID, or else by the names that both have."""
    if answer.status in DENIED:
        return True
    there = printer_of(answer)
    both = [name for name in _IDENTITY if name in there and name in printer]
    if "printer-uuid" in both:
        both = ["printer-uuid"]
    return answer.status is not Status.CLIENT_ERROR_NOT_FOUND and all(
        there[name].values == printer[name].values for name in both
    )
