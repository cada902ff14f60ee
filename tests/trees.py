"""Trees of thousands of certificates, made at once: one certificate of openssl's, with another name of the same
length in each. Nobody checks their signatures; the key is one for all."""
import base64
import os
import ssl
import subprocess

HOST = "n00000.example.org"


def name_of(number):
    return f"n{number:05}.example.org"


def pem_of(der):
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[at:at + 64] for at in range(0, len(text), 64)]
    return "-----BEGIN CERTIFICATE-----\n" + "\n".join(lines) + "\n-----END CERTIFICATE-----\n"


class Tree:
    """A folder for each name, as certbot has them."""

    def __init__(self, folder, count):
        self.folder, self.count = str(folder), count
        self.key = os.path.join(self.folder, ".key")
        os.makedirs(self.folder, exist_ok=True)
        self.template = self.made(self.key)
        for number in range(count):
            self.add(number)

    @staticmethod
    def made(key):
        """A key, and the certificate that all others are made of."""
        done = subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
             "-days", "30", "-subj", "/CN=tree", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", key],
            check=True, capture_output=True, text=True)
        return ssl.PEM_cert_to_DER_cert(done.stdout)

    def path(self, number, file):
        return os.path.join(self.folder, name_of(number), file)

    def chain(self, number, template=None):
        own = (template or self.template).replace(HOST.encode(), name_of(number).encode())
        return pem_of(own) + pem_of(self.template)

    def add(self, number):
        os.makedirs(os.path.join(self.folder, name_of(number)), exist_ok=True)
        with open(self.path(number, "fullchain.pem"), "w", encoding="ascii") as out:
            out.write(self.chain(number))
        if not os.path.exists(self.path(number, "privkey.pem")):
            os.link(self.key, self.path(number, "privkey.pem"))

    def renew(self, number):
        """With another key. Chain and key are replaced one after the other, as certbot does."""
        key = self.path(number, "new.key")
        template = self.made(key)
        for text, file in ((self.chain(number, template), "fullchain.pem"), (None, "privkey.pem")):
            new = self.path(number, "new.pem")
            if text:
                with open(new, "w", encoding="ascii") as out:
                    out.write(text)
            else:
                os.rename(key, new)
            os.rename(new, self.path(number, file))
        return template.replace(HOST.encode(), name_of(number).encode())
