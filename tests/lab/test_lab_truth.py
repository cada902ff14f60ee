"""What real servers serve that mailseal does not front, seen with the lab's signed zones: a renewed
certificate that Dovecot was not told of, one that expired, one that no TLSA record covers."""
import os
import shutil
import tempfile

import pytest

from daemon import Daemon, make_certificate
from labtools import ADDRESS, RUN, inside, netns
from truths import alarms, looked, over, put, raised

PORT = 1143
FOLDER = f"{RUN}/truth"  # the hosts see it as /lab/run/truth
DOVECOT = f"""protocols = imap
base_dir = /run/truth
log_path = /var/log/truth.log
ssl = required
ssl_cert = </lab/run/truth/tls.pem
ssl_key = </lab/run/truth/tls.key
passdb {{
	driver = static
	args = nopassword=y
}}
userdb {{
	driver = static
	args = uid=mail gid=mail home=/tmp
}}
service imap-login {{
	inet_listener imap {{
		port = {PORT}
	}}
	inet_listener imaps {{
		port = 0
	}}
}}
"""
CONFIG = """user = "nobody"; workers = 1; witness_every = "2s";
resolver = {{ forward = ["192.0.2.53"]; stub = ["test=192.0.2.53"]; trust_anchor = "{run}/root.key"; }};
watch_certificates = [{watched}];
"""


@pytest.fixture
def dovecot(host):
    """A Dovecot with a certificate of its own, beside that of the host; gives doveadm."""
    stock, config = host("stock"), "/lab/run/truth/dovecot.conf"
    os.makedirs(FOLDER, mode=0o755)
    make_certificate(FOLDER, "tls", host="mail.stock.test")
    with open(f"{FOLDER}/dovecot.conf", "w", encoding="ascii") as file:
        file.write(DOVECOT)
    inside(stock, "sh", "-c", f"dovecot -c {config} >/dev/null 2>&1")  # it keeps what it is given
    yield lambda *words: inside(stock, "doveadm", "-c", config, *words)
    inside(stock, "doveadm", "-c", config, "stop")
    shutil.rmtree(FOLDER)


@pytest.fixture
def watching(lab_up):
    """A daemon at the client's host that looks at these."""
    with tempfile.TemporaryDirectory(prefix="mailseal-truth-") as folder:
        os.chmod(folder, 0o755)
        daemons = []

        def start(*watched):
            config = CONFIG.format(run=RUN, watched=", ".join(f'"{port}"' for port in watched))
            daemons.append(Daemon(folder, config, wrap=lambda argv: [
                "ip", "netns", "exec", netns("client"), *argv]))
            return daemons[-1].ready()
        yield start
        for daemon in daemons:
            assert daemon.close() == 0


def test_dovecot_that_was_not_told_of_the_renewed_file(dovecot, watching):
    """The classic: certbot came, nobody reloaded."""
    pair = (f"{FOLDER}/tls.pem", f"{FOLDER}/tls.key")
    subject = f"{ADDRESS['stock']}:{PORT}/imap"
    daemon = watching(f"{subject}={pair[0]}")
    looked(daemon)
    assert not alarms(daemon)
    put(make_certificate(FOLDER, "renewed", host="mail.stock.test"), pair)
    alarm = raised(daemon, "stale", subject)
    assert pair[0] in alarm["reason"]
    dovecot("reload")
    over(daemon, "stale", subject)
    assert not alarms(daemon)


def test_postfix_that_expired_and_one_of_the_wrong_key(host, watching):
    """TLSA records of zones that are validated from the lab's root down; that of beta.test holds."""
    host("faulty")
    expired, mismatch, well = (f"mx.{name}.test:25/smtp" for name in (
        "expired.cases", "mismatch.cases", "beta"))
    daemon = watching(expired, mismatch, well)
    raised(daemon, "expired", f"{expired} 192.0.2.32")
    raised(daemon, "tlsa-mismatch", f"{mismatch} 192.0.2.33")
    looked(daemon)
    assert not [subject for _, subject in alarms(daemon) if subject.startswith(well)]
