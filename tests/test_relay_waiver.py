"""TLS-Required: No in a message's header (RFC 8689 4.2.2), where policy would keep it: the relay holds
the text until the header has ended. Far ends and name server as scripts, as in test_relay.py."""
import pytest

from test_relay import TEXT, Mta, SmtpMta, relays

WAIVED = b"TLS-Required: No\r\n" + TEXT


@pytest.fixture(scope="module")
def relay():
    yield from relays()


@pytest.fixture(scope="module")
def held(relay):
    """A far end that had TLS and has none now, of a domain for which mail then waits."""
    far = relay.far("was", domain="held")
    mta = Mta(relay.lmtp)
    assert mta.send("a@held.example")[-1].startswith("250 2.0.0")
    mta.close()
    far.context = None
    relay.wait("hop ended", domain="held.example")
    return far


@pytest.fixture
def mta(relay):
    one = Mta(relay.lmtp)
    yield one
    one.close()


def test_it_goes_without_tls(relay, held, mta):
    seen, count = len(relay.events), len(held.messages)
    said = mta.send("a@held.example", text=WAIVED)
    assert said[1] == "250 2.1.5 The header of the message decides\r\n"
    assert said[-1].startswith("250 2.0.0 mx.was.example["), said
    assert len(held.messages) == count + 1 and held.messages[-1].endswith(WAIVED)
    assert held.messages[-1].startswith(b"Received: ")
    relay.wait("TLS waived by the sender", after=seen, domain="held.example")
    assert relay.wait("hop ended", after=seen, messages="1")["seal"] == "plain"


@pytest.mark.parametrize("text", [
    TEXT, b"TLS-Required: Yes\r\n" + TEXT, b"Subject: x\r\n\r\nTLS-Required: No\r\n",
    b"X: " + b"y" * 65536 + b"\r\n" + WAIVED, b"\r\n", b"",
], ids=["nothing", "another value", "in the body", "too long a header", "no header", "no text"])
def test_without_it_the_message_waits(held, mta, text):
    count = len(held.messages)
    said = mta.send("a@held.example", text=text)
    assert said[1].startswith("250 2.1.5 The header") and said[2].startswith("354"), said
    assert said[3].startswith("451 4.7.4 mx.was.example["), said
    assert len(held.messages) == count


def test_what_has_been_waived_is_no_way_for_the_next(held, mta):
    """The connection in clear is not kept for those who waive nothing."""
    assert mta.send("a@held.example", text=WAIVED)[-1].startswith("250")
    assert mta.send("a@held.example")[-1].startswith("451 4.7.4")


def test_requiretls_cannot_be_waived(relay, held):
    """RFC 8689 4.1"""
    mta = Mta(f"{relay.folder}/lmtp")
    said = mta.send("a@held.example", parameters=" REQUIRETLS", text=WAIVED)
    assert said[1].startswith("550 5.7.30") and said[-1].startswith("503"), said
    mta.close()


def test_what_the_operator_wrote_cannot_be_waived(relay, mta):
    far = relay.far("strict", domain="mail.refused")
    assert mta.send("a@mail.refused.example")[-1].startswith("250")
    far.context = None
    relay.wait("hop ended", domain="mail.refused.example")
    said = mta.send("a@mail.refused.example", text=WAIVED)
    assert said[1].startswith("451 4.7.4"), said


def test_other_destinations_do_not_wait_for_the_answer(relay, held, mta):
    far = relay.far("other")
    said = mta.send("a@held.example", "b@other.example", "c@held.example", text=WAIVED)
    assert [line[:9] for line in said[-3:]] == ["250 2.0.0"] * 3, said
    assert [line.split("[")[0][10:] for line in said[-3:]] == [
        "mx.was.example", "mx.other.example", "mx.was.example"], said
    assert far.messages[-1].endswith(WAIVED) and held.messages[-1].endswith(WAIVED)
    said = mta.send("a@held.example", "b@other.example")
    assert said[-2].startswith("451 4.7.4") and said[-1].startswith("250 2.0.0"), said


def test_a_recipient_that_is_refused_then_is_told_so_behind_the_text(held, mta):
    held.script["RCPT"] = lambda session, line: (
        "550 5.1.1 no such user\r\n" if "nobody" in line else "250 2.1.5 ok\r\n")
    said = mta.send("a@held.example", "nobody@held.example", "b@held.example", text=WAIVED)
    assert [line[:9] for line in said[-3:]] == ["250 2.0.0", "550 5.1.1", "250 2.0.0"], said
    said = mta.send("nobody@held.example", text=WAIVED)
    assert said[-1].startswith("550 5.1.1 mx.was.example["), said


@pytest.mark.parametrize("moment", ["MAIL", "RCPT", "DATA", "end"])
def test_a_far_end_that_goes_away_then(held, mta, moment):
    held.script[moment] = None
    said = mta.send("a@held.example", text=WAIVED)
    del held.script[moment]
    assert said[1].startswith("250") and said[-1].startswith("451 4.4.2"), said


def test_a_far_end_that_goes_away_before_is_not_for_the_header_to_mend(held, mta):
    held.script["greeting"] = None
    said = mta.send("a@held.example", text=WAIVED)
    del held.script["greeting"]
    assert said[1].startswith("451 4.4.2"), said


def test_by_smtp_one_recipient_at_a_time(relay, held):
    mta = SmtpMta(relay.smtp, "EHLO mta.example")
    said = mta.send("a@held.example", "b@held.example", text=WAIVED)
    assert said[1].startswith("250") and said[2].startswith("452 4.5.3"), said
    assert said[-1].startswith("250 2.0.0"), said
    assert mta.send("b@held.example")[-1].startswith("451 4.7.4")
    mta.close()


def test_a_large_message_waits_for_the_far_end(relay, held, mta):
    body = WAIVED + b"line of text\r\n" * 200000
    assert mta.send("a@held.example", text=body)[-1].startswith("250 2.0.0")
    assert held.messages[-1].endswith(body)


def test_an_mta_that_leaves_meanwhile(relay, held):
    mta = Mta(relay.lmtp)
    mta.ask("MAIL FROM:<a@mail.example.org>", "RCPT TO:<a@held.example>", "DATA")
    mta.sock.sendall(b"TLS-Required: No\r\nSubj")
    seen = len(relay.events)
    mta.close()
    relay.wait("handoff ended", after=seen, outcome="client-gone")
    mta = Mta(relay.lmtp)
    assert mta.send("a@held.example", text=WAIVED)[-1].startswith("250 2.0.0")
    mta.close()
