"""Trust by address: an edge on the same host must not turn strangers into friends of servers that
trust loopback. Servers as Debian configures them, with a listener for the edge and nothing else."""
import base64
import datetime
import imaplib
import poplib
import smtplib

import pytest

from labtools import (ADDRESS, ALICE, BOB, Log, behind_proxy, imap, imap_plain, inside, letter,
                      password, pop3, smtp)

CLIENT = ADDRESS["client"]
STRANGER = "stranger@client.test"
UNTIL = datetime.date.today() + datetime.timedelta(days=30)
PLAIN_LOGIN = (f'exception = ( {{ edge = "door"; from = ["*"]; allow = ["plain-login"]; '
               f'until = "{UNTIL}"; reason = "test"; }} );')


@pytest.fixture
def stock(host):
    return host("stock")


def plain(user, host):
    return base64.b64encode(f"\0{user}\0{password(host, user)}".encode()).decode()


def test_default_postfix_relays_for_loopback(stock):
    """What the next test is about: whoever comes from loopback may send anywhere."""
    said = inside(stock, "swaks", "--server", "127.0.0.1", "--to", BOB, "--quit-after", "RCPT")
    assert "250 2.1.5" in said


@pytest.mark.parametrize("tls", [False, True])
def test_default_postfix_is_no_open_relay(stock, edge, tls):
    log = Log(stock, "mail.log")
    door = edge(stock, "smtp", behind_proxy("127.0.0.1:10025"))
    with smtp(door.address, door.port, tls) as session:
        session.ehlo()
        session.mail(STRANGER)
        code, text = session.rcpt(BOB)
        assert code in (454, 554) and b"Relay access denied" in text
        assert session.rcpt("dora@stock.test")[0] == 250
    assert door.record()["seal"] == ("sealed" if tls else "plain")
    log.wait(rf"NOQUEUE: reject: RCPT from \S*\[{CLIENT}\]: 454 .*Relay access denied")


def test_default_postfix_that_expects_no_proxy_header_is_not_used(stock, edge):
    log = Log(stock, "mail.log")
    door = edge(stock, "smtp", behind_proxy("127.0.0.1:25"))
    with smtp(door.address, door.port) as session:
        assert session.ehlo()[0] == 421
    door.wait("backend expects no PROXY header and is not used")
    assert door.record()["outcome"] in ("backend-blind", "backend-down")
    assert "client=" not in log.text() and "reject" not in log.text()


def test_default_dovecot_trusts_loopback(stock):
    """What the next tests are about."""
    login = f"a login dora {password(stock, 'dora')}\na logout\n"
    said = inside(stock, "curl", "--silent", "--max-time", "20", "telnet://127.0.0.1:143",
                  input=login)
    assert "a OK" in said and "Logged in" in said


def test_default_dovecot_sees_the_client(stock, edge):
    log = Log(stock, "dovecot.log")
    door = edge(stock, "imap", behind_proxy("127.0.0.1:10143"))
    session = imap(door.address, door.tls_port)
    session.login("dora", password(stock, "dora"))
    session.logout()
    line = log.wait(r"imap-login: Info: Login: user=<dora>.*")[0]
    assert f"rip={CLIENT}, lip={door.address}" in line and "secured" in line
    record = door.record()
    assert (record["seal"], record["user"]) == ("sealed", "dora")


def test_default_dovecot_takes_no_login_without_tls(stock, edge):
    """Only the SSL TLV makes the connection from loopback a secured one."""
    door = edge(stock, "imap", behind_proxy("127.0.0.1:10143"), rest=PLAIN_LOGIN)
    session = imap_plain(door.address, door.port)
    with pytest.raises(imaplib.IMAP4.error, match="PRIVACYREQUIRED|disallowed"):
        session.login("dora", password(stock, "dora"))
    session.logout()
    door.wait("credential in clear", user="dora")


def test_default_dovecot_that_expects_no_proxy_header_is_not_used(stock, edge):
    log = Log(stock, "dovecot.log")
    door = edge(stock, "imap", behind_proxy("127.0.0.1:143"))
    with pytest.raises((imaplib.IMAP4.abort, imaplib.IMAP4.error)):
        imap(door.address, door.tls_port).login("dora", password(stock, "dora"))
    door.wait("backend expects no PROXY header and is not used")
    assert "Login: " not in log.text()


def test_xclient_tells_pop3_who_the_client_is(stock, edge):
    log = Log(stock, "dovecot.log")
    door = edge(stock, "pop3", 'address = ["127.0.0.2:110"]; client_info = "xclient";')
    session = pop3(door.address, door.port)
    session.user("dora")
    session.pass_(password(stock, "dora"))
    session.quit()
    line = log.wait(r"pop3-login: Info: Login: user=<dora>.*")[0]
    assert f"rip={CLIENT}" in line
    assert door.record()["outcome"] == "ok"


def test_xclient_that_is_not_heeded_ends_the_session(stock, edge):
    log = Log(stock, "dovecot.log")
    door = edge(stock, "pop3", 'address = ["127.0.0.1:110"]; client_info = "xclient";')
    with pytest.raises(poplib.error_proto, match=r"-ERR \[SYS/TEMP\]"):
        session = pop3(door.address, door.port)
        session.user("dora")
        session.pass_(password(stock, "dora"))
    assert door.record()["outcome"] == "backend-blind"
    assert "Login: " not in log.text()


def test_auth_on_port_25_is_refused_whatever_postfix_offers(edge):
    """The backend offers AUTH in clear (smtpd_tls_auth_only = no) and never sees a try."""
    mail, auth = Log("alpha", "mail.log"), Log("alpha", "dovecot.log")
    door = edge("alpha", "smtp", behind_proxy("127.0.0.1:10587"))
    with smtp(door.address, door.port, tls=False) as session:
        session.ehlo()
        assert not session.has_extn("auth")
        assert session.docmd("AUTH", "PLAIN " + plain(ALICE, "alpha"))[0] == 538
        door.wait("credential in clear", user=ALICE, password_sent="true")
    with smtp(door.address, door.port) as session:
        session.ehlo()
        assert not session.has_extn("auth")
        assert session.docmd("AUTH", "PLAIN " + plain(ALICE, "alpha"))[0] in (502, 503)
    door.record(seal="sealed")
    disconnect = mail.wait(rf"disconnect from \S*\[{CLIENT}\] .*")[0]
    assert "ehlo=1" in disconnect and "auth=" not in disconnect
    assert ALICE not in auth.text()


def test_auth_on_port_25_after_tls_where_it_is_wanted(edge):
    mail = Log("alpha", "mail.log")
    door = edge("alpha", "smtp", behind_proxy("127.0.0.1:10587"), edge='auth = "after-tls";')
    with smtp(door.address, door.port, tls=False) as session:
        session.ehlo()
        assert not session.has_extn("auth")
        assert session.docmd("AUTH", "PLAIN " + plain(ALICE, "alpha"))[0] == 538
    assert CLIENT not in mail.text()
    with smtp(door.address, door.port) as session:
        session.ehlo()
        assert session.has_extn("auth")
        session.login(ALICE, password("alpha", ALICE))
        session.send_message(letter(ALICE, BOB))
    record = door.record(seal="sealed")
    assert record["user"] == ALICE and record["messages"] == "1"
    mail.wait(rf"client=\S*\[{CLIENT}\], sasl_method=\w+, sasl_username={ALICE}")


@pytest.fixture
def listed():
    """A second address of the client, which bl.test lists."""
    change = ["address", "{}", "192.0.2.101/24", "dev", "eth0"]
    inside("client", "ip", *[word.format("add") for word in change])
    yield "192.0.2.101"
    inside("client", "ip", *[word.format("del") for word in change])


def test_postscreen_behind_the_edge_judges_the_client(stock, edge, listed):
    log = Log(stock, "mail.log")
    door = edge(stock, "smtp", behind_proxy("127.0.0.1:10026"), edge='greet_delay = "2s";')
    with smtp(door.address, door.port, source=listed) as session:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            session.send_message(letter(STRANGER, "dora@stock.test"))
    code, text = refused.value.recipients["dora@stock.test"]
    assert code == 550 and b"blocked using bl.test" in text
    log.wait(rf"postscreen.*reject: RCPT from \[{listed}\]:\d+: 550 .*blocked using bl.test")

    with smtp(door.address, door.port) as session:
        session.send_message(letter(STRANGER, "dora@stock.test"))
    log.wait(rf"postscreen.*PASS NEW \[{CLIENT}\]")
    log.wait(r"to=<dora@stock.test>.*status=sent")
    assert door.record(client=CLIENT)["queue"]


def test_pregreeting_client_is_cut_off_by_the_edge(stock, edge):
    log = Log(stock, "mail.log")
    door = edge(stock, "smtp", behind_proxy("127.0.0.1:10026"), edge='greet_delay = "2s";')
    said = inside("client", "bash", "-c", 'exec 3<>/dev/tcp/"$0"/"$1" && '
                  'printf "EHLO early.test\\r\\n" >&3 && timeout 20 cat <&3',
                  door.address, str(door.port))
    assert said.startswith("554")
    assert door.record()["outcome"] == "pregreet"
    assert CLIENT not in log.text()
