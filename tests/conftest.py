"""What the integration tests share: an edge for each protocol in front of scripted backends."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from edges import all_edges  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "speed: measures, or fills the machine: nothing else may run "
                            "meanwhile (tools/check speed)")


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A running daemon with all edges; shared by the tests of a file."""
    folder = tmp_path_factory.mktemp("mailseal")
    with all_edges(folder, 2, "connections_per_address = 1000;") as running:
        yield running


@pytest.fixture
def alone(stage):
    """No session of the test before is open: its record would be taken for this one's."""
    assert stage.daemon.settle() and stage.daemon.told()
