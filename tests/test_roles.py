"""Processes of the daemon by themselves."""
import os
import socket
import subprocess

import pytest

from daemon import BINARY

ROLES = ["keys", "ledger", "resolver", "runner", "site", "witness", "worker"]
CHANNEL = 3  # where a process finds the parent


@pytest.mark.parametrize("role", ROLES)
def test_one_whose_parent_has_ended_ends_and_says_nothing(role):
    """As when the daemon is stopped while it begins."""
    ours, its = socket.socketpair()
    ours.close()

    def begin():
        os.set_inheritable(its.fileno(), True)
        os.dup2(its.fileno(), CHANNEL)

    with its:
        done = subprocess.run([BINARY, "--role", role, role, "nobody", "logfmt", "stderr"], capture_output=True,
                              check=False, text=True, timeout=60, close_fds=False, preexec_fn=begin)
    assert done.returncode in (0, 1) and "level=error" not in done.stderr, done
