/*
 * The dashboard, /metrics and /healthz: read only, drawn on the server, no script. It shows what
 * the ledger's file holds (report/) and what the parent tells of the daemon. It knows no process;
 * ledger/ gives it a socket and runs it.
 */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct conf_settings;
struct io_loop;
struct web;
struct web_reply;
struct web_request;

struct web_settings {
	struct io_loop *loop;                 /* NULL: web_listen() is not used */
	const struct conf_settings *settings; /* borrowed until web_set_settings() or web_free() */
	const char *ledger_path;              /* copied */
};

[[nodiscard]] int web_new(struct web **ret_web, const struct web_settings *set);
void web_free(struct web *web);

/* Others in place of the first ones, which may be freed then. */
void web_set_settings(struct web *web, const struct conf_settings *settings);

/* Takes fd in any case: a socket that listens, in place of the one before. 0 or a negative. */
[[nodiscard]] int web_listen(struct web *web, int fd);

/* Who may look: the text of the password file; empty: there is none. Where the settings name one,
 * nobody gets in before this. 0, or WEB_PASSWORDS_BAD and so on (web/password.h): the ones before
 * stay. */
[[nodiscard]] int web_set_passwords(struct web *web, struct slice text);

/* What the parent says, as JSON: how the daemon is (as `ctl status --json`), and what is in force
 * (edges, certificates). What is no JSON changes nothing. */
void web_set_state(struct web *web, struct slice json);
void web_set_in_force(struct web *web, struct slice json);

/* The answer to a request. Pure but for reading the ledger's file. */
void web_answer(struct web *web, const struct web_request *request, struct web_reply *reply);

#endif
