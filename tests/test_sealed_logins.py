"""Users get in over TLS alone, and the backend is told who they are."""
import imaplib
import poplib
import smtplib

import pytest

import sieves
from daemon import Talk, client_context
from edges import BACKEND_OF, greet

pytestmark = pytest.mark.usefixtures("alone")


def test_imap_login_over_starttls_and_tls(stage):
    plain, tls = stage.ports["imap"]
    client = imaplib.IMAP4("127.0.0.1", plain)
    assert "LOGINDISABLED" in client.capabilities and "STARTTLS" in client.capabilities
    client.starttls(client_context())
    assert "STARTTLS" not in client.capabilities
    assert not any("-PLUS" in word for word in client.capabilities)
    assert client.login("alice", "secret")[0] == "OK"
    client.logout()

    client = imaplib.IMAP4_SSL("127.0.0.1", tls, ssl_context=client_context())
    assert client.login("alice", "secret")[0] == "OK"
    client.logout()
    told = stage.imap.sessions[-1]["told"]
    assert told["client"] == "127.0.0.1" and b"TLSv1.3" in told["tls"]
    record = stage.daemon.wait("session ended", session=told["id"])
    assert record["user"] == "alice" and record["outcome"] == "ok" and record["seal"] == "sealed"
    assert record["tls"] == "TLSv1.3" and record["cipher"].startswith("TLS_AES_")


def test_imap_mail_is_unchanged_both_ways(stage):
    text = b"Subject: x\r\n\r\n" + b"0123456789abcdef" * 655360  # 10 MiB
    client = imaplib.IMAP4_SSL("127.0.0.1", stage.ports["imap"][1], ssl_context=client_context())
    client.login("alice", "secret")
    client.append("INBOX", None, None, text)
    client.state = "SELECTED"
    _, data = client.fetch("1", "(BODY[])")
    assert data[0][1] == text
    client.logout()


def test_pop3_login_over_stls_and_tls(stage):
    plain, tls = stage.ports["pop3"]
    client = poplib.POP3("127.0.0.1", plain)
    assert "USER" not in client.capa()
    client.stls(client_context())
    assert "USER" in client.capa()
    client.user("alice")
    client.pass_("secret")
    assert client.stat() == (0, 0)
    client.quit()
    client = poplib.POP3_SSL("127.0.0.1", tls, context=client_context())
    client.user("alice")
    client.pass_("secret")
    client.quit()


def test_sieve_login_over_starttls_and_tls(stage):
    plain, tls = stage.ports["sieve"]
    client = sieves.Sieve("127.0.0.1", plain)
    assert client.capabilities["SASL"] == "" and "STARTTLS" in client.capabilities
    client.starttls(client_context())
    assert client.capabilities["SASL"] == "PLAIN" and "STARTTLS" not in client.capabilities
    client.login("alice", "wrong", well=False)
    client.login("alice", "secret")
    client.put("filter", "keep;\r\n" * 1000)
    assert client.scripts() == ["filter"]
    client.logout()
    assert stage.sieve.sessions[-1]["script"] == b"keep;\r\n" * 1000

    client = sieves.Sieve("127.0.0.1", tls, client_context())
    client.login("alice", "secret")
    client.logout()
    told = stage.sieve.sessions[-1]["told"]
    assert told["client"] == "127.0.0.1" and b"TLSv1.3" in told["tls"]
    record = stage.daemon.wait("session ended", session=told["id"])
    assert record["user"] == "alice" and record["outcome"] == "ok" and record["seal"] == "sealed"
    assert record["protocol"] == "managesieve" and record["leg"] == "user"


def lmtp(stage, is_implicit):
    if is_implicit:
        talk = Talk(stage.ports["lmtp"][1]).starttls()
        return greet(talk, "lmtp")
    talk = greet(Talk(stage.ports["lmtp"][0]), "lmtp")
    assert talk.say(b"MAIL FROM:<a@example.net>\r\n").line().startswith(b"451 4.7.0 ")
    talk.say(b"STARTTLS\r\n").line()
    talk.starttls()
    assert b"AUTH" not in talk.say(b"LHLO host.example.net\r\n").reply()
    return talk


@pytest.mark.parametrize("is_implicit", [False, True], ids=["starttls", "tls"])
@pytest.mark.parametrize("way", ["DATA", "BDAT"])
def test_lmtp_has_a_reply_for_each_recipient(stage, is_implicit, way):
    talk = lmtp(stage, is_implicit)
    talk.say(b"MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nRCPT TO:<full@example.org>\r\n"
             b"RCPT TO:<c@example.org>\r\n")
    assert [talk.reply()[:3] for _ in range(4)] == [b"250", b"250", b"552", b"250"]
    text = b"Subject: x\r\n\r\nhello\r\n"
    if way == "DATA":
        assert talk.say(b"DATA\r\n").reply().startswith(b"354")
        talk.say(text + b".\r\n")
    else:
        talk.say(b"BDAT %d LAST\r\n%s" % (len(text), text))
    assert [talk.reply()[:3] for _ in range(2)] == [b"250", b"250"]
    assert talk.say(b"QUIT\r\n").reply().startswith(b"221")
    talk.close()
    session = stage.lmtp.sessions[-1]
    message = session["messages"][0] if way == "DATA" else session["chunks"][0]
    assert b"(mailseal) with LMTPS id " in message and b"from host.example.net ([127.0.0.1])" in message
    record = stage.daemon.wait("session ended", session=session["told"]["id"])
    assert (record["protocol"], record["leg"], record["messages"]) == ("lmtp", "internal", "1")


def test_submission_login_over_starttls_and_tls(stage):
    plain, tls = stage.ports["submission"]
    client = smtplib.SMTP("127.0.0.1", plain)
    client.ehlo("host.example.net")
    assert client.has_extn("starttls") and not client.has_extn("auth")
    client.starttls(context=client_context())
    client.ehlo("host.example.net")
    assert client.esmtp_features["auth"].strip() == "PLAIN"
    assert not client.has_extn("xclient") and not client.has_extn("starttls")
    client.login("alice", "secret")
    client.sendmail("a@example.org", ["b@example.net"], "Subject: x\r\n\r\nhello\r\n")
    client.quit()
    session = stage.smtp.sessions[-1]
    assert b"ehlo host.example.net\r\n" in session["lines"]  # verbatim, the verb too
    head = session["messages"][0]
    assert head.startswith(b"Received: from") and b"with ESMTPSA" in head
    assert b"TLS_AES_" in head and session["told"]["id"].encode() in head
    record = stage.daemon.wait("session ended", session=session["told"]["id"])
    assert record["queue"] == "ABC123" and record["user"] == "alice"

    client = smtplib.SMTP_SSL("127.0.0.1", tls, context=client_context())
    client.login("alice", "secret")
    client.quit()


@pytest.mark.parametrize("edge, password", [("imap", b"a LOGIN alice secret\r\n"),
                                            ("imap", b"a AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
                                            ("pop3", b"USER alice\r\nPASS secret\r\n"),
                                            ("pop3", b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
                                            ("sieve", b'AUTHENTICATE "PLAIN" "AGFsaWNlAHNlY3JldA=="\r\n'),
                                            ("lmtp", b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
                                            ("submission", b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
                                            ("mx", b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")])
def test_a_password_in_clear_is_refused_and_told(stage, edge, password):
    backend = getattr(stage, BACKEND_OF[edge])
    before, seen = len(backend.sessions), len(stage.daemon.events)
    talk = greet(Talk(stage.ports[edge][0]), edge)
    talk.say(password)
    answer = talk.line()
    assert answer.startswith((b"a NO [PRIVACYREQUIRED]", b"-ERR", b"538 5.7.11",
                              b"NO (ENCRYPT-NEEDED)")), answer
    event = stage.daemon.wait("credential in clear", after=seen, edge=edge, user="alice")
    assert "secret" not in "".join(stage.daemon.text)
    assert event["client"] == "127.0.0.1"
    talk.close()
    assert len(backend.sessions) == before


def test_wrong_password_is_the_backends_answer(stage):
    client = imaplib.IMAP4_SSL("127.0.0.1", stage.ports["imap"][1], ssl_context=client_context())
    with pytest.raises(imaplib.IMAP4.error, match="no"):
        client.login("alice", "wrong")
    assert client.login("alice", "secret")[0] == "OK"
    client.logout()
