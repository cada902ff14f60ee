"""`mailseal audit` on the files of real packages of Debian 12 and 13: from outside (--root), and
inside, where their own programs tell the values. What its patch makes of them they still take."""
import json
import os
import shutil
import subprocess
from collections import Counter

import pytest

from daemon import BINARY
from labtools import LAB, lab

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="entering a tree needs root")

TREES = {"bookworm": ("3.7.", "2.3."), "mail13": ("3.10.", "2.4.")}

# Runs its arguments in the tree, over which the folders of a copy lie for it alone.
ENTER = """
tree=$1 copy=$2
shift 2
mount --make-rprivate /
mount -t tmpfs none "$tree/mnt"
for folder in etc/postfix etc/dovecot; do
    mount --bind "$copy/$folder" "$tree/$folder"
done
[ ! -d "$copy/etc/postfix-out" ] || cp -a "$copy/etc/postfix-out" "$tree/mnt/"
mkdir "$tree/mnt/lib"
cp "$copy/bin/mailseal" "$tree/mnt/"
cp "$copy"/lib/* "$tree/mnt/lib/"
exec chroot "$tree" "$@"
"""

# A Postfix of the tree with the copy's files, in a network of its own: what its ports take, a line
# each.
SERVE = """
tree=$1 copy=$2
shift 2
mount --make-rprivate /
mount -t tmpfs none "$tree/mnt"
mount --bind "$copy/etc/postfix" "$tree/etc/postfix"
mount -t proc proc "$tree/proc"
mount --bind /dev "$tree/dev"
ip link set lo up
mkdir "$tree/mnt/spool" "$tree/mnt/data"
chown "$(chroot "$tree" id -u postfix)" "$tree/mnt/data"
exec chroot "$tree" bash -c '
    postfix start >/mnt/out 2>&1
    for i in $(seq 300); do
        (exec 3<>/dev/tcp/127.0.0.1/25 4<>/dev/tcp/127.0.0.1/465) 2>/mnt/none && break
        sleep 0.1
    done
    for hello in "$@"; do
        for port in "25 -starttls smtp" 465; do
            answer=$(echo QUIT | timeout 20 openssl s_client -connect 127.0.0.1:$port $hello 2>&1)
            echo "${port%% *} $hello $(echo "$answer" | grep -c "^New, [TS]")"
        done
    done
    postfix stop >/mnt/out 2>&1' bash "$@"
"""

# Beside what installs them, as Debian's questions are answered for an internet site.
MAIN_CF = """
myhostname = mail.example.org
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
inet_interfaces = all
"""


class Machine:
    """A copy of what audit reads of a tree, to be changed."""

    def __init__(self, tree, root):
        self.tree, self.root = os.path.join(LAB, "trees", tree), str(root)
        for folder in ("etc/postfix", "etc/dovecot", "usr/share/dovecot", "usr/share/postfix"):
            shutil.copytree(f"{self.tree}/{folder}", f"{root}/{folder}", symlinks=True)
        os.makedirs(f"{root}/var/lib/dpkg")
        shutil.copy(f"{self.tree}/var/lib/dpkg/status", f"{root}/var/lib/dpkg")
        for name in ("bin", "lib"):
            os.mkdir(f"{root}/{name}")
        shutil.copy(BINARY, f"{root}/bin/mailseal")
        for line in subprocess.run(["ldd", BINARY], text=True, check=True,
                                   stdout=subprocess.PIPE).stdout.splitlines():
            path = next((word for word in line.split() if word.startswith("/")), None)
            if path:
                shutil.copy(path, f"{root}/lib")
        self.stock()

    def stock(self):
        """main.cf as the package writes it (no package writes one in a tree)."""
        self.write("etc/postfix/main.cf", "".join(
            self.read(f"usr/share/postfix/main.cf.{part}") for part in ("debian", "tls")))
        self.set(MAIN_CF)

    def read(self, path):
        with open(f"{self.root}/{path}", encoding="utf-8") as file:
            return file.read()

    def write(self, path, text):
        with open(f"{self.root}/{path}", "w", encoding="utf-8") as file:
            file.write(text)

    def set(self, settings):
        """At the end of main.cf, in the place of what it has of these names: postconf complains of
        a second one."""
        names = {line.split("=")[0].strip() for line in settings.splitlines() if "=" in line}
        self.write("etc/postfix/main.cf", "".join(
            line for line in self.read("etc/postfix/main.cf").splitlines(keepends=True)
            if line.split("=")[0].strip() not in names) + settings)

    def append(self, path, text):
        self.write(path, self.read(path) + text)

    def enter(self, *argv):
        return subprocess.run(["unshare", "--mount", "sh", "-ec", ENTER, "sh", self.tree, self.root,
                               *argv], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120)

    def audit(self, *options, inside=False):
        if inside:
            loader = next(name for name in os.listdir(f"{self.root}/lib") if name.startswith("ld-"))
            done = self.enter(f"/mnt/lib/{loader}", "--library-path", "/mnt/lib", "/mnt/mailseal",
                              "audit", *options)
        else:
            done = subprocess.run([BINARY, "audit", "--root", self.root, *options], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        assert done.returncode in (0, 1), done.stderr + done.stdout
        return done

    def findings(self, *options, inside=False):
        """{software: [finding]}, of those that are to be mended."""
        answer = json.loads(self.audit("--json", *options, inside=inside).stdout)
        assert not answer["faults"], answer["faults"]
        assert all(server["by_tool"] == inside for server in answer["servers"])
        return {server["software"]: [finding for finding in server["findings"]
                                     if finding["verdict"] != "info"]
                for server in answer["servers"]}

    def ids(self, *options, inside=False):
        return {server["software"]: [finding for finding in server["findings"]
                                     if finding["verdict"] != "info"]
                for server in answer["servers"]}

    def ids(self, *options, inside=False):
        return {software: Counter(finding["id"] for finding in findings)
                for software, findings in self.findings(*options, inside=inside).items()}

    def patch(self):
        done = self.audit("--diff")
        patched = subprocess.run(["patch", "-p1", "-s", "--no-backup-if-mismatch", "-d", self.root],
                                 input=done.stdout, text=True, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT)
        assert patched.returncode == 0, patched.stdout + done.stdout
        assert "offset" not in patched.stdout and "fuzz" not in patched.stdout, patched.stdout

    def is_taken(self):
        """Their own programs read the files without a word of complaint."""
        for argv in (["postconf", "-n"], ["postconf", "-M"], ["doveconf", "-n"]):
            done = self.enter(*argv)
            assert done.returncode == 0 and not done.stderr.strip(), (argv, done.stderr)
        return True


@pytest.fixture(params=sorted(TREES))
def machine(request, tmp_path):
    done = lab("tree", request.param)
    assert done.returncode == 0, done.stdout
    return Machine(request.param, tmp_path)


STOCK_POSTFIX = {
    "postfix-smtpd-tls-protocols", "postfix-smtpd-tls-ciphers", "postfix-tls-preempt-cipherlist",
    "postfix-tls-ssl-options", "postfix-smtpd-tls-loglevel", "postfix-smtp-tls-loglevel",
    "postfix-smtpd-tls-received-header"}
STOCK_DOVECOT = {"dovecot-ssl", "dovecot-ssl-cipher-list", "dovecot-prefer-server",
                 "dovecot-login-log"}


def expected(machine, postfix, dovecot):
    """Debian 13 has an OpenSSL whose better groups its Postfix does not take by itself."""
    more = {"postfix-tls-groups"} if machine.tree.endswith("mail13") else set()
    return {"postfix": postfix | more, "dovecot": dovecot}


@pytest.mark.parametrize("inside", [False, True])
def test_debian_as_it_is(machine, inside):
    found = machine.ids(inside=inside)
    assert {name: set(ids) for name, ids in found.items()} == expected(machine, STOCK_POSTFIX,
                                                                       STOCK_DOVECOT)
    answer = json.loads(machine.audit("--json", inside=inside).stdout)
    versions = [server["version"] for server in answer["servers"]]
    for version, begin in zip(versions, TREES[os.path.basename(machine.tree)]):
        assert version.startswith(begin)


def test_tools_and_files_agree(machine):
    """Value, file and line of each finding are the same, whoever told them."""
    def seen(inside):
        return {software: sorted((f["id"], f["service"], f["value"], f["file"] or "", f["line"] or 0)
                                 for f in findings)
                for software, findings in machine.findings(inside=inside).items()}
    spoil(machine)
    assert seen(False) == seen(True)


def test_patch_mends_debian(machine):
    machine.patch()
    for inside in (False, True):
        assert machine.ids(inside=inside) == {"postfix": Counter(), "dovecot": Counter()}
    assert machine.is_taken()
    assert machine.audit("--diff").stdout == ""


# What recipes on the web say, and what grew over the years.
BAD_MAIN = """
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:10.0.0.5:12345
smtpd_sasl_security_options =
smtpd_tls_protocols = !SSLv2,
    !SSLv3
# comments stand between
smtpd_tls_mandatory_protocols = !SSLv2 !SSLv3
smtp_tls_security_level =
smtp_sasl_auth_enable = yes
smtp_sasl_password_maps = texthash:/etc/postfix/passwords
smtp_sasl_security_options = noanonymous
relayhost = [smart.example.net]:587
smtpd_milters = inet:10.0.0.6:8891, { inet:10.0.0.7:8892, connect_timeout=10s },
    unix:run/opendkim.sock, inet:localhost:11332
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,
    check_policy_service inet:10.0.0.8:10031, check_policy_service unix:private/policy
virtual_transport = lmtp:inet:10.0.0.9:24
content_filter = smtp:[10.0.0.10]:10024
virtual_mailbox_maps = proxy:mysql:/etc/postfix/mysql.cf
smtpd_authorized_xclient_hosts = 10.0.0.0/8
"""
BAD_MASTER = """
submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
  -o smtpd_tls_security_level=may
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
smtps     inet  n       -       y       -       -       smtpd
  -o smtpd_sasl_auth_enable=yes
"""
BAD_MYSQL = "user = postfix\npassword = secret\nhosts = 10.0.0.11\ndbname = mail\nquery = SELECT 1\n"
BAD_POSTFIX = {
    "postfix-submission-encrypt", "postfix-submissions-wrappermode", "postfix-smtpd-tls-auth-only",
    "postfix-auth-on-25", "postfix-sasl-noanonymous", "postfix-smtp-tls-security-level",
    "postfix-smtp-sasl-noplaintext", "postfix-smtp-sasl-tls-options", "postfix-milter", "postfix-policy-service",
    "postfix-sasl-path", "postfix-content-filter", "postfix-lmtp", "postfix-relayhost",
    "postfix-map-mysql", "postfix-xclient-hosts"} | STOCK_POSTFIX

BAD_DOVECOT = {
    "bookworm": """
ssl = no
disable_plaintext_auth = no
ssl_min_protocol = TLSv1
ssl_cipher_list = ALL
login_trusted_networks = 10.0.0.0/8
ssl_client_require_valid_cert = no
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
service auth {
  inet_listener {
    port = 12345
  }
}
service imap-login {
  inet_listener imap {
    haproxy = yes
  }
}
passdb {
  driver = static
  args = proxy=y host=10.0.0.12 nopassword=y
}
""",
    "mail13": """
ssl = no
auth_allow_cleartext = yes
ssl_min_protocol = TLSv1
ssl_cipher_list = ALL
login_trusted_networks = 10.0.0.0/8
ssl_client_require_valid_cert = no
service lmtp {
  inet_listener lmtp {
    port = 24
  }
}
service auth {
  inet_listener auth {
    port = 12345
  }
}
service imap-login {
  inet_listener imap {
    haproxy = yes
  }
}
passdb static {
  fields {
    proxy = yes
    host = 10.0.0.12
    nopassword = yes
  }
}
"""}
# With ssl = no nothing of TLS is judged.
BAD_DOVECOT_IDS = {"dovecot-ssl", "dovecot-cleartext", "dovecot-login-log",
                   "dovecot-login-trusted-networks", "dovecot-client-verify",
                   "dovecot-internal-listener", "dovecot-socket-only", "dovecot-proxy",
                   "dovecot-haproxy-trusted-networks"}
# And these are there when that is mended.
BEHIND_SSL = {"dovecot-ssl-min-protocol", "dovecot-ssl-cipher-list", "dovecot-prefer-server"}


def spoil(machine):
    machine.set(BAD_MAIN)
    machine.append("etc/postfix/master.cf", BAD_MASTER)
    machine.write("etc/postfix/mysql.cf", BAD_MYSQL)
    machine.append("etc/dovecot/dovecot.conf", BAD_DOVECOT[os.path.basename(machine.tree)])


@pytest.mark.parametrize("inside", [False, True])
def test_badly_configured(machine, inside):
    spoil(machine)
    found = machine.ids(inside=inside)
    bad = expected(machine, BAD_POSTFIX - {"postfix-smtpd-tls-mandatory-protocols"},
                   BAD_DOVECOT_IDS)
    assert {name: set(ids) for name, ids in found.items()} == bad
    assert found["postfix"]["postfix-milter"] == 2
    text = machine.audit(inside=inside).stdout + machine.audit("--json", inside=inside).stdout
    assert "secret" not in text


def test_patch_mends_what_it_can(machine):
    """Until nothing is left but what a person has to decide."""
    spoil(machine)
    for _ in range(3):
        before = machine.findings()
        if not any(finding["in_diff"] for found in before.values() for finding in found):
            break
        machine.patch()
    left = machine.ids()
    by_hand = {"postfix-auth-on-25", "postfix-milter", "postfix-policy-service",
               "postfix-sasl-path", "postfix-content-filter", "postfix-lmtp", "postfix-relayhost",
               "postfix-map-mysql", "postfix-xclient-hosts"}
    assert set(left["postfix"]) == by_hand
    assert set(left["dovecot"]) == {"dovecot-socket-only", "dovecot-internal-listener",
                                    "dovecot-proxy", "dovecot-haproxy-trusted-networks"}
    assert machine.is_taken()
    assert "smtpd_sasl_auth_enable=yes" in machine.read("etc/postfix/master.cf")


def test_instances(machine):
    """Another Postfix on the same machine is asked too, and its mends name its folder."""
    shutil.copytree(f"{machine.root}/etc/postfix", f"{machine.root}/etc/postfix-out",
                    symlinks=True)
    machine.append("etc/postfix-out/main.cf", "multi_instance_name = postfix-out\n")
    machine.set("multi_instance_directories = /mnt/postfix-out\n")
    answer = json.loads(machine.audit("--json", "--software", "postfix", inside=True).stdout)
    first, other = answer["servers"]
    assert not answer["faults"] and other["by_tool"] and other["version"] == first["version"]
    assert (first["instance"], other["instance"]) == ("", "postfix-out")
    assert other["path"] == "/mnt/postfix-out/main.cf"
    mends = {finding["id"]: finding["mend"] for finding in other["findings"]}
    assert mends["postfix-smtpd-tls-protocols"] == \
        "postconf -c /mnt/postfix-out -e 'smtpd_tls_protocols = >=TLSv1.2'"


def test_profiles(machine):
    """A stricter one asks for more, and its own patch gives it."""
    machine.patch()
    stricter = machine.ids("--profile", "ncsc2025")
    assert "postfix-smtpd-tls-ciphers" in stricter["postfix"]
    assert machine.ids("--profile", "rfc9325") == {"postfix": Counter(), "dovecot": Counter()}


def test_a_mended_postfix_does_what_is_said(machine):
    """What the patch promises, asked of the server itself by openssl: which hellos it takes."""
    suites = {"ADH-AES128-SHA": "", "AES128-SHA": "", "ECDHE-RSA-CAMELLIA128-SHA256": "",
              "DHE-RSA-AES128-GCM-SHA256": "25", "ECDHE-RSA-AES128-SHA": "25",
              "ECDHE-RSA-AES128-SHA256": "25", "ECDHE-RSA-AES128-GCM-SHA256": "25 465"}
    hellos = {f"-tls1_2 -cipher {suite}:@SECLEVEL=0": ports.split()
              for suite, ports in suites.items()}
    hellos["-tls1_1 -cipher ALL:@SECLEVEL=0"] = []
    hellos["-tls1_3"] = ["25", "465"]
    if machine.tree.endswith("mail13"):
        hellos["-tls1_3 -groups X25519MLKEM768"] = ["25", "465"]
    subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-subj", "/CN=mx",
                    "-keyout", f"{machine.root}/etc/postfix/key.pem", "-out",
                    f"{machine.root}/etc/postfix/cert.pem"], check=True, stderr=subprocess.DEVNULL)
    machine.set("smtpd_tls_cert_file = /etc/postfix/cert.pem\n"
                "smtpd_tls_key_file = /etc/postfix/key.pem\n"
                "queue_directory = /mnt/spool\ndata_directory = /mnt/data\n"
                "maillog_file = /mnt/log\nmaillog_file_prefixes = /mnt\n")
    text = machine.read("etc/postfix/master.cf")
    for name in ("smtp      inet", "tlsmgr    unix"):
        line = next(line for line in text.splitlines() if line.startswith(name))
        text = text.replace(line, line.replace(" y ", " n ", 1))
    machine.write("etc/postfix/master.cf", text
                  + "465 inet n - n - - smtpd\n  -o smtpd_tls_wrappermode=yes\n")
    machine.patch()
    done = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh",
                           "-ec", SERVE, "sh", machine.tree, machine.root, *hellos], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    taken = {tuple(line.rsplit(" ", 1)[0].split(" ", 1)) for line in done.stdout.splitlines()
             if line.endswith(" 1")}
    assert taken == {(port, hello) for hello, ports in hellos.items() for port in ports}, \
        done.stdout
