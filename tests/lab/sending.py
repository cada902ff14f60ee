"""mailseal beside the MTA of a host, and messages that the Postfix of host sender sends."""
import os
import re
import subprocess
from contextlib import contextmanager

from daemon import Daemon, wait_until
from labtools import ADDRESS, RUN, Log, inside, letter, netns, until

QUEUE = "/var/spool/postfix"
SENDER = "root@sender.test"
LMTP, SMTP, EACH = 10026, 10027, 10028
# Three domains, and the seals with which mail comes there.
WHERE = {"beta.test": "authenticated", "alpha.test": "sealed", "plain.legacy.test": "plain"}
TO = ["bob@beta.test", "alice@alpha.test", "carol@plain.legacy.test"]
BASE = (f'user = "nobody"; workers = 1; drain_timeout = "1s";\n'
        f'resolver = {{ forward = ["192.0.2.53"]; stub = ["test=192.0.2.53"];\n'
        f'  trust_anchor = "{RUN}/root.key"; ca_file = "{RUN}/ca.pem"; }};\n')


@contextmanager
def no_way_to(host):
    """From the sender, for a while."""
    route = ["unreachable", ADDRESS[host]]
    inside("sender", "ip", "route", "add", *route)
    try:
        yield
    finally:
        inside("sender", "ip", "route", "del", *route)


class Beside(Daemon):
    """mailseal in the network of a host, with sockets in a folder of it: for Postfix its queue
    directory. The host has users and groups of its own, so that mailseal knows none of them: mode
    0666, and who is to be kept out is kept out by the directory."""

    def __init__(self, name, host="sender", place=QUEUE):
        self.host, folder = host, f"{RUN}/services/{name}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{RUN}/{host}/pid", encoding="ascii") as file:
            self.place = f"/proc/{file.read().strip()}/root{place}"
        super().__init__(folder, self.settings())

    def start(self, *_, **__):
        super().start(wrap=lambda command: ["ip", "netns", "exec", netns(self.host), *command],
                      stdin=subprocess.DEVNULL)

    def settings(self):
        raise NotImplementedError

    def waiting(self):
        """Messages in the queue of Postfix, but those on hold."""
        return [name for folder in ("maildrop", "incoming", "active", "deferred")
                for _, _, names in os.walk(f"{self.place}/{folder}") for name in names]

    def kill(self):
        """All at once, and without a word; its processes end by themselves."""
        pids = sum(self.children().values(), [])
        self.process.kill()
        self.process.wait()
        assert wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))


class Relay(Beside):
    """By a unix socket, by LMTP, by SMTP, and by LMTP on an address for each destination."""
    sockets = "mailseal"  # where they are
    listen = f'''"lmtp:127.0.0.1:{LMTP}", "smtp:127.0.0.1:{SMTP}", "lmtp:127.0.0.0/8:{EACH}",'''

    def settings(self):
        return (f'{BASE}'
                f'relay = {{ out = {{ listen = [{self.listen}\n'
                f'  "lmtp:unix:{self.place}/{self.sockets}/lmtp"];\n'
                f'  mode = "0666"; hostname = "mail.{self.host}.test"; ca_file = "{RUN}/ca.pem";\n'
                f'  plain_after = "1s"; hold = "mangled.cases.test"; }}; }};\n'
                f'policy_service = {{ socketmap = "unix:{self.place}/{self.sockets}/policy";\n'
                f'  mode = "0666"; local_domains = ["{self.host}.test"]; }};\n')

    def hops(self, since):
        return [event for event in self.events[since:] if event["event"] == "hop ended"]

    def carried(self, since, count):
        """The seals of the hops that carried so many messages and no more, by domain, when they
        have ended."""
        def find():
            hops = [hop for hop in self.hops(since) if hop["messages"] != "0"]
            return sum(int(hop["messages"]) for hop in hops) >= count and hops
        hops = until(find)
        assert sum(int(hop["messages"]) for hop in hops) == count, hops
        return {hop["domain"]: hop["seal"] for hop in hops}


class Delivery:
    """One message that the Postfix of sender sends, or tries to, as often as is said."""

    def __init__(self, recipient, tries=2, headers=None):
        self.log = Log("sender", "mail.log")
        self.verdict = rf"(\w+): to=<{re.escape(recipient)}>.*status=(\w+)"
        message = letter(SENDER, recipient)
        for name, value in (headers or {}).items():
            message[name] = value
        inside("sender", "sendmail", "-i", "-f", SENDER, recipient, input=message.as_string())
        self.wait(1)
        if self.status() == "deferred":
            if tries > 1:
                inside("sender", "postqueue", "-i", self.verdicts()[0][0])
                self.wait(tries)
            inside("sender", "postsuper", "-d", self.verdicts()[0][0])

    def verdicts(self):
        return re.findall(self.verdict, self.log.text())

    def wait(self, count):
        self.log.until(lambda: len(self.verdicts()) >= count or self.status() == "sent",
                       f"verdict {count}")

    def status(self):
        found = self.verdicts()
        return found and found[-1][1]
