"""mailseal check --serve in the lab: a real browser asks for the providers there, and sees what the
command says."""
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from browsers import NAMELESS, PALE, WIDTH_OF_PAGE, browser  # noqa: E402,F401
from labtools import BINARY, RUN, netns, until  # noqa: E402

OPTIONS = ["--forward", "192.0.2.53", "--stub", "test=192.0.2.53", "--trust-anchor",
           f"{RUN}/root.key", "--ca-file", f"{RUN}/ca.pem"]


def in_client(*arguments):
    return ["ip", "netns", "exec", netns("client"), BINARY, "check", *OPTIONS, *arguments]


class Way:
    """From a port of this host to a unix socket: the browser stands outside of the lab."""

    def __init__(self, path):
        self.path, self.sock = path, socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, server = self.sock.accept()[0], socket.socket(socket.AF_UNIX)
                server.connect(self.path)
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self.copy, args=ends, daemon=True).start()

    @staticmethod
    def copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()


@pytest.fixture
def page(lab_up, tmp_path):
    """The page in the lab's client, and the port where a browser finds it."""
    tmp_path.chmod(0o755)
    path = str(tmp_path / "check.sock")
    with subprocess.Popen(in_client("--serve", f"unix:{path}", "--allow-private")) as process:
        until(lambda: os.path.exists(path))
        way = Way(path)
        yield way.port
        way.close()
        process.terminate()


def letter_of(domain):
    done = subprocess.run(in_client("--json", domain), stdout=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL, timeout=120)
    return json.loads(done.stdout)["overall"]["letter"]


@pytest.mark.parametrize("domain", ["alpha.test", "legacy.test"])
def test_a_browser_sees_what_the_command_says(page, browser, domain):  # noqa: F811
    from selenium.webdriver.common.keys import Keys
    browser.get(f"http://127.0.0.1:{page}/")
    browser.find_element("id", "domain").send_keys(domain, Keys.ENTER)
    until(lambda: browser.find_elements("class name", "letters"), 120)
    assert browser.current_url.endswith("/" + domain)
    assert browser.find_element("class name", "letter").text == letter_of(domain)
    assert browser.execute_script(WIDTH_OF_PAGE) <= 0
    assert browser.execute_script(PALE) == browser.execute_script(NAMELESS) == []
    assert browser.execute_script("return document.scripts.length") == 0
    # What mends it is there, and closed until somebody wants it.
    text = browser.page_source
    assert re.search(r"<article class=\"(warn|fail|critical)\"", text)
    assert "<summary>" in text
