# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, certificates and revocation lists for one case, made by openssl. What
has gone wrong with them, a case asks for: days that are over, other names."""
import os

from .peer import Failed, run


def _openssl(*arguments, cwd=None):
    code, _, why = run(["openssl", *arguments], 30, cwd=cwd)
    if code != 0:
        raise Failed(f"openssl {arguments[0]}: {why.strip()[-300:]}")


class Pair:
    """A key on P-256: NAME.pem (PKCS#8) and NAME.pub (SPKI), and in DER."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.key, self.public = self.path("pem"), self.path("pub")
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-out", self.key)
        _openssl("pkey", "-in", self.key, "-pubout", "-out", self.public)
        _openssl("pkcs8", "-topk8", "-nocrypt", "-in", self.key, "-outform",
                 "DER", "-out", self.path("key.der"))
        _openssl("pkey", "-in", self.key, "-pubout", "-outform", "DER", "-out",
                 self.path("pub.der"))

    def path(self, suffix):
        return os.path.join(self.directory, f"{self.name}.{suffix}")

    def spki(self):
        return self._bytes("pub.der")

    def private(self):
        """The private key in DER, as RFC 5958 has it."""
        return self._bytes("key.der")

    def raw_options(self):
        """For Leshan's servers, as certificate_options()."""
        return ("--key", self.path("key.der"), "--public", self.path("pub.der"))

    @property
    def certificate(self):
        return self.path("crt")

    def der(self):
        """The certificate, and the private key, in DER."""
        _openssl("x509", "-in", self.certificate, "-outform", "DER", "-out",
                 self.path("crt.der"))
        return tuple(self._bytes(p) for p in ("crt.der", "key.der"))

    def _bytes(self, suffix):
        with open(self.path(suffix), "rb") as f:
            return f.read()

    def certificate_options(self, trusted):
        return ("--key", self.path("key.der"), "--chain", self.certificate,
                "--trust", trusted.certificate)


class Authority(Pair):
    """A root, or an authority below another one."""

    def __init__(self, directory, name, above=None):
        super().__init__(directory, name)
        if above is not None:
            above.sign(self, f"/CN={name}", ca=True)
            return
        config = self._write("cnf", "[req]\ndistinguished_name = d\n"
                             "x509_extensions = x\n[d]\n[x]\n"
                             "basicConstraints = critical,CA:TRUE\n"
                             "keyUsage = keyCertSign,cRLSign\n")
        _openssl("req", "-x509", "-key", self.key, "-subj", f"/CN={name}",
                 "-days", "3650", "-config", config, "-out", self.certificate)

    def _write(self, suffix, text):
        with open(self.path(suffix), "w", encoding="ascii") as f:
            f.write(text)
        return self.path(suffix)

    def sign(self, pair, subject, names="", ca=False, days=3650, serial=None):
        """pair.certificate, for `names` as in "DNS:a,IP:127.0.0.1"."""
        lines = ["basicConstraints = critical,CA:" + ("TRUE" if ca else
                                                      "FALSE")]
        lines += ["keyUsage = keyCertSign,cRLSign"] if ca else []
        lines += [f"subjectAltName = {names}"] if names else []
        extensions = self._write("ext", "\n".join(lines) + "\n")
        _openssl("req", "-new", "-key", pair.key, "-subj", subject, "-out",
                 pair.path("csr"))
        _openssl("x509", "-req", "-in", pair.path("csr"), "-CA",
                 self.certificate, "-CAkey", self.key, "-set_serial",
                 str(serial or int.from_bytes(os.urandom(8), "big") + 1),
                 "-days", str(days), "-extfile", extensions, "-out",
                 pair.certificate)
        return pair

    def revocations(self, *pairs):
        """A list in PEM of these, as a file."""
        database = self._write("index", "")
        config = self._write("ca.cnf", "[ca]\ndefault_ca = c\n[c]\n"
                             f"database = {database}\n"
                             "default_md = sha256\n"
                             f"crlnumber = {self._write('crlnumber', '01')}\n")
        out = self.path("crl")
        for pair in pairs:
            _openssl("ca", "-config", config, "-cert", self.certificate,
                     "-keyfile", self.key, "-revoke", pair.certificate)
        _openssl("ca", "-config", config, "-cert", self.certificate,
                 "-keyfile", self.key, "-gencrl", "-crldays", "365", "-out",
                 out)
        return out


def chain(directory, *pairs):
    """Their certificates in one file, in this order."""
    path = os.path.join(directory, "-".join(p.name for p in pairs) + ".chain")
    with open(path, "wb") as out:
        for pair in pairs:
            with open(pair.certificate, "rb") as f:
                out.write(f.read())
    return path
