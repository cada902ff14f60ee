"""A ManageSieve client (RFC 5804), for tests: the standard library has none."""
import base64
import socket
import ssl


class Refused(Exception):
    """NO or BYE, with what was said."""


class Sieve:
    """Greeted. A server that is not well said, or says what it must not, ends the test."""

    def __init__(self, host, port, context=None, timeout=30):
        """context: TLS from the first byte."""
        self.sock = socket.create_connection((host, port), timeout)
        self.capabilities = {}
        if context:
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        self.begin()

    def begin(self):
        """Reads the capabilities, which the server says unasked."""
        self.file = self.sock.makefile("rb")
        lines = self.answer()
        self.capabilities = {words[0]: (words[1:] or [""])[0] for words in map(self.words, lines)}

    def unit(self):
        """A line with its literals put in as quoted strings."""
        line = self.file.readline()
        assert line.endswith(b"\r\n"), line
        if line.endswith(b"}\r\n"):
            head, size = line[:-3].rsplit(b"{", 1)
            text = self.file.read(int(size.rstrip(b"+")))
            quoted = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            return head + b'"' + quoted + b'"' + self.unit()
        return line

    @staticmethod
    def words(line):
        """The quoted strings of a line."""
        return line.decode().split('"')[1::2]

    def answer(self):
        """The lines in front of OK; raises for NO and BYE."""
        lines = []
        while not (line := self.unit()).startswith((b"OK", b"NO", b"BYE")):
            lines.append(line)
        if not line.startswith(b"OK"):
            raise Refused(line.decode())
        return lines

    def do(self, command):
        self.sock.sendall(command.encode() + b"\r\n")
        return self.answer()

    def starttls(self, context, name=None):
        self.do("STARTTLS")
        self.sock = context.wrap_socket(self.sock, server_hostname=name)
        self.begin()

    def login(self, user, password, well=True):
        response = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        try:
            self.do(f'AUTHENTICATE "PLAIN" "{response}"')
            assert well, "a wrong password opened the door"
        except Refused as refused:
            assert not well and str(refused).startswith("NO"), refused

    def put(self, name, script):
        return self.do(f'PUTSCRIPT "{name}" {{{len(script.encode())}+}}\r\n{script}')

    def scripts(self):
        return [self.words(line)[0] for line in self.do("LISTSCRIPTS")]

    def logout(self):
        """Until the other side has closed."""
        self.do("LOGOUT")
        try:
            assert self.file.read() == b""
        except (ConnectionError, ssl.SSLError):
            pass
        self.sock.close()
