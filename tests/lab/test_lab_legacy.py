"""An old provider that sends with TLS 1.0 and nothing later."""
import pytest

from labtools import ALICE, Log, inside, letter, parse_logfmt

CAROL = "carol@legacy.test"


def send_from_legacy(recipient):
    inside("legacy", "sendmail", "-i", "-f", CAROL, recipient,
           input=letter(CAROL, recipient).as_string())


def test_sender_with_tls_1_0_falls_to_plain_and_is_known(lab_up):
    log, sent = Log("alpha", "mailseal.log"), Log("legacy", "mail.log")
    send_from_legacy(ALICE)
    sent.wait(rf"to=<{ALICE}>.*status=sent")
    assert log.record(edge="mx", messages="1")["seal"] == "plain"
    refused = [event for event in map(parse_logfmt, log.text().splitlines())
               if event.get("event") == "handshake refused"]
    assert refused and all(event["offered"] == "TLSv1.0" for event in refused)


@pytest.fixture
def to_port():
    """Sends what legacy has for alpha.test to another port."""
    def change(*settings):
        inside("legacy", "postconf", *settings)
        inside("legacy", "postfix", "reload")
    yield lambda port: change(f"transport_maps=inline:{{alpha.test=smtp:[mx.alpha.test]:{port}}}")
    change("-X", "transport_maps")


def test_sender_with_tls_1_0_is_sealed_legacy_where_it_is_allowed(edge, to_port):
    sent = Log("legacy", "mail.log")
    door = edge("alpha", "smtp", 'address = ["127.0.0.1:10025"]; client_info = "proxy";',
                edge='tls = { min_version = "1.0"; };')
    to_port(door.port)
    send_from_legacy(ALICE)
    record = door.record(messages="1")
    assert (record["seal"], record["tls"]) == ("legacy", "TLSv1.0")
    sent.wait(rf"to=<{ALICE}>.*status=sent")
