"""Web servers and a webmail of the tree "front"; see inside.py. Requests are in NAME-seen.log of the
host's folder, each behind the client's address; what went wrong is in NAME-faults.log."""
from inside import Server

NGINX = """\
daemon off;
user www-data;
pid /run/{name}.pid;
error_log {folder}/{name}-faults.log;
events {{ }}
http {{
    log_format seen '$proxy_protocol_addr $server_protocol "$request" $status';
    access_log {folder}/{name}-seen.log seen;
    client_max_body_size 64m;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    server {{
        listen {address}:{port} proxy_protocol;
        listen {address}:{port_h2} proxy_protocol http2;
        add_header Strict-Transport-Security "max-age=31536000" always;
        location / {{
            proxy_pass http://{upstream};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_protocol_addr;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
    }}
}}
"""
APACHE = """\
ServerName {host}
ServerRoot /etc/apache2
PidFile /run/{name}.pid
DefaultRuntimeDir /run/{name}
LoadModule mpm_{mpm}_module /usr/lib/apache2/modules/mod_mpm_{mpm}.so
{modules}
User www-data
Group www-data
ErrorLog {folder}/{name}-faults.log
LogFormat "%a %H \\"%r\\" %>s" seen
CustomLog {folder}/{name}-seen.log seen
TypesConfig /etc/mime.types
<Directory />
    Options FollowSymLinks
    AllowOverride None
</Directory>
{more}
"""
MODULES = ("access_compat", "alias", "authn_core", "authz_core", "authz_host", "deflate", "dir", "env", "filter",
           "headers", "mime", "remoteip", "rewrite", "setenvif")
# Two doors: behind mailseal, with a PROXY header, and behind another web server of this host.
ROUNDCUBE = """\
Listen {address}:{port}
Listen {address}:{port_plain}
<FilesMatch "\\.php$">
    SetHandler application/x-httpd-php
</FilesMatch>
php_value upload_max_filesize 40M
php_value post_max_size 48M
php_value memory_limit 512M
<VirtualHost {address}:{port}>
    RemoteIPProxyProtocol On
    DocumentRoot /var/lib/roundcube/public_html
    Header always set Strict-Transport-Security "max-age=31536000"
</VirtualHost>
<VirtualHost {address}:{port_plain}>
    DocumentRoot /var/lib/roundcube/public_html
</VirtualHost>
DirectoryIndex index.php
Include /etc/roundcube/apache.conf
"""
FRONT = """\
Listen {address}:{port}
Protocols h2c http/1.1
H2Direct on
RemoteIPProxyProtocol On
Header always set Strict-Transport-Security "max-age=31536000"
ProxyPass / http://{upstream}/
ProxyPreserveHost On
"""
ROUNDCUBE_PHP = """\
<?php
$config['db_dsnw'] = 'sqlite:////srv/roundcube/sqlite.db?mode=0640';
$config['imap_host'] = '{imap}';
$config['smtp_host'] = '{smtp}';
$config['smtp_user'] = $config['smtp_pass'] = '';
$config['des_key'] = 'rcmail-24-characters-key';
$config['use_https'] = true;
$config['max_message_size'] = '40M';
$config['max_group_members'] = 0;
$config['mail_domain'] = 'inside.test';
$config['plugins'] = [];
$config['skin'] = 'elastic';
$config['language'] = 'en_US';
$config['enable_installer'] = false;
"""


class Nginx(Server):
    """In front of another web server; a second port for HTTP/2 in clear. Both want a PROXY header."""

    def __init__(self, host, *args, port_h2, upstream, **named):
        self.port_h2, self.upstream = port_h2, upstream
        super().__init__(host, *args, **named)

    def prepare(self):
        self.config = self.host.write(f"/etc/inside/{self.name}.conf", NGINX.format(
            folder=self.host.folder, name=self.name, address=self.address, port=self.port,
            port_h2=self.port_h2, upstream=self.upstream))

    def argv(self):
        return ["nginx", "-c", self.config]


class Apache(Server):
    """mpm: "event" for HTTP/2, "prefork" for PHP; more: what it serves."""

    def __init__(self, host, *args, mpm, more, modules=(), **named):
        self.mpm, self.more, self.modules = mpm, more, [*MODULES, *modules]
        super().__init__(host, *args, **named)

    def prepare(self):
        load = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/{file}.so\n" for name, file in (
            ("php", "libphp8.2") if name == "php" else (name, "mod_" + name) for name in self.modules))
        self.host.run("install", "-d", f"/run/{self.name}")
        self.config = self.host.write(f"/etc/inside/{self.name}.conf", APACHE.format(
            host=self.host.name, folder=self.host.folder, name=self.name, mpm=self.mpm, modules=load,
            more=self.more))

    def argv(self):
        return ["apache2", "-DFOREGROUND", "-f", self.config]


def roundcube(host, port, port_plain, imap, smtp):
    """Roundcube in an Apache of its own; imap, smtp: "tcp://HOST:PORT" of the mail servers."""
    host.run("install", "-d", "-o", "www-data", "-g", "www-data", "/srv/roundcube", "/var/log/roundcube")
    host.write("/etc/roundcube/config.inc.php", ROUNDCUBE_PHP.format(imap=imap, smtp=smtp))
    host.run("sh", "-ec", "sqlite3 /srv/roundcube/sqlite.db </usr/share/roundcube/SQL/sqlite.initial.sql;"
             "chown www-data /srv/roundcube/sqlite.db")
    more = ROUNDCUBE.format(address="127.0.0.1", port=port, port_plain=port_plain)
    return Apache(host, port=port_plain, mpm="prefork", modules=["php"], more=more)


def apache_h2(host, port, upstream):
    """Takes HTTP/2 and HTTP/1.1 in clear at one port, behind a PROXY header."""
    more = FRONT.format(address="127.0.0.1", port=port, upstream=upstream)
    return Apache(host, port=port, mpm="event", modules=["http2", "proxy", "proxy_http"], more=more)
