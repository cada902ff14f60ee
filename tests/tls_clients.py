"""TLS clients of other makes, each with options of its own, as commands for a port that speaks TLS
from the first byte. A make that is not installed is left out, and why is said."""
import ctypes
import ctypes.util
import os
import shutil
import subprocess
import sys

# Whatever protocol the server speaks: one of them ends the session there, for clients that stay.
GOODBYE = b"QUIT\r\na LOGOUT\r\n"


def openssl(*options):
    return lambda port: ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-noservername",
                         *options]


def gnutls(priority):
    return lambda port: ["gnutls-cli", "--insecure", "--disable-sni", "--priority", priority,
                         "-p", str(port), "127.0.0.1"]


def nss(*options):
    return lambda port: ["tstclnt", "-h", "127.0.0.1", "-p", str(port), "-D", "-o", "-Q", *options]


def java(**properties):
    """keytool is in every JRE, and shows the certificate of a server."""
    return lambda port: ["keytool", "-J-Xshare:auto", "-J-XX:TieredStopAtLevel=1",
                         *(f"-J-D{name.replace('_', '.')}={value}"
                           for name, value in properties.items()),
                         "-printcert", "-sslserver", f"127.0.0.1:{port}"]


def curl(library, ssl_version=0, ciphers=None, groups=None):
    """A build of libcurl, by its file: what Debian's curl command is not linked with."""
    return lambda port: [sys.executable, __file__, library, str(port), str(ssl_version),
                         ciphers or "", groups or ""]


OPENSSL = {
    "openssl": openssl(),
    "openssl 1.0": openssl("-tls1", "-cipher", "ALL:@SECLEVEL=0"),
    "openssl 1.1": openssl("-tls1_1", "-cipher", "ALL:@SECLEVEL=0"),
    "openssl 1.2": openssl("-tls1_2"),
    "openssl 1.3": openssl("-tls1_3"),
    "openssl 1.2 kRSA": openssl("-tls1_2", "-cipher", "kRSA:@SECLEVEL=0"),
    "openssl 1.2 DHE": openssl("-tls1_2", "-cipher", "kDHE"),
    "openssl 1.2 CBC": openssl("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA"),
    "openssl 1.2 ChaCha": openssl("-tls1_2", "-cipher", "CHACHA20:AESGCM"),
    "openssl 1.2 SHA-1": openssl("-tls1_2", "-sigalgs", "RSA+SHA1:ECDSA+SHA1", "-cipher",
                                 "ALL:@SECLEVEL=0"),
    "openssl P-521": openssl("-groups", "P-521"),
    "openssl P-384, P-256": openssl("-groups", "P-384:P-256"),
    "openssl 1.3 PSS": openssl("-tls1_3", "-sigalgs", "RSA-PSS+SHA512"),
    "openssl 1.3 ECDSA": openssl("-tls1_3", "-sigalgs", "ECDSA+SHA256"),
    "openssl 1.3 ChaCha": openssl("-tls1_3", "-ciphersuites",
                                  "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256"),
    "openssl 1.2 fallback": openssl("-tls1_2", "-fallback_scsv"),
}
GNUTLS = {
    "gnutls": gnutls("NORMAL"),
    "gnutls 1.0": gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.0:%VERIFY_ALLOW_SIGN_WITH_SHA1"),
    "gnutls 1.1": gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.1:%VERIFY_ALLOW_SIGN_WITH_SHA1"),
    "gnutls 1.2": gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2"),
    "gnutls 1.3": gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.3"),
    "gnutls secure": gnutls("SECURE256"),
    "gnutls legacy": gnutls("LEGACY"),
    "gnutls RSA exchange": gnutls("NORMAL:-KX-ALL:+RSA:-VERS-TLS1.3"),
    "gnutls DHE": gnutls("NORMAL:-KX-ALL:+DHE-RSA:-VERS-TLS1.3"),
    "gnutls P-384": gnutls("NORMAL:-GROUP-ALL:+GROUP-SECP384R1"),
    "gnutls ffdhe": gnutls("NORMAL:-GROUP-ALL:+GROUP-FFDHE3072"),
    "gnutls ChaCha": gnutls("NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305"),
}
NSS = {
    "nss": nss(),
    "nss 1.0": nss("-V", "tls1.0:tls1.0"),
    "nss 1.2": nss("-V", "tls1.2:tls1.2"),
    "nss 1.3": nss("-V", "tls1.3:tls1.3"),
    "nss P-256": nss("-I", "P256"),
    "nss P-521": nss("-I", "P521"),
    "nss P-384, x25519": nss("-I", "P384,x25519"),
    "nss PKCS 1": nss("-V", "tls1.2:tls1.2", "-J", "rsa_pkcs1_sha256"),
    "nss fallback": nss("-V", "tls1.2:tls1.2", "-K"),
}
JAVA = {
    "java": java(),
    "java 1.2": java(jdk_tls_client_protocols="TLSv1.2"),
    "java P-521": java(jdk_tls_namedGroups="secp521r1"),
    "java ECDSA": java(jdk_tls_client_SignatureSchemes="ecdsa_secp256r1_sha256"),
}
CURL = {}
for _name in ("libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4"):
    CURL[f"{_name}"] = curl(_name)
    CURL[f"{_name} 1.2"] = curl(_name, ssl_version=6 | 6 << 16)
    CURL[f"{_name} 1.3"] = curl(_name, ssl_version=7)
CURL["libcurl.so.4 groups"] = curl("libcurl.so.4", groups="P-384:P-521")


def has_library(name):
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def have(name):
    """Why this client cannot be had; None: it is there."""
    if name.startswith("libcurl"):
        library = name.split()[0]
        return None if has_library(library) else f"{library} is not installed"
    program = {"openssl": "openssl", "gnutls": "gnutls-cli", "nss": "tstclnt",
               "java": "keytool"}[name.split()[0]]
    return None if shutil.which(program) else f"{program} is not installed"


ALL = {**OPENSSL, **GNUTLS, **NSS, **CURL, **JAVA}


def run(name, port):
    """One handshake."""
    environment = {**os.environ, "OPENSSL_CONF": os.devnull}
    subprocess.run(ALL[name](port), timeout=60, env=environment, input=GOODBYE,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def curl_main(library, port, ssl_version, ciphers, groups):
    """A handshake and no more: CURLOPT_CONNECT_ONLY, and no ALPN, which says HTTP."""
    lib = ctypes.CDLL(library)
    lib.curl_easy_init.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(lib.curl_easy_init())
    options = [(10002, f"https://127.0.0.1:{port}/".encode()), (64, 0), (81, 0), (13, 20),
               (226, 0), (141, 1)]
    if int(ssl_version):
        options.append((32, int(ssl_version)))
    if ciphers:
        options.append((10083, ciphers.encode()))
    if groups:
        options.append((10298, groups.encode()))  # CURLOPT_SSL_EC_CURVES
    for option, value in options:
        lib.curl_easy_setopt(handle, ctypes.c_int(option),
                             ctypes.c_char_p(value) if isinstance(value, bytes)
                             else ctypes.c_long(value))
    lib.curl_easy_perform(handle)


if __name__ == "__main__":
    curl_main(*sys.argv[1:])
