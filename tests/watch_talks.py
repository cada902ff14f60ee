"""Conversations that mailseal watch has to judge: what is said, and what is to be found."""
import base64
import dataclasses
import ssl
import struct

PASSWORD = "Geh3im-Passwort"
USER = "anna"


def b64(text):
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


PLAIN = b64(f"\0{USER}\0{PASSWORD}")
SECRETS = [PASSWORD, b64(PASSWORD), PLAIN, b64(f"{USER}:{PASSWORD}")]


@dataclasses.dataclass
class Case:
    name: str
    steps: list
    protocol: str
    verdict: str
    mechanism: str = None
    user: str = None
    needs_order: bool = False  # a lost or late segment hides what is to be found


def tls(folder_chain, version=ssl.TLSVersion.TLSv1_3, suites=None, inside=b"a001 LOGIN x y\r\n"):
    """A real handshake, as steps."""
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(*folder_chain)
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    for context in (server_context, client_context):
        context.set_ciphers((suites or "DEFAULT") + ":@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
    wires = [ssl.MemoryBIO() for _ in range(4)]
    client = client_context.wrap_bio(wires[0], wires[1], server_hostname="mail.example.org")
    server = server_context.wrap_bio(wires[2], wires[3], server_side=True)
    steps = []

    def move():
        for side, out, into in (("C", wires[1], wires[2]), ("S", wires[3], wires[0])):
            data = out.read()
            if data:
                steps.append((side, data))
                into.write(data)

    for _ in range(6):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            move()
    client.write(inside)
    move()
    server.read()
    server.write(bytes(3000))
    move()
    return steps


def ldap(number, operation):
    body = b"\x02\x01" + bytes([number]) + operation
    return b"\x30" + bytes([len(body)]) + body


def tlv(tag, content):
    return bytes([tag, len(content)]) + content


def pg(kind, content):
    return kind + struct.pack("!I", 4 + len(content)) + content


def mysql(seq, content):
    return struct.pack("<I", len(content))[:3] + bytes([seq]) + content


def mysql_greeting(flags):
    return mysql(0, b"\x0a8.0.36\0" + bytes(4) + b"abcdefgh\0" + struct.pack("<H", flags) +
                 b"\x21\x02\0" + b"\xff\xc1\x15" + bytes(10) + b"ijklmnopqrst\0mysql_native_password\0")


def milter(command, content=b""):
    return struct.pack("!I", 1 + len(content)) + command + content


def resp(*words):
    return (f"*{len(words)}\r\n" + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)).encode()


def kafka(key, version, content):
    body = struct.pack("!HHIH", key, version, 1, 3) + b"cli" + content
    return struct.pack("!I", len(body)) + body


def mongo(content):
    return struct.pack("<IIII", 16 + len(content), 1, 0, 2013) + content


def rpc(procedure, flavor, credential=b""):
    body = struct.pack("!IIIIII", 7, 0, 2, 100003, 4, procedure)
    body += struct.pack("!II", flavor, len(credential)) + credential + bytes(8)
    return struct.pack("!I", 0x80000000 | len(body)) + body


def amqp_frame(content):
    return b"\x01\0\0" + struct.pack("!I", len(content)) + content + b"\xce"


SMTP_HELLO = ["S: 220 mx.example ESMTP Postfix", "C: EHLO client.example",
              "S: 250-mx.example", "S: 250-AUTH PLAIN LOGIN CRAM-MD5", "S: 250 8BITMIME"]
SMTP_OFFER = SMTP_HELLO[:3] + ["S: 250-STARTTLS", "S: 250 8BITMIME"]
MAIL = ["C: MAIL FROM:<a@example.org>", "S: 250 ok", "C: RCPT TO:<b@example.org>", "S: 250 ok",
        "C: DATA", "S: 354 go", "C: Subject: x", "C: ", "C: AUTH PLAIN is no command here", "C: .",
        "S: 250 queued", "C: QUIT", "S: 221 bye"]
IMAP = ["S: * OK [CAPABILITY IMAP4rev1 SASL-IR] ready"]
POP3 = ["S: +OK ready"]
SIEVE = ["S: \"IMPLEMENTATION\" \"Dovecot\"", "S: \"SASL\" \"PLAIN\"", "S: OK \"ready\""]
BIND = tlv(0x60, b"\x02\x01\x03" + tlv(4, b"cn=anna,dc=x") + tlv(0x80, PASSWORD.encode()))
STARTUP = struct.pack("!II", 8 + 10 + 1, 3 << 16) + b"user\0anna\0" + b"\0"
MYSQL_LOGIN = struct.pack("<II", 0x0008a285, 1 << 24) + b"\x21" + bytes(23) + b"anna\0"
PASS, PLAINTEXT, OFFERED = "plaintext+password", "plaintext", "starttls-offered-not-used"

PLAIN_CASES = [
    Case("smtp-mail", SMTP_HELLO + MAIL, "smtp", PLAINTEXT),
    Case("smtp-helo-pipelined", ["S: 220 mx ESMTP", ("C", b"HELO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"),
                                 "S: 250 ok", "S: 250 ok", "S: 250 ok"], "smtp", PLAINTEXT),
    Case("smtp-not-used", SMTP_OFFER + MAIL, "smtp", OFFERED),
    Case("smtp-starttls-refused", SMTP_OFFER + ["C: STARTTLS", "S: 454 later"] + MAIL, "smtp", OFFERED),
    Case("smtp-auth-plain-ir", SMTP_HELLO + [f"C: AUTH PLAIN {PLAIN}", "S: 235 ok"] + MAIL, "smtp", PASS, "PLAIN", USER),
    Case("smtp-auth-plain-next", SMTP_HELLO + ["C: AUTH PLAIN", "S: 334 ", f"C: {PLAIN}", "S: 235 ok"] + MAIL,
         "smtp", PASS, "PLAIN", USER),
    Case("smtp-auth-login", SMTP_HELLO + ["C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", f"C: {b64(USER)}",
                                          "S: 334 UGFzc3dvcmQ6", f"C: {b64(PASSWORD)}", "S: 235 ok"] + MAIL,
         "smtp", PASS, "LOGIN", USER),
    Case("smtp-auth-login-ir", SMTP_HELLO + [f"C: auth login {b64(USER)}", "S: 334 UGFzc3dvcmQ6",
                                             f"C: {b64(PASSWORD)}", "S: 535 no"], "smtp", PASS, "LOGIN", USER),
    Case("smtp-xoauth2", SMTP_HELLO + ["C: AUTH XOAUTH2 " + b64(f"user={USER}\x01auth=Bearer {PASSWORD}\x01\x01"),
                                       "S: 235 ok"], "smtp", PASS, "XOAUTH2", USER),
    Case("smtp-cram", SMTP_HELLO + ["C: AUTH CRAM-MD5", "S: 334 PDEuMkBhPg==", "C: " + b64("anna 0123456789abcdef0123456789abcdef"),
                                    "S: 235 ok"] + MAIL, "smtp", PLAINTEXT, "CRAM-MD5", USER),
    Case("smtp-xclient", SMTP_HELLO + ["C: XCLIENT ADDR=192.0.2.1 LOGIN=anna", "S: 220 ok"], "smtp", PLAINTEXT, None, USER),
    Case("smtp-bdat", SMTP_HELLO + ["C: MAIL FROM:<a@b>", "S: 250 ok", ("C", b"BDAT 12 LAST\r\nAUTH PLAIN\r\n"), "S: 250 ok"],
         "smtp", PLAINTEXT),
    Case("lmtp", ["S: 220 box LMTP Dovecot", "C: LHLO mx", "S: 250-box", "S: 250 8BITMIME"] + MAIL, "lmtp", PLAINTEXT),
    Case("lmtp-quiet-greeting", ["S: 220 box ready", "C: LHLO mx", "S: 250 box"] + MAIL, "lmtp", PLAINTEXT),
    Case("imap-login", IMAP + [f"C: a1 LOGIN {USER} {PASSWORD}", "S: a1 OK in"], "imap", PASS, "LOGIN", USER),
    Case("imap-login-quoted", IMAP + [f'C: a1 login "{USER}" "{PASSWORD}"', "S: a1 OK in"], "imap", PASS, "LOGIN", USER),
    Case("imap-login-literals", IMAP + ["C: a1 LOGIN {4}", "S: + ok", ("C", f"{USER} {{{len(PASSWORD)}}}\r\n".encode()),
                                        "S: + ok", ("C", f"{PASSWORD}\r\n".encode()), "S: a1 OK in"],
         "imap", PASS, "LOGIN", USER),
    Case("imap-login-literals-plus", IMAP + [("C", f"a1 LOGIN {{4+}}\r\n{USER} {{{len(PASSWORD)}+}}\r\n{PASSWORD}\r\n".encode()),
                                             "S: a1 OK in"], "imap", PASS, "LOGIN", USER),
    Case("imap-login-mixed", IMAP + ["C: a1 LOGIN {4}", "S: + ok", ("C", f'{USER} "{PASSWORD}"\r\n'.encode()), "S: a1 OK"],
         "imap", PASS, "LOGIN", USER),
    Case("imap-authenticate-ir", IMAP + [f"C: a1 AUTHENTICATE PLAIN {PLAIN}", "S: a1 OK in"], "imap", PASS, "PLAIN", USER),
    Case("imap-authenticate", IMAP + ["C: a1 AUTHENTICATE PLAIN", "S: + ", f"C: {PLAIN}", "S: a1 OK in"], "imap", PASS, "PLAIN", USER),
    Case("imap-authenticate-login", IMAP + ["C: a1 AUTHENTICATE LOGIN", "S: + VXNlcm5hbWU6", f"C: {b64(USER)}",
                                            "S: + UGFzc3dvcmQ6", f"C: {b64(PASSWORD)}", "S: a1 OK in"], "imap", PASS, "LOGIN", USER),
    Case("imap-preauth", ["S: * PREAUTH ready", "C: a1 SELECT INBOX", "S: a1 OK"], "imap", PLAINTEXT),
    Case("imap-not-used", ["S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready", "C: a1 LIST \"\" *", "S: a1 NO"],
         "imap", OFFERED),
    Case("imap-literal-refused", IMAP + ["C: a1 LOGIN {4}", "S: a1 BAD no literals", f"C: a2 LOGIN {USER} {PASSWORD}", "S: a2 OK"],
         "imap", PASS, "LOGIN", USER),
    Case("pop3-pass", POP3 + [f"C: USER {USER}", "S: +OK", f"C: PASS {PASSWORD}", "S: +OK"], "pop3", PASS, "USER", USER),
    Case("pop3-auth-next", POP3 + ["C: AUTH PLAIN", "S: + ", f"C: {PLAIN}", "S: +OK"], "pop3", PASS, "PLAIN", USER),
    Case("pop3-auth-ir", POP3 + [f"C: AUTH PLAIN {PLAIN}", "S: +OK"], "pop3", PASS, "PLAIN", USER),
    Case("pop3-apop", ["S: +OK <1.2@x>", f"C: APOP {USER} c4c9334bac560ecc979e58001b3e22fb", "S: +OK", "C: STAT", "S: +OK 1 2"],
         "pop3", PLAINTEXT, "APOP", USER),
    Case("sieve-plain", SIEVE + [f'C: AUTHENTICATE "PLAIN" "{PLAIN}"', "S: OK"], "managesieve", PASS, "PLAIN", USER),
    Case("sieve-literal", SIEVE + [("C", f'AUTHENTICATE "PLAIN" {{{len(PLAIN)}+}}\r\n{PLAIN}\r\n'.encode()), "S: OK"],
         "managesieve", PASS, "PLAIN", USER),
    Case("milter", [("C", milter(b"O", struct.pack("!III", 6, 0x1ff, 0x1fffff))), ("S", milter(b"O", struct.pack("!III", 6, 0, 0))),
                    ("C", milter(b"D", b"M{auth_authen}\0anna\0") + milter(b"M", b"<a@b>\0")), ("S", milter(b"c"))],
         "milter", PLAINTEXT, None, USER),
    Case("policy", [("C", b"request=smtpd_access_policy\nsasl_username=anna\n\n"), ("S", b"action=dunno\n\n")],
         "postfix-policy", PLAINTEXT, None, USER),
    Case("dovecot-auth", [("S", b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nDONE\n"), ("C", b"VERSION\t1\t2\nCPID\t9\n"),
                          ("C", f"AUTH\t1\tPLAIN\tservice=smtp\tresp={PLAIN}\n".encode()), ("S", b"OK\t1\tuser=anna\n")],
         "dovecot-auth", PASS, "PLAIN", USER),
    Case("dovecot-dict", [("C", b"H2\t2\t0\tanna\tquota\nLpriv/quota/storage\n"), ("S", b"O100\n")], "dovecot-dict", PLAINTEXT, None, USER),
    Case("doveadm", [("C", b"VERSION\tdoveadm-server\t1\t0\n"), ("S", b"VERSION\tdoveadm-server\t1\t2\n-\n"),
                     ("C", f"PLAIN\t{b64(chr(0) + 'doveadm' + chr(0) + PASSWORD)}\n".encode()), ("S", b"+\n")],
         "doveadm", PASS, "PLAIN", "doveadm"),
    Case("spamd", ["C: CHECK SPAMC/1.5", "C: User: anna", "C: Content-length: 20", "C: ", "C: Subject: a b c de", "S: SPAMD/1.1 0 EX_OK"],
         "spamd", PLAINTEXT, None, USER),
    Case("clamd", [("C", b"zINSTREAM\0\0\0\0\4abcd\0\0\0\0"), ("S", b"stream: OK\0")], "clamd", PLAINTEXT),
    Case("rspamd", ["C: POST /checkv2 HTTP/1.1", f"C: Password: {PASSWORD}", "C: ", "S: HTTP/1.1 200 OK"], "rspamd", PASS, "HEADER"),
    Case("icap", ["C: REQMOD icap://av.example/x ICAP/1.0", "C: Host: av", "C: ", "S: ICAP/1.0 204 No"], "icap", PLAINTEXT),
    Case("http-basic", ["C: GET / HTTP/1.1", f"C: Authorization: Basic {b64(USER + ':' + PASSWORD)}", "C: ", "S: HTTP/1.1 200 OK"],
         "http", PASS, "BASIC", USER),
    Case("http-form", [("C", f"POST /?_task=login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                             f"Content-Length: {17 + len(PASSWORD)}\r\n\r\n_user=anna&_pass={PASSWORD}".encode()), "S: HTTP/1.1 302 x"],
         "http", PASS, "FORM"),
    Case("http-cookie", ["C: GET / HTTP/1.1", f"C: Cookie: roundcube_sessid={PASSWORD}", "C: ", "S: HTTP/1.1 200 OK"], "http", PASS, "COOKIE"),
    Case("http-plain", ["C: GET /a HTTP/1.1", "C: Host: x", "C: ", "S: HTTP/1.1 200 OK"], "http", PLAINTEXT),
    Case("ldap-bind", [("C", ldap(1, BIND)), ("S", ldap(1, b"\x61\x07\x0a\x01\0\x04\0\x04\0"))], "ldap", PASS, "SIMPLE", "cn=anna,dc=x"),
    Case("ldap-search", [("C", ldap(1, tlv(0x60, b"\x02\x01\x03\x04\0\x80\0"))), ("S", ldap(1, b"\x61\x07\x0a\x01\0\x04\0\x04\0")),
                         ("C", ldap(2, tlv(0x63, b"\x04\0\x0a\x01\0")))], "ldap", PLAINTEXT),
    Case("pgsql-clear", [("C", struct.pack("!II", 8, 80877103)), ("S", b"N"), ("C", STARTUP), ("S", pg(b"R", struct.pack("!I", 3))),
                         ("C", pg(b"p", PASSWORD.encode() + b"\0")), ("S", pg(b"R", struct.pack("!I", 0)))],
         "postgresql", PASS, "PASSWORD", USER),
    Case("pgsql-scram", [("C", STARTUP), ("S", pg(b"R", struct.pack("!I", 10) + b"SCRAM-SHA-256\0\0")), ("C", pg(b"p", b"SCRAM-SHA-256\0")),
                         ("S", pg(b"R", bytes(4))), ("C", pg(b"Q", b"select 1\0"))], "postgresql", PLAINTEXT, "SCRAM", USER),
    Case("mysql-native", [("S", mysql_greeting(0xf7ff)), ("C", mysql(1, MYSQL_LOGIN + b"\x14" + bytes(range(1, 21)) + b"mysql_native_password\0")),
                          ("S", mysql(2, b"\0\0\0")), ("C", mysql(0, b"\x03select 1"))], "mysql", PLAINTEXT, "SCRAMBLE", USER),
    Case("mysql-not-used", [("S", mysql_greeting(0xffff)), ("C", mysql(1, MYSQL_LOGIN + b"\0")), ("S", mysql(2, b"\0\0\0"))],
         "mysql", OFFERED, None, USER),
    Case("mysql-clear", [("S", mysql_greeting(0xf7ff)), ("C", mysql(1, MYSQL_LOGIN + bytes([len(PASSWORD) + 1]) + PASSWORD.encode() +
                                                             b"\0mysql_clear_password\0")), ("S", mysql(2, b"\0\0\0"))], "mysql", PASS, "CLEAR", USER),
    Case("redis-auth", [("C", resp("AUTH", PASSWORD)), "S: +OK"], "redis", PASS, "AUTH"),
    Case("redis-auth-user", [("C", resp("AUTH", USER, PASSWORD)), "S: +OK"], "redis", PASS, "AUTH", USER),
    Case("redis-hello", [("C", resp("HELLO", "3", "AUTH", USER, PASSWORD)), "S: +OK"], "redis", PASS, "AUTH", USER),
    Case("redis-get", [("C", resp("GET", "key")), "S: $-1"], "redis", PLAINTEXT),
    Case("memcached", ["C: get session:1", "S: END"], "memcached", PLAINTEXT),
    Case("memcached-sasl", [("C", struct.pack("!BBHBBHIIQ", 0x80, 0x21, 5, 0, 0, 0, 5 + 6 + len(PASSWORD), 0, 0) + b"PLAIN\0anna\0" +
                             PASSWORD.encode()), ("S", struct.pack("!BBHBBHIIQ", 0x81, 0x21, 0, 0, 0, 0, 0, 0, 0))],
         "memcached", PASS, "PLAIN", USER),
    Case("mongodb-plain", [("C", mongo(b"\0\0\0\0\0\x40\0\0\0\x10saslStart\0\1\0\0\0\x02mechanism\0\6\0\0\0PLAIN\0")), ("S", mongo(b"x" * 20))],
         "mongodb", PASS, "PLAIN"),
    Case("syslog-tcp", [("C", b"<38>Oct 11 22:14:15 mx dovecot: imap-login: Login: user=<anna>\n")], "syslog", PLAINTEXT),
    Case("syslog-counted", [("C", b"40 <38>1 2026-01-01T00:00:00Z mx d 1 - - hello")], "syslog", PLAINTEXT),
    Case("relp", [("C", b"1 open 30 relp_version=0\nrelp_software=x\n"), ("S", b"1 rsp 6 200 OK\n")], "relp", PLAINTEXT),
    Case("ftp", ["S: 220 FTP ready", f"C: USER {USER}", "S: 331 ok", f"C: PASS {PASSWORD}", "S: 230 ok"], "ftp", PASS, "USER", USER),
    Case("telnet", [("S", b"\xff\xfd\x18\xff\xfd\x20"), ("C", b"\xff\xfc\x18"), ("S", b"login: "), ("C", b"anna\r\n"), ("S", b"Password: "),
                    ("C", PASSWORD.encode() + b"\r\n")], "telnet", PASS, "PROMPT"),
    Case("nats", ["S: INFO {\"server_id\":\"x\"}", "C: CONNECT {\"user\":\"anna\",\"pass\":\"" + PASSWORD + "\"}"], "nats", PASS, "CONNECT"),
    Case("nfs", [("C", rpc(0, 0)), ("S", struct.pack("!IIIIIII", 0x80000018, 7, 1, 0, 0, 0, 0)), ("C", rpc(1, 1, bytes(20)))], "nfs", PLAINTEXT),
    Case("smb", [("C", b"\0\0\0\x44\xfeSMB" + bytes(64)), ("S", b"\0\0\0\x44\xfeSMB" + bytes(64)),
                 ("C", b"\0\0\0\x44\xfeSMB" + bytes(8) + b"\x05\0" + bytes(54))], "smb", PLAINTEXT),
    Case("amqp", [("C", b"AMQP\0\0\x09\x01"), ("S", amqp_frame(struct.pack("!HH", 10, 10) + bytes(20))),
                  ("C", amqp_frame(struct.pack("!HHI", 10, 11, 0) + b"\x05PLAIN" + struct.pack("!I", 6 + len(PASSWORD)) + b"\0anna\0" +
                                   PASSWORD.encode() + b"\x05en_US"))], "amqp", PASS, "PLAIN", USER),
    Case("kafka", [("C", kafka(18, 0, b"")), ("S", bytes(20)), ("C", kafka(17, 1, b"\0\x05PLAIN")), ("S", bytes(20)),
                   ("C", kafka(36, 0, struct.pack("!I", 6 + len(PASSWORD)) + b"\0anna\0" + PASSWORD.encode()))], "kafka", PASS, "PLAIN", USER),
    Case("dns-tcp", [("C", b"\0\x1d\x12\x34\x01\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1"), ("S", b"\0\x1d\x12\x34\x81\x80\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1")],
         "dns", PLAINTEXT),
]

NOTHING_CASES = [
    Case("smtp-probe", ["S: 220 mx ESMTP", "C: QUIT", "S: 221 bye"], "smtp", "nothing-said"),
    Case("smtp-offer-quit", SMTP_OFFER + ["C: QUIT", "S: 221 bye"], "smtp", "nothing-said"),
    Case("imap-probe", IMAP + ["C: a1 LOGOUT", "S: * BYE", "S: a1 OK"], "imap", "nothing-said"),
    Case("sasl-cancelled", SMTP_HELLO + ["C: AUTH PLAIN", "S: 334 ", "C: *", "S: 501 no", "C: QUIT", "S: 221 bye"], "smtp", "nothing-said"),
    Case("ssh", [("S", b"SSH-2.0-OpenSSH_9.2\r\n"), ("C", b"SSH-2.0-OpenSSH_9.2\r\n"), ("S", bytes(600))], "ssh", "tunnel"),
    Case("nfs-krb5p", [("C", rpc(1, 6, struct.pack("!IIII", 1, 0, 1, 3))), ("S", bytes(4))], "nfs", "tunnel"),
    Case("smb-sealed", [("C", b"\0\0\0\x40\xfdSMB" + bytes(60)), ("S", b"\0\0\0\x40\xfdSMB" + bytes(60))], "smb", "tunnel"),
]


def tls_cases(chain):
    """Nothing here may be called plain."""
    session = lambda **more: tls(chain, **more)
    nats = [("S", b'INFO {"tls_required":true}\r\n')]
    return [
        Case("tls13", session(), "tls", "tls"),
        Case("tls12", session(version=ssl.TLSVersion.TLSv1_2), "tls", "tls"),
        Case("tls10", session(version=ssl.TLSVersion.TLSv1), "tls", "tls"),
        Case("smtp-starttls", SMTP_OFFER + ["C: STARTTLS", "S: 220 go"] + session(), "smtp", "starttls-used"),
        Case("smtp-starttls-12", SMTP_OFFER + ["C: STARTTLS", "S: 220 go"] + session(version=ssl.TLSVersion.TLSv1_2),
             "smtp", "starttls-used"),
        Case("imap-starttls", IMAP + ["C: a1 STARTTLS", "S: a1 OK go"] + session(), "imap", "starttls-used"),
        Case("pop3-stls", POP3 + ["C: STLS", "S: +OK go"] + session(), "pop3", "starttls-used"),
        Case("sieve-starttls", SIEVE + ["C: STARTTLS", "S: OK"] + session(), "managesieve", "starttls-used"),
        Case("ldap-starttls", [("C", ldap(1, tlv(0x77, tlv(0x80, b"1.3.6.1.4.1.1466.20037")))),
                               ("S", ldap(1, b"\x78\x07\x0a\x01\0\x04\0\x04\0"))] + session(), "ldap", "starttls-used"),
        Case("pgsql-ssl", [("C", struct.pack("!II", 8, 80877103)), ("S", b"S")] + session(), "postgresql", "starttls-used"),
        Case("mysql-ssl", [("S", mysql_greeting(0xffff)), ("C", mysql(1, struct.pack("<II", 0x0008aa85, 1 << 24) + b"\x21" + bytes(23)))]
             + session(), "mysql", "starttls-used"),
        Case("ftp-auth-tls", ["S: 220 ready", "C: AUTH TLS", "S: 234 go"] + session(), "ftp", "starttls-used"),
        Case("nats-tls", nats + session(), "nats", "starttls-used"),
        Case("lmtp-starttls", ["S: 220 box LMTP", "C: LHLO mx", "S: 250-box", "S: 250 STARTTLS", "C: STARTTLS", "S: 220 go"] + session(),
             "lmtp", "starttls-used"),
    ]
