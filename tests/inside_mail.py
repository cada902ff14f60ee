"""Mail servers and filters of the tree "inside"; see inside.py."""
import subprocess

from inside import Server

DOVECOT = """\
protocols = {protocols}
base_dir = /run/{name}
state_dir = /run/{name}
instance_name = {name}
log_path = /dev/stderr
default_login_user = dovenull
mail_location = maildir:~/mail
first_valid_uid = 8
first_valid_gid = 8
mail_max_userip_connections = 100
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5
auth_verbose = yes
doveadm_password = {password}
doveadm_port = {doveadm}
listen = {address}
{tls}
{users}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service managesieve-login {{
  inet_listener sieve {{
    port = {sieve}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {lmtp}
  }}
  inet_listener lmtps {{
    port = {lmtps}
    ssl = yes
  }}
  unix_listener {folder}/lmtp {{
    mode = 0666
  }}
}}
service doveadm {{
  inet_listener doveadm {{
    port = {doveadm}
  }}
  inet_listener doveadms {{
    port = {doveadms}
    ssl = yes
  }}
}}
service auth {{
  inet_listener auth {{
    port = {auth}
  }}
  unix_listener {folder}/auth {{
    mode = 0666
  }}
}}
service dict {{
  inet_listener dict {{
    port = {dict}
  }}
  unix_listener {folder}/dict {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
dict {{
  quota = file:/srv/{name}/dict
}}
{more}
"""
# Everybody that logs in with the password is a user.
DOVECOT_USERS = """\
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home=/srv/{name}/%u
}}
"""
PORTS = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "sieve": 4190, "lmtp": 24, "lmtps": 10024,
         "doveadm": 2425, "doveadms": 2426, "auth": 2427, "dict": 2428}


class Dovecot(Server):
    """All its services on one address, also those whose port is not Debian's: see PORTS; unix sockets
    lmtp, auth and dict in the host's folder. Without tls no listener has TLS. users: passdb and
    userdb; more: what stands behind all."""

    def __init__(self, host, *args, ports=(), users=DOVECOT_USERS, more="", **named):
        self.ports, self.users, self.more = {**PORTS, **dict(ports)}, users, more
        super().__init__(host, *args, port=self.ports["imap"], **named)

    def prepare(self):
        ports = {name: port if self.tls or not name.endswith("s") else 0 for name, port in self.ports.items()}
        tls = f"ssl = yes\nssl_cert = <{self.tls[0]}\nssl_key = <{self.tls[1]}\n" if self.tls else "ssl = no\n"
        known = {"name": self.name, "password": self.password, "address": self.address, "folder": self.host.folder}
        self.host.run("install", "-d", "-o", "mail", "-g", "mail", f"/srv/{self.name}")
        self.config = self.host.write(f"/etc/inside/{self.name}.conf", DOVECOT.format(
            **known, **ports, tls=tls, users=self.users.format(**known), more=self.more,
            protocols="imap pop3 lmtp sieve"))

    def argv(self):
        return ["dovecot", "-F", "-c", self.config]

    def doveadm(self, command, *words, host=None, address=None, port=None):
        """By doveadm over TCP, from a host that has its configuration, password and nothing else."""
        host = host or self.host
        config = host.write(f"/etc/inside/doveadm-of-{self.name}.conf",
                            f"doveadm_password = {self.password}\nssl = no\n")
        where = f"{address or self.address}:{port or self.ports['doveadm']}"
        return host.run("doveadm", "-c", config, *command.split(), "-S", where, *words)


class Postfix(Server):
    """Debian's, without its chroots. main: more settings of main.cf; master: more lines of master.cf.
    Its log is mail_log()."""
    port = 25

    def __init__(self, host, *args, main=(), master="", **named):
        self.main, self.master = dict(main), master
        super().__init__(host, *args, **named)

    def prepare(self):
        host = self.host
        main = {"myhostname": f"{host.name}.test", "mydestination": "", "mynetworks": "127.0.0.0/8",
                "inet_interfaces": ", ".join({"127.0.0.1", self.address}), "inet_protocols": "all",
                "maillog_file": "/var/log/mail.log", "compatibility_level": "3.6", "alias_maps": "",
                "virtual_mailbox_domains": "inside.test", "virtual_transport": "discard:", **self.main}
        if self.tls:
            main |= {"smtpd_tls_chain_files": f"{self.tls[1]}, {self.tls[0]}", "smtpd_tls_security_level": "may"}
        host.write("/etc/postfix/main.cf", "".join(f"{key} = {value}\n" for key, value in main.items()))
        host.run("sh", "-ec", """
            cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
            postconf -F "*/*/chroot = n"
            postconf -M -X smtp/inet
            cat >>/etc/postfix/master.cf
            """, input=f"{self.port} inet n - n - - smtpd\n{self.master}")

    def argv(self):
        return ["postfix", "start-fg"]

    def reload(self, **main):
        """With other settings."""
        self.host.run("postconf", "-e", *(f"{key} = {value}" for key, value in main.items()))
        self.host.run("postfix", "reload")

    def mail_log(self):
        return self.host.run("cat", "/var/log/mail.log")

    def close(self):
        if self.process and self.process.poll() is None:
            self.host.done("postfix", "stop")
        return super().close()


class Opendkim(Server):
    """A milter that signs for inside.test."""
    port = 8891

    def prepare(self):
        key = subprocess.run(["openssl", "genrsa", "2048"], check=True, capture_output=True, text=True).stdout
        path = self.host.write(f"/etc/inside/{self.name}.key", key, "opendkim", 0o600)
        self.config = self.host.write(
            f"/etc/inside/{self.name}.conf", f"Socket inet:{self.port}@{self.address}\nDomain inside.test\n"
            f"Selector s\nKeyFile {path}\nMode sv\nUserID opendkim\nBackground no\nSyslog no\n"
            "InternalHosts 0.0.0.0/0\nRequireSafeKeys no\n")

    def argv(self):
        return ["opendkim", "-f", "-x", self.config]


RSPAMD_OFF = ("rbl", "surbl", "spf", "dkim", "dmarc", "asn", "fuzzy_check", "mx_check", "phishing", "neural",
              "bayes_expiry")


class Rspamd(Server):
    """Milter (its proxy worker) on port, controller on controller, normal worker on normal."""
    port, controller, normal = 11332, 11334, 11333

    def prepare(self):
        host, address = self.host, self.address
        workers = {"proxy": f'bind_socket = "{address}:{self.port}"; milter = yes; timeout = 20s;\n'
                            'upstream "local" { default = yes; self_scan = yes; }\n',
                   "controller": f'bind_socket = "{address}:{self.controller}"; password = "{self.password}"; '
                                 "secure_ip = [];\n",
                   "normal": f'bind_socket = "{address}:{self.normal}"; count = 1;\n'}
        for name, text in workers.items():
            host.write(f"/etc/rspamd/override.d/worker-{name}.inc", text)
        host.write("/etc/rspamd/override.d/worker-fuzzy.inc", "enabled = false; count = 0;\n")
        # No DNS, no other service: it looks at what a message is.
        host.write("/etc/rspamd/override.d/options.inc", f"""\
dns {{ nameserver = "127.0.0.1"; timeout = 0.1s; retransmits = 1; }}
filters = "chartable,regexp";
disable_hyperscan = true;
url_tld = "{host.write("/etc/inside/tld", "test" + chr(10))}";
local_addrs = [];
pidfile = "/run/{self.name}.pid";
""")
        host.write("/etc/rspamd/override.d/logging.inc", 'type = "console"; level = "notice";\n')
        for module in RSPAMD_OFF:
            host.write(f"/etc/rspamd/override.d/{module}.conf", "enabled = false;\n")
        host.run("install", "-d", "-o", "_rspamd", "-g", "_rspamd", "/run/rspamd", "/var/lib/rspamd")

    def argv(self):
        return ["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd"]

    def answers(self):
        return all(self.host.listens(self.address, port) for port in (self.port, self.controller, self.normal))

    def rspamc(self, text, *words, host=None, address=None, port=None):
        """By rspamc with the password, from a host; text: the message for the command symbols."""
        return (host or self.host).run("rspamc", "-P", self.password, "-h",
                                       f"{address or self.address}:{port or self.normal}", *words, input=text)


class Spamd(Server):
    port = 783

    def argv(self):
        tls = ["--ssl", "--server-key", self.tls[1], "--server-cert", self.tls[0]] if self.tls else []
        return ["spamd", "-i", self.address, "-p", self.port, "-A", "0.0.0.0/0", "-L", "-x", "-m", "1",
                "--min-children=1", "--min-spare=1", "--max-spare=1", "-u", "debian-spamd", *tls]

    def spamc(self, text, *words, host=None, address=None, port=None):
        """By spamc, from a host: a message, as it came back."""
        return (host or self.host).run("spamc", "-d", address or self.address, "-p", port or self.port, "-x",
                                       *(["-S"] if self.tls else []), *words, input=text)


class Clamd(Server):
    """It knows the EICAR test file alone."""
    port = 3310

    def prepare(self):
        self.folder = f"/srv/{self.name}"
        self.host.write(f"{self.folder}/test.hdb", "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test\n")
        self.config = self.host.write(f"/etc/inside/{self.name}.conf", self.settings(self.address, self.port)
                                      + f"DatabaseDirectory {self.folder}\nForeground yes\nUser clamav\n")

    @staticmethod
    def settings(address, port):
        return f"TCPAddr {address}\nTCPSocket {port}\n"

    def argv(self):
        return ["clamd", "-c", self.config]

    def scan(self, path, host=None, address=None, port=None):
        """By clamdscan, from a host: (exit status, what it says)."""
        host = host or self.host
        config = host.write(f"/etc/inside/clamdscan-of-{self.name}.conf",
                            self.settings(address or self.address, port or self.port))
        done = host.done("clamdscan", "--stream", "--no-summary", "-c", config, path)
        return done.returncode, done.stdout
