"""What is accepted of the other side, and what we use ourselves.

The Korrigenda move, and what a Land demands may differ, so algorithms are configuration. The defaults are strict. What
is not named here cannot be allowed: SHA-1, and RSA key transport by PKCS #1 v1.5.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.envelope.osci import names
from gateway.errors import ConfigError

SIGNATURE_METHODS = frozenset(
    {
        names.RSA_SHA256,
        names.RSA_SHA384,
        names.RSA_SHA512,
        names.RSA_PSS_SHA256,
        names.RSA_PSS_SHA384,
        names.RSA_PSS_SHA512,
    }
)
USED_METHODS = SIGNATURE_METHODS - {names.RSA_SHA384, names.RSA_PSS_SHA384}  # the schema of OSCI lacks these
DIGEST_METHODS = frozenset({names.SHA256, names.SHA384, names.SHA512})
GCM = frozenset({names.AES_128_GCM, names.AES_192_GCM, names.AES_256_GCM})
#: Only where it is allowed by name. Whoever allows it lets others try out, by how they are refused, what messages say
#: that they have recorded, those in GCM for the same key too: nothing vouches for the cipher text.
CBC = frozenset({names.AES_128_CBC, names.AES_192_CBC, names.AES_256_CBC})
OAEP_DIGESTS = frozenset({names.SHA256, names.SHA512})  # each with the MGF1 of the same hash
IV_LENGTHS = (12, 16)


#: Names by which a configuration allows them.
_SIGNATURES = {
    "rsa-sha256": names.RSA_SHA256,
    "rsa-sha384": names.RSA_SHA384,
    "rsa-sha512": names.RSA_SHA512,
    "pss-sha256": names.RSA_PSS_SHA256,
    "pss-sha384": names.RSA_PSS_SHA384,
    "pss-sha512": names.RSA_PSS_SHA512,
}
_DIGESTS = {"sha256": names.SHA256, "sha384": names.SHA384, "sha512": names.SHA512}
_OAEP = {short: method for short, method in _DIGESTS.items() if method in OAEP_DIGESTS}
_CIPHERS = {method.partition("#")[2]: method for method in GCM | CBC}


def signature_methods(short: Iterable[str]) -> frozenset[str]:
    """Identifiers of methods named as in `pss-sha256`. Raises ConfigError for one that cannot be allowed."""
    return _named(short, _SIGNATURES, "signature")


def cipher_methods(short: Iterable[str]) -> frozenset[str]:
    """Identifiers of methods named as in `aes256-gcm`. Raises ConfigError for one that cannot be allowed."""
    return _named(short, _CIPHERS, "cipher")


def digest_methods(short: Iterable[str]) -> frozenset[str]:
    """Identifiers of a signature's hashes named as in `sha256`. Raises ConfigError for one that cannot be allowed."""
    return _named(short, _DIGESTS, "digest")


def oaep_digests(short: Iterable[str]) -> frozenset[str]:
    """Identifiers of RSA-OAEP's hashes named as in `sha256`. Raises ConfigError for one that cannot be allowed."""
    return _named(short, _OAEP, "OAEP")


def _named(short: Iterable[str], known: Mapping[str, str], kind: str) -> frozenset[str]:
    wanted = set(short)
    if not wanted or wanted - known.keys():
        raise ConfigError(f"{kind} methods of OSCI must be some of {', '.join(sorted(known))}")
    return frozenset(known[name] for name in wanted)


@dataclass(frozen=True)
class OsciPolicy:
    """Algorithms by their identifiers. Raises ConfigError for one that cannot be allowed or used."""

    # accepted
    signature_methods: frozenset[str] = SIGNATURE_METHODS
    digest_methods: frozenset[str] = DIGEST_METHODS
    cipher_methods: frozenset[str] = GCM
    oaep_digests: frozenset[str] = OAEP_DIGESTS
    # used
    signature_method: str = names.RSA_SHA256
    oaep_digest: str = names.SHA256
    iv_length: int = 12  # 16 for receivers whose library is older than IvLength; an answer has that of its request
    # demanded
    content_encrypted: bool = True  # § 2 BMeldDAV; without, content may be protected by the transport alone
    intermediaere: frozenset[str] | None = None  # SHA-256 of the certificates that may sign as one; None: any believed

    def __post_init__(self) -> None:
        for key, chosen, possible in (
            ("signature_methods", self.signature_methods, SIGNATURE_METHODS),
            ("digest_methods", self.digest_methods, DIGEST_METHODS),
            ("cipher_methods", self.cipher_methods, GCM | CBC),
            ("oaep_digests", self.oaep_digests, OAEP_DIGESTS),
            ("signature_method", {self.signature_method}, USED_METHODS),
            ("oaep_digest", {self.oaep_digest}, OAEP_DIGESTS),
        ):
            if not chosen or not chosen <= possible:
                raise ConfigError(f"{key} of OSCI must be some of {', '.join(sorted(possible))}")
        if self.iv_length not in IV_LENGTHS:
            raise ConfigError("iv_length of OSCI must be 12 or 16")
