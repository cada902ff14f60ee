/*
 * What a document that sets up mail programs says (autoconfig as Thunderbird reads it, answers of
 * autodiscover): the servers it names, and which of them without TLS (A12). Pure.
 */
#ifndef CHECK_AUTOCONFIG_H
#define CHECK_AUTOCONFIG_H

#include "check/endpoint.h"

enum { CHECK_SERVERS_MAX = 16 };

struct check_server {
	enum check_service service;
	char host[POLICY_WAY_NAME_CAP]; /* dns_name_is_host(), in lower case */
	uint16_t port;
	bool is_clear; /* a password would cross in clear, or may */
};

struct check_document {
	bool is_one;                                    /* it has a root of that kind */
	struct check_server servers[CHECK_SERVERS_MAX]; /* those that can be looked at */
	unsigned count;
	bool names_clear;
	char clear[CHECK_TEXT_CAP]; /* the first such, in words: "imap mail.example.org:143,
	                               socketType plain, password-cleartext" */
};

/* domain: takes the place of %EMAILDOMAIN%. */
void check_document_scan(struct slice text, const char *domain,
                         struct check_document *ret_document);

#endif
