"""Everything between the bytes on the wire and a signed XMeld message: XML, SOAP, WS-Security, certificates."""
