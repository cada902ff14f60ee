"""testssl.sh on the edges: no vulnerability, and on the user ports nothing obsolete. Two ports in
check, all seven in the long form (SOAK=1): it takes minutes a port."""
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

# On port 25 CBC suites are offered on purpose, after the better ones (DESIGN 4).
EXPECTED_ON_25 = {"LUCKY13"}
PORTS = {"25": ("mx", 0, "smtp"), "587": ("submission", 0, "smtp"), "465": ("submission", 1, None),
         "143": ("imap", 0, "imap"), "993": ("imap", 1, None), "110": ("pop3", 0, "pop3"),
         "995": ("pop3", 1, None)}
SHORT = ["25", "993"]


def scan(port, starttls, out, full):
    what = ["-U", "-p", "-s"] + (["-f", "-E"] if full else [])
    argv = ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--openssl-timeout", "10",
            "--jsonfile", str(out), *what]
    if starttls:
        argv += ["--starttls", starttls]
    subprocess.run(argv + [f"127.0.0.1:{port}"], stdin=subprocess.DEVNULL, timeout=900,
                   capture_output=True, check=False)
    return json.loads(out.read_text())


@pytest.fixture(scope="module")
def scans(stage, tmp_path_factory):
    """Findings by port; two scans at a time."""
    folder = tmp_path_factory.mktemp("testssl")
    is_long = bool(os.environ.get("SOAK"))
    with ThreadPoolExecutor(2) as pool:
        jobs = {}
        for number in PORTS if is_long else SHORT:
            edge, which, starttls = PORTS[number]
            jobs[number] = pool.submit(scan, stage.ports[edge][which], starttls,
                                       folder / f"{number}.json", is_long)
        return {number: job.result() for number, job in jobs.items()}


@pytest.mark.parametrize("number", list(PORTS) if os.environ.get("SOAK") else SHORT)
def test_testssl_finds_nothing(scans, number):
    findings = scans[number]
    ids = {f["id"] for f in findings}
    assert {"heartbleed", "TLS1_3"} <= ids, f"testssl did not look: {sorted(ids)[:20]}"
    allowed = EXPECTED_ON_25 if number == "25" else set()
    bad = [f for f in findings if f["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL")
           and f["id"] not in allowed
           # A certificate of the test's own making, and names testssl cannot look up.
           and not f["id"].startswith(("cert", "DNS_CAA", "OCSP"))]
    if number == "25":
        bad = [f for f in bad if not f["id"].startswith(("cipherlist", "cipher_order"))]
    print(f"testssl {number}: {len(findings)} findings, {len(bad)} bad")
    assert not bad, bad
    old = [f for f in findings if f["id"] in ("SSLv2", "SSLv3", "TLS1", "TLS1_1")]
    assert len(old) == 4 and all("not offered" in f["finding"] for f in old), old
