"""Links with real servers and clients of Debian: databases, directories, caches."""
import hashlib
import re
import subprocess

import pytest

from daemon import wait_until
from inside import end
from inside_stores import MariaDB, Memcached, PostgreSQL, Redis, Slapd
from linked import linked_by

ROWS = 300000
# 200 MB: more than the buffers of three connections hold. Made while it is read.
COPY = f"copy (select generate_series(1, {ROWS}), repeat(md5('sealed'), 20)) to stdout"
ENDLESS = "copy (select generate_series(1, 2000000000), repeat('x', 1000)) to stdout"
WAYS = {
    "mariadb": ("127.0.0.1:3306", "127.0.0.1:3306"),
    "postgresql": ("127.0.0.1:5432", "127.0.0.1:5432"),
    "postgresql-unix": ("unix:{folder}/.s.PGSQL.5432", "127.0.0.1:5432"),
    "redis": ("127.0.0.1:6379", "127.0.0.1:6379", 'keepalive = "1s";'),
    "ldap": ("127.0.0.1:389", "127.0.0.1:389"),
    "memcached": ("127.0.0.1:11211", "127.0.0.1:11211"),
}


@pytest.fixture(scope="module", name="linked")
def linked_fixture():
    with linked_by(WAYS) as linked:
        yield linked


def test_mariadb(linked):
    server, seen = MariaDB(linked.far), linked.seen()
    server.sql("create table t (a int primary key, b text); insert into t values (1, 'sealed')", host=linked.near)
    assert server.sql("select b from t where a = 1", host=linked.near) == "sealed\n"
    refused = linked.near.done("mariadb", "--no-defaults", "--protocol=tcp", "-h", "127.0.0.1", "-u", "mail", "-pwrong",
                               "-e", "select 1")
    assert refused.returncode and "Access denied" in refused.stdout
    linked.carried("mariadb", seen)


@pytest.fixture(scope="module", name="postgresql")
def postgresql_fixture(linked):
    return PostgreSQL(linked.far)


def test_postgresql(linked, postgresql):
    seen = linked.seen()
    postgresql.sql("create table t as select 'sealed' as b", host=linked.near)
    assert postgresql.sql("select b from t", host=linked.near) == "sealed\n"
    linked.carried("postgresql", seen)


def test_postgresql_at_a_unix_socket(linked, postgresql):
    seen = linked.seen()
    assert postgresql.sql("select count(*) from t", host=linked.near, address=linked.folder) == "1\n"
    linked.carried("postgresql-unix", seen)


class Copy:
    """psql that copies to a pipe of ours, and has begun: it is amid for as long as nobody reads more."""

    def __init__(self, linked, server, sql):
        argv = linked.near.inside(["env", "PGPASSWORD=" + server.password, "psql", "-qAtX", "-c", sql,
                                   "host=127.0.0.1 user=mail dbname=mail"])
        self.client = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.hash = hashlib.sha256(self.client.stdout.read(1000))
        self.server = server

    def backend(self):
        """The process of the server that has not sent all."""
        return self.server.sql("select pid from pg_stat_activity where query like 'copy (%' and "
                               "state = 'active'").strip()

    def end(self):
        """Reads the rest: (exit status, hash of all, what it complained of)."""
        for part in iter(lambda: self.client.stdout.read(1 << 20), b""):
            self.hash.update(part)
        errors = self.client.communicate(timeout=120)[1]
        return self.client.returncode, self.hash.hexdigest(), errors.decode()


def test_a_reload_amid_a_copy(linked, postgresql):
    """Both ends get other settings; not a byte is lost or changed, and the next meets the new ones."""
    seen = linked.seen()
    copy = Copy(linked, postgresql, COPY)
    backend = copy.backend()
    linked.reload()
    assert copy.backend() == backend != ""
    direct = linked.far.run("sh", "-c", 'psql -qAtX -h "$1" -U postgres -c "$2" mail | sha256sum', "sh",
                            postgresql.sockets, COPY)
    assert copy.end() == (0, direct.split()[0], "")
    linked.carried("postgresql", seen)
    assert postgresql.sql("select 1", host=linked.near) == "1\n"


def test_a_server_that_is_killed_amid_a_copy(linked, postgresql):
    """The client hears that it broke, and both logs say who ended it."""
    seen = linked.seen()
    copy = Copy(linked, postgresql, ENDLESS)
    linked.far.run("kill", "-KILL", copy.backend())
    status, _, complaint = copy.end()
    assert status and "server closed the connection unexpectedly" in complaint, complaint
    linked.near_end.wait("link ended", 30, seen[0], link="postgresql", ended_by="far")
    linked.far_end.wait("link ended", 30, seen[1], link="postgresql", ended_by="service")


def test_a_server_that_is_not_there(linked, postgresql):
    """Who connects is cut off, and the log says that it is the service, and why."""
    seen = linked.seen()
    postgresql.close()
    assert postgresql.sql("select 1", host=linked.near, check=False).returncode
    said = linked.far_end.wait("link cannot be made", 30, seen[1], link="postgresql")
    assert (said["end"], said["error"]) == ("service", "Connection refused")


@pytest.fixture(scope="module", name="redis")
def redis_fixture(linked):
    return Redis(linked.far)


def test_redis(linked, redis):
    seen = linked.seen()
    assert redis.cli("set", "key", "value", host=linked.near).stdout == "OK\n"
    assert redis.cli("get", "key", host=linked.near).stdout == "value\n"
    linked.carried("redis", seen)


def test_redis_with_a_subscriber_that_hears_nothing_for_long(linked, redis):
    """For longer than it takes TCP to ask, more than once, whether the other host is there."""
    argv = linked.near.inside(["redis-cli", "-a", redis.password, "--no-auth-warning", "subscribe", "news"])
    subscriber = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        is_idle = re.compile(r" idle=([3-9]|\d\d+) .* sub=1 ")
        assert wait_until(lambda: is_idle.search(redis.cli("client", "list").stdout), 60)
        assert redis.cli("publish", "news", "sealed", host=linked.near).stdout == "1\n"
        lines = [subscriber.stdout.readline().strip() for _ in range(6)]
        assert lines == ["subscribe", "news", "1", "message", "news", "sealed"]
    finally:
        end(subscriber)


def test_ldap(linked):
    server, seen = Slapd(linked.far), linked.seen()
    done = server.search(host=linked.near)
    assert done.returncode == 0 and "mail: mail@inside.test" in done.stdout, done.stdout
    wrong = linked.near.done("ldapwhoami", "-x", "-H", "ldap://127.0.0.1", "-D", "uid=mail,dc=inside,dc=test", "-w",
                             "wrong")
    assert "Invalid credentials" in wrong.stdout
    linked.carried("ldap", seen)


def test_memcached(linked):
    server, seen = Memcached(linked.far), linked.seen()
    path = linked.near.path("cached")
    with open(path, "w", encoding="ascii") as out:
        out.write("x" * 300000)
    server.copy(path, host=linked.near)
    assert server.cat("cached", host=linked.near).strip() == "x" * 300000
    linked.carried("memcached", seen)


def test_nothing_else_crossed(linked):
    """The last of all: what the tests before have sent."""
    linked.only_sealed_crossed()
