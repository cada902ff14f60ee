"""What else a provider's machines run, of the tree "inside"; see inside.py."""
import os

from inside import Server


class Rsyslog(Server):
    """Takes what its host's programs say (/dev/log), UDP and TCP on port (0: neither), and writes it
    to file; forward: an action that sends all on."""
    port = 514

    def __init__(self, host, *args, forward="", **named):
        self.forward = forward
        super().__init__(host, *args, **named)

    def prepare(self):
        self.file = self.host.path(self.name + ".messages")
        inputs = f"""\
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="{self.address}" port="{self.port}")
input(type="imtcp" address="{self.address}" port="{self.port}")
""" if self.port else ""
        self.config = self.host.write(f"/etc/inside/{self.name}.conf", f"""\
module(load="imuxsock")
{inputs}*.* action(type="omfile" file="{self.file}")
{self.forward}
""")

    def argv(self):
        return ["rsyslogd", "-n", "-f", self.config, "-i", f"/run/{self.name}.pid"]

    def answers(self):
        """It writes that it has begun."""
        return os.path.exists(self.file) and (not self.port or super().answers())

    def messages(self):
        with open(self.file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def logger(self, text, *options, host=None, address=None, port=None):
        """By logger over the network, from a host; options: -T for TCP, else UDP."""
        return (host or self.host).run("logger", "-n", address or self.address, "-P", port or self.port,
                                       *(options or ["-d"]), "-t", "inside", text)


class Snmpd(Server):
    """SNMP 2c with the password as community, and 3 for user with the password (SHA, AES)."""
    port = 161

    def prepare(self):
        self.config = self.host.write(
            f"/etc/inside/{self.name}.conf", f"rocommunity {self.password}\nsysLocation inside\n"
            f"createUser {self.user} SHA {self.password} AES {self.password}\nrouser {self.user} priv\n")

    def argv(self):
        return ["snmpd", "-f", "-Lo", "-C", "-c", self.config, "-p", f"/run/{self.name}.pid",
                f"udp:{self.address}:{self.port}"]

    def answers(self):
        return "inside" in self.get().stdout

    def get(self, version="2c", host=None):
        """By snmpget, from a host."""
        who = (["-c", self.password] if version in ("1", "2c") else
               ["-l", "authPriv", "-u", self.user, "-a", "SHA", "-A", self.password, "-x", "AES", "-X", self.password])
        return (host or self.host).done("snmpget", "-v", version, *who, f"{self.address}:{self.port}",
                                        "1.3.6.1.2.1.1.6.0")


def account(host, user, password):
    """A person who may log in on the host."""
    if host.done("id", user).returncode:
        host.run("useradd", "-m", "-s", "/bin/bash", user)
    host.run("chpasswd", input=f"{user}:{password}\n")


class Vsftpd(Server):
    """user may log in; with TLS also with AUTH TLS, which it does not demand."""
    port = 21

    def prepare(self):
        account(self.host, self.user, self.password)
        self.host.run("mkdir", "-p", "/run/vsftpd/empty")
        tls = f"ssl_enable=YES\nforce_local_logins_ssl=NO\nforce_local_data_ssl=NO\nrsa_cert_file={self.tls[0]}\n" \
              f"rsa_private_key_file={self.tls[1]}\nssl_ciphers=HIGH\n" if self.tls else ""
        self.config = self.host.write(
            f"/etc/inside/{self.name}.conf", "listen=YES\nbackground=NO\n"
            f"listen_address={self.address}\nlisten_port={self.port}\n"
            "local_enable=YES\nwrite_enable=YES\nseccomp_sandbox=NO\nsecure_chroot_dir=/run/vsftpd/empty\n"
            f"pam_service_name=vsftpd\n{tls}")

    def argv(self):
        return ["vsftpd", self.config]

    def list(self, *options, host=None):
        """By curl, from a host; options: --ssl-reqd --insecure ..."""
        return (host or self.host).run("curl", "-sS", "-u", f"{self.user}:{self.password}", *options,
                                       f"ftp://{self.address}:{self.port}/")


class Telnetd(Server):
    """inetd with telnetd behind it; user may log in."""
    port = 23

    def prepare(self):
        account(self.host, self.user, self.password)
        self.config = self.host.write(f"/etc/inside/{self.name}.conf",
                                      f"{self.address}:{self.port} stream tcp nowait root /usr/sbin/telnetd telnetd\n")

    def argv(self):
        return ["inetutils-inetd", "-d", self.config]


class Nsd(Server):
    """Authoritative for inside.test; with TLS also on tls_port."""
    port, tls_port = 53, 853

    def prepare(self):
        self.folder = f"/srv/{self.name}"
        zone = self.host.write(f"{self.folder}/inside.test", "$ORIGIN inside.test.\n$TTL 60\n"
                               "@ SOA ns hostmaster 1 3600 600 86400 60\n"
                               "@ NS ns\nns A 10.9.0.1\nwww A 10.9.0.80\n")
        tls = (f"  ip-address: {self.address}@{self.tls_port}\n  tls-port: {self.tls_port}\n"
               f"  tls-service-key: {self.tls[1]}\n  tls-service-pem: {self.tls[0]}\n" if self.tls else "")
        self.config = self.host.write(f"/etc/inside/{self.name}.conf", f"""\
server:
  ip-address: {self.address}@{self.port}
{tls}  username: nsd
  zonesdir: {self.folder}
  database: ""
  zonelistfile: {self.folder}/zones
  xfrdfile: {self.folder}/xfrd
  pidfile: ""
remote-control:
  control-enable: no
zone:
  name: inside.test
  zonefile: {zone}
""")
        self.host.run("chown", "-R", "nsd:nsd", self.folder)

    def argv(self):
        return ["nsd", "-d", "-c", self.config]

    def answers(self):
        return "10.9.0.80" in self.dig("www.inside.test").stdout

    def dig(self, name, *options, host=None):
        """By dig, from a host; options: +tcp, +tls ..."""
        return (host or self.host).done("dig", "+short", "+tries=1", "+time=5", f"@{self.address}", "-p",
                                        self.tls_port if "+tls" in options else self.port, *options, name)
