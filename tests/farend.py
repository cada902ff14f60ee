"""Far ends as scripts: SMTP servers that do what a test says, on addresses of loopback. Standard
library only."""
import socket
import ssl
import struct
import threading
import time

import peers


class FarEnd:
    """A listening thread; each connection is served by serve(reader, sock, session) of a script."""

    def __init__(self, address, port, context, **script):
        self.script, self.context = script, context
        self.address, self.sessions, self.messages = address, [], []
        self.changed = threading.Condition()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(200)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock, peer), daemon=True).start()

    def serve(self, sock, peer):
        session = {"lines": [], "tls": None, "peer": peer, "began": time.monotonic()}
        with self.changed:
            self.sessions.append(session)
            self.changed.notify_all()
        talk = session["talk"] = Talk(self, sock, session)
        try:
            talk.run()
        except (OSError, ssl.SSLError, ValueError):
            pass
        finally:
            talk.close()
            with self.changed:
                self.changed.notify_all()

    def wait(self, is_so, timeout=15):
        with self.changed:
            assert self.changed.wait_for(is_so, timeout), (self.sessions, len(self.messages))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # else accept() in the thread keeps it listening
        self.listener.close()


class Talk:
    """One connection. script: what it says in place of what a well-behaved server would, by the
    moment ("greeting", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "end", "QUIT"); None closes
    there. "reads": so many lines of a text, then it closes. "chokes" is asked whether a
    ClientHello of so many bytes is too much for it."""

    def __init__(self, far, sock, session):
        self.far, self.sock, self.session = far, sock, session
        self.reader = peers.Line(sock)

    def say(self, moment, usual, argument=""):
        said = self.far.script.get(moment, usual)
        if callable(said):
            said = said(self.session, argument)
        if not isinstance(said, (str, bytes)):
            raise OSError("hang up")
        self.sock.sendall(said.encode() if isinstance(said, str) else said)
        return said

    def ehlo(self):
        offers = ["far.example", "PIPELINING", "8BITMIME", "SIZE 10000000", "SMTPUTF8"]
        if not self.session["tls"] and self.far.context:
            offers.append("STARTTLS")
        return "".join(f"250{'-' if o != offers[-1] else ' '}{o}\r\n" for o in offers)

    def start_tls(self):
        if self.far.script.get("chokes"):  # on the ClientHello of some lengths
            head = self.sock.recv(5, socket.MSG_PEEK | socket.MSG_WAITALL)
            if self.far.script["chokes"](int.from_bytes(head[3:], "big")):
                raise OSError("hang up")  # with bytes that are not read: a reset
        self.reader.file.close()
        self.sock = self.far.context.wrap_socket(self.sock, server_side=True)
        self.session["tls"] = self.sock.version()
        self.reader = peers.Line(self.sock)

    def close(self):
        self.reader.file.close()  # it holds the socket too
        self.sock.close()

    def reset(self):
        """Ends so that what was said last may be lost."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def message(self):
        lines, reads = [], self.far.script.get("reads")
        while (line := self.reader.read()) != b".\r\n":
            if line is None:
                raise OSError("cut off in the text")
            lines.append(line)
            if len(lines) == reads:
                raise OSError("hang up in the text")
        text = b"".join(lines)
        with self.far.changed:
            self.far.messages.append(text)
            self.far.changed.notify_all()
        return text

    def run(self):
        if self.far.script.get("implicit"):
            self.start_tls()
        self.say("greeting", "220 far.example ESMTP\r\n")
        while line := self.reader.read():
            text = line.decode("utf-8", "replace").rstrip("\r\n")
            self.session["lines"].append(text)
            verb = text.split(" ")[0].split(":")[0].upper()
            if verb == "EHLO":
                self.say("EHLO", self.ehlo())
            elif verb == "STARTTLS":
                if self.say("STARTTLS", "220 go\r\n").startswith("220"):
                    self.start_tls()
            elif verb == "DATA":
                if self.say("DATA", "354 go\r\n").startswith("354"):
                    text = self.message()
                    self.say("end", "250 2.0.0 Ok: queued as FAR1\r\n", text)
            elif verb == "QUIT":
                self.say("QUIT", "221 bye\r\n")
                return
            else:
                self.say(verb, "250 2.1.0 ok\r\n", text)
