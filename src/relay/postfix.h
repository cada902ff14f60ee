/*
 * What is decided for a destination, in the words of Postfix's smtp_tls_policy_maps
 * (postconf(5)): one level for all hosts of a domain. Pure.
 *
 * Where the MX records are secure and every host has usable, secure TLSA records: "dane-only";
 * Postfix checks them itself.
 * Where some have: "dane", unless the domain's MTA-STS policy is in mode enforce: then "dane-only"
 * too. It is the strongest that overrules neither: "secure" would take a host whose TLSA records do
 * not match (RFC 8461 2: it must not), "dane" would let those without records go without a proof
 * (RFC 8461 5: it must not); with "dane-only" Postfix passes these over. postfix-tlspol says "dane"
 * there. Behind insecure MX records "secure": who forges them would else choose a host without
 * TLSA records, and DANE proves nothing of the domain there (RFC 7672 2.2.1).
 * MTA-STS in mode enforce, and no DANE: "secure" with the names of the policy. Nothing of all that:
 * no answer, and main.cf decides. Postfix has no words for mode testing: no answer either.
 *
 * Attribute "policy_failure" (3.10, TLSRPT_README): where an enforced policy names none of the MX
 * hosts, "validation-failure". Postfix then tries, fails by that reason, reports it, and keeps the
 * mail; without words for it (dialect plain) the answer is an error, and nothing is reported.
 * It is not given for a policy that is broken (sts-policy-fetch-error and so on), which is to be
 * treated as none (RFC 8461 3.3, 5.1). Postfix (3.10.13) makes the certificate fail by it
 * (tls_client.c: must_fail), but looks at that only where one has to match: with "secure" mail
 * would wait for ever, with any other level the session is reported as a success by that policy
 * (tls_client.c and tls_verify.c: tls_log_verify_error(), smtp_proto.c: trw_report_success()). Who
 * answers the question counts the fault instead (relay/service.c).
 */
#ifndef RELAY_POSTFIX_H
#define RELAY_POSTFIX_H

#include "base/buf.h"
#include "lookup/socketmap.h"
#include "policy/way.h"

/*
 * tlsrpt:     add what Postfix 3.10 wants for TLS reports (TLSRPT_README); older ones refuse it
 * ret_result: SOCKETMAP_OK, _NOTFOUND or _TEMP
 * text:       appended, not for NOTFOUND
 *
 * Returns 0 or -ENOMEM.
 */
[[nodiscard]] int postfix_policy_write(struct buf *text, enum socketmap_result *ret_result,
                                       const struct policy_way *way,
                                       const struct policy_sts_facts *sts, bool tlsrpt);

/*
 * An answer to transport_maps: "lmtp:[127.x.y.z]:PORT", always the same for a domain, so that
 * Postfix counts each destination by itself. 0 or -ENOMEM.
 */
[[nodiscard]] int postfix_transport_write(struct buf *text, const char *domain, bool is_lmtp,
                                          uint16_t port);

/*
 * A key as Postfix asks: the domain that a policy is for, in lower case. False: a next hop that is
 * the operator's own choice ("[host]", "host:port"), a parent domain (".example.org"), or no
 * domain at all. ret_domain: POLICY_WAY_NAME_CAP bytes.
 */
bool postfix_key_domain(struct slice key, char *ret_domain);

/*
 * The same for a key of transport_maps: a socketmap is asked for the whole address and nothing else
 * (socketmap_table(5)). A domain alone is taken, too.
 */
bool postfix_key_recipient(struct slice key, char *ret_domain);

#endif
