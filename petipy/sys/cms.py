"""Detached CMS signatures (RFC 5652), checked by OpenSSL's libcrypto.

The library parses what strangers wrote: call `verify` in a confined process that ends after it.
Nothing that is allocated is given back.
"""

import ctypes
import errno
import os
from collections.abc import Collection, Iterator, Sequence
from ctypes import byref, c_char_p, c_int, c_long, c_size_t, c_uint, c_ulong, c_void_p
from functools import cache

_NO_CONFIGURATION = 0x80  # OPENSSL_INIT_NO_LOAD_CONFIG
_BINARY, _CHAIN_IS_LATER = 0x80, 0x20  # CMS_BINARY, CMS_NO_SIGNER_CERT_VERIFY
_PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN: an authority need not be a root
_HAS_USAGE, _HAS_EXTENDED_USAGE = 0x2, 0x4  # EXFLAG_KUSAGE, EXFLAG_XKUSAGE
_DIGITAL_SIGNATURE, _CODE_SIGNING = 0x80, 0x8  # KU_DIGITAL_SIGNATURE, XKU_CODE_SIGN
_ALTERNATIVES_ALONE = 0x22  # X509_CHECK_FLAG_NEVER_CHECK_SUBJECT and _NO_WILDCARDS
_SIGNED, _COMMON_NAME = 22, 13  # NID_pkcs7_signed, NID_commonName
_DIGESTS = (672, 673, 674, 1095)  # NIDs of SHA-256, SHA-384, SHA-512, SHA-512/256
_LEVEL = 2  # of OpenSSL's security levels: keys as good as RSA with 2048 bits, no SHA-1
_DEPTH = 10  # certificates between a signer's and an authority
_NO_CERTIFICATE = "signer certificate not found"  # CMS_R_SIGNER_CERTIFICATE_NOT_FOUND
LARGEST = 1 << 20  # bytes of a signature

_P = c_void_p
_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "OPENSSL_init_crypto": (c_int, (ctypes.c_uint64, _P)),
    "OPENSSL_sk_num": (c_int, (_P,)),
    "OPENSSL_sk_value": (_P, (_P, c_int)),
    "BIO_new_fd": (_P, (c_int, c_int)),
    "BIO_new_mem_buf": (_P, (c_char_p, c_int)),
    "BIO_ctrl": (c_long, (_P, c_int, c_long, _P)),
    "d2i_CMS_bio": (_P, (_P, _P)),
    "d2i_X509_bio": (_P, (_P, _P)),
    "PEM_read_bio_X509": (_P, (_P, _P, _P, _P)),
    "CMS_get0_type": (_P, (_P,)),
    "CMS_get0_SignerInfos": (_P, (_P,)),
    "CMS_get1_certs": (_P, (_P,)),
    "CMS_SignerInfo_get0_algs": (None, (_P, _P, _P, _P, _P)),
    "CMS_verify": (c_int, (_P, _P, _P, _P, _P, c_uint)),
    "OBJ_obj2nid": (c_int, (_P,)),
    "OBJ_nid2sn": (c_char_p, (c_int,)),
    "X509_ALGOR_get0": (None, (_P, _P, _P, _P)),
    "X509_STORE_new": (_P, ()),
    "X509_STORE_add_cert": (c_int, (_P, _P)),
    "X509_STORE_CTX_new": (_P, ()),
    "X509_STORE_CTX_init": (c_int, (_P, _P, _P, _P)),
    "X509_STORE_CTX_get0_param": (_P, (_P,)),
    "X509_STORE_CTX_get_error": (c_int, (_P,)),
    "X509_VERIFY_PARAM_set_flags": (c_int, (_P, c_ulong)),
    "X509_VERIFY_PARAM_set_time": (None, (_P, c_long)),
    "X509_VERIFY_PARAM_set_depth": (None, (_P, c_int)),
    "X509_VERIFY_PARAM_set_auth_level": (None, (_P, c_int)),
    "X509_verify_cert": (c_int, (_P,)),
    "X509_verify_cert_error_string": (c_char_p, (c_long,)),
    "X509_get_extension_flags": (c_uint, (_P,)),
    "X509_get_key_usage": (c_uint, (_P,)),
    "X509_get_extended_key_usage": (c_uint, (_P,)),
    "X509_get_subject_name": (_P, (_P,)),
    "X509_NAME_get_text_by_NID": (c_int, (_P, c_int, _P, c_int)),
    "X509_check_host": (c_int, (_P, c_char_p, c_size_t, c_uint, _P)),
    "X509_digest": (c_int, (_P, _P, _P, _P)),
    "EVP_sha256": (_P, ()),
    "ERR_get_error": (c_ulong, ()),
    "ERR_reason_error_string": (c_char_p, (c_ulong,)),
}
_BIO_CTRL_PENDING = 10
_WORDS = {
    **dict.fromkeys((2, 18, 19, 20, 21), "signed by an unknown authority"),
    **dict.fromkeys((66, 67, 68), "a key or a digest in its certificates is too weak"),
}


class BadSignature(OSError):
    """A signature that counts for nothing; the text says why. `code` is OpenSSL's, or 0."""

    def __init__(self, reason: str, code: int = 0) -> None:
        super().__init__(errno.EBADMSG, reason)
        self.code = code


@cache
def load() -> ctypes.CDLL:
    """Return the library, loaded at the first call. Raise OSError (ENOPKG) if there is none."""
    try:
        library = ctypes.CDLL("libcrypto.so.3")
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise OSError(errno.ENOPKG, f"this system has no libcrypto: {error}") from None
    if not library.OPENSSL_init_crypto(_NO_CONFIGURATION, None):
        raise OSError(errno.ENOPKG, "libcrypto does not start")
    return library


def count_certificates(data: bytes) -> int:
    """Return the number of certificates in a file, as PEM or DER. Raise OSError as `load`."""
    return sum(1 for _ in _read_certificates(load(), data))


def verify(
    content: int,
    signature: bytes,
    authorities: Sequence[bytes],
    fingerprints: Collection[str],
    signer: str,
    now: float,
) -> str:
    """Return the names of the signers if a signature of the file `content` is right.

    The rules are iPXE's: each signer has a certificate for digital signatures and for signing code,
    which leads to an authority and is valid at the time `now`. The signature contains it. With
    `signer`, only signers whose certificate has that name count, and there is one.

    `authorities` are certificates, as PEM or DER. `fingerprints` are the SHA-256, in hexadecimal,
    of others that the signature contains. Raise BadSignature.
    """
    lib = load()
    message = _parse(lib, signature)
    os.lseek(content, 0, os.SEEK_SET)
    bio = lib.BIO_new_fd(content, 0)
    if lib.CMS_verify(message, None, None, bio, None, _BINARY | _CHAIN_IS_LATER) != 1:
        reasons = [*_list_errors(lib)]
        if _NO_CERTIFICATE in reasons:
            raise BadSignature("it lacks the certificate of its signer")
        raise BadSignature("it is damaged, or the signature of another content")
    sent = lib.CMS_get1_certs(message)
    store = lib.X509_STORE_new()
    for authority in authorities:
        for certificate in _read_certificates(lib, authority):
            lib.X509_STORE_add_cert(store, certificate)
    for certificate in _list_stack(lib, sent):
        if _digest(lib, certificate) in fingerprints:
            lib.X509_STORE_add_cert(store, certificate)
    names = []
    for info in _list_stack(lib, lib.CMS_get0_SignerInfos(message)):
        certificate = _find_signer(lib, info)
        if not signer or _is_named(lib, certificate, signer):
            _check_usage(lib, certificate)
            _check_chain(lib, certificate, store, sent, now)
            names.append(_read_name(lib, certificate).decode("utf-8", "replace") or "no name")
    if not names:
        raise BadSignature(f"no signer of it is called {signer}")
    return ", ".join(names)


def _parse(lib: ctypes.CDLL, signature: bytes) -> int:
    """Return the message of a signature that has signers."""
    if len(signature) > LARGEST:
        raise BadSignature(f"it has {len(signature)} bytes, which is too large for a signature")
    bio = lib.BIO_new_mem_buf(signature, len(signature))
    message: int | None = lib.d2i_CMS_bio(bio, None)
    if not message or lib.OBJ_obj2nid(lib.CMS_get0_type(message)) != _SIGNED:
        raise BadSignature("it is no CMS signature in DER, or cut off")
    if lib.BIO_ctrl(bio, _BIO_CTRL_PENDING, 0, None):
        raise BadSignature("bytes follow after its end")
    # OpenSSL takes a message without signers to be right.
    if lib.OPENSSL_sk_num(lib.CMS_get0_SignerInfos(message)) < 1:
        raise BadSignature("nobody has signed it")
    return message


def _find_signer(lib: ctypes.CDLL, info: int) -> int:
    """Return the certificate of a signer whose digest is strong enough."""
    certificate, algorithm, name = c_void_p(), c_void_p(), c_void_p()
    lib.CMS_SignerInfo_get0_algs(info, None, byref(certificate), byref(algorithm), None)
    lib.X509_ALGOR_get0(byref(name), None, None, algorithm)
    number = lib.OBJ_obj2nid(name)
    if number not in _DIGESTS:
        digest = lib.OBJ_nid2sn(number) or b"unknown"
        raise BadSignature(f"its digest is too weak: {digest.decode('ascii', 'replace')}")
    return certificate.value or 0


def _check_usage(lib: ctypes.CDLL, certificate: int) -> None:
    flags = lib.X509_get_extension_flags(certificate)
    usage = lib.X509_get_key_usage(certificate)
    if not flags & _HAS_USAGE or not usage & _DIGITAL_SIGNATURE:
        raise BadSignature("its signer's certificate is not for digital signatures (keyUsage)")
    extended = lib.X509_get_extended_key_usage(certificate)
    if not flags & _HAS_EXTENDED_USAGE or not extended & _CODE_SIGNING:
        raise BadSignature("its signer's certificate is not for signing code (extendedKeyUsage)")


def _check_chain(
    lib: ctypes.CDLL, certificate: int, store: int, sent: int | None, now: float
) -> None:
    context = lib.X509_STORE_CTX_new()
    if not lib.X509_STORE_CTX_init(context, store, certificate, sent):
        raise BadSignature("its certificates cannot be checked")
    rules = lib.X509_STORE_CTX_get0_param(context)
    lib.X509_VERIFY_PARAM_set_flags(rules, _PARTIAL_CHAIN)
    lib.X509_VERIFY_PARAM_set_time(rules, int(now))
    lib.X509_VERIFY_PARAM_set_depth(rules, _DEPTH)
    lib.X509_VERIFY_PARAM_set_auth_level(rules, _LEVEL)
    if lib.X509_verify_cert(context) != 1:
        code = lib.X509_STORE_CTX_get_error(context)
        text = lib.X509_verify_cert_error_string(code).decode("ascii", "replace")
        raise BadSignature(_WORDS.get(code, text), code)


def _is_named(lib: ctypes.CDLL, certificate: int, name: str) -> bool:
    """Return True for the common name, or for a name among the alternative ones."""
    text = name.encode("utf-8", "surrogateescape")
    if _read_name(lib, certificate) == text:
        return True
    if name.startswith("."):  # OpenSSL would take it for every name below it
        return False
    found: int = lib.X509_check_host(certificate, text, len(text), _ALTERNATIVES_ALONE, None)
    return found == 1


def _read_name(lib: ctypes.CDLL, certificate: int) -> bytes:
    """Return the common name of a certificate; b"" without one, or if it is too long."""
    text = ctypes.create_string_buffer(256)
    subject = lib.X509_get_subject_name(certificate)
    length: int = lib.X509_NAME_get_text_by_NID(subject, _COMMON_NAME, text, len(text))
    return text.raw[: max(length, 0)]


def _digest(lib: ctypes.CDLL, certificate: int) -> str:
    made, length = ctypes.create_string_buffer(64), c_uint()
    lib.X509_digest(certificate, lib.EVP_sha256(), made, byref(length))
    return made.raw[: length.value].hex()


def _read_certificates(lib: ctypes.CDLL, data: bytes) -> Iterator[int]:
    """Yield the certificates in PEM, or the one in DER."""
    bio = lib.BIO_new_mem_buf(data, len(data))
    if b"-----BEGIN" in data:
        while certificate := lib.PEM_read_bio_X509(bio, None, None, None):
            yield certificate
    elif certificate := lib.d2i_X509_bio(bio, None):
        yield certificate


def _list_stack(lib: ctypes.CDLL, stack: int | None) -> Iterator[int]:
    for number in range(max(lib.OPENSSL_sk_num(stack), 0)):
        yield lib.OPENSSL_sk_value(stack, number)


def _list_errors(lib: ctypes.CDLL) -> Iterator[str]:
    while code := lib.ERR_get_error():
        yield (lib.ERR_reason_error_string(code) or b"").decode("ascii", "replace")
