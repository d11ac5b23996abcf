"""An intermediary and another Land's register that run together, with the keys of all who take part."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from cryptography import x509

from osci_stub.anfrager import Addressee, Anfrager
from osci_stub.intermediaer import Intermediary
from osci_stub.keys import Issuer, Signatory
from osci_stub.landesregister import Landesregister
from osci_stub.osci.parties import Party, pem_bundle
from osci_stub.osci.schema import find_schemas
from osci_stub.register import PERSONEN, Person, Register
from osci_stub.schema import find_schema


@dataclass(frozen=True)
class Keys:
    """Of everybody: `gateway` is for the system that is tried, `behoerde` for an authority that asks it.

    `anchors` are whom all believe, `stranger` is whom nobody does.
    """

    intermediary: Party
    register: Party
    gateway: Party
    behoerde: Party
    anchors: tuple[x509.Certificate, ...]
    stranger: Signatory

    @classmethod
    def make(cls, bits: int = 3072) -> "Keys":
        """New ones, by a CA of their own."""
        issuer = Issuer.make("osci_stub test CA")
        return cls(
            Party.make("intermediaer", issuer, bits),
            Party.make("register", issuer, bits),
            Party.make("gateway", issuer, bits),
            Party.make("behoerde", issuer, bits),
            (issuer.ca.certificate,),
            stranger(bits),
        )

    def export(self, folder: Path) -> None:
        """Certificates as PEM files; with private keys those of the gateway and of the authority."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.pem").write_bytes(pem_bundle(self.anchors))
        for party in (self.intermediary, self.register):
            party.export(folder)
        for party in (self.gateway, self.behoerde):
            party.export(folder, private=True)


def stranger(bits: int = 3072) -> Signatory:
    """Somebody with a certificate of a CA that nobody knows."""
    return Party.make("fremder", Issuer.make("stranger's CA"), bits).signature


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
