"""Talks with what else a provider's machines run."""
import os
import pty
import select
import subprocess
import time

from inside_more import Nsd, Rsyslog, Snmpd, Telnetd, Vsftpd
from watch_stores import again
from watch_stage import (EPHEMERAL, NOTHING, PASS, PASSWORD, PLAIN, TLS, TUNNEL, USED, USER, Case, Row, by, on_mx,
                         started)

HTTP, HTTPS = 8080, 8443


def servers(box, keys):
    where = {"address": box.address, "user": USER, "password": PASSWORD}
    return [{
        "rsyslog": lambda: Rsyslog(box, address=box.address),
        "snmpd": lambda: Snmpd(box, **where),
        "vsftpd": lambda: Vsftpd(box, **where, tls=keys),
        "telnetd": lambda: Telnetd(box, **where),
        "nsd": lambda: Nsd(box, address=box.address, tls=keys),
        "syslog_tls": lambda: started(box, 6514, [
            "socat", f"OPENSSL-LISTEN:6514,bind={box.address},fork,reuseaddr,verify=0,cert={keys[0]},key={keys[1]}",
            f"TCP:{box.address}:514"]),
        "http": lambda: started(box, HTTP, ["python3", "-m", "http.server", HTTP, "--protocol", "HTTP/1.1",
                                            "--bind", box.address, "--directory", "/srv"]),
        "https": lambda: started(box, HTTPS, ["openssl", "s_server", "-quiet", "-www", "-accept",
                                              f"{box.address}:{HTTPS}", "-cert", keys[0], "-key", keys[1]]),
    }]


def telnet(stage):
    """telnet on a terminal, as a person types."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(stage.mx.inside(["telnet", stage.box.address]), stdin=theirs, stdout=theirs,
                               stderr=theirs, start_new_session=True)
    os.close(theirs)
    seen, answers = "", [("login:", USER), ("assword:", PASSWORD), ("$ ", "exit")]
    deadline = time.monotonic() + 60
    while answers:
        assert time.monotonic() < deadline, seen
        if select.select([ours], [], [], 1)[0]:
            seen += os.read(ours, 4096).decode(errors="replace")
        if answers[0][0] in seen:
            os.write(ours, answers.pop(0)[1].encode() + b"\n")
            seen = ""
    process.wait(30)
    os.close(ours)


def http(path, *options):
    return lambda stage: stage.mx.run("curl", "-sS", *options, f"http://{stage.box.address}:{HTTP}{path}")


def snmp(version, *who):
    return on_mx("snmpget", "-r", "1", "-v", version, *(who or ("-c", PASSWORD)), "{box}", "1.3.6.1.2.1.1.6.0")


V3 = ("-u", USER, "-a", "SHA", "-A", PASSWORD, "-x", "AES", "-X", PASSWORD)
CONTROL = Row(21, "ftp", PASS, "USER", USER)

CASES = [
    Case("syslog", "UDP", by("rsyslog", "logger", "hello"), [Row(514, "syslog", PLAIN)]),
    Case("syslog", "TCP", by("rsyslog", "logger", "hello", "-T"), [Row(514, "syslog", PLAIN)]),
    Case("syslog", "TCP, counted", by("rsyslog", "logger", "hello", "-T", "--octet-count"), [Row(514, "syslog", PLAIN)]),
    Case("syslog", "TCP, lines", on_mx("logger", "-n", "{box}", "-P", "514", "-T", "-t", "inside", "--rfc3164",
             input="\n".join(again("line {}"))),
         [Row(514, "syslog", PLAIN)], is_long=True),
    Case("syslog", "implicit TLS", on_mx("openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", "{box}:6514",
             input="<13>hello over TLS\n"),
         [Row(6514, "tls", TLS)], script="each side"),
    Case("dns", "UDP", by("nsd", "dig", "www.inside.test"), [Row(53, "dns", PLAIN)]),
    Case("dns", "TCP", by("nsd", "dig", "www.inside.test", "+tcp"), [Row(53, "dns", PLAIN)]),
    Case("dns", "implicit TLS", by("nsd", "dig", "www.inside.test", "+tls"), [Row(853, "tls", TLS)]),
    Case("snmp", "1", snmp("1"), [Row(161, "snmp", PASS, "COMMUNITY")]),
    Case("snmp", "2c", snmp("2c"), [Row(161, "snmp", PASS, "COMMUNITY")]),
    Case("snmp", "3, authenticated", snmp("3", "-l", "authNoPriv", *V3), [Row(161, "snmp", PLAIN)]),
    Case("snmp", "3, private", snmp("3", "-l", "authPriv", *V3), [Row(161, "snmp", TUNNEL)]),
    Case("ftp", "login plain, AUTH TLS not used", by("vsftpd", "list"), [CONTROL, Row(EPHEMERAL, None, NOTHING)]),
    Case("ftp", "login after AUTH TLS", by("vsftpd", "list", "--ssl-reqd", "--insecure"),
         [Row(21, "ftp", USED), Row(EPHEMERAL, "tls", TLS)]),
    Case("telnet", "login plain", telnet, [Row(23, "telnet", PASS, "PROMPT")]),
    Case("http", "no login", http("/"), [Row(HTTP, "http", PLAIN)]),
    Case("http", "requests", on_mx("curl", "-sS", *(f"http://{{box}}:{HTTP}{path}" for path in again("/?{}"))),
         [Row(HTTP, "http", PLAIN)], is_long=True),
    Case("http", "login plain, Basic", http("/", "-u", f"{USER}:{PASSWORD}"), [Row(HTTP, "http", PASS, "BASIC", USER)]),
    Case("http", "login plain, a form", http("/", "-d", f"_user={USER}&_pass={PASSWORD}"), [Row(HTTP, "http", PASS, "FORM")]),
    Case("http", "login plain, JSON", http("/", "-H", "Content-Type: application/json", "-d",
             f'{{"user": "{USER}", "password": "{PASSWORD}"}}'),
         [Row(HTTP, "http", PASS, "FORM")]),
    Case("http", "a session's cookie", http("/", "-b", f"roundcube_sessid={PASSWORD}"), [Row(HTTP, "http", PASS, "COOKIE")]),
    Case("http", "login, implicit TLS", on_mx("curl", "-sS", "--insecure", "-u", f"{USER}:{PASSWORD}",
             f"https://{{box}}:{HTTPS}/"),
         [Row(HTTPS, "tls", TLS)]),
]
