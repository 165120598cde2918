"""The public key in a certificate: X.509, RFC 5280, in DER (ITU-T X.690)."""

_SEQUENCE, _VERSION = 0x30, 0xA0


def find_key(certificate: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of a certificate. Raise ValueError.

    Certificate = SEQUENCE of tbsCertificate and signature. tbsCertificate = SEQUENCE of
    [0] version, serial number, signature, issuer, validity, subject, SubjectPublicKeyInfo, …
    """
    inner = _open(certificate, 0)
    at = _open(certificate, inner)
    if certificate[at : at + 1] == bytes([_VERSION]):
        at = _measure(certificate, at)[1]
    for _ in range(5):
        at = _measure(certificate, at)[1]
    begin, end = at, _measure(certificate, at)[1]
    if certificate[begin] != _SEQUENCE:
        raise ValueError("no SubjectPublicKeyInfo")
    return certificate[begin:end]


def _open(data: bytes, at: int) -> int:
    """Return the place of the first item in a sequence."""
    begin, _ = _measure(data, at)
    if data[at] != _SEQUENCE:
        raise ValueError("no sequence")
    return begin


def _measure(data: bytes, at: int) -> tuple[int, int]:
    """Return the places where an item's contents begin and end."""
    if at + 2 > len(data):
        raise ValueError("it ends early")
    length, at = data[at + 1], at + 2
    if length >= 0x80:
        count = length & 0x7F
        if not 1 <= count <= 3:
            raise ValueError("a length that is not DER")
        length, at = int.from_bytes(data[at : at + count], "big"), at + count
    if at + length > len(data):
        raise ValueError("it ends early")
    return at, at + length
