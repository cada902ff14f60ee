/*
 * certificates FOLDER COUNT - so many P-256 keys, and a certificate by itself for each, as certbot
 * has them: FOLDER/cN.example/fullchain.pem and privkey.pem.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MUST(what)                                                                                 \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "certificates: %s failed\n", #what);                       \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

enum { DAYS_90 = 90 * 24 * 3600 };

static X509 *make(EVP_PKEY *key, long number)
{
	char host[64], names[80];
	X509 *cert = X509_new();
	MUST(cert);
	snprintf(host, sizeof(host), "c%ld.example", number);
	snprintf(names, sizeof(names), "DNS:%s", host);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), number + 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), DAYS_90);
	X509_NAME *name = X509_get_subject_name(cert);
	MUST(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (unsigned char *)host, -1, -1,
	                                0));
	X509_set_issuer_name(cert, name);
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
	MUST(alt && X509_add_ext(cert, alt, -1));
	X509_EXTENSION_free(alt);
	MUST(X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()));
	return cert;
}

static FILE *file_of(const char *folder, long number, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/c%ld.example", folder, number);
	MUST(mkdir(path, 0755) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/c%ld.example/%s", folder, number, name);
	FILE *file = fopen(path, "w");
	MUST(file);
	return file;
}

static void pair_write(const char *folder, long number)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	MUST(key);
	X509 *cert = make(key, number);
	FILE *chain = file_of(folder, number, "fullchain.pem");
	FILE *secret = file_of(folder, number, "privkey.pem");
	MUST(PEM_write_X509(chain, cert));
	MUST(PEM_write_PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL));
	MUST(fclose(chain) == 0);
	MUST(fclose(secret) == 0);
	X509_free(cert);
	EVP_PKEY_free(key);
}

int main(int argc, char **argv)
{
	bool is_help = argc == 2 && !strcmp(argv[1], "--help");
	long count = argc == 3 ? atol(argv[2]) : 0;
	if (count < 1) {
		fputs("usage: certificates FOLDER COUNT\n", is_help ? stdout : stderr);
		return is_help ? 0 : 2;
	}
	for (long i = 0; i < count; i++)
		pair_write(argv[1], i);
	return 0;
}
