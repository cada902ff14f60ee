/* What a visit is, for the files that read its protocols. */
#ifndef WATCHER_VISIT_INSIDE_H
#define WATCHER_VISIT_INSIDE_H

#include "base/buf.h"
#include "conv/conv.h"
#include "sasl/exchange.h"
#include "watcher/visit.h"

/* Which answer of the server is waited for. */
enum watcher_wait {
	WATCHER_WAIT_NOTHING,
	WATCHER_WAIT_LOGIN, /* a credential was given, or is asked for step by step */
	WATCHER_WAIT_DOT,   /* a message ended */
};

struct watcher_visit {
	struct watch_ear ear; /* first */
	struct store_recorder *recorder;
	enum conf_protocol protocol;
	char mirror[64];
	char address[WATCH_ADDRESS_CAP];
	char user[CONV_NAME_MAX];
	char software[CONV_NAME_MAX];
	bool is_logged_in;
	uint32_t login_failures, messages;
	uint64_t hello; /* its hash; 0: none came */
	uint16_t hello_max;
	bool has_sni;
	bool was_exposed; /* a credential came in clear */
	/* Of the readers. */
	enum watcher_wait wait;
	struct sasl_exchange sasl;
	bool is_in_sasl; /* the client's next line is a response */
	bool is_in_body;
	bool was_refused;   /* AUTH, for there is no TLS: the client may go on as if it had not been
	                     */
	struct buf command; /* of IMAP, until it is whole; wiped */
};

/* A credential came in clear, or was tried. */
void watcher_visit_expose(struct watcher_visit *v, const char *user, const char *mechanism,
                          bool has_password);
/* Of a mechanism, and each of its responses; false: there is no such mechanism. */
bool watcher_visit_sasl_begin(struct watcher_visit *v, struct slice mechanism,
                              struct slice response);
void watcher_visit_sasl_response(struct watcher_visit *v, struct slice base64);
/* Whom the exchange names is the user, whatever comes of it. */
void watcher_visit_user_take(struct watcher_visit *v);
/* The server answered a login. */
void watcher_visit_login_end(struct watcher_visit *v, bool is_well, bool has_failed);

typedef void watcher_visit_line_fn(struct watcher_visit *v, enum watch_side side, struct slice line,
                                   bool is_literal);
watcher_visit_line_fn watcher_visit_smtp_line, watcher_visit_imap_line, watcher_visit_pop3_line,
	watcher_visit_sieve_line;

#endif
