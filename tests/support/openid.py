"""A small OpenID provider on loopback, which signs what a test wants.

The rule of this file: what it gives is right unless the test changes it.
"""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

__all__ = ["Provider"]


class Provider:
    """Keys by name, and what is served of them."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = {"one": rsa.generate_private_key(65_537, 2_048)}
        self.asked: list[str] = []
        self.changes: dict[str, Any] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                found = json.dumps(provider.page(self.path)).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(found)

            def log_message(self, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path: str) -> Any:
        if path == "/.well-known/openid-configuration":
            return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **self.changes}
        keys = []
        for name, key in self.keys.items():
            kind = jwt.algorithms.RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else jwt.algorithms.ECAlgorithm
            keys.append({**kind.to_jwk(key.public_key(), as_dict=True), "kid": name})
        return {"keys": keys}

    def token(self, name: str = "one", *, algorithm: str = "RS256", key: Any = None, **changes: Any) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "printer", "sub": "ann", "exp": now + 60, "iat": now, **changes}
        kept = {claim: value for claim, value in claims.items() if value is not None}
        return jwt.encode(kept, key or self.keys[name], algorithm=algorithm, headers={"kid": name})

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
