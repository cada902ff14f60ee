"""The lab, up for all files that ask for it, and edges of a test's own in it."""
import os
import shutil

import pytest

from labtools import BINARY, LAB, RUN, Edge, lab


@pytest.fixture(scope="session")
def lab_up():
    if os.geteuid():
        pytest.skip("network namespaces need root")
    if not os.path.exists(BINARY):
        pytest.skip("no built mailseal")
    if os.path.exists(f"{LAB}/run") and "LAB_KEEP" not in os.environ:
        lab("down")  # that of make demo: the tests want one as it is at the start
    done = lab("up")
    assert done.returncode == 0, done.stdout
    yield
    if "LAB_KEEP" not in os.environ:
        lab("down")


@pytest.fixture(scope="session")
def host(lab_up):
    """Brings up one of the hosts that lab/up leaves out."""
    def bring_up(name):
        done = lab("host", name)
        assert done.returncode == 0, done.stdout
        return name
    return bring_up


@pytest.fixture(scope="module")
def sender(host):
    """The host with a Postfix that sends, and room for mailseal beside it."""
    yield host("sender")
    shutil.rmtree(os.path.join(RUN, "services"), ignore_errors=True)


@pytest.fixture(scope="session")
def faulty(host):
    """The host whose servers have faults in their TLS."""
    return host("faulty")


@pytest.fixture
def edge(lab_up):
    """Starts edges (see Edge) that end with the test."""
    edges = []

    def start(*args, **kwargs):
        folder = os.path.join(RUN, "edges", str(len(edges)))
        os.makedirs(folder, mode=0o755, exist_ok=True)
        edges.append(Edge(folder, *args, **kwargs))
        return edges[-1].ready()
    yield start
    for one in edges:
        one.close()
    shutil.rmtree(os.path.join(RUN, "edges"), ignore_errors=True)
