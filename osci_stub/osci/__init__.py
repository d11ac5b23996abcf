"""OSCI-Transport 1.2 of the stub's own: MIME, encryption, signatures, messages. Imports nothing of the SOAP half."""
