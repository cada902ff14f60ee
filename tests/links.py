"""Two hosts of our own on one machine: each a daemon with an identity of one CA."""
import os
import shutil
import subprocess

from daemon import BINARY, Daemon


class Ca:
    """mailseal pki, with short ways to what a node has."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.run("init")

    def run(self, *words):
        done = subprocess.run([BINARY, "pki", *words, "--dir", self.folder + "/ca"],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def node(self, name, *more):
        """The pki.dir of a host of that name."""
        self.run("issue", name, *more)
        folder = f"{self.folder}/{name}"
        os.makedirs(folder, exist_ok=True)
        self.give(name)
        return folder

    def give(self, name):
        """What its host gets: its own files, the roots, who was revoked."""
        folder, issued = f"{self.folder}/{name}", f"{self.folder}/ca/issued/{name}"
        for file in os.listdir(issued):
            shutil.copy(f"{issued}/{file}", folder)
        for file in ("ca.crt", "denied"):
            shutil.copy(f"{self.folder}/ca/{file}", folder)


def host(folder, name, pki, links, more=""):
    """A daemon. links: name -> the text of its group."""
    own = folder / name
    own.mkdir()
    own.chmod(0o755)
    return Daemon(own, config(pki, links, more))


def config(pki, links, more=""):
    groups = "\n".join(f"  {name} = {{ {text} }};" for name, text in links.items())
    return (f'workers = 1; drain_timeout = "1s"; pki = {{ dir = "{pki}"; }};\n'
            f"link = {{\n{groups}\n}};\n{more}")
