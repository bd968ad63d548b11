#!/usr/bin/env python3
"""Makes the vectors of this folder with implementations that share no code with ours.

RSA values come from Python's `cryptography` (OpenSSL). age values come from the real `age` program where it can make
them, else from the small writer below, whose sound files the real `age` must open before they are written. Whole
SealedSecrets come from the real `kubeseal`.

    python3 -m venv venv && venv/bin/pip install cryptography
    GOBIN=$PWD/bin go install filippo.io/age/cmd/...@v1.3.2
    go build -C ../../tools/sealed-secrets -o $PWD/bin/kubeseal github.com/bitnami/sealed-secrets/cmd/kubeseal
    PATH=$PWD/bin:$PATH venv/bin/python generate.py

Keys that lie in keys/ are kept; all vectors are made anew. The keys are public: they protect nothing.
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).parent
KEYS = HERE / "keys"
VECTORS = HERE / "vectors"
OBJECTS = HERE / "objects"

# ---------------------------------------------------------------- keys


def private_pem(key, form):
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def certificate(key, signer, start, end):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm).public_bytes(serialization.Encoding.PEM)


def make_keys():
    KEYS.mkdir(exist_ok=True)
    day = datetime.datetime
    valid = (day(2026, 1, 1), day(2036, 1, 1))
    pkcs1, pkcs8 = serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8
    for bits, form in [(2048, pkcs1), (3072, pkcs8), (4096, pkcs1)]:
        path = KEYS / f"rsa-{bits}.key"
        if not path.exists():
            key = rsa.generate_private_key(65537, bits)
            path.write_bytes(private_pem(key, form))
            (KEYS / f"rsa-{bits}.crt").write_bytes(certificate(key, key, *valid))
            public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
            digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
            (KEYS / f"rsa-{bits}.fingerprint").write_text("SHA256:" + base64.b64encode(digest).decode().rstrip("=") + "\n")
    old = serialization.load_pem_private_key((KEYS / "rsa-2048.key").read_bytes(), None)
    if not (KEYS / "expired.crt").exists():
        (KEYS / "expired.crt").write_bytes(certificate(old, old, day(2020, 1, 1), day(2021, 2, 3)))
        (KEYS / "future.crt").write_bytes(certificate(old, old, day(2040, 1, 2), day(2050, 1, 1)))
        elliptic = ec.generate_private_key(ec.SECP256R1())
        (KEYS / "ecdsa.crt").write_bytes(certificate(elliptic, elliptic, *valid))
        (KEYS / "ecdsa.key").write_bytes(private_pem(elliptic, pkcs8))
        edwards = ed25519.Ed25519PrivateKey.generate()
        (KEYS / "ed25519.crt").write_bytes(certificate(edwards, edwards, *valid))
        encrypted = old.private_bytes(serialization.Encoding.PEM, pkcs8, serialization.BestAvailableEncryption(b"x"))
        (KEYS / "encrypted.key").write_bytes(encrypted)
        small = rsa.generate_private_key(65537, 1024)
        (KEYS / "rsa-1024.crt").write_bytes(certificate(small, small, *valid))
    for name in ["alice", "bob", "carol"]:
        path = KEYS / f"{name}.txt"
        if not path.exists():
            subprocess.run(["age-keygen", "-o", path], check=True, capture_output=True)


def rsa_key(bits):
    return serialization.load_pem_private_key((KEYS / f"rsa-{bits}.key").read_bytes(), None)


def recipient(name):
    done = subprocess.run(["age-keygen", "-y", KEYS / f"{name}.txt"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


# ---------------------------------------------------------------- the RSA format


def rsa_blob(label, plaintext, bits=2048, session_bits=256, digest=hashes.SHA256):
    session = AESGCM.generate_key(session_bits)
    scheme = padding.OAEP(padding.MGF1(digest()), digest(), label)
    wrapped = rsa_key(bits).public_key().encrypt(session, scheme)
    return struct.pack(">H", len(wrapped)) + wrapped + AESGCM(session).encrypt(bytes(12), plaintext, None)


# ---------------------------------------------------------------- the age format

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def point(text):
    """The 32 bytes of an age1… recipient (its checksum was made by age-keygen)."""
    value = 0
    for symbol in text[4:-6]:
        value = value << 5 | CHARSET.index(symbol)
    return (value >> 4).to_bytes(32, "big")


def unpadded(data):
    return base64.b64encode(data).decode().rstrip("=")


def derive(secret, salt, info):
    return HKDF(hashes.SHA256(), 32, salt, info).derive(secret)


def stanza(kind, arguments, body):
    text = unpadded(body)
    lines = [text[start : start + 64] for start in range(0, len(text) + 1, 64)]
    return " ".join(["->", kind, *arguments]) + "\n" + "\n".join(lines) + "\n"


def x25519_stanza(file_key, to):
    ephemeral = X25519PrivateKey.generate()
    share = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(point(to)))
    key = derive(shared, share + point(to), b"age-encryption.org/v1/X25519")
    return stanza("X25519", [unpadded(share)], ChaCha20Poly1305(key).encrypt(bytes(12), file_key, None))


def age_file(plaintext, stanzas, version="v1"):
    """An age file with any stanzas; each is made by a function of the file key."""
    file_key = os.urandom(16)
    header = f"age-encryption.org/{version}\n" + "".join(make(file_key) for make in stanzas) + "---"
    mac = hmac.new(derive(file_key, None, b"header"), header.encode(), hashlib.sha256).digest()
    nonce = os.urandom(16)
    cipher = ChaCha20Poly1305(derive(file_key, nonce, b"payload"))
    assert len(plaintext) <= 65536, "one chunk is enough here"
    payload = cipher.encrypt(bytes(11) + b"\x01", plaintext, None)
    return header.encode() + b" " + unpadded(mac).encode() + b"\n" + nonce + payload


def to(*names):
    return [lambda key, name=name: x25519_stanza(key, recipient(name)) for name in names]


def fixed(kind, arguments=(), body=b""):
    return lambda key: stanza(kind, list(arguments), body)


def real_age(plaintext, *names):
    arguments = [part for name in names for part in ("-r", recipient(name))]
    return subprocess.run(["age", *arguments], input=plaintext, check=True, capture_output=True).stdout


def opens_in_age(file, name):
    with tempfile.NamedTemporaryFile() as stored:
        stored.write(file)
        stored.flush()
        done = subprocess.run(["age", "-d", "-i", KEYS / f"{name}.txt", stored.name], capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------- the binding header inside


def text(value):
    data = value.encode()
    return struct.pack(">H", len(data)) + data


def header(namespace, name, item, recipients, version=1, order=sorted):
    listed = order(recipients)
    return b"sealward" + bytes([version]) + text(namespace) + text(name) + text(item) + struct.pack(
        ">H", len(listed)
    ) + b"".join(text(entry) for entry in listed)


# ---------------------------------------------------------------- vectors

PLAINTEXT = b"correct horse battery staple"
PLACE = {"namespace": "shop", "name": "database", "item": "password", "scope": "strict"}


def write(slug, description, blob, expect, /, encode=lambda blob: base64.b64encode(blob).decode(), keys=(), **place):
    """One vector. `expect` is the plaintext, or the name of a failure."""
    vector = {"description": description, **PLACE, **place, "keys": list(keys), "value": encode(blob)}
    vector["plaintext" if isinstance(expect, bytes) else "failure"] = (
        base64.b64encode(expect).decode() if isinstance(expect, bytes) else expect
    )
    (VECTORS / f"{slug}.json").write_text(json.dumps(vector, indent=2) + "\n")


def flipped(blob, index):
    changed = bytearray(blob)
    changed[index] ^= 1
    return bytes(changed)


def rsa_vectors():
    def vector(slug, description, blob, expect, /, **more):
        more.setdefault("keys", ["rsa-2048"])
        write("rsa-" + slug, description, blob, expect, **more)

    strict, wide, anywhere = b"shop/database", b"shop", b""
    sound = rsa_blob(strict, PLAINTEXT)
    for bits in [2048, 3072, 4096]:
        vector(f"strict-{bits}", "bound to namespace and name", rsa_blob(strict, PLAINTEXT, bits), PLAINTEXT,
               keys=[f"rsa-{bits}"])
    vector("namespace-wide", "bound to the namespace", rsa_blob(wide, PLAINTEXT), PLAINTEXT, scope="namespace-wide")
    vector("namespace-wide-other-name", "the name is not bound", rsa_blob(wide, PLAINTEXT), PLAINTEXT,
           scope="namespace-wide", name="other")
    vector("cluster-wide", "bound to nothing", rsa_blob(anywhere, PLAINTEXT), PLAINTEXT, scope="cluster-wide",
           namespace="other", name="other")
    vector("empty", "a value of no bytes", rsa_blob(strict, b""), b"")
    vector("binary", "a value that is no UTF-8", rsa_blob(strict, bytes(range(256))), bytes(range(256)))
    vector("other-item", "the item key is not bound in this format", sound, PLAINTEXT, item="other")
    vector("aes-128", "a shorter session key is accepted", rsa_blob(strict, PLAINTEXT, session_bits=128), PLAINTEXT)
    vector("many-keys", "the right key is among several", sound, PLAINTEXT, keys=["rsa-4096", "rsa-3072", "rsa-2048"])
    vector("line-breaks", "line breaks in the base64 are ignored", sound, PLAINTEXT,
           encode=lambda blob: base64.encodebytes(blob).decode())

    vector("other-name", "copied to another name", sound, "no-key", name="other")
    vector("other-namespace", "copied to another namespace", sound, "no-key", namespace="other")
    vector("narrow-to-namespace", "strict, opened as namespace-wide", sound, "no-key", scope="namespace-wide")
    vector("narrow-to-cluster", "strict, opened as cluster-wide", sound, "no-key", scope="cluster-wide")
    vector("wide-to-strict", "cluster-wide, opened as strict", rsa_blob(anywhere, PLAINTEXT), "no-key")
    vector("unknown-key", "sealed for a key that is not here", rsa_blob(strict, PLAINTEXT, 3072), "no-key")
    vector("no-keys", "no key at all", sound, "no-key", keys=[])
    vector("flipped-key", "one bit of the wrapped key altered", flipped(sound, 100), "no-key")
    vector("flipped-value", "one bit of the ciphertext altered", flipped(sound, 2 + 256), "no-key")
    vector("flipped-tag", "one bit of the tag altered", flipped(sound, -1), "no-key")
    vector("oaep-sha1", "OAEP with SHA-1", rsa_blob(strict, PLAINTEXT, digest=hashes.SHA1), "no-key")
    vector("trailing", "bytes after the tag", sound + b"\0", "no-key")
    vector("length-too-long", "a length prefix beyond the end", b"\xff\xff" + sound[2:], "too-short")
    vector("cut", "cut within the tag", sound[: 2 + 256 + 15], "too-short")
    vector("one-byte", "one byte", b"\x02", "too-short")
    vector("nothing", "no bytes", b"", "too-short")
    vector("base64-cut", "base64 cut off", sound, "not-base64", encode=lambda blob: base64.b64encode(blob).decode()[:-5])
    vector("base64-url", "the URL-safe alphabet", b"\xff" * 400, "not-base64",
           encode=lambda blob: base64.urlsafe_b64encode(blob).decode())
    vector("plaintext", "plaintext that nobody sealed", PLAINTEXT, "not-base64", encode=lambda blob: blob.decode())


def age_vectors():
    def vector(slug, description, blob, expect, /, **more):
        more.setdefault("keys", ["alice"])
        write("age-" + slug, description, blob, expect, **more)

    alice, bob = recipient("alice"), recipient("bob")
    inside = header("shop", "database", "password", [alice])
    sound = real_age(inside + PLAINTEXT, "alice")
    wide = real_age(header("shop", "", "password", [alice]) + PLAINTEXT, "alice")
    anywhere = real_age(header("", "", "password", [alice]) + PLAINTEXT, "alice")
    both = header("shop", "database", "password", [alice, bob])
    vector("strict", "bound to namespace, name and item key", sound, PLAINTEXT)
    vector("namespace-wide", "bound to the namespace", wide, PLAINTEXT, scope="namespace-wide", name="other")
    vector("cluster-wide", "bound to the item key only", anywhere, PLAINTEXT, scope="cluster-wide", name="other",
           namespace="other")
    vector("two-recipients", "the second one opens", real_age(both + PLAINTEXT, "alice", "bob"), PLAINTEXT, keys=["bob"])
    vector("empty", "a value of no bytes", real_age(inside, "alice"), b"")
    large = bytes(range(256)) * 300
    vector("two-chunks", "more than 64 KiB", real_age(inside + large, "alice"), large)
    vector("many-identities", "the right identity is among several", sound, PLAINTEXT, keys=["bob", "carol", "alice"])

    def made(plaintext, stanzas, opened_by="alice"):
        file = age_file(plaintext, stanzas)
        assert opens_in_age(file, opened_by) == plaintext
        return file

    grease = [fixed("x-grease", ["a", "b"], b"abc"), fixed("?-grease")]
    vector("grease", "grease stanzas do not count", made(inside + PLAINTEXT, [grease[0], *to("alice"), grease[1]]), PLAINTEXT)
    foreign = header("shop", "database", "password", [alice, "age1tag1" + "q" * 50])
    vector("other-kind", "a recipient of a kind that is not tried counts",
           made(foreign + PLAINTEXT, [*to("alice"), fixed("p256tag", ["AAAA"], b"x" * 48)]), PLAINTEXT)
    full = [alice] + [f"age1full{number:02}" for number in range(30)]
    crowd = header("shop", "database", "password", full)
    fill = [fixed("p256tag", ["AAAA"], b"x" * 48)] * 30
    vector("full", "31 recipients and one grease stanza",
           made(crowd + PLAINTEXT, [*fill, *to("alice"), grease[0]]), PLAINTEXT)

    vector("other-name", "copied to another name", sound, "no-key", name="other")
    vector("other-namespace", "copied to another namespace", sound, "no-key", namespace="other")
    vector("other-item", "copied to another item", sound, "no-key", item="other")
    vector("narrow-to-namespace", "strict, opened as namespace-wide", sound, "no-key", scope="namespace-wide")
    vector("narrow-to-cluster", "strict, opened as cluster-wide", sound, "no-key", scope="cluster-wide")
    vector("wide-to-strict", "cluster-wide, opened as strict", anywhere, "no-key")
    vector("unknown-identity", "sealed for an identity that is not here", sound, "no-key", keys=["bob"])
    vector("no-identities", "no identity at all", sound, "no-key", keys=[])
    vector("rsa-key-only", "only an RSA key is here", sound, "no-key", keys=["rsa-2048"])
    vector("extra-stanza", "sealed for one more than the list says", made(inside + PLAINTEXT, to("alice", "bob")), "no-key")
    vector("missing-stanza", "sealed for one less than the list says", made(both + PLAINTEXT, to("alice")), "no-key")
    vector("not-listed", "the list names another", made(
        header("shop", "database", "password", [bob]) + PLAINTEXT, to("alice")), "no-key")
    vector("unordered", "the list is not ascending", made(
        header("shop", "database", "password", [alice, bob], order=lambda r: sorted(r, reverse=True)) + PLAINTEXT,
        to("alice", "bob")), "no-key")
    vector("named-twice", "the list names one twice", made(
        header("shop", "database", "password", [alice, alice]) + PLAINTEXT, to("alice", "alice")), "no-key")
    vector("version-2", "another version of the header", made(
        header("shop", "database", "password", [alice], version=2) + PLAINTEXT, to("alice")), "no-key")
    vector("bare", "an age file without a header", real_age(PLAINTEXT, "alice"), "no-key")
    vector("header-cut", "the header ends early", made(inside[:-3], to("alice")), "no-key")
    vector("no-plaintext", "nothing inside", made(b"", to("alice")), "no-key")
    vector("ssh-only", "a stanza of another kind only", age_file(inside + PLAINTEXT, [fixed("ssh-ed25519", ["AAAA", unpadded(b"x" * 32)], b"x" * 32)]), "no-key")
    at = sound.index(b"--- ") + 10
    vector("flipped-mac", "one character of the header's MAC altered",
           sound[:at] + (b"A" if sound[at : at + 1] != b"A" else b"B") + sound[at + 1 :], "no-key")
    vector("flipped-payload", "one bit of the payload altered", flipped(sound, -20), "no-key")
    vector("cut", "cut within the payload", sound[:-1], "no-key")
    vector("trailing", "bytes after the payload", sound + b"\0", "no-key")
    vector("magic-only", "the first line only", b"age-encryption.org/v1\n", "age-malformed")
    vector("version-9", "an age file of a later version", age_file(PLAINTEXT, to("alice"), version="v9"), "age-malformed")
    vector("no-stanza", "no stanza", age_file(PLAINTEXT, []), "age-malformed")
    vector("broken-stanza", "a stanza line without a kind",
           b"age-encryption.org/v1\n-> \nAAAA\n--- " + b"A" * 43 + b"\n", "age-malformed")
    vector("passphrase", "sealed with a passphrase", age_file(PLAINTEXT, [fixed("scrypt", [unpadded(b"s" * 16), "18"], b"x" * 32)]), "age-passphrase")
    vector("too-many-stanzas", "33 stanzas", age_file(PLAINTEXT, to("alice") + [grease[1]] * 32), "age-too-many-stanzas")
    vector("header-too-long", "an age header of more than 16 KiB", age_file(PLAINTEXT, [*to("alice"), fixed("x-grease", [], b"x" * 12300)]), "age-header-too-long")
    armored = subprocess.run(["age", "-a", "-r", alice], input=inside + PLAINTEXT, check=True, capture_output=True).stdout
    vector("armored", "an age file in its text form", armored, "age-armored")


SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "database",
        "namespace": "shop",
        "labels": {"app": "shop"},
        "annotations": {"owner": "team", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    },
    "type": "Opaque",
    "data": {"user": "YWRtaW4=", "password": "b2xk", "binary": "AAEC/w==", "empty": ""},
    "stringData": {"password": "correct horse battery staple"},
}


def objects():
    """The Secret, and what kubeseal, and upstream's code for V1, make of it in each scope."""
    shutil.rmtree(OBJECTS, ignore_errors=True)
    OBJECTS.mkdir()
    secret = json.dumps(SECRET, indent=2) + "\n"
    (OBJECTS / "secret.json").write_text(secret)
    for scope in ["strict", "namespace-wide", "cluster-wide"]:
        command = ["kubeseal", "--cert", KEYS / "rsa-2048.crt", "--scope", scope, "-o", "json"]
        sealed = subprocess.run(command, input=secret.encode(), check=True, capture_output=True).stdout
        (OBJECTS / f"kubeseal-{scope}.json").write_bytes(sealed)
        # Upstream's controller loses the stringData of a V1 object: it updates what it has just made with data alone.
        whole = json.loads(secret)
        for key, value in whole.pop("stringData").items():
            whole["data"][key] = base64.b64encode(value.encode()).decode()
        if scope != "strict":
            whole["metadata"]["annotations"][f"sealedsecrets.bitnami.com/{scope}"] = "true"
        command = ["go", "run", "-C", HERE / "../../tools/sealed-secrets", "./seal-v1", KEYS / "rsa-2048.crt"]
        sealed = subprocess.run(command, input=json.dumps(whole).encode(), check=True, capture_output=True).stdout
        (OBJECTS / f"v1-{scope}.json").write_bytes(sealed)


def main():
    make_keys()
    objects()
    shutil.rmtree(VECTORS, ignore_errors=True)
    VECTORS.mkdir()
    rsa_vectors()
    age_vectors()
    print(len(list(VECTORS.iterdir())), "vectors")


if __name__ == "__main__":
    main()
