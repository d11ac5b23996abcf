"""An intermediary and another Land's register that run together, with the keys of all who take part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from cryptography import x509

from osci_stub.anfrager import Addressee, Anfrager
from osci_stub.intermediaer import Intermediary
from osci_stub.keys import Issuer, Signatory, new_key
from osci_stub.landesregister import Landesregister
from osci_stub.osci.parties import Party, pem_bundle
from osci_stub.osci.schema import find_schemas
from osci_stub.register import PERSONEN, Person, Register
from osci_stub.schema import find_schema


@dataclass(frozen=True)
class Keys:
    """Of everybody: `gateway` is for the system that is tried, `behoerde` for an authority that asks it.

    All believe what `issuers` have issued and the `single` certificates; `stranger` is whom nobody believes.
    """

    intermediary: Party
    register: Party
    gateway: Party
    behoerde: Party
    issuers: tuple[x509.Certificate, ...]
    single: tuple[x509.Certificate, ...]
    stranger: Signatory

    @property
    def anchors(self) -> tuple[x509.Certificate, ...]:
        return *self.issuers, *self.single

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Of those who take part; their files begin so."""
        return "intermediaer", "register", "gateway", "behoerde"

    @classmethod
    def make(cls, bits: int = 3072, given: Mapping[str, Party] | None = None) -> "Keys":
        """New ones by a CA of their own, but for those `given` by name, who are believed as they are."""
        issuer, given = Issuer.make("osci_stub test CA"), given or {}
        parties = {name: given.get(name) or Party.make(name, issuer, bits) for name in cls.names()}
        return cls._of(parties, (issuer.ca.certificate, *_issuers(given)), given)

    @classmethod
    def open(cls, folder: Path, given: Mapping[str, Party], *, create: bool = True) -> "Keys":
        """Those in `folder`, made there when there are none, but for those `given`. Raises ValueError, OSError."""
        ca = folder / "ca.pem"
        if not ca.exists() and not create:
            raise ValueError(f"{folder} holds no keys; python -m osci_stub osci makes them")
        if not ca.exists():
            keys = cls.make(given=given)
            keys.export(folder, frozenset(given))
            return keys
        parties = {name: given.get(name) or Party.read(name, folder) for name in cls.names()}
        return cls._of(parties, tuple(x509.load_pem_x509_certificates(ca.read_bytes())), given)

    @classmethod
    def _of(
        cls,
        parties: Mapping[str, Party],
        issuers: tuple[x509.Certificate, ...],
        given: Mapping[str, Party],
    ) -> "Keys":
        one, two, three, four = (parties[name] for name in cls.names())
        single = tuple(party.signature.certificate for party in given.values())
        return cls(one, two, three, four, issuers, single, stranger())

    def export(self, folder: Path, foreign: frozenset[str] = frozenset()) -> None:
        """PEM files; no private keys of the parties named in `foreign`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.pem").write_bytes(pem_bundle(self.issuers))
        parties = (self.intermediary, self.register, self.gateway, self.behoerde)
        for name, party in zip(self.names(), parties, strict=True):
            party.export(folder, private=name not in foreign)


def _issuers(given: Mapping[str, Party]) -> frozenset[x509.Certificate]:
    return frozenset(issuer for party in given.values() for issuer in party.issuers)


def stranger() -> Signatory:
    """Somebody with a certificate of a CA that nobody knows."""
    return Issuer.make("stranger's CA").certify("stranger", new_key("rsa", 2048))


class OsciStub:
    """Both parts on free ports of loopback (or those given) until `close`; keys are new where none are given.

    `trust` are certificates that are believed beside the anchors of the keys. Raises OSError when a port is taken.
    """

    def __init__(
        self,
        keys: Keys | None = None,
        *,
        personen: Sequence[Person] = PERSONEN,
        trust: Sequence[x509.Certificate] = (),
        ports: tuple[int, int] = (0, 0),
        timeout: float = 20.0,
        quiet: bool = True,
    ) -> None:
        self.keys = keys or Keys.make()
        schemas, anchors = find_schemas(), (*self.keys.anchors, *trust)
        self.intermediary = Intermediary(
            self.keys.intermediary,
            anchors,
            self.keys.stranger,
            port=ports[0],
            schemas=schemas,
            timeout=timeout,
            quiet=quiet,
        )
        try:
            self.register = Landesregister(
                self.keys.register,
                anchors,
                self.keys.stranger,
                Register(personen),
                port=ports[1],
                schemas=schemas,
                xmeld_schema=find_schema(),
                quiet=quiet,
            )
        except OSError:
            self.intermediary.close()
            raise
        self._anchors = anchors

    @property
    def addressee(self) -> Addressee:
        """The register, for whom asks it."""
        return Addressee(self.register.url, self.keys.register.cipher.certificate)

    def anfrager(self, party: Party | None = None, *, encrypted: bool = True, timeout: float = 60.0) -> Anfrager:
        """A client of the intermediary; the authority's unless another party is given."""
        cipher = self.keys.intermediary.cipher.certificate if encrypted else None
        return Anfrager(party or self.keys.behoerde, self.intermediary.url, cipher, self._anchors, timeout)

    def close(self) -> None:
        self.intermediary.close()
        self.register.close()

    def __enter__(self) -> "OsciStub":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
