"""TLS servers with odd settings, for who looks at them: OpenSSL and GnuTLS."""
import os
import socket
import subprocess

from daemon import free_ports, make_certificate, wait_until

ADDRESS = "127.0.0.1"
KEYS = {"rsa": ("rsa:2048",), "ec": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "p521": ("ec", "-pkeyopt", "ec_paramgen_curve:P-521"), "ed25519": ("ed25519",),
        "short": ("rsa:1024",)}
# No extended master secret: a setting of OpenSSL's own configuration file.
NO_EMS = ("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
          "Options = -ExtendedMasterSecret\n")


def s_server(key, *options):
    return ["openssl", "s_server", "-quiet", "-www", "-accept", "{address}:{port}",
            *(["-cert", "{folder}/" + key + ".pem", "-key", "{folder}/" + key + ".key"] if key
              else ["-nocert"]), *options]


def gnutls(priority):
    return ["gnutls-serv", "-q", "--http", "--disable-client-cert", "--port", "{port}",
            "--x509certfile", "{folder}/rsa.pem", "--x509keyfile", "{folder}/rsa.key",
            "--priority", priority]


WEAKEST = "@SECLEVEL=0"
SERVERS = {
    "all that OpenSSL still has": s_server("rsa", "-cipher", "ALL:COMPLEMENTOFALL:" + WEAKEST),
    "the server's odd order": s_server(
        "rsa", "-serverpref", "-cipher", "AES128-SHA:ECDHE-RSA-AES256-GCM-SHA384:AES256-SHA256:"
        "ECDHE-RSA-AES128-SHA:" + WEAKEST),
    "anonymous": s_server(None, "-cipher", "aNULL:" + WEAKEST, "-no_tls1_3"),
    "no encryption": s_server("rsa", "-cipher", "eNULL:" + WEAKEST, "-no_tls1_3"),
    "ECDSA alone": s_server("ec"),
    "Ed25519": s_server("ed25519"),
    "RSA and ECDSA": s_server("rsa", "-dcert", "{folder}/ec.pem", "-dkey", "{folder}/ec.key"),
    "P-521 alone": s_server("p521", "-groups", "P-521"),
    # OpenSSL 3.5 counts such a tag as 64 bits.
    "CCM with short tags": s_server("ec", "-tls1_3", "-cipher", "ALL:" + WEAKEST, "-ciphersuites",
                                    "TLS_AES_128_CCM_8_SHA256:TLS_AES_128_CCM_SHA256"),
    "TLS 1.1 alone": s_server("rsa", "-tls1_1", "-cipher", "ALL:" + WEAKEST),
    "no extended master secret": s_server("rsa", "-no_tls1_3"),
    # OpenSSL takes a field as short as the certificate's key.
    "a short field": s_server("short", "-cipher", "DHE:" + WEAKEST, "-no_tls1_3"),
    "GnuTLS": gnutls("NORMAL"),
    "GnuTLS with all it has": gnutls(
        "NORMAL:+VERS-TLS-ALL:+ARCFOUR-128:+3DES-CBC:+MD5:+SHA1:+RSA:+DHE-RSA:+ANON-DH:"
        "+ANON-ECDH:%SERVER_PRECEDENCE"),
    "GnuTLS, finite fields": gnutls("NORMAL:-GROUP-ALL:+GROUP-FFDHE2048:+GROUP-FFDHE3072"),
}


def certificates_make(folder):
    """All that SERVERS need; the folder."""
    for name, kind in KEYS.items():
        make_certificate(str(folder), name, kind)
    (folder / "no-ems.cnf").write_text(NO_EMS)
    return folder


def listens(port):
    try:
        socket.create_connection((ADDRESS, port), 5).close()
        return True
    except OSError:
        return False


class Server:
    def __init__(self, name, folder):
        self.port = free_ports(1)[0]
        argv = [word.format(address=ADDRESS, port=self.port, folder=folder)
                for word in SERVERS[name]]
        env = dict(os.environ)
        if name == "no extended master secret":
            env["OPENSSL_CONF"] = str(folder / "no-ems.cnf")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, env=env)
        assert wait_until(lambda: listens(self.port), 15), argv

    def __enter__(self):
        return self.port

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
