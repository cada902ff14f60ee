"""A client of GnuTLS: what comes on standard input goes out in TLS, what comes in TLS goes to standard
output. gnutls-cli does that too, but writes a byte at a time.

usage: gnutls_pipe.py PRIORITY PORT
"""
import ctypes
import os
import socket
import sys
import threading

CLIENT, CRD_CERTIFICATE, SHUT_WR, PIECE = 2, 1, 1, 1 << 17
INTERRUPTED, AGAIN = -52, -28
lib = ctypes.CDLL("libgnutls.so.30")
for name in ("gnutls_record_send", "gnutls_record_recv"):
    getattr(lib, name).restype = ctypes.c_ssize_t
    getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
lib.gnutls_strerror.restype = ctypes.c_char_p


def must(result, what):
    if result < 0:
        sys.exit(f"{what}: {lib.gnutls_strerror(result).decode()}")
    return result


def send(session):
    while piece := os.read(0, PIECE):
        while piece:
            piece = piece[must(lib.gnutls_record_send(session, piece, len(piece)), "send"):]
    lib.gnutls_bye(session, SHUT_WR)


def receive(session):
    room = ctypes.create_string_buffer(PIECE)
    while True:
        count = lib.gnutls_record_recv(session, room, PIECE)
        if count in (INTERRUPTED, AGAIN):
            continue
        if not must(count, "receive"):
            return
        left = memoryview(room)[:count]
        while left:
            left = left[os.write(1, left):]


def main():
    priority, port = sys.argv[1:]
    session, credentials = ctypes.c_void_p(), ctypes.c_void_p()
    sock = socket.create_connection(("127.0.0.1", int(port)))
    must(lib.gnutls_init(ctypes.byref(session), CLIENT), "init")
    must(lib.gnutls_certificate_allocate_credentials(ctypes.byref(credentials)), "credentials")
    must(lib.gnutls_credentials_set(session, CRD_CERTIFICATE, credentials), "credentials")
    must(lib.gnutls_priority_set_direct(session, priority.encode(), None), "priority")
    lib.gnutls_transport_set_int2(session, sock.fileno(), sock.fileno())
    must(lib.gnutls_handshake(session), "handshake")
    threading.Thread(target=send, args=(session,), daemon=True).start()
    receive(session)


main()
