"""Exim and OpenSMTPD hand their mail to the relay beside them. (Postfix: test_lab_relay.py.)"""
import re
import shutil

import pytest

from labtools import RUN, Log, inside, letter, until
from sending import TO, WHERE, Relay

# host: its log, the line of a recipient that was taken, and commands: its queue, all of it tried
# again if it does not do so by itself, all of it gone, the messages to its own users
HOSTS = {
    "exim": {
        "log": "exim/mainlog",
        "taken": r'[-=]> [^\n]*{}[^\n]* C="250 2\.0\.0 mx\S+ said: ',
        "queue": ["exim4", "-bp"],
        "empty": ["sh", "-c", "rm -f /var/spool/exim4/input/*"],
        "mail": ["cat", "/var/mail/box"],
    },
    "opensmtpd": {
        "log": "smtpd.log",
        "taken": r'to=<{}>[^\n]*result="Ok" stat="250 2\.0\.0 mx\S+ said: ',
        "queue": ["smtpctl", "show", "queue"],
        "again": ["smtpctl", "schedule", "all"],
        "empty": ["smtpctl", "remove", "all"],
        "mail": ["sh", "-c", "cat /var/vmail/*/new/*"],
    },
}

# host: for each way the recipients of the messages. OpenSMTPD by LMTP takes several answers that
# come together for an error and sends again what has arrived: there each has a message of its own.
WAYS = {
    "exim": {"socket": [TO], "lmtp": [TO], "smtp": [TO]},
    "opensmtpd": {"lmtp": [[recipient] for recipient in TO], "smtp": [TO]},
}


class Mta:
    """One of them, with a relay beside it. Whom a message is from says how it goes there."""

    def __init__(self, name):
        self.name, self.log = name, None
        self.relay = Relay(f"beside-{name}", name, "/run").ready()

    def send(self, way, *recipients):
        message = letter(f"{way}@{self.name}.test", ", ".join(recipients))
        inside(self.name, "sendmail", "-i", "-f", message["From"], *recipients,
               input=message.as_string())

    def run(self, command):
        return inside(self.name, *HOSTS[self.name][command])

    def listen(self):
        self.log = Log(self.name, HOSTS[self.name]["log"])

    def has_sent(self, recipients):
        """All of them; else what waits is tried again."""
        text, facts = self.log.text(), HOSTS[self.name]
        if all(re.search(facts["taken"].format(re.escape(to)), text) for to in recipients):
            return True
        if "again" in facts:
            self.run("again")
        return False


@pytest.fixture(scope="module", params=HOSTS)
def mta(host, request):
    one = Mta(host(request.param))
    yield one
    one.relay.close()
    shutil.rmtree(f"{RUN}/services", ignore_errors=True)


# By SMTP the recipients of one domain go, and the others hear 452 and come again: with Exim on the
# same connection, with OpenSMTPD when the queue is run.
def test_one_message_to_three_domains(mta):
    since, ways = len(mta.relay.events), WAYS[mta.name]
    for way, messages in ways.items():
        mta.listen()
        for recipients in messages:
            mta.send(way, *recipients)
        until(lambda: mta.has_sent(TO))
    if mta.name == "exim":
        for protocol, client in (("lmtp", "unix"), ("lmtp", "127.0.0.1"), ("smtp", "127.0.0.1")):
            mta.relay.wait("handoff ended", after=since, protocol=protocol, client=client,
                           messages="3", outcome="ok")
    assert mta.relay.carried(since, 3 * len(ways)) == WHERE
    assert not any(recipient in mta.run("queue") for recipient in TO)


@pytest.mark.parametrize("way", ["lmtp", "smtp"])
def test_what_is_refused_for_good_bounces_and_the_rest_waits(mta, way):
    never, later = f"{way}@null.cases.test", f"{way}@bogus.test"
    mta.listen()
    mta.send(way, never)
    mta.send(way, later)
    mta.log.wait("451 4.4.3 bogus.test: its MX records could not be looked up")
    mta.log.wait("556 5.1.10 null.cases.test: ")
    until(lambda: never not in mta.run("queue"))
    until(lambda: re.search(rf"{never}.*\s556 5\.1\.10 null\.cases\.test: ", mta.run("mail"),
                            re.DOTALL))
    assert later in mta.run("queue")
    mta.run("empty")
