"""A provider's inside on five hosts, as it often is: mail comes to mx, goes past the filters of filter,
is looked up in the databases of db, lies on store, and is logged on log. Nothing of it has TLS. The
servers are the real ones (tests/inside.py)."""
import concurrent.futures
import re
import uuid

from daemon import wait_until
from inside import Network
from inside_mail import Dovecot, Opendkim, Postfix, Rspamd
from inside_more import Rsyslog
from inside_stores import SUFFIX, MariaDB, Redis, Slapd

ADDRESS = {"mx": "10.9.0.1", "store": "10.9.0.2", "db": "10.9.0.3", "filter": "10.9.0.4", "log": "10.9.0.5"}
LOOPBACK = "127.0.0.1"
PASSWORD = "s3cret-Pw"
PEOPLE = """
create table person (address varchar(200) primary key, password varchar(200), home varchar(200));
insert into person values ('bob@inside.test', '{PLAIN}%s', '/srv/mail/bob');
""" % PASSWORD
SECONDS = 60


def side_by_side(do, things):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(do, things))


class Inside:
    """The hosts, and on them the servers, told where the others are: on their hosts, or, once there
    are links, on loopback (as_linked)."""

    def __init__(self, folder):
        self.net = Network(folder)
        self.mx, self.store, self.db, self.filter, self.log = (
            self.net.host(name, address) for name, address in ADDRESS.items())
        self.hosts = {host.name: host for host in self.net.hosts}
        self.is_linked = False

    def place(self, name):
        """Where a service of that host listens, and where its clients are told it is."""
        return LOOPBACK if self.is_linked else ADDRESS[name]

    def begin(self):
        """None needs another to begin; the log has what all of them say."""
        self.logger = Rsyslog(self.log, self.place("log"))
        side_by_side(lambda begin: begin(), [self.begin_databases, self.begin_filters, self.begin_store, self.begin_mx])

    def begin_databases(self):
        place = self.place("db")
        self.sql = MariaDB(self.db, place, password=PASSWORD)
        self.sql.sql(PEOPLE)
        self.redis = Redis(self.db, place, password=PASSWORD)
        self.ldap = Slapd(self.db, place, user="bob", password=PASSWORD)

    def begin_filters(self):
        self.filter.write("/etc/rspamd/override.d/redis.conf",
                          f'servers = "{self.place("db")}:6379"; password = "{PASSWORD}";\n')
        self.filter.write("/etc/rspamd/override.d/milter_headers.conf",
                          'use = ["x-spam-level"]; skip_local = false; extended_spam_headers = true;\n')
        self.dkim = Opendkim(self.filter, self.place("filter"))
        self.spam = Rspamd(self.filter, self.place("filter"), password=PASSWORD)

    def begin_store(self):
        self.store.write("/etc/dovecot/sql.conf", f"""\
driver = mysql
connect = host={self.place("db")} port=3306 dbname=mail user=mail password={PASSWORD}
default_pass_scheme = PLAIN
password_query = SELECT address AS user, password FROM person WHERE address = '%u'
user_query = SELECT home, 8 AS uid, 8 AS gid FROM person WHERE address = '%u'
""")
        self.store.run("install", "-d", "-o", "mail", "-g", "mail", "/srv/mail")
        self.dovecot = Dovecot(self.store, self.place("store"), password=PASSWORD, users="""\
passdb {{
  driver = sql
  args = /etc/dovecot/sql.conf
}}
userdb {{
  driver = sql
  args = /etc/dovecot/sql.conf
}}
""")
        self.begin_logging(self.store, "udp")

    def begin_mx(self):
        self.begin_logging(self.mx, "tcp")
        self.mx.write("/etc/postfix/people.cf", f"""\
hosts = inet:{self.place("db")}:3306
user = mail
password = {PASSWORD}
dbname = mail
query = SELECT address FROM person WHERE address = '%s'
""")
        self.mx.write("/etc/postfix/aliases.cf", f"""\
server_host = ldap://{self.place("db")}:389
version = 3
bind = yes
bind_dn = uid=bob,{SUFFIX}
bind_pw = {PASSWORD}
search_base = {SUFFIX}
domain = alias.test
query_filter = (uid=%u)
result_attribute = mail
""")
        milters = f"inet:{self.place('filter')}:8891, inet:{self.place('filter')}:11332"
        self.postfix = Postfix(self.mx, LOOPBACK, main={
            "maillog_file": "", "virtual_mailbox_maps": "mysql:/etc/postfix/people.cf",
            "virtual_alias_domains": "alias.test", "virtual_alias_maps": "ldap:/etc/postfix/aliases.cf",
            "virtual_transport": f"lmtp:inet:{self.place('store')}:24", "smtpd_milters": milters,
            "milter_default_action": "tempfail"})

    def begin_logging(self, host, protocol):
        path = host.write("/etc/rsyslog.d/log.conf", '*.* action(type="omfwd" '
                          f'target="{self.place("log")}" port="514" protocol="{protocol}")\n')
        Rsyslog(host, port=0, forward=f'include(file="{path}")')

    def end(self):
        """The servers; the hosts stay, and what is on their disks."""
        side_by_side(lambda server: server.close(), [server for host in self.net.hosts for server in host.servers])
        for host in self.net.hosts:
            host.servers.clear()

    def close(self):
        self.net.__exit__()

    # --- what goes on there ---

    def work(self):
        """A message comes, is filtered, looked up, delivered, found again, and logged; who reads mail
        logs in; the store's programs say something."""
        word = uuid.uuid4().hex
        said = self.mx.run("swaks", "--server", LOOPBACK, "--from", "ann@inside.test", "--to",
                           "bob@inside.test,bob@alias.test", "--header", f"Subject: {word}", "--header",
                           f"Message-ID: <{word}@inside.test>")
        number = re.search(r"queued as (\w+)", said)[1]
        message = self.until(lambda: self.message(word), f"message in {self.dovecot.name}")
        assert "DKIM-Signature:" in message and "d=inside.test" in message, message
        assert "X-Spam-Level:" in message or "X-Spamd-Bar" in message, message
        self.until(lambda: f"{number}: removed" in self.logger.messages(), f"{number} in the log")
        self.store.run("logger", "-t", "store", word)
        self.until(lambda: f"store: {word}" in self.logger.messages(), "the store's word in the log")
        self.until(lambda: "rs_history" in self.redis.cli("keys", "*").stdout, "Rspamd's history in Redis")

    def message(self, word):
        """By doveadm of mx, over the network."""
        return self.dovecot.doveadm("fetch", "-u", "bob@inside.test", "text", "mailbox", "INBOX", "header", "subject",
                                    word, host=self.mx, address=self.place("store"))

    def until(self, find, what):
        found = []
        if not wait_until(lambda: found.append(find()) or found[-1], SECONDS):
            logs = [host.done("sh", "-c", "tail -n 30 " + host.path("*.messages")).stdout for host in self.net.hosts]
            raise AssertionError(f"no {what}\n" + "\n".join(logs))
        return found[-1]
