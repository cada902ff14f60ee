/*
 * Fetches the policy file of a domain with MTA-STS as RFC 8461 3.3 wants it: HTTPS alone, the
 * host's name in a certificate of the public CAs, no redirect, text/plain, 64 KiB, one minute.
 * And posts TLS reports (RFC 8460 5.4), and gets pages for who looks at them. libcurl on our loop;
 * names are not looked up by it.
 */
#ifndef ASK_FETCH_H
#define ASK_FETCH_H

#include "base/slice.h"
#include "dns/message.h"
#include "policy/report.h"

struct io_loop;
struct fetch;
struct fetch_request;

/* True: an address that is not to be connected to. */
typedef bool fetch_refuses_fn(const char *address);

struct fetch_settings {
	struct slice ca_pem;       /* the CAs that count; copied */
	unsigned timeout_ms;       /* 0: 60 s */
	unsigned port;             /* of https; 0: 443 */
	unsigned http_port;        /* 0: 80 */
	fetch_refuses_fn *refuses; /* asked before each connection, whatever for; NULL: none is */
};

struct fetch_result {
	const char *why; /* what failed, or NULL */
	enum policy_report report;
	struct slice body; /* borrowed */
};
typedef void fetch_fn(void *owner, const struct fetch_result *result);

[[nodiscard]] int fetch_new(struct fetch **ret_fetch, struct io_loop *loop,
                            const struct fetch_settings *settings);
/* No request may be under way. */
void fetch_free(struct fetch *f);

/*
 * https://mta-sts.DOMAIN/.well-known/mta-sts.txt. fn is called once, in a later turn of the loop,
 * unless the request is freed before; it is the caller's to free, in fn or any time.
 *
 * domain:    dns_name_is_host()
 * addresses: of mta-sts.DOMAIN, as text
 */
[[nodiscard]] int fetch_policy(struct fetch_request **ret_request, struct fetch *f,
                               const char *domain, const char (*addresses)[DNS_ADDRESS_CAP],
                               size_t count, fetch_fn *fn, void *owner);

/* A place for posts. */
struct fetch_place {
	char host[256]; /* a name in lower case, or an address without brackets */
	bool is_address;
	unsigned port;
};
/* False: it is no "https:" URL, or says more than a place (a user's name). */
bool fetch_place_of(const char *url, struct fetch_place *ret_place);

struct fetch_parcel {
	const char *url; /* fetch_place_of() */
	const char (*addresses)[DNS_ADDRESS_CAP];
	size_t count;
	const char *type;
	struct slice body; /* copied */
};
/* As fetch_policy(); whatever certificate the server has (RFC 8460 3: it may be what is reported).
 * Any answer of class 2 is well. */
[[nodiscard]] int fetch_post(struct fetch_request **ret_request, struct fetch *f,
                             const struct fetch_parcel *parcel, fetch_fn *fn, void *owner);

/* A GET of a page by whoever looks at a web server. */
struct fetch_page_wish {
	const char *host; /* dns_name_is_host(), or an address */
	const char *path; /* begins with "/", printable, no space */
	const char (*addresses)[DNS_ADDRESS_CAP];
	size_t count;               /* one at least */
	bool is_https;              /* else http */
	bool takes_bad_certificate; /* it is told of, and the page got in a connection that does not
	                               mind */
	unsigned port;              /* 0: the settings' */
	unsigned timeout_ms;        /* of a connection; 0: the settings' */
};

/* What came; of the connection, of TLS and of HTTP each for itself. Redirects are not followed. */
struct fetch_page {
	bool is_connected;   /* TCP was taken, and of https TLS was begun */
	const char *why;     /* no answer of HTTP came; else NULL */
	const char *tls_why; /* https: what is wrong with the certificate; NULL: nothing, if it was
	                        seen (why) */
	unsigned status;     /* of HTTP; 0: none */
	struct slice head; /* the status line and fields of the last answer, as they were sent, cut
	                      at FETCH_PAGE_MAX; borrowed */
	struct slice body; /* cut at FETCH_PAGE_MAX; borrowed */
};
enum { FETCH_PAGE_MAX = 64 * 1024 };
typedef void fetch_page_fn(void *owner, const struct fetch_page *page);

/* As fetch_policy(). */
[[nodiscard]] int fetch_page_get(struct fetch_request **ret_request, struct fetch *f,
                                 const struct fetch_page_wish *wish, fetch_page_fn *fn,
                                 void *owner);
void fetch_request_free(struct fetch_request *r);

#endif
