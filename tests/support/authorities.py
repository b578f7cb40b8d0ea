"""Certificates for tests, made with the program `openssl`.

The rule of this file: every key and certificate is made by the program, so that tests with TLS run on every CPython,
also on one that cryptography has no wheels for.
"""

import itertools
import ssl
import subprocess
import tempfile
from ipaddress import ip_address
from pathlib import Path

from peers import program

__all__ = ["Authority", "Certificate"]

_OPTIONS = (
    *("-x509", "-nodes", "-days", "30", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-config", "/dev/stdin", "-batch"),
)
_NO_DEFAULTS = b"[req]\ndistinguished_name = name\n[name]\n"  # or the machine's own would be added
_SERIALS = itertools.count(1)


class Certificate:
    """A certificate and its key, in PEM. ``chain`` is the certificate; ``key_and_chain`` has the key before it."""

    def __init__(self, name: str, extensions: list[str], *options: str | Path) -> None:
        added = [word for extension in extensions for word in ("-addext", extension)]
        with tempfile.TemporaryDirectory(prefix="ippfast-authority-") as directory:
            key, certificate = Path(directory, "key"), Path(directory, "certificate")
            subject = f"/O=ippfast's tests/CN={name} {next(_SERIALS)}"
            command = [program("openssl"), "req", *_OPTIONS, "-subj", subject, *added, *options]
            command += ["-keyout", key, "-out", certificate]
            subprocess.run(command, input=_NO_DEFAULTS, check=True, capture_output=True)
            self.chain = certificate.read_bytes()
            self.key_and_chain = key.read_bytes() + self.chain

    def serve_with(self, context: ssl.SSLContext) -> None:
        """Make this the certificate that ``context`` shows."""
        with tempfile.NamedTemporaryFile(prefix="ippfast-authority-") as file:
            file.write(self.key_and_chain)
            file.flush()
            context.load_cert_chain(file.name)


class Authority:
    """A certification authority that nobody else knows; ``certificate`` is its own, in PEM."""

    def __init__(self) -> None:
        extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
        self._made = Certificate("authority", extensions)
        self.certificate = self._made.chain

    def issue(self, *names: str) -> Certificate:
        """A certificate for hosts, addresses, and users (which have an ``@``)."""
        extensions = [
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature",
            "extendedKeyUsage=serverAuth,clientAuth",
            "subjectAltName=" + ",".join(_shown(name) for name in names),
        ]
        with tempfile.NamedTemporaryFile(prefix="ippfast-authority-") as file:
            file.write(self._made.key_and_chain)
            file.flush()
            return Certificate(names[0], extensions, "-CA", file.name, "-CAkey", file.name)

    def trusted_by(self, context: ssl.SSLContext) -> None:
        """Make ``context`` trust this authority."""
        context.load_verify_locations(cadata=self.certificate.decode())


def _shown(name: str) -> str:
    if "@" in name:
        return f"email:{name}"
    try:
        return f"IP:{ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"
