"""A CA of our own hosts for the tests, and certificates as it would never make them."""
import datetime
import json
import os
import subprocess

from daemon import BINARY


def ran(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, **more)


class Pki:
    """mailseal pki in a directory."""

    def __init__(self, directory):
        self.dir = str(directory)

    def run(self, *words, status=0, **more):
        done = ran(BINARY, "pki", *words, "--dir", self.dir, **more)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stderr

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def list(self):
        return json.loads(self.run("list", "--json"))

    def node(self, name):
        return self.path("issued", name)

    def verify(self, name, *more, ca=None):
        chain = self.path("issued", name + ".crt")
        return ran("openssl", "verify", "-x509_strict", "-CAfile", ca or self.path("ca.crt"),
                   "-untrusted", chain, *more, chain)

    def end_days_ago(self, name, days):
        """The node's certificate with its names, but it ended so long ago."""
        folder, made = self.path("making-old"), os.path.join(self.node(name), "node.crt")
        os.makedirs(folder, exist_ok=True)
        with open(folder + "/index.txt", "w", encoding="ascii"):
            pass
        with open(folder + "/ca.conf", "w", encoding="ascii") as conf:
            conf.write(f"""[ca]
default_ca = c
[c]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
rand_serial = yes
default_md = sha256
policy = p
x509_extensions = x
unique_subject = no
[p]
commonName = supplied
[x]
subjectAltName = DNS:{name}.mailseal.internal
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
authorityKeyIdentifier = keyid
""")
        now = datetime.datetime.now(datetime.timezone.utc)
        end = now - datetime.timedelta(days=days)
        form = "%Y%m%d%H%M%SZ"
        for words in (["req", "-new", "-key", self.node(name) + "/node.key", "-subj", "/CN=" + name,
                       "-out", folder + "/r.pem"],
                      ["ca", "-batch", "-notext", "-config", folder + "/ca.conf", "-keyfile",
                       self.path("root-1", "issuing.key"), "-cert",
                       self.path("root-1", "issuing.crt"), "-in", folder + "/r.pem", "-startdate",
                       (end - datetime.timedelta(days=30)).strftime(form), "-enddate",
                       end.strftime(form), "-out", folder + "/leaf.pem"]):
            done = ran("openssl", *words)
            assert done.returncode == 0, done.stderr
        with open(made, "w", encoding="ascii") as out:
            for part in (folder + "/leaf.pem", self.path("root-1", "issuing.crt")):
                with open(part, encoding="ascii") as text:
                    out.write(text.read())
        serial = ran("openssl", "x509", "-noout", "-serial", "-in", folder + "/leaf.pem").stdout
        return serial.strip().partition("=")[2].lower()
