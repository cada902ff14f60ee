"""mailseal beside the Postfix of host sender, and messages that this sends."""
import os
import re
import subprocess

from daemon import Daemon, wait_until
from labtools import RUN, Log, inside, letter, netns

QUEUE = "/var/spool/postfix"
SENDER = "root@sender.test"
BASE = (f'user = "nobody"; workers = 1; drain_timeout = "1s";\n'
        f'resolver = {{ forward = ["192.0.2.53"]; stub = ["test=192.0.2.53"];\n'
        f'  trust_anchor = "{RUN}/root.key"; ca_file = "{RUN}/ca.pem"; }};\n')


class Beside(Daemon):
    """mailseal in the network of a host, with sockets in the queue directory of its Postfix. The
    host has users and groups of its own, so that mailseal knows none of them: mode 0666, and who
    is to be kept out is kept out by the directory."""

    def __init__(self, name, host="sender"):
        folder = f"{RUN}/services/{name}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{RUN}/{host}/pid", encoding="ascii") as file:
            self.queue = f"/proc/{file.read().strip()}/root{QUEUE}"
        super().__init__(folder, self.settings(),
                         wrap=lambda command: ["ip", "netns", "exec", netns(host), *command],
                         stdin=subprocess.DEVNULL)

    def settings(self):
        raise NotImplementedError

    def kill(self):
        """All at once, and without a word; its processes end by themselves."""
        pids = sum(self.children().values(), [])
        self.process.kill()
        self.process.wait()
        assert wait_until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))


class Delivery:
    """One message that the Postfix of sender sends, or tries to, as often as is said."""

    def __init__(self, recipient, tries=2):
        self.log = Log("sender", "mail.log")
        self.verdict = rf"(\w+): to=<{re.escape(recipient)}>.*status=(\w+)"
        inside("sender", "sendmail", "-i", "-f", SENDER, recipient,
               input=letter(SENDER, recipient).as_string())
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
