"""Databases, directories, caches and queues of the tree "inside"; see inside.py."""
import textwrap

from inside import Server

SUFFIX = "dc=inside,dc=test"
ADMIN = "cn=admin," + SUFFIX
LDIF = f"""\
dn: {SUFFIX}
objectClass: organization
objectClass: dcObject
o: inside
dc: inside

dn: uid={{user}},{SUFFIX}
objectClass: inetOrgPerson
uid: {{user}}
cn: {{user}}
sn: {{user}}
mail: {{user}}@inside.test
userPassword: {{password}}
"""


class MariaDB(Server):
    """A database "mail" that user may read and write; plugin: how it logs in
    (mysql_native_password, ed25519); options: more words for mariadbd."""
    port = 3306

    def __init__(self, host, *args, plugin="mysql_native_password", options=(), **named):
        self.plugin, self.options = plugin, options
        super().__init__(host, *args, **named)

    def prepare(self):
        self.folder = f"/srv/{self.name}"
        how = (f"VIA ed25519 USING PASSWORD('{self.password}')" if self.plugin == "ed25519"
               else f"BY '{self.password}'")
        load = "INSTALL SONAME 'auth_ed25519';\n" if self.plugin == "ed25519" else ""
        self.host.write(f"/etc/inside/{self.name}.sql", load + f"CREATE DATABASE IF NOT EXISTS mail;\n"
                        f"CREATE USER IF NOT EXISTS '{self.user}'@'%' IDENTIFIED {how};\n"
                        f"GRANT ALL ON mail.* TO '{self.user}'@'%';\n")
        self.host.run("mariadb-install-db", "--no-defaults", "--user=mysql", "--skip-test-db",
                      "--auth-root-authentication-method=socket", f"--datadir={self.folder}",
                      "--innodb-log-file-size=8M")

    def argv(self):
        tls = [f"--ssl-cert={self.tls[0]}", f"--ssl-key={self.tls[1]}", f"--ssl-ca={self.tls[2]}"] if self.tls else []
        return ["mariadbd", "--no-defaults", "--user=mysql", f"--datadir={self.folder}", "--socket=sock",
                f"--bind-address={self.address}", f"--port={self.port}", "--pid-file=pid",
                "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve",
                f"--init-file=/etc/inside/{self.name}.sql", *tls, *self.options]

    def answers(self):
        return self.sql("select 1", check=False).returncode == 0

    def sql(self, text, check=True, host=None, address=None, port=None, options=()):
        """By the real client over TCP, from a host; the client of Debian 12 asks for no TLS."""
        ask = (host or self.host).run if check else (host or self.host).done
        return ask("mariadb", "--no-defaults", "--protocol=tcp", "-h", address or self.address, "-P",
                   port or self.port, "-u", self.user, f"-p{self.password}", "-N", "-B", *options, "-e", text, "mail")


class PostgreSQL(Server):
    """A database "mail" of user; auth: scram-sha-256, md5, password (in clear), trust."""
    port = 5432

    def __init__(self, host, *args, auth="scram-sha-256", **named):
        self.auth = auth
        super().__init__(host, *args, **named)

    def prepare(self):
        self.folder, self.sockets = f"/srv/{self.name}", f"/run/{self.name}"
        host = self.host
        self.bin = host.run("sh", "-c", "echo /usr/lib/postgresql/*/bin").strip()
        host.run("install", "-d", "-o", "postgres", "-g", "postgres", self.folder, self.sockets)
        self.as_postgres(f"{self.bin}/initdb", "-D", self.folder, "-A", "trust", "-N", "-E", "UTF8")
        encryption = "md5" if self.auth == "md5" else "scram-sha-256"
        lines = [f"listen_addresses = '{self.address}'", f"port = {self.port}", "fsync = off",
                 f"unix_socket_directories = '{self.sockets}'", f"password_encryption = '{encryption}'"]
        if self.tls:
            lines += ["ssl = on", f"ssl_cert_file = '{self.tls[0]}'", f"ssl_key_file = '{self.key_of('postgres')}'"]
        host.write(f"{self.folder}/postgresql.conf", "\n".join(lines) + "\n", "postgres")
        host.write(f"{self.folder}/pg_hba.conf", "local all all trust\n"
                   f"host all all 0.0.0.0/0 {self.auth}\nhost all all ::/0 {self.auth}\n", "postgres")

    def as_postgres(self, *argv):
        return self.host.run("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *argv)

    def argv(self):
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", f"{self.bin}/postgres", "-D",
                self.folder]

    def until_ready(self):
        super().until_ready()
        as_root = ["psql", "-q", "-h", self.sockets, "-p", str(self.port), "-U", "postgres", "-c"]
        self.host.run(*as_root, f"CREATE ROLE \"{self.user}\" LOGIN PASSWORD '{self.password}'")
        self.host.run(*as_root, f'CREATE DATABASE mail OWNER "{self.user}"')

    def answers(self):
        return self.host.done("pg_isready", "-q", "-h", self.sockets, "-p", self.port).returncode == 0

    def sql(self, text, check=True, host=None, address=None, port=None, sslmode="prefer"):
        """By psql over TCP, from a host. sslmode: see psql; prefer is its own."""
        ask = (host or self.host).run if check else (host or self.host).done
        return ask("env", f"PGPASSWORD={self.password}", "psql", "-At", "-c", text,
                   f"host={address or self.address} port={port or self.port} user={self.user} dbname=mail "
                   f"sslmode={sslmode}")


class Redis(Server):
    """password: what AUTH wants; "" wants none. user: an ACL user besides the default one."""
    port = 6379

    def argv(self):
        more = ["--requirepass", self.password, "--user", self.user, "on", f">{self.password}", "~*", "+@all"]
        tls = ["--port", "0", "--tls-port", self.port, "--tls-cert-file", self.tls[0], "--tls-key-file", self.tls[1],
               "--tls-ca-cert-file", self.tls[2], "--tls-auth-clients", "no"] if self.tls else ["--port", self.port]
        return ["redis-server", *tls, "--bind", self.address, "--save", "", "--dir", "/tmp",
                *(more if self.password else ["--protected-mode", "no"])]

    def answers(self):
        return "PONG" in self.cli("ping").stdout

    def cli(self, *words, host=None, address=None, port=None, user=None):
        """By redis-cli, from a host; user: log in as that ACL user."""
        secret = ["-a", self.password, "--no-auth-warning"] if self.password else []
        return (host or self.host).done(
            "redis-cli", "-h", address or self.address, "-p", port or self.port, *(["--user", user] if user else []),
            *secret, *(["--tls", "--cacert", self.tls[2]] if self.tls else []), *words)


class Slapd(Server):
    """OpenLDAP with SUFFIX in it and a person whose uid is user. With TLS: StartTLS on port, and LDAPS on
    tls_port."""
    port, tls_port = 389, 636

    def prepare(self):
        self.folder = f"/srv/{self.name}"
        self.host.run("install", "-d", "-o", "openldap", "-g", "openldap", self.folder)
        tls = (f"TLSCertificateFile {self.tls[0]}\nTLSCertificateKeyFile {self.key_of('openldap')}\n"
               f"TLSCACertificateFile {self.tls[2]}\n" if self.tls else "")
        self.config = self.host.write(f"/etc/inside/{self.name}.conf", textwrap.dedent(f"""\
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            pidfile {self.folder}/pid
            modulepath /usr/lib/ldap
            moduleload back_mdb
            """) + tls + textwrap.dedent(f"""\
            database mdb
            suffix "{SUFFIX}"
            rootdn "{ADMIN}"
            rootpw {self.password}
            directory {self.folder}
            dbnosync
            """))
        text = LDIF.format(user=self.user, password=self.password)
        self.host.run("setpriv", "--reuid=openldap", "--regid=openldap", "--init-groups", "slapadd", "-f", self.config,
                      input=text)

    def argv(self):
        urls = f"ldap://{self.address}:{self.port}/" + (f" ldaps://{self.address}:{self.tls_port}/" if self.tls else "")
        return ["slapd", "-d", "0", "-u", "openldap", "-g", "openldap", "-f", self.config, "-h", urls]

    def answers(self):
        return "uid:" in self.search().stdout

    def search(self, *options, url=None, host=None):
        """By ldapsearch with a simple bind as the person, from a host. options: -Z, -Y ..."""
        trust = ["env", f"LDAPTLS_CACERT={self.tls[2]}"] if self.tls else []
        return (host or self.host).done(
            *trust, "ldapsearch", "-LLL", "-x", "-H", url or f"ldap://{self.address}:{self.port}", "-D",
            f"uid={self.user},{SUFFIX}", "-w", self.password, "-b", SUFFIX, *options, f"uid={self.user}", "uid", "mail")


class Memcached(Server):
    port = 11211

    def argv(self):
        tls = ["-Z", "-o", f"ssl_chain_cert={self.tls[0]},ssl_key={self.tls[1]}"] if self.tls else []
        return ["memcached", "-u", "memcache", "-l", self.address, "-p", self.port, "-U", "0", *tls]

    def copy(self, path, host=None, address=None, port=None):
        """By memccp, which stores a file under its name; memccat has it then. From a host."""
        return (host or self.host).run("memccp", f"--servers={address or self.address}:{port or self.port}", path)

    def cat(self, name, host=None, address=None, port=None):
        return (host or self.host).run("memccat", f"--servers={address or self.address}:{port or self.port}", name)


class Nats(Server):
    port = 4222

    def argv(self):
        tls = ["--tls", f"--tlscert={self.tls[0]}", f"--tlskey={self.tls[1]}"] if self.tls else []
        secret = ["--user", self.user, "--pass", self.password] if self.password else []
        return ["nats-server", "-a", self.address, "-p", self.port, *secret, *tls]


class RabbitMQ(Server):
    """With TLS on port alone (amqps), or plain."""
    port = 5672

    def prepare(self):
        host = self.host
        tls = (f"listeners.tcp = none\nlisteners.ssl.1 = {self.address}:{self.port}\n"
               f"ssl_options.cacertfile = {self.tls[2]}\nssl_options.certfile = {self.tls[0]}\n"
               f"ssl_options.keyfile = {self.key_of('rabbitmq')}\n" if self.tls
               else f"listeners.tcp.1 = {self.address}:{self.port}\n")
        host.write("/etc/rabbitmq/rabbitmq.conf", f"{tls}default_user = {self.user}\n"
                   f"default_pass = {self.password}\nloopback_users = none\n")
        host.write("/etc/rabbitmq/rabbitmq-env.conf", f"NODENAME=rabbit@localhost\nNODE_IP_ADDRESS=127.0.0.1\n"
                   "ERL_EPMD_ADDRESS=127.0.0.1\nDIST_PORT=25672\n")

    def argv(self):
        return ["setpriv", "--reuid=rabbitmq", "--regid=rabbitmq", "--init-groups", "env", "HOME=/var/lib/rabbitmq",
                "ERL_EPMD_ADDRESS=127.0.0.1", "/usr/lib/rabbitmq/bin/rabbitmq-server"]

    def publish(self, text, queue="mail", host=None, address=None, port=None):
        """By amqp-publish, from a host."""
        url = f"amqp://{self.user}:{self.password}@{address or self.address}:{port or self.port}"
        return (host or self.host).run("amqp-publish", "-u", url, "-r", queue, "-b", text)
