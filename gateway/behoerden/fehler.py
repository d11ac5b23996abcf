"""What the register of authorities refuses."""

from gateway.errors import GatewayError


class BehoerdenError(GatewayError):
    """A change of the register is refused; the message says why, in one line."""


class NichtGefunden(BehoerdenError):
    """What was named is not there."""
