/* Which CA a CAA record means: its domain against the name that certificates have. Pure. */
#ifndef CHECK_JUDGE_CAA_H
#define CHECK_JUDGE_CAA_H

enum check_judge_caa_result {
	CHECK_JUDGE_CAA_ALLOWS,
	CHECK_JUDGE_CAA_FORBIDS,
	CHECK_JUDGE_CAA_UNKNOWN, /* a CA whose domain we do not know */
};

/*
 * issuers: domains of issue properties, " " between; ";" allows none; "" is records of
 *          other properties alone, and allows all (RFC 8659 4.2)
 * issuer:  of the certificate, as its name is written
 */
enum check_judge_caa_result check_judge_caa(const char *issuers, const char *issuer);

#endif
