"""A TLS report as RFC 8460 4.4 wants it, as a schema, and what holds one against it. Standard
library only."""
import datetime
import ipaddress
import re


def text(pattern=".+"):
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.S) is not None


def count(value):
    return type(value) is int and value >= 0


def moment(value):
    """RFC 3339."""
    return datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ") is not None


def address(value):
    return ipaddress.ip_address(value) is not None


def list_of(schema, at_least=0):
    return lambda value: (isinstance(value, list) and len(value) >= at_least
                          and all(fits(item, schema) for item in value))


def words(*known):
    return lambda value: value in known


HOST = r"([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]+"
# Keys that end in "?" may be missing; none may be there that is not here.
FAILURE = {
    "result-type": words(
        "starttls-not-supported", "certificate-host-mismatch", "certificate-expired",
        "certificate-not-trusted", "validation-failure", "tlsa-invalid", "dnssec-invalid",
        "dane-required", "sts-policy-fetch-error", "sts-policy-invalid", "sts-webpki-invalid"),
    "sending-mta-ip?": address, "receiving-mx-hostname?": text(HOST), "receiving-mx-helo?": text(),
    "receiving-ip?": address, "failed-session-count": count, "additional-information?": text(),
    "failure-reason-code?": text(),
}
POLICY = {
    "policy": {"policy-type": words("tlsa", "sts", "no-policy-found"), "policy-domain": text(HOST),
               "policy-string?": list_of(text(), 1), "mx-host?": list_of(text(r"(\*\.)?" + HOST), 1)},
    "summary": {"total-successful-session-count": count, "total-failure-session-count": count},
    "failure-details?": list_of(FAILURE, 1),
}
REPORT = {
    "organization-name": text(), "contact-info": text(r"[^@\s]+@" + HOST),
    "date-range": {"start-datetime": moment, "end-datetime": moment},
    "report-id": text(r"[!-?A-~]+@[!-?A-~]+"),  # it stands in the subject, too (RFC 8460 5.3)
    "policies": list_of(POLICY, 1),
}


def fits(value, schema):
    if callable(schema):
        return schema(value)
    known = {key.rstrip("?"): rule for key, rule in schema.items()}
    needed = {key for key in schema if not key.endswith("?")}
    return (isinstance(value, dict) and needed <= set(value) <= set(known)
            and all(fits(item, known[key]) for key, item in value.items()))


def check(report):
    """It is one, of a whole day, and adds up."""
    assert fits(report, REPORT), report
    start, end = (report["date-range"][f"{which}-datetime"] for which in ("start", "end"))
    assert (start[:10], start[10:]) == (end[:10], "T00:00:00Z") and end.endswith("T23:59:59Z")
    for policy in report["policies"]:
        failed = policy["summary"]["total-failure-session-count"]
        told = sum(f["failed-session-count"] for f in policy.get("failure-details", []))
        assert told >= failed and (failed > 0) == (told > 0), policy
        has_patterns = "mx-host" in policy["policy"]
        assert not has_patterns or policy["policy"]["policy-type"] == "sts"
    return report
