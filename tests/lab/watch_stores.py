"""Talks with databases, directories, caches and queues."""
from inside_stores import MariaDB, Memcached, Nats, PostgreSQL, RabbitMQ, Redis, Slapd, SUFFIX
from watch_stage import OFFERED, PASS, PASSWORD, PLAIN, TLS, USED, USER, Case, Row, by, on_mx

WHO = {"user": USER, "password": PASSWORD}
PERSON = f"uid={USER},{SUFFIX}"


def servers(box, keys):
    """What starts each, by name; one after the other in a row: MariaDB's beginnings share names in /tmp."""
    where = {"address": box.address, **WHO}
    return [{
        "maria": lambda: MariaDB(box, **where, tls=keys),
        "maria_plain": lambda: MariaDB(box, **where, port=3307),
    }, {
        "pg": lambda: PostgreSQL(box, **where, tls=keys, auth="scram-sha-256"),
        "pg_plain": lambda: PostgreSQL(box, **where, port=5433, auth="password"),
        "pg_md5": lambda: PostgreSQL(box, **where, port=5434, auth="md5"),
    }, {
        "redis": lambda: Redis(box, **where),
        "redis_open": lambda: Redis(box, **{**where, "password": ""}, port=6380),
        "redis_tls": lambda: Redis(box, **where, port=6381, tls=keys),
    }, {
        "slapd": lambda: Slapd(box, **where, tls=keys),
    }, {
        "memcached": lambda: Memcached(box, address=box.address),
        "memcached_tls": lambda: Memcached(box, address=box.address, port=11212, tls=keys),
    }, {
        "nats": lambda: Nats(box, **where),
        "nats_tls": lambda: Nats(box, **where, port=4223, tls=keys),
    }, {
        "rabbit": lambda: RabbitBoth(box, keys, **where),
    }]


class RabbitBoth(RabbitMQ):
    """With TLS on another port."""
    tls_port = 5671

    def __init__(self, host, keys, **named):
        self.keys = keys
        super().__init__(host, **named)

    def prepare(self):
        super().prepare()
        self.host.run("sh", "-c", "cat >>/etc/rabbitmq/rabbitmq.conf", input=(
            f"listeners.ssl.1 = {self.address}:{self.tls_port}\nssl_options.cacertfile = {self.keys[2]}\n"
            f"ssl_options.certfile = {self.keys[0]}\nssl_options.keyfile = {self.keys[1]}\n"))

    def answers(self):
        return super().answers() and self.host.listens(self.address, self.tls_port)


AGAIN = 12  # times that a long connection says something


def again(text):
    return [text.format(number) for number in range(AGAIN)]


def nats(port):
    return lambda stage: stage.mx.run("python3", "-c", NATS, stage.box.address, port, USER, PASSWORD)


NATS = """
import json, socket, ssl, sys
box, port, user, password = sys.argv[1:]
sock = socket.create_connection((box, port))
info = sock.recv(65536)
assert info.startswith(b"INFO ")
if b'"tls_required":true' in info:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    sock = context.wrap_socket(sock)
lines = sock.makefile("rb")
sock.sendall(b"CONNECT " + json.dumps({"verbose": True, "user": user, "pass": password}).encode() + b"\\r\\n")
assert lines.readline() == b"+OK\\r\\n"
for number in range(%d):
    sock.sendall(b"PUB mail.new 5\\r\\nhello\\r\\n")
    assert lines.readline() == b"+OK\\r\\n"
""" % AGAIN


CASES = [
    Case("mysql", "login plain", by("maria_plain", "sql", "select 1", options=["--skip-ssl"]),
         [Row(3307, "mysql", PLAIN, "SCRAMBLE", USER)]),
    Case("mysql", "TLS offered and not used", by("maria", "sql", "select 1", options=["--skip-ssl"]),
         [Row(3306, "mysql", OFFERED, "SCRAMBLE", USER)]),
    Case("mysql", "login after SSL flag", by("maria", "sql", "select 1", options=["--ssl"]), [Row(3306, "mysql", USED)]),
    Case("mysql", "queries", by("maria_plain", "sql", ";".join(again("select {} from dual"))),
         [Row(3307, "mysql", PLAIN, "SCRAMBLE", USER)], is_long=True),
    Case("postgresql", "login plain, password in clear", by("pg_plain", "sql", "select 1", sslmode="disable"),
         [Row(5433, "postgresql", PASS, "PASSWORD", USER)]),
    Case("postgresql", "SSLRequest refused, password in clear", by("pg_plain", "sql", "select 1", sslmode="prefer"),
         [Row(5433, "postgresql", PASS, "PASSWORD", USER)]),
    Case("postgresql", "login plain, MD5", by("pg_md5", "sql", "select 1", sslmode="disable"),
         [Row(5434, "postgresql", PLAIN, "MD5", USER)]),
    Case("postgresql", "TLS not used, SCRAM", by("pg", "sql", "select 1", sslmode="disable"),
         [Row(5432, "postgresql", PLAIN, "SCRAM", USER)]),
    Case("postgresql", "login after SSLRequest", by("pg", "sql", "select 1", sslmode="require"),
         [Row(5432, "postgresql", USED)]),
    Case("postgresql", "queries", on_mx("env", f"PGPASSWORD={PASSWORD}", "psql", "-q",
             f"host={{box}} user={USER} dbname=mail sslmode=disable", input="\n".join(again("select {};"))),
         [Row(5432, "postgresql", PLAIN, "SCRAM", USER)], is_long=True),
    Case("redis", "login plain", by("redis", "cli", "get", "x"), [Row(6379, "redis", PASS, "AUTH")]),
    Case("redis", "login plain, as a user", by("redis", "cli", "get", "x", user=USER),
         [Row(6379, "redis", PASS, "AUTH", USER)]),
    Case("redis", "no login", by("redis_open", "cli", "set", "x", "y"), [Row(6380, "redis", PLAIN)]),
    Case("redis", "commands", by("redis_open", "cli", "-r", AGAIN, "get", "x"), [Row(6380, "redis", PLAIN)], is_long=True),
    Case("redis", "implicit TLS", by("redis_tls", "cli", "get", "x"), [Row(6381, "tls", TLS)]),
    Case("ldap", "login plain, StartTLS not used", by("slapd", "search"), [Row(389, "ldap", PASS, "SIMPLE", PERSON)]),
    Case("ldap", "login after StartTLS", by("slapd", "search", "-ZZ"), [Row(389, "ldap", USED)]),
    Case("ldap", "implicit TLS", by("slapd", "search", url="ldaps://box"), [Row(636, "tls", TLS)]),
    Case("ldap", "no login", on_mx("ldapsearch", "-x", "-LLL", "-H", "ldap://{box}", "-b", SUFFIX, "uid"),
         [Row(389, "ldap", PLAIN)]),
    Case("ldap", "searches", on_mx("ldapsearch", "-x", "-LLL", "-H", "ldap://{box}", "-b", SUFFIX, "-f", "-", "uid=%s", "uid",
             input="\n".join(again("u{}"))),
         [Row(389, "ldap", PLAIN)], is_long=True),
    Case("memcached", "no login", by("memcached", "copy", "/etc/hostname"), [Row(11211, "memcached", PLAIN)]),
    Case("memcached", "keys", on_mx("memccat", "--servers={box}", *again("key{}")),
         [Row(11211, "memcached", PLAIN)], is_long=True),
    Case("memcached", "implicit TLS", on_mx("openssl", "s_client", "-quiet", "-no_ign_eof", "-connect", "{box}:11212",
             input="stats\r\nquit\r\n"),
         [Row(11212, "tls", TLS)], script="client"),
    Case("nats", "login after TLS was required", nats(4223), [Row(4223, "nats", USED)], script="client"),
    Case("nats", "login plain", nats(4222), [Row(4222, "nats", PASS, "CONNECT")], script="client", is_long=True),
    Case("amqp", "login, implicit TLS", on_mx("amqp-publish", "-u", f"amqps://{USER}:{PASSWORD}@box:5671", "--ssl", "--cacert",
             "{ca}", "-r", "mail", "-b", "x"),
         [Row(5671, "tls", TLS)]),
    Case("amqp", "messages", on_mx("amqp-publish", "-u", f"amqp://{USER}:{PASSWORD}@{{box}}", "-r", "mail", "-l",
             input="\n".join(again("message {}"))),
         [Row(5672, "amqp", PASS, "PLAIN", USER)], is_long=True),
    Case("amqp", "login plain", by("rabbit", "publish", "x"), [Row(5672, "amqp", PASS, "PLAIN", USER)]),
]
