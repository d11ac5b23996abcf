"""Namespaces and algorithm identifiers of the envelope, each as its specification writes it."""

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"  # SOAP 1.1
SOAP_NEXT = "http://schemas.xmlsoap.org/soap/actor/next"  # SOAP 1.1 § 4.2.2
GATEWAY = "urn:xmeld-gateway:soap:1"  # ours, see xmeld.wsdl

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = _WSS + "wssecurity-secext-1.0.xsd"
WSU = _WSS + "wssecurity-utility-1.0.xsd"
X509_V3 = _WSS + "x509-token-profile-1.0#X509v3"
BASE64_BINARY = _WSS + "soap-message-security-1.0#Base64Binary"

DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"

_XMLENC = "http://www.w3.org/2001/04/xmlenc#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SHA256 = _XMLENC + "sha256"
SHA384 = _MORE + "sha384"
SHA512 = _XMLENC + "sha512"
RSA_SHA256 = _MORE + "rsa-sha256"
RSA_SHA384 = _MORE + "rsa-sha384"
RSA_SHA512 = _MORE + "rsa-sha512"
ECDSA_SHA256 = _MORE + "ecdsa-sha256"
ECDSA_SHA384 = _MORE + "ecdsa-sha384"
ECDSA_SHA512 = _MORE + "ecdsa-sha512"
