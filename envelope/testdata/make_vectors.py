#!/usr/bin/env python3
"""FHE1, implemented a second time, to test the first.

Needs Python's `cryptography`, 38 or later: Debian's package python3-cryptography, or `pip install cryptography`.

    make_vectors.py make                      write keys that are missing, and every vector anew
    make_vectors.py check                     open every committed vector; say which disappoint
    make_vectors.py open KEY HOST             envelope on stdin, plaintext on stdout; KEY is a PEM file
    make_vectors.py seal KEY HOST             plaintext on stdin, envelope on stdout; no limit of size

Nothing here is shared with the Rust code but the description of the format. The committed vectors are the truth:
`make` draws new random bytes, so run it only to add one, and commit that one alone.
"""

import hashlib
import os
import struct
import sys
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HERE = Path(__file__).resolve().parent
KEYS = HERE / "keys"
LABEL = b"fleet-health/FHE1"
HOST = "web-1.example.org"
SPOOL = bytes(range(0x10, 0x20))
SEQUENCE = 0x0102030405060708
PLAINTEXT = b'{"host":"web-1.example.org"}'
MAX_CIPHERTEXT = 262144

# Where the fixed fields of an envelope lie.
SUITE, KEY_ID, SPOOL_AT, SEQUENCE_AT, WRAPPED_LENGTH, WRAPPED = 4, 5, 37, 53, 61, 63


class Refused(Exception):
    """The reason is the text of an `expect:` line."""


def oaep(label=LABEL, algorithm=hashes.SHA256, mgf=hashes.SHA256):
    return padding.OAEP(mgf=padding.MGF1(mgf()), algorithm=algorithm(), label=label)


def key_id(public):
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).digest()


def seal(
    public, host=HOST, plaintext=PLAINTEXT, *, spool=SPOOL, sequence=SEQUENCE, cek=None, wrap_padding=None, aad=None
):
    """One envelope. The last three exist to make wrong ones; `aad` maps (header, host) to the additional data."""
    cek = os.urandom(32) if cek is None else cek
    wrapped = public.encrypt(cek, wrap_padding or oaep())
    header = b"FHE1" + b"\x01" + key_id(public) + spool + struct.pack(">QH", sequence, len(wrapped)) + wrapped
    nonce = os.urandom(12)
    additional = header + host.encode() if aad is None else aad(header, host.encode())
    # Keys of a length AES does not know are cut or filled, to see whether the other side does the same.
    aes = cek if len(cek) in (16, 24, 32) else (cek + bytes(32))[:32]
    ciphertext = AESGCM(aes).encrypt(nonce, plaintext, additional)
    return header + nonce + struct.pack(">I", len(ciphertext)) + ciphertext


def unseal(private, host, envelope):
    """The plaintext, or Refused with the class of the fault."""
    fields, wrapped, nonce, ciphertext = parse(envelope)
    if fields["key_id"] != key_id(private.public_key()):
        raise Refused("unknown key")
    try:
        cek = private.decrypt(wrapped, oaep())
        if len(cek) != 32:
            raise Refused("damaged")
        return AESGCM(cek).decrypt(nonce, ciphertext, fields["header"] + host.encode())
    except (ValueError, InvalidTag) as cause:
        raise Refused("damaged") from cause


def parse(envelope):
    at = 0

    def take(length):
        nonlocal at
        if at + length > len(envelope):
            raise Refused("too short")
        at += length
        return envelope[at - length : at]

    magic = take(4)
    if magic != b"FHE1":
        if magic[:3] == b"FHE" and magic[3:].isdigit():
            raise Refused(f"unsupported version {magic[3:].decode()}")
        raise Refused("not an envelope")
    suite = take(1)[0]
    if suite != 1:
        raise Refused(f"unsupported suite {suite}")
    fields = {"key_id": take(32), "spool": take(16), "sequence": struct.unpack(">Q", take(8))[0]}
    (wrapped_length,) = struct.unpack(">H", take(2))
    if not 256 <= wrapped_length <= 512:
        raise Refused("damaged")
    wrapped = take(wrapped_length)
    fields["header"] = envelope[:at]
    nonce = take(12)
    (length,) = struct.unpack(">I", take(4))
    if not 16 <= length <= MAX_CIPHERTEXT:
        raise Refused("damaged")
    ciphertext = take(length)
    if at != len(envelope):
        raise Refused("damaged")
    return fields, wrapped, nonce, ciphertext


def flip(envelope, at, bit=0x01):
    changed = bytearray(envelope)
    changed[at] ^= bit
    return bytes(changed)


def put(envelope, at, value):
    at %= len(envelope)
    return envelope[:at] + value + envelope[at + len(value) :]


def vectors(keys):
    """(name, expectation, host, key, comment, envelope) of each."""
    public = {name: key.public_key() for name, key in keys.items()}
    k2048 = public["rsa2048"]
    good = seal(k2048)
    wrapped_length = 256
    nonce_at = WRAPPED + wrapped_length
    length_at = nonce_at + 12
    text_at = length_at + 4
    text_length = len(good) - text_at

    def ok(name, comment, key="rsa2048", host=HOST, plaintext=PLAINTEXT, **how):
        envelope = seal(public[key], host, plaintext, **how)
        return (f"ok_{name}", f"ok {plaintext.hex()}", host, key, comment, envelope)

    def bad(name, expect, comment, envelope, host=HOST, key="rsa2048"):
        return (name, expect, host, key, comment, envelope)

    yield ok("rsa_2048", "the smallest key")
    yield ok("rsa_3072", "the default key", key="rsa3072")
    yield ok("rsa_4096", "the largest key", key="rsa4096")
    yield ok("rsa_odd_size", "2056 bits: the wrapped key has 257 bytes", key="rsa2056")
    yield ok("exponent_3", "a public exponent of 3", key="rsa2048e3")
    yield ok("empty_plaintext", "nothing but a tag", plaintext=b"")
    yield ok("every_byte", "the plaintext is no text", plaintext=bytes(range(256)))
    yield ok("sequence_zero", "the first number", sequence=0)
    yield ok("sequence_max", "the last number", sequence=2**64 - 1)
    yield ok("spool_zero", "a spool id of zeros", spool=bytes(16))
    yield ok("spool_ff", "a spool id of ones", spool=b"\xff" * 16)
    yield ok("host_ipv6", "an address with a zone", host="fe80::1%eth0")
    yield ok("host_longest", "a name of 253 bytes", host="h" * 253)

    yield bad("magic_wrong", "not an envelope", "first byte", put(good, 0, b"X"))
    yield bad("magic_lower_case", "not an envelope", "the magic in lower case", put(good, 0, b"fhe1"))
    yield bad("magic_no_digit", "not an envelope", "FHEa", put(good, 3, b"a"))
    yield bad("text", "not an envelope", "what a login shell may say", b"Welcome to web-1!\n")
    yield bad("version_0", "unsupported version 0", "FHE0", put(good, 3, b"0"))
    yield bad("version_2", "unsupported version 2", "FHE2", put(good, 3, b"2"))
    yield bad("version_9", "unsupported version 9", "FHE9", put(good, 3, b"9"))
    yield bad("suite_0", "unsupported suite 0", "suite 0", put(good, SUITE, b"\0"))
    yield bad("suite_2", "unsupported suite 2", "suite 2", put(good, SUITE, b"\2"))
    yield bad("suite_255", "unsupported suite 255", "suite 255", put(good, SUITE, b"\xff"))

    yield bad("key_id_first_bit", "unknown key", "one bit of the key id", flip(good, KEY_ID, 0x80))
    yield bad("key_id_last_bit", "unknown key", "one bit of the key id", flip(good, KEY_ID + 31))
    yield bad("key_other", "unknown key", "sealed to another key", seal(public["rsa3072"]))
    other = put(good, KEY_ID, key_id(public["rsa2048e3"]))
    yield bad("key_id_of_another_key", "damaged", "names a key it is not sealed to", other, key="rsa2048e3")
    yield bad("key_id_of_a_larger_key", "damaged", "the wrapped key is too short for the key it names",
              put(good, KEY_ID, key_id(public["rsa3072"])), key="rsa3072")  # fmt: skip

    yield bad("spool_bit", "damaged", "moved to another spool", flip(good, SPOOL_AT))
    yield bad("spool_last_bit", "damaged", "moved to another spool", flip(good, SPOOL_AT + 15))
    yield bad("sequence_next", "damaged", "moved to the next place", flip(good, SEQUENCE_AT + 7, 0x01))
    yield bad("sequence_high_bit", "damaged", "the number's highest bit", flip(good, SEQUENCE_AT, 0x80))

    yield bad("wrapped_length_plus_one", "too short", "257 for 256: the ciphertext seems longer than the rest",
              put(good, WRAPPED_LENGTH, struct.pack(">H", 257)))  # fmt: skip
    yield bad("wrapped_length_minus_one", "damaged", "255 for 256: no RSA key allowed is so small",
              put(good, WRAPPED_LENGTH, struct.pack(">H", 255)))  # fmt: skip
    yield bad("wrapped_length_zero", "damaged", "no wrapped key", put(good, WRAPPED_LENGTH, b"\0\0"))
    yield bad("wrapped_length_513", "damaged", "more than 4096 bits", put(good, WRAPPED_LENGTH, struct.pack(">H", 513)))
    yield bad("wrapped_length_max", "damaged", "65535", put(good, WRAPPED_LENGTH, b"\xff\xff"))
    yield bad("wrapped_key_first_bit", "damaged", "lowest bit of the first byte", flip(good, WRAPPED))
    yield bad("wrapped_key_last_bit", "damaged", "lowest bit of the last byte", flip(good, nonce_at - 1))
    yield bad("wrapped_key_zero", "damaged", "RSA of 0 is 0", put(good, WRAPPED, bytes(256)))
    yield bad("wrapped_key_one", "damaged", "RSA of 1 is 1", put(good, WRAPPED, bytes(255) + b"\1"))
    yield bad("wrapped_key_above_modulus", "damaged", "larger than any modulus", put(good, WRAPPED, b"\xff" * 256))
    second = seal(k2048)
    yield bad("wrapped_key_of_another", "damaged", "the wrapped key of another envelope to the same key",
              put(good, WRAPPED, second[WRAPPED:nonce_at]))  # fmt: skip

    yield bad("nonce_first_bit", "damaged", "one bit of the nonce", flip(good, nonce_at, 0x80))
    yield bad("nonce_last_bit", "damaged", "one bit of the nonce", flip(good, length_at - 1))
    yield bad("length_plus_one", "too short", "one byte is missing",
              put(good, length_at, struct.pack(">I", text_length + 1)))  # fmt: skip
    yield bad("length_minus_one", "damaged", "one byte too many",
              put(good, length_at, struct.pack(">I", text_length - 1)))  # fmt: skip
    yield bad("length_zero", "damaged", "not even a tag", put(good, length_at, bytes(4)))
    yield bad("length_above_limit", "damaged", "one byte above 256 KiB, told before it is waited for",
              put(good, length_at, struct.pack(">I", MAX_CIPHERTEXT + 1)))  # fmt: skip
    yield bad("length_max", "damaged", "4 GiB", put(good, length_at, b"\xff" * 4))
    yield bad("ciphertext_first_bit", "damaged", "one bit of the ciphertext", flip(good, text_at, 0x80))
    yield bad("ciphertext_last_bit", "damaged", "one bit of the ciphertext", flip(good, len(good) - 17))
    yield bad("tag_first_bit", "damaged", "one bit of the tag", flip(good, len(good) - 16, 0x80))
    yield bad("tag_last_bit", "damaged", "one bit of the tag", flip(good, len(good) - 1))
    yield bad("tag_zero", "damaged", "a tag of zeros", put(good, -16, bytes(16)))
    yield bad("tag_cut", "damaged", "a tag of 12 bytes, the length says so",
              put(good, length_at, struct.pack(">I", text_length - 4))[:-4])  # fmt: skip
    yield bad("tag_alone_cut", "damaged", "15 bytes cannot hold a tag",
              put(good, length_at, struct.pack(">I", 15))[: text_at + 15])  # fmt: skip

    yield bad("trailing_zero", "damaged", "a byte behind the end", good + b"\0")
    yield bad("trailing_newline", "damaged", "a line feed behind the end", good + b"\n")
    yield bad("two_in_one", "damaged", "two envelopes where one belongs", good + second)
    yield bad("leading_newline", "not an envelope", "a line feed before the start", b"\n" + good)
    yield bad("empty", "too short", "no byte at all", b"")
    yield bad("cut_in_magic", "too short", "3 bytes", good[:3])
    yield bad("cut_in_header", "too short", "the key id ends early", good[:20])
    yield bad("cut_in_wrapped_key", "too short", "the wrapped key ends early", good[: nonce_at - 1])
    yield bad("cut_before_length", "too short", "no ciphertext length", good[:length_at])
    yield bad("cut_before_ciphertext", "too short", "no ciphertext", good[:text_at])
    yield bad("cut_by_one", "too short", "the last byte is missing", good[:-1])

    yield bad("label_none", "damaged", "OAEP without a label", seal(k2048, wrap_padding=oaep(label=None)))
    yield bad("label_other", "damaged", "OAEP with another label", seal(k2048, wrap_padding=oaep(b"fleet-health/FHE2")))
    yield bad("oaep_sha1", "damaged", "OAEP with SHA-1", seal(k2048, wrap_padding=oaep(algorithm=hashes.SHA1)))
    yield bad("mgf1_sha1", "damaged", "MGF1 with SHA-1", seal(k2048, wrap_padding=oaep(mgf=hashes.SHA1)))
    yield bad("oaep_sha512", "damaged", "OAEP and MGF1 with SHA-512",
              seal(k2048, wrap_padding=oaep(algorithm=hashes.SHA512, mgf=hashes.SHA512)))  # fmt: skip
    yield bad("pkcs1_v15", "damaged", "PKCS #1 v1.5 padding", seal(k2048, wrap_padding=padding.PKCS1v15()))
    for length in (0, 16, 24, 31, 33):
        yield bad(f"cek_{length}", "damaged", f"a key of {length} bytes, well wrapped",
                  seal(k2048, cek=os.urandom(length)))  # fmt: skip

    yield bad("host_other", "damaged", "made for another host", good, host="web-2.example.org")
    yield bad("host_prefix", "damaged", "the name is a part of the right one", good, host="web-1.example.or")
    yield bad("host_longer", "damaged", "the name is longer than the right one", good, host=HOST + ".")
    yield bad("host_upper_case", "damaged", "names are compared byte by byte", good, host=HOST.upper())
    yield bad("host_empty", "damaged", "no name", good, host="")
    yield bad("aad_without_host", "damaged", "the host is not bound", seal(k2048, aad=lambda header, _: header))
    yield bad("aad_without_header", "damaged", "the header is not bound", seal(k2048, aad=lambda _, host: host))
    yield bad("aad_without_wrapped_key", "damaged", "the header is bound up to the wrapped key",
              seal(k2048, aad=lambda header, host: header[:WRAPPED] + host))  # fmt: skip
    yield bad("aad_none", "damaged", "nothing is bound", seal(k2048, aad=lambda _header, _host: None))


def vector_text(vector):
    name, expect, host, key, comment, envelope = vector
    expect, _, plaintext = expect.partition(" ") if expect.startswith("ok ") else (expect, "", None)
    lines = [f"expect: {expect}", f"host: {host}", f"key: {key}", f"comment: {comment}"]
    if plaintext is not None:
        lines.append(f"plaintext-hex: {plaintext}")
    lines.append("envelope-hex:")
    digits = envelope.hex()
    lines += [digits[at : at + 96] for at in range(0, len(digits), 96)]
    return "".join(line.rstrip() + "\n" for line in lines)


def read_vector(path):
    head, _, digits = path.read_text().partition("envelope-hex:\n")
    fields = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in head.splitlines())
    return {key: value.strip() for key, value in fields.items()}, bytes.fromhex("".join(digits.split()))


def load(path):
    return serialization.load_pem_private_key(path.read_bytes(), password=None)


def make_keys():
    """Writes the keys that are missing. They protect nothing: they are published with this file."""
    plain = serialization.NoEncryption()
    pkcs8, pkcs1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
    wanted = [
        ("rsa2048", lambda: rsa.generate_private_key(65537, 2048), pkcs8, plain),
        ("rsa2048e3", lambda: rsa.generate_private_key(3, 2048), pkcs8, plain),
        ("rsa2056", lambda: rsa.generate_private_key(65537, 2056), pkcs8, plain),
        ("rsa3072", lambda: rsa.generate_private_key(65537, 3072), pkcs8, plain),
        ("rsa4096", lambda: rsa.generate_private_key(65537, 4096), pkcs8, plain),
        ("refused-rsa1024", lambda: rsa.generate_private_key(65537, 1024), pkcs8, plain),
        ("refused-rsa2040", lambda: rsa.generate_private_key(65537, 2040), pkcs8, plain),
        ("refused-rsa4104", lambda: rsa.generate_private_key(65537, 4104), pkcs8, plain),
        ("refused-p256", lambda: ec.generate_private_key(ec.SECP256R1()), pkcs8, plain),
        ("refused-pkcs1", lambda: load(KEYS / "rsa2048.pem"), pkcs1, plain),
        ("refused-encrypted", lambda: load(KEYS / "rsa2048.pem"), pkcs8, serialization.BestAvailableEncryption(b"x")),
    ]
    KEYS.mkdir(exist_ok=True)
    for name, generate, form, encryption in wanted:
        path = KEYS / f"{name}.pem"
        if path.exists():
            continue
        key = generate()
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        path.with_suffix(".pub").write_bytes(public)


def make():
    make_keys()
    keys = {path.stem: load(path) for path in sorted(KEYS.glob("rsa*.pem"))}
    for vector in vectors(keys):
        (HERE / f"{vector[0]}.txt").write_text(vector_text(vector))


def check():
    failures = 0
    paths = sorted(HERE.glob("*.txt"))
    for path in paths:
        fields, envelope = read_vector(path)
        try:
            found = "ok"
            plaintext = unseal(load(KEYS / f"{fields['key']}.pem"), fields["host"], envelope)
            if plaintext.hex() != fields.get("plaintext-hex"):
                found = f"another plaintext: {plaintext.hex()}"
        except Refused as reason:
            found = str(reason)
        if found != fields["expect"]:
            failures += 1
            print(f"{path.name}: expected {fields['expect']}, found {found}", file=sys.stderr)
    print(f"{len(paths)} vectors, {failures} failed")
    return 1 if failures or not paths else 0


def main(arguments):
    if arguments == ["make"]:
        return make()
    if arguments == ["check"]:
        return check()
    if len(arguments) == 3 and arguments[0] == "open":
        sys.stdout.buffer.write(unseal(load(Path(arguments[1])), arguments[2], sys.stdin.buffer.read()))
        return 0
    if len(arguments) == 3 and arguments[0] == "seal":
        sys.stdout.buffer.write(seal(load(Path(arguments[1])).public_key(), arguments[2], sys.stdin.buffer.read()))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
