"""test_link.py's scene in a network namespace of its own: a transparent link, with nftables' rules
as mailseal prints them. Arguments: a folder that workers can enter, the directory of a CA."""
import socket
import subprocess
import sys

import links
from daemon import BINARY
from pkis import Pki


def main(folder, ca):
    pki = Pki(ca)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "route", "add", "192.0.2.0/24", "dev", "lo"], check=True)
    service = links.Service(links.read_all)
    far = links.host(folder, "caught-far", pki.node("db1"), {
        "far": f'listen_tls = "127.0.0.1:8432"; to = "127.0.0.1:{service.port}"; peer = "imap1";'})
    near = links.host(folder, "caught-near", pki.node("imap1"), {
        "near": 'listen = "127.0.0.1:15432"; to = "127.0.0.1:8432"; peer = "db1"; proxy = true; '
                'transparent = true; destination = ["192.0.2.9:5432", "192.0.2.9:5433"];'})
    try:
        far.ready()
        near.ready()
        rules = subprocess.run([BINARY, "link", "redirect", "--print", "-c", near.config],
                               check=True, capture_output=True).stdout
        for _ in range(2):  # once more changes nothing
            subprocess.run(["nft", "-f", "-"], input=rules, check=True)
        with socket.create_connection(("192.0.2.9", 5433), 30) as sock:
            sock.sendall(b"hello")
            sock.shutdown(socket.SHUT_WR)
            got = service.saw()[0]
        # PROXY v2 over IPv4: the destination's address and port are at 20 and 26.
        assert socket.inet_ntoa(got[20:24]) == "192.0.2.9", got
        assert int.from_bytes(got[26:28], "big") == 5433 and got.endswith(b"hello"), got
        print("caught, and told where to")
    finally:
        near.close()
        far.close()
        service.close()


main(*sys.argv[1:])
