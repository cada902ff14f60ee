"""Configurations of edges in front of scripted backends."""

EDGES = [("mx", "smtp", "smtp", False), ("submission", "submission", "smtp", True),
         ("imap", "imap", "imap", True), ("pop3", "pop3", "pop3", True)]


def edge_config(backends, ports, extra=None):
    """backends: name -> port; ports: edge -> (plain, tls)."""
    extra = extra or {}
    lines = ["backend = {"]
    for name, port in backends.items():
        lines.append(f'  {name} = {{ address = ["127.0.0.1:{port}"]; client_info = "proxy"; }};')
    lines += ["};", "edge = {"]
    for name, protocol, backend, has_tls in EDGES:
        if name not in ports:
            continue
        plain, tls = ports[name]
        tls_text = f' listen_tls = ["127.0.0.1:{tls}"];' if has_tls else ""
        lines.append(f'  {name} = {{ protocol = "{protocol}"; listen = ["127.0.0.1:{plain}"];'
                     f'{tls_text} backend = "{backend}"; {extra.get(name, "")} }};')
    lines.append("};")
    return "\n".join(lines)
