"""A real Postfix hands over to a relay of another host: both prove themselves."""
import pytest

from labtools import RUN
from sending import BASE, Beside, Delivery
from test_lab_relay import postfix_with, taken
from test_relay_tls import Ca

HOST, PORT = "192.0.2.25", 10046


class Relay(Beside):
    """On an address of the network; only mta.sender.test may come."""

    def settings(self):
        self.ca = Ca(f"{RUN}/services/relay-tls", "internal")
        own = self.ca.issue("relay.sender.test")
        return (f'{BASE}certificate = {{ own = {{ chain = "{own}"; key = "{own}"; }}; }};\n'
                f'relay = {{ out = {{ listen_tls = ["lmtp:{HOST}:{PORT}"];\n'
                f'  client_ca_file = "{self.ca.file}"; peer = ["mta.sender.test"];\n'
                f'  hostname = "mail.sender.test"; ca_file = "{RUN}/ca.pem"; }}; }};\n')

    def inside(self, path):
        """As the host of the lab names it."""
        return path.replace(RUN, "/lab/run")


@pytest.fixture(scope="module")
def relay(sender):
    daemon = Relay("relay-tls")
    yield daemon.ready()
    daemon.close()


def delivery(relay, name):
    certificate = relay.inside(relay.ca.issue(name))
    with postfix_with(default_transport=f"lmtp:[{HOST}]:{PORT}", lmtp_tls_wrappermode="yes",
                      lmtp_tls_security_level="secure", lmtp_tls_loglevel="1",
                      lmtp_tls_CAfile=relay.inside(relay.ca.file),
                      lmtp_tls_secure_cert_match="relay.sender.test",
                      lmtp_tls_cert_file=certificate, lmtp_tls_key_file=certificate):
        return Delivery("bob@beta.test", tries=1)


def test_postfix_hands_over(relay):
    seen = len(relay.events)
    sent = delivery(relay, "mta.sender.test")
    sent.log.wait(taken("mx.beta.test"))
    sent.log.wait(rf"Verified TLS connection established to {HOST}")
    handoff = relay.wait("handoff ended", after=seen, outcome="ok", messages="1")
    assert (handoff["peer"], handoff["tls"]) == ("mta.sender.test", "TLSv1.3"), handoff


def test_a_postfix_of_another_name_does_not(relay):
    seen = len(relay.events)
    assert delivery(relay, "other.sender.test").status() == "deferred"
    refused = relay.wait("handoff refused", after=seen)
    assert refused["names"] == "other.sender.test" and "into peer" in refused["mend"], refused
