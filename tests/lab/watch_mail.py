"""Talks of mail: with Postfix and Dovecot, their protocols between each other, and filters."""
import re

from daemon import wait_until
from inside import end
from inside_mail import Clamd, Dovecot, Opendkim, Postfix, Rspamd, Spamd
from watch_stage import (NOTHING, OFFERED, PASS, PASSWORD, PLAIN, TLS, TUNNEL, USED, USER, Case, Row, by, on_mx,
                         started)

WHO = {"user": USER, "password": PASSWORD}
# Ports of Postfix's smtpd: what each is for.
NO_TLS, SUBMISSION, SUBMISSION_NO_TLS, SMTPS, WITH_DKIM, WITH_RSPAMD, WITH_POLICY = 2525, 2587, 2588, 465, 2531, 2532, 2533
POLICY_PORT = 10031
# A policy server is what every provider writes himself.
POLICY = """\
#!/bin/sh
read -r line
while [ -n "$line" ]; do read -r line; done
printf 'action=dunno\\n\\n'
"""
LETTER = "From: a@inside.test\nTo: b@inside.test\nSubject: of the inside\nMessage-Id: <1@inside.test>\n\nhello\n"


def smtpd(port, **options):
    return f"{port} inet n - n - - smtpd\n" + "".join(f"  -o {key}={value}\n" for key, value in options.items())


def postfix(mx, box, bare):
    """smtpd ends with its connection, so that none to a filter or to Dovecot outlives its case."""
    sasl = {"smtpd_sasl_auth_enable": "yes", "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": f"inet:{box.address}:2427"}
    main = {"max_use": "1", "virtual_mailbox_domains": "discard.test, inside.test, sealed.test",
            "transport_maps": f"inline:{{{{discard.test = discard:}}, {{inside.test = lmtp:inet:{bare.address}:24}}, "
                              f"{{sealed.test = lmtps:inet:{box.address}:24}}}}",
            "lmtp_connection_cache_on_demand": "no", "smtpd_peername_lookup": "no", "milter_default_action": "tempfail"}
    none = {"smtpd_tls_security_level": "none"}
    master = (smtpd(NO_TLS, **none) + smtpd(SUBMISSION, **sasl) + smtpd(SUBMISSION_NO_TLS, **sasl, **none)
              + smtpd(SMTPS, smtpd_tls_wrappermode="yes", smtpd_tls_security_level="encrypt", **sasl)
              + smtpd(WITH_DKIM, smtpd_milters=f"inet:{box.address}:8891")
              + smtpd(WITH_RSPAMD, smtpd_milters=f"inet:{box.address}:11332")
              + smtpd(WITH_POLICY, smtpd_recipient_restrictions=f"check_policy_service,inet:{box.address}:{POLICY_PORT},permit")
              + "lmtps unix - - n - - lmtp\n  -o lmtp_tls_security_level=encrypt\n")
    return Postfix(mx, address=mx.address, tls=mx.certificate(), main=main, master=master)


def policy(box):
    script = box.write("/usr/local/bin/policy", POLICY, mode=0o755)
    return started(box, POLICY_PORT, ["socat", f"TCP-LISTEN:{POLICY_PORT},bind={box.address},fork,reuseaddr", f"EXEC:{script}"])


def servers(mx, box, bare, keys):
    """bare has no TLS."""
    where = {"address": box.address, **WHO}
    return [{name: begin} for name, begin in {
        "postfix": lambda: postfix(mx, box, bare),
        "policy": lambda: policy(box),
        "dovecot": lambda: Dovecot(box, **where, tls=keys),
        "dovecot_bare": lambda: Dovecot(bare, **{**where, "address": bare.address}),
        "proxy": lambda: proxy(mx, box, keys),
        "opendkim": lambda: Opendkim(box, address=box.address),
        "rspamd": lambda: rspamd(box),
        "spamd": lambda: Spamd(box, address=box.address),
        "spamd_tls": lambda: Spamd(box, address=box.address, port=1783, tls=keys),
        "clamd": lambda: Clamd(box, address=box.address),
    }.items()]


# --- clients ---

def swaks(port, *options, to="anna@discard.test"):
    """From box to Postfix."""
    def talk(stage):
        stage.box.run("swaks", "--server", f"{stage.mx.address}:{port}", "--helo", "box.test", "--from", "a@box.test",
                      "--to", to, *options)
    return talk


LOGIN = ("--auth-user", USER, "--auth-password", PASSWORD)


def delivered(port, to):
    """Through Postfix into Dovecot."""
    def talk(stage):
        swaks(port, to=to)(stage)
        log = stage.servers["postfix"].mail_log
        assert wait_until(lambda: f"to=<{to}>" in log() and "status=sent" in log().split(f"to=<{to}>")[-1], 60), log()
    return talk


def lmtp(place, *options):
    return lambda stage: stage.mx.run("swaks", "--protocol", "LMTP", "--server", place.format(**stage.addresses),
                                      "--helo", "mx.test", "--from", "a@mx.test", "--to", USER, *options)


def curl(url, *options):
    """From mx; USER logs in."""
    return lambda stage: stage.mx.run("curl", "-sS", "--insecure", "-u", f"{USER}:{PASSWORD}", *options,
                                      url.format(**stage.addresses))


def python(text):
    """A client of Python's library, or none of a package, in mx."""
    head = "import base64, imaplib, poplib, socket, ssl, sys\nbox, bare, user, password = sys.argv[1:]\n"
    return lambda stage: stage.mx.run("python3", "-c", head + text, *stage.addresses.values(), USER, PASSWORD)


TRUSTING = "context = ssl.create_default_context(); context.check_hostname, context.verify_mode = False, ssl.CERT_NONE\n"
SIEVE = TRUSTING + """
sock = socket.create_connection((place, 4190))
def until_ok():
    text = b""
    while not text.splitlines() or text.splitlines()[-1][:2] not in (b"OK", b"NO"):
        text += sock.recv(4096)
    assert text.splitlines()[-1][:2] == b"OK", text
def say(line):
    sock.sendall(line.encode() + b"\\r\\n")
    until_ok()
until_ok()
if tls:
    say("STARTTLS")
    sock = context.wrap_socket(sock)
    until_ok()
plain = base64.b64encode(("\\0" + user + "\\0" + password).encode()).decode()
if how == "string":
    say('AUTHENTICATE "PLAIN" "%s"' % plain)
elif how == "literal":
    say('AUTHENTICATE "PLAIN" {%d+}\\r\\n%s' % (len(plain), plain))
if how:
    say("LISTSCRIPTS")
say("LOGOUT")
"""


def sieve(place, tls=False, how=None):
    return python(f"place, tls, how = {place}, {tls}, {how!r}\n{SIEVE}")


def dict_get(stage):
    """doveadm wants a unix socket: socat joins it to the port."""
    joined = stage.mx.path("dict-of-box")
    process = stage.mx.start("dict", ["socat", f"UNIX-LISTEN:{joined},fork", f"TCP:{stage.box.address}:2428"])
    assert wait_until(lambda: stage.mx.done("test", "-S", joined).returncode == 0)
    config = stage.mx.write("/etc/inside/dict.conf", "ssl = no\n")
    stage.mx.done("doveadm", "-c", config, "dict", "get", "-u", USER, f"proxy:{joined}:quota", "priv/quota/storage")
    end(process)


# doveadm speaks TLS to where a proxy's passdb sends it: users of mx that are on box.
PROXIED = """\
passdb {{
  driver = passwd-file
  args = /etc/inside/proxied
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home=/srv
}}
"""


def proxy(mx, box, keys):
    mx.write("/etc/inside/proxied", "".join(f"{how}:{{PLAIN}}x::::::proxy=y host={box.address} {how}=yes\n"
                                            for how in ("starttls", "ssl")))
    return Dovecot(mx, address=mx.address, password=PASSWORD, users=PROXIED,
                   more=f"ssl_client_ca_file = {keys[2]}\n")


def rspamd(box):
    """The one with a key pair: who knows its public half may encrypt."""
    pair = box.run("rspamadm", "keypair")
    box.write("/etc/rspamd/local.d/worker-normal.inc", pair)
    server = Rspamd(box, address=box.address, **WHO)
    server.public = re.search(r'pubkey = "(\w+)"', pair)[1]
    return server


def rspamd_sealed(stage):
    server = stage.servers["rspamd"]
    stage.mx.run("rspamc", "-h", f"{server.address}:{server.normal}", "--key", server.public, input=LETTER)


def doveadm(port, how):
    return lambda stage: stage.mx.run("doveadm", "-c", stage.servers["proxy"].config, "-o", f"doveadm_port={port}",
                                      "mailbox", "list", "-u", how)


IMAP_COMMANDS = """
b = imaplib.IMAP4(bare, 143)
b.login(user, password)
b.select()
for _ in range(12):
    b.noop()
    b.fetch("1", "(UID)")
"""
AUTH_ROW = Row(2427, "dovecot-auth", PASS, "PLAIN", USER)

CASES = [
    # SMTP
    Case("smtp", "no login, no TLS offered", swaks(NO_TLS), [Row(NO_TLS, "smtp", PLAIN)]),
    Case("smtp", "STARTTLS offered and not used", swaks(25), [Row(25, "smtp", OFFERED)]),
    Case("smtp", "mail after STARTTLS", swaks(25, "--tls"), [Row(25, "smtp", USED)]),
    Case("smtp", "mail after STARTTLS, TLS 1.2", swaks(25, "--tls", "--tls-protocol", "tlsv1_2"), [Row(25, "smtp", USED)]),
    Case("smtp", "greeting and QUIT", swaks(25, "--quit-after", "EHLO"), [Row(25, "smtp", NOTHING)]),
    Case("smtp", "login plain, PLAIN", swaks(SUBMISSION_NO_TLS, "--auth", "PLAIN", *LOGIN),
         [Row(SUBMISSION_NO_TLS, "smtp", PASS, "PLAIN", USER), AUTH_ROW]),
    Case("smtp", "login plain, LOGIN", swaks(SUBMISSION_NO_TLS, "--auth", "LOGIN", *LOGIN),
         [Row(SUBMISSION_NO_TLS, "smtp", PASS, "LOGIN", USER), Row(2427, "dovecot-auth", PASS, "LOGIN", USER)]),
    Case("smtp", "login plain, CRAM-MD5", swaks(SUBMISSION_NO_TLS, "--auth", "CRAM-MD5", *LOGIN),
         [Row(SUBMISSION_NO_TLS, "smtp", PLAIN, "CRAM-MD5", USER), Row(2427, "dovecot-auth", PLAIN, "CRAM-MD5", USER)]),
    Case("smtp", "login, STARTTLS offered and not used", swaks(SUBMISSION, "--auth", "PLAIN", *LOGIN),
         [Row(SUBMISSION, "smtp", PASS, "PLAIN", USER), AUTH_ROW]),
    Case("smtp", "login after STARTTLS", swaks(SUBMISSION, "--tls", "--auth", "PLAIN", *LOGIN),
         [Row(SUBMISSION, "smtp", USED), AUTH_ROW]),
    Case("smtp", "login, implicit TLS", swaks(SMTPS, "--tlsc", "--auth", "PLAIN", *LOGIN), [Row(SMTPS, "tls", TLS), AUTH_ROW]),
    Case("milter", "opendkim", swaks(WITH_DKIM), [Row(WITH_DKIM, "smtp", OFFERED), Row(8891, "milter", PLAIN)]),
    Case("milter", "rspamd", swaks(WITH_RSPAMD), [Row(WITH_RSPAMD, "smtp", OFFERED), Row(11332, "milter", PLAIN)]),
    Case("postfix-policy", "no login", swaks(WITH_POLICY),
         [Row(WITH_POLICY, "smtp", OFFERED), Row(POLICY_PORT, "postfix-policy", PLAIN)], script="server"),
    # LMTP
    Case("lmtp", "mail, no TLS offered", lmtp("{bare}:24"), [Row(24, "lmtp", PLAIN)]),
    Case("lmtp", "STARTTLS offered and not used", lmtp("{box}:24"), [Row(24, "lmtp", OFFERED)]),
    Case("lmtp", "mail after STARTTLS", lmtp("{box}:24", "--tls"), [Row(24, "lmtp", USED)]),
    Case("lmtp", "mail, implicit TLS", lmtp("{box}:10024", "--tlsc"), [Row(10024, "tls", TLS)]),
    Case("lmtp", "Postfix to Dovecot", delivered(NO_TLS, "anna@inside.test"),
         [Row(NO_TLS, "smtp", PLAIN), Row(24, "lmtp", PLAIN)]),
    Case("lmtp", "Postfix to Dovecot after STARTTLS", delivered(NO_TLS, "anna@sealed.test"),
         [Row(NO_TLS, "smtp", PLAIN), Row(24, "lmtp", USED)]),
    # IMAP
    Case("imap", "login plain, LOGIN", python("b = imaplib.IMAP4(bare, 143); b.login(user, password); b.select(); b.logout()"),
         [Row(143, "imap", PASS, "LOGIN", USER)]),
    Case("imap", "login plain, AUTHENTICATE PLAIN", curl("imap://{bare}/INBOX", "--login-options", "AUTH=PLAIN"),
         [Row(143, "imap", PASS, "PLAIN", USER)]),
    Case("imap", "login plain, AUTHENTICATE LOGIN", curl("imap://{bare}/INBOX", "--login-options", "AUTH=LOGIN"),
         [Row(143, "imap", PASS, "LOGIN", USER)]),
    Case("imap", "login plain, CRAM-MD5", curl("imap://{bare}/INBOX", "--login-options", "AUTH=CRAM-MD5"),
         [Row(143, "imap", PLAIN, "CRAM-MD5", USER)]),
    Case("imap", "login, STARTTLS offered and not used",
             python("b = imaplib.IMAP4(box, 143); b.login(user, password); b.select(); b.logout()"),
         [Row(143, "imap", PASS, "LOGIN", USER)]),
    Case("imap", "login after STARTTLS", curl("imap://{box}/INBOX", "--ssl-reqd"), [Row(143, "imap", USED)]),
    Case("imap", "login, implicit TLS", curl("imaps://{box}/INBOX"), [Row(993, "tls", TLS)]),
    Case("imap", "commands",
             python(IMAP_COMMANDS),
         [Row(143, "imap", PASS, "LOGIN", USER)], is_long=True),
    Case("imap", "no login", python("b = imaplib.IMAP4(box, 143); b.noop(); b.logout()"), [Row(143, "imap", NOTHING)]),
    # POP3
    Case("pop3", "login plain, USER", python("b = poplib.POP3(bare, 110); b.user(user); b.pass_(password); b.stat(); b.quit()"),
         [Row(110, "pop3", PASS, "USER", USER)]),
    Case("pop3", "login plain, AUTH PLAIN", curl("pop3://{bare}/", "--login-options", "AUTH=PLAIN"),
         [Row(110, "pop3", PASS, "PLAIN", USER)]),
    Case("pop3", "login plain, AUTH LOGIN", curl("pop3://{bare}/", "--login-options", "AUTH=LOGIN"),
         [Row(110, "pop3", PASS, "LOGIN", USER)]),
    Case("pop3", "login plain, CRAM-MD5", curl("pop3://{bare}/", "--login-options", "AUTH=CRAM-MD5"),
         [Row(110, "pop3", PLAIN, "CRAM-MD5", USER)]),
    Case("pop3", "login, STLS offered and not used", curl("pop3://{box}/", "--login-options", "AUTH=PLAIN"),
         [Row(110, "pop3", PASS, "PLAIN", USER)]),
    Case("pop3", "login after STLS", curl("pop3://{box}/", "--ssl-reqd"), [Row(110, "pop3", USED)]),
    Case("pop3", "login, implicit TLS", curl("pop3s://{box}/"), [Row(995, "tls", TLS)]),
    Case("pop3", "no login", python("b = poplib.POP3(box, 110); b.capa(); b.quit()"), [Row(110, "pop3", NOTHING)]),
    # ManageSieve
    Case("managesieve", "login plain", sieve("bare", how="string"),
         [Row(4190, "managesieve", PASS, "PLAIN", USER)], script="client"),
    Case("managesieve", "login plain, literal", sieve("bare", how="literal"),
         [Row(4190, "managesieve", PASS, "PLAIN", USER)], script="client"),
    Case("managesieve", "login, STARTTLS offered and not used", sieve("box", how="string"),
         [Row(4190, "managesieve", PASS, "PLAIN", USER)], script="client"),
    Case("managesieve", "login after STARTTLS", sieve("box", tls=True, how="string"),
         [Row(4190, "managesieve", USED)], script="client"),
    Case("managesieve", "no login", sieve("box"), [Row(4190, "managesieve", NOTHING)], script="client"),
    # Dovecot's own
    Case("doveadm", "login plain", by("dovecot_bare", "doveadm", "mailbox list -u anna"),
         [Row(2425, "doveadm", PASS, "PLAIN", "doveadm")]),
    Case("doveadm", "login after STARTTLS", doveadm(2425, "starttls"), [Row(2425, "doveadm", USED)]),
    Case("doveadm", "login, implicit TLS", doveadm(2426, "ssl"), [Row(2426, "tls", TLS)]),
    Case("dovecot-dict", "no login", dict_get, [Row(2428, "dovecot-dict", PLAIN, None, USER)]),
    # filters
    Case("spamd", "no login", by("spamd", "spamc", LETTER, "-u", USER), [Row(783, "spamd", PLAIN, None, USER)]),
    Case("spamd", "implicit TLS", on_mx("spamc", "-S", "-d", "{box}", "-p", "1783", input=LETTER), [Row(1783, "tls", TLS)]),
    Case("clamd", "INSTREAM", by("clamd", "scan", "/etc/hosts"), [Row(3310, "clamd", PLAIN)]),
    Case("rspamd", "message and password", by("rspamd", "rspamc", LETTER), [Row(11333, "rspamd", PASS, "HEADER")]),
    Case("rspamd", "encrypted by its own keys", rspamd_sealed, [Row(11333, "http", TUNNEL)]),
    Case("rspamd", "controller", by("rspamd", "rspamc", "", "stat", port=11334), [Row(11334, "http", PASS, "HEADER")]),
]
