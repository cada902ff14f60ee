"""Clients that log in while something happens to the daemon."""
import imaplib
import ssl
import threading
import time

from daemon import client_context


def login(daemon):
    client = imaplib.IMAP4_SSL("127.0.0.1", daemon.tls, ssl_context=client_context())
    assert client.login("alice", "secret")[0] == "OK"
    return client


class Load:
    """Clients that log in again and again, until stopped; errors are kept."""

    def __init__(self, daemon, count=4):
        self.daemon, self.errors, self.done, self.stop = daemon, [], 0, threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self):
        while not self.stop.is_set() and len(self.errors) < 100:
            try:
                login(self.daemon).logout()
                self.done += 1
            except (OSError, imaplib.IMAP4.error, ssl.SSLError) as error:
                self.errors.append(repr(error))

    def until(self, count, timeout=30):
        deadline = time.monotonic() + timeout
        while self.done < count and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self.done >= count

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(20)
        return self.errors
