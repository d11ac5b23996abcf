"""`python -m osci_stub`: the SOAP endpoint; with a command (`osci`, `frage`, `muster`) the OSCI half."""

import sys
from collections.abc import Sequence

from osci_stub import kommandos


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 after an interrupt or a finished command, 2 with one line for what cannot be started."""
    if arguments and arguments[0] in kommandos.COMMANDS:
        return kommandos.main(arguments)
    if sys.version_info >= (3, 12):
        sys.exit("osci_stub needs Python 3.11 for SOAP; python -m osci_stub osci runs on this one")
    from osci_stub import soap

    return soap.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
