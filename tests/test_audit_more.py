"""`mailseal audit` on configurations of what stands in front of mail servers and behind them, and of
what Debian's trees (lab/test_lab_audit_more.py) have no example of."""
import json
import subprocess

import pytest

from daemon import BINARY


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def audit(root, *options):
    return subprocess.run([BINARY, "audit", "--root", str(root), *options], text=True, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)


def findings(root, *options):
    """(id, file, line) of all that is to be mended; and exit status and count say so too."""
    done = audit(root, "--json", *options)
    answer = json.loads(done.stdout)
    found = [(f["id"], f["file"], f["line"]) for server in answer["servers"]
             for f in server["findings"] if f["verdict"] != "info"]
    assert answer["to_mend"] == len(found) and done.returncode == bool(found), done
    return found


def patch(root):
    done = subprocess.run(["patch", "-p1", "-s", "-d", str(root)], input=audit(root, "--diff").stdout,
                          text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0 and not done.stdout, done.stdout


HAPROXY = """global
    ssl-default-bind-options ssl-min-ver TLSv1.1
frontend imaps
    mode tcp
    bind :993 ssl crt /etc/ssl/imap.pem
    default_backend imap
backend imap
    server a 10.0.0.5:143
    server b 10.0.0.6:993 ssl verify required ca-file /etc/ssl/ca.pem send-proxy-v2-ssl-cn
"""
STUNNEL = """; to the other house
[smtp-out]
client = yes
accept = 127.0.0.1:26
connect = mx.example.org:465
sslVersionMin = TLSv1
[imaps]
accept = 993
connect = 10.0.0.5:143
"""


def test_in_front(tmp_path):
    write(tmp_path, {"etc/haproxy/haproxy.cfg": HAPROXY, "etc/stunnel/mail.conf": STUNNEL,
                     "etc/hitch/hitch.conf": 'frontend = "[*]:993"\nbackend = "[127.0.0.1]:143"\n'})
    assert findings(tmp_path) == [
        ("front-versions", "/etc/haproxy/haproxy.cfg", 2),
        ("front-plain-hop", "/etc/haproxy/haproxy.cfg", 8),
        ("front-proxy", "/etc/haproxy/haproxy.cfg", 8),
        ("front-proxy", "/etc/hitch/hitch.conf", 2),
        ("front-verify", "/etc/stunnel/mail.conf", 2),
        ("front-versions", "/etc/stunnel/mail.conf", 2),
        ("front-plain-hop", "/etc/stunnel/mail.conf", 7)]


def test_in_front_and_sealed(tmp_path):
    write(tmp_path, {
        "etc/haproxy/haproxy.cfg": HAPROXY.replace("TLSv1.1", "TLSv1.2").replace(
            "10.0.0.5:143", "127.0.0.1:143 send-proxy-v2"),
        "etc/stunnel/mail.conf": STUNNEL.replace("= TLSv1\n", "= TLSv1.2\nverifyChain = yes\n")
        .replace("10.0.0.5:143", "143"),
        "etc/hitch/hitch.conf": 'backend = "[127.0.0.1]:143"\nwrite-proxy-v2 = on\n'})
    assert findings(tmp_path) == []


def test_filters_and_stores(tmp_path):
    write(tmp_path, {
        "etc/clamav/clamd.conf": "TCPSocket 3310\n",
        "etc/redis/redis.conf": "bind 0.0.0.0\nport 6379\n",
        "etc/opendkim.conf": "Socket inet:8891@0.0.0.0\n",
        "etc/clamav/clamav-milter.conf": "MilterSocket inet:7357@10.0.0.1\n",
        "etc/default/spamd": 'OPTIONS="--listen=0.0.0.0:783 -m 5"\n',
        "etc/amavisd.conf": "$inet_socket_port = 10024;\n$inet_socket_bind = '0.0.0.0';\n",
        "etc/rspamd/rspamd.conf": 'worker "normal" {\n  bind_socket = "localhost:11333";\n}\n',
        "etc/rspamd/local.d/worker-normal.inc": 'bind_socket = "*:11333";\n',
        "etc/rspamd/local.d/redis.conf": 'servers = "redis.int.example.org";\n'})
    assert {found[0] for found in findings(tmp_path)} == {"filter-listener", "filter-redis-listener",
                                                          "rspamd-redis"}
    assert len(findings(tmp_path)) == 8
    for name in ("clamav", "redis", "spamd", "amavis"):
        assert len(findings(tmp_path, "--software", name)) == 1
    assert len(findings(tmp_path, "--software", "milter")) == 2


def test_filters_on_their_own_host(tmp_path):
    write(tmp_path, {
        "etc/clamav/clamd.conf": "LocalSocket /run/clamav/clamd.ctl\n",
        "etc/redis/redis.conf": "port 0\ntls-port 6379\n",
        "etc/opendkim.conf": "Socket local:/run/opendkim/opendkim.sock\n",
        "etc/default/spamd": 'OPTIONS="-m 5"\n',
        "etc/amavisd.conf": "$inet_socket_port = 10024;\n",
        "etc/rspamd/rspamd.conf": 'worker "normal" {\n  bind_socket = "localhost:11333";\n}\n'})
    assert findings(tmp_path) == []


SENDMAIL = """O AuthOptions=A
O DaemonPortOptions=Name=MTA-v4, Family=inet
O DaemonPortOptions=Name=MSA, Port=submission, M=E
"""


def test_sendmail(tmp_path):
    write(tmp_path, {"etc/mail/sendmail.cf": SENDMAIL})
    assert [found[0] for found in findings(tmp_path)] == [
        "sendmail-certificate", "sendmail-auth-options", "sendmail-versions", "sendmail-submission",
        "sendmail-dane"]
    assert audit(tmp_path, "--diff").stdout == ""  # it is made by m4
    assert "define(`confAUTH_OPTIONS', `A p')" in audit(tmp_path).stdout


NGINX_MAIL = """mail {
	auth_http http://10.0.0.9:8080/auth;
	ssl_protocols TLSv1.1 TLSv1.2; # old
	ssl_certificate /etc/ssl/mail.pem;
	server {
		listen 143;
		protocol imap;
		starttls on;
		ssl_ciphers ECDHE+AESGCM;
	}
	server {
		listen 993 ssl;
		protocol imap;
		ssl_ciphers ECDHE+AESGCM;
	}
}
"""


def test_nginx_before_mail_servers(tmp_path):
    write(tmp_path, {"etc/nginx/nginx.conf": NGINX_MAIL})
    assert findings(tmp_path) == [("nginx-starttls", "/etc/nginx/nginx.conf", 8),
                                  ("nginx-versions", "/etc/nginx/nginx.conf", 3),
                                  ("nginx-auth-http", "/etc/nginx/nginx.conf", 2)]
    patch(tmp_path)
    assert [found[0] for found in findings(tmp_path)] == ["nginx-auth-http"]
    text = (tmp_path / "etc/nginx/nginx.conf").read_text(encoding="utf-8")
    assert "\t\tstarttls only;\n" in text and "\tssl_protocols TLSv1.2 TLSv1.3; # old\n" in text


def test_no_password_is_shown(tmp_path):
    write(tmp_path, {"etc/exim4/exim4.conf": "hide mysql_servers = db.int.example.org/mail/exim/"
                                             "secret\ntls_certificate = /x\n"})
    text = audit(tmp_path).stdout + audit(tmp_path, "--json").stdout
    assert "db.int.example.org/..." in text and "secret" not in text


def test_courier_that_sends(tmp_path):
    write(tmp_path, {"etc/courier/esmtpd": 'ESMTPDSTART=YES\nESMTPAUTH="PLAIN LOGIN"\n'
                                           "TLS_PROTOCOL=TLSv1.2++\n",
                     "etc/courier/courierd": "ESMTP_USE_STARTTLS=0\n",
                     "etc/courier/esmtproutes": "example.net: smart.example.net,587\n"})
    assert {found[0] for found in findings(tmp_path)} == {"courier-esmtpauth", "courier-starttls-out",
                                                          "courier-route-tls"}
    assert "example.net: smart.example.net,587 /SECURITY=STARTTLS\n" in audit(tmp_path).stdout
    patch(tmp_path)  # whether the smart host can, no patch knows
    assert findings(tmp_path) == [("courier-route-tls", "/etc/courier/esmtproutes", 1)]


def test_a_patch_locks_nobody_out(tmp_path):
    """Without TLS to go to, what shuts the plain door is left to a person."""
    write(tmp_path, {"etc/nginx/nginx.conf": "mail { server {\n  listen 143;\n  protocol imap;\n "
                                             " starttls off;\n} }\nhttp {\n  server {\n    listen "
                                             "80;\n  }\n}\n",
                     "etc/apache2/apache2.conf": "<VirtualHost *:80>\nServerName "
                                                 "a.example.org\n</VirtualHost>\n",
                     "etc/imapd.conf": "allowplaintext: yes\ntls_versions: tls1_2\ntls_ciphers: "
                                       "ECDHE+AESGCM\n",
                     "etc/cyrus.conf": 'SERVICES {\n imap cmd="imapd" listen="imap"\n}\n'})
    assert {found[0] for found in findings(tmp_path)} == {
        "nginx-starttls", "nginx-http-redirect", "apache-http-redirect", "cyrus-certificate",
        "cyrus-tls-required", "cyrus-allowplaintext"}
    assert audit(tmp_path, "--diff").stdout == ""


def test_two_statements_on_a_line_are_not_patched(tmp_path):
    write(tmp_path, {"etc/nginx/nginx.conf":
                     "mail { auth_http unix:/x; server { listen 143; protocol imap; starttls on; "
                     "ssl_protocols TLSv1.2; ssl_ciphers ECDHE+AESGCM; } }\n"})
    assert [found[0] for found in findings(tmp_path)] == ["nginx-starttls"]
    assert audit(tmp_path, "--diff").stdout == ""


def test_a_faulty_file_is_said(tmp_path):
    write(tmp_path, {"etc/nginx/nginx.conf": "http {\n server { listen 80; return 301 https://x/; }\n"})
    done = audit(tmp_path)
    assert done.returncode == 2
    assert "/etc/nginx/nginx.conf:3: a block that nothing closes" in done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_values_are_escaped(tmp_path, options):
    write(tmp_path, {"etc/smtpd.conf": 'action "a\x1b[31m" relay host "smtp://x\x1b]0;y\x07.test"\n',
                     "etc/imapd.conf": "allowplaintext: yes\x1b[2J\n",
                     "etc/cyrus.conf": 'SERVICES {\n i\x1b[2J cmd="imapd" listen="imap"\n}\n'})
    done = audit(tmp_path, *options)
    assert done.returncode == 1 and "opensmtpd-relay-tls" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


def test_a_link_out_of_the_root_is_not_followed(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("http {\n ssl_protocols TLSv1;\n}\n", encoding="utf-8")
    root = write(tmp_path / "root", {"etc/nginx/nginx.conf": "include conf.d/*;\n"})
    (root / "etc/nginx/conf.d").mkdir()
    (root / "etc/nginx/conf.d/x").symlink_to(outside)
    assert findings(root) == []
