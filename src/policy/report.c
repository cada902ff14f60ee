#include "policy/report.h"

#include "base/clean.h"

static const struct {
	enum policy_report report;
	const char *name;
} names[] = {
	{ POLICY_REPORT_STARTTLS_NOT_SUPPORTED, "starttls-not-supported" },
	{ POLICY_REPORT_CERTIFICATE_HOST_MISMATCH, "certificate-host-mismatch" },
	{ POLICY_REPORT_CERTIFICATE_NOT_TRUSTED, "certificate-not-trusted" },
	{ POLICY_REPORT_CERTIFICATE_EXPIRED, "certificate-expired" },
	{ POLICY_REPORT_VALIDATION_FAILURE, "validation-failure" },
	{ POLICY_REPORT_STS_POLICY_FETCH_ERROR, "sts-policy-fetch-error" },
	{ POLICY_REPORT_STS_POLICY_INVALID, "sts-policy-invalid" },
	{ POLICY_REPORT_STS_WEBPKI_INVALID, "sts-webpki-invalid" },
	{ POLICY_REPORT_TLSA_INVALID, "tlsa-invalid" },
	{ POLICY_REPORT_DNSSEC_INVALID, "dnssec-invalid" },
	{ POLICY_REPORT_DANE_REQUIRED, "dane-required" },
};

const char *policy_report_name(enum policy_report report)
{
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (names[i].report == report)
			return names[i].name;
	return NULL;
}
