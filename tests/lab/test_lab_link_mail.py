"""Links with real servers and clients of Debian: mail servers and what filters mail."""
import re

import pytest

from daemon import wait_until
from inside_mail import Clamd, Dovecot, Opendkim, Postfix, Rspamd, Spamd
from linked import linked_by

GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
WAYS = {
    "lmtp": ("127.0.0.1:24", "127.0.0.1:24"),
    "doveadm": ("127.0.0.1:2425", "127.0.0.1:2425"),
    "auth": ("127.0.0.1:2427", "127.0.0.1:2427"),
    "auth-unix": ("unix:{folder}/auth-near", "unix:{folder}/db1/auth"),
    "dict": ("unix:{folder}/dict-of-tcp", "127.0.0.1:2428"),  # its client knows unix sockets alone
    "dict-unix": ("unix:{folder}/dict-of-unix", "unix:{folder}/db1/dict"),
    "opendkim": ("127.0.0.1:8891", "127.0.0.1:8891"),
    "rspamd": ("127.0.0.1:11332", "127.0.0.1:11332"),
    "spamd": ("127.0.0.1:783", "127.0.0.1:783"),
    "clamd": ("127.0.0.1:3310", "127.0.0.1:3310"),
}


@pytest.fixture(scope="module", name="linked")
def linked_fixture():
    with linked_by(WAYS) as linked:
        yield linked


@pytest.fixture(scope="module", name="dovecot")
def dovecot_fixture(linked):
    return Dovecot(linked.far, more="service dict {\n  user = mail\n}\n")


@pytest.fixture(name="postfix")
def postfix_fixture(linked, dovecot):
    """Starts one with these settings, whose mail goes to Dovecot; ended by the test or with it."""
    running = []

    def start(**main):
        running.append(Postfix(linked.near, main={"virtual_transport": "lmtp:inet:127.0.0.1:24",
                                                  "milter_default_action": "tempfail", **main}))
        return running[-1]
    yield start
    for one in running:
        one.close()


def swaks(linked, *options):
    return linked.near.done("swaks", "--server", "127.0.0.1", "--from", "boss@inside.test", "--to", "mail@inside.test",
                            *options).stdout


def delivered(linked, dovecot, subject):
    """The message in the mailbox, read where that is."""
    def find():
        folder = f"/srv/{dovecot.name}/mail@inside.test/mail/new"
        done = linked.far.done("grep", "-rlF", "Subject: " + subject, folder)
        return done.stdout.strip() if done.returncode == 0 else None
    assert wait_until(find, 60), linked.near.run("cat", "/var/log/mail.log")[-3000:]
    return linked.far.run("cat", find())


def test_postfix_delivers_to_dovecot_by_lmtp(linked, postfix, dovecot):
    seen, server = linked.seen(), postfix()
    assert "250 2.0.0 Ok: queued" in swaks(linked, "--header", "Subject: by lmtp")
    assert "LMTP" in delivered(linked, dovecot, "by lmtp")
    server.close()
    linked.carried("lmtp", seen)


def test_doveadm(linked, dovecot):
    seen = linked.seen()
    dovecot.doveadm("mailbox create", "-u", "mail@inside.test", "made-through-the-link", host=linked.near)
    said = dovecot.doveadm("mailbox list", "-u", "mail@inside.test", host=linked.near)
    assert "made-through-the-link" in said.split()
    linked.carried("doveadm", seen)


@pytest.mark.parametrize("name, path", [("dict", "dict-of-tcp"), ("dict-unix", "dict-of-unix")])
def test_dovecot_dict(linked, dovecot, name, path):
    seen = linked.seen()
    config = linked.near.write("/etc/inside/dict.conf", "ssl = no\n")

    def ask(verb, *value):
        return linked.near.run("doveadm", "-c", config, "dict", verb, "-u", "mail",
                               f"proxy:{linked.folder}/{path}:quota", "priv/quota/" + name, *value)
    ask("set", "17")
    assert ask("get").split() == ["17"]
    linked.carried(name, seen)


@pytest.mark.parametrize("name, path", [("auth", "inet:127.0.0.1:2427"), ("auth-unix", "{folder}/auth-near")])
def test_postfix_asks_dovecot_who_may_log_in(linked, postfix, name, path):
    seen = linked.seen()
    server = postfix(smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot",
                     smtpd_sasl_path=path.format(folder=linked.folder))
    login = ("--quit-after", "AUTH", "--auth", "PLAIN", "--auth-user", "mail@inside.test", "--auth-password")
    assert "235 2.7.0" in swaks(linked, *login, "s3cret-Pw")
    assert "535 5.7.8" in swaks(linked, *login, "wrong")
    server.close()  # it keeps its connection for as long as it lives
    linked.carried(name, seen)


def test_opendkim_signs(linked, postfix, dovecot):
    Opendkim(linked.far)
    seen, server = linked.seen(), postfix(smtpd_milters="inet:127.0.0.1:8891", milter_macro_daemon_name="ORIGINATING")
    assert "250 2.0.0 Ok: queued" in swaks(linked, "--header", "Subject: signed")
    letter = delivered(linked, dovecot, "signed")
    assert re.search(r"^DKIM-Signature: v=1; .*d=inside\.test; s=s;", letter, re.M), letter
    server.close()
    linked.carried("opendkim", seen)


def test_rspamd_scans(linked, postfix):
    Rspamd(linked.far)
    seen, server = linked.seen(), postfix(smtpd_milters="inet:127.0.0.1:11332")
    assert "554 5.7.1 Gtube pattern" in swaks(linked, "--body", GTUBE)
    server.close()
    linked.carried("rspamd", seen)


def test_spamc_ends_its_half_and_reads_the_answer(linked):
    """It says that the message is over by closing its way, and nothing else."""
    server = Spamd(linked.far)
    seen = linked.seen()
    done = server.spamc("Subject: x\n\n" + GTUBE + "\n", host=linked.near)
    assert "X-Spam-Flag: YES" in done and GTUBE in done.partition("x-spam-type=original")[2], done
    linked.carried("spamd", seen)
    assert linked.near_end.wait("link ended", 30, seen[0], link="spamd")["ended_by"] == "client"


def test_clamdscan(linked):
    """INSTREAM: the file goes through the link."""
    server = Clamd(linked.far)
    seen = linked.seen()
    infected = linked.near.write("/srv/infected", EICAR)
    clean = linked.near.write("/srv/clean", "x" * 3000000)
    assert server.scan(clean, host=linked.near)[0] == 0
    status, said = server.scan(infected, host=linked.near)
    assert status == 1 and "Eicar-Test" in said
    linked.carried("clamd", seen)


def test_nothing_else_crossed(linked):
    """The last of all: what the tests before have sent."""
    linked.only_sealed_crossed()
