/* What the commands of `mailseal pki` take. */
#ifndef CMD_PKI_OPTIONS_H
#define CMD_PKI_OPTIONS_H

#include "pki/pki.h"

enum { PKI_LISTEN_MAX = 8 };

struct pki_options {
	const char *dir, *out, *request, *passphrase_file;
	struct pki_names names;
	unsigned days;
	enum tls_ca_algorithm algorithm;
	bool asks_passphrase, is_json, is_again, is_forced, is_due, is_self;
	const char *listen[PKI_LISTEN_MAX];
	size_t listen_count;
	uint32_t grace_s, valid_s;
	const char *words[3]; /* what is no option */
	size_t word_count;
};

/* -1: go on; else the exit status. ret_o is to be deinited in any case. */
int pki_options_read(struct pki_options *ret_o, int argc, char **argv);
void pki_options_deinit(struct pki_options *o);

/* What is wrong with how it was called, in two texts. Returns the exit status. */
int pki_usage_wrong(const char *why, const char *what);

/*
 * The first line of a file, or what is typed at the terminal, without echo; is_new: twice. The
 * caller wipes. -1: go on; else the exit status, and it was said why.
 */
int pki_secret_read(const struct pki_options *o, bool is_new, struct buf *ret_text);

#endif
