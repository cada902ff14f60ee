/* The inside of a discovery, for discover*.c alone. */
#ifndef CHECK_DISCOVER_PRIVATE_H
#define CHECK_DISCOVER_PRIVATE_H

#include "ask/fetch.h"
#include "ask/lookup.h"
#include "ask/sts.h"
#include "ask/way.h"
#include "check/discover.h"
#include "io/loop.h"

enum {
	CHECK_OTHERS_MAX = CHECK_NAMES_MAX - POLICY_WAY_HOSTS_MAX, /* hosts that are no MX */
	CHECK_NAMED_MAX = 64,
	CHECK_DOCUMENTS = 4, /* autoconfig twice, once more in clear; autodiscover */
	CHECK_PAGE_MS = 6000,
};

struct check_task;

/* One thing that is waited for: a question to DNS, or a page. */
typedef void check_answer_fn(struct check_task *t, const struct lookup_answer *answer);
typedef void check_page_fn(struct check_task *t, const struct fetch_page *page);

struct check_task {
	struct check_task *next, *prev;
	struct check_discovery *discovery;
	struct lookup_question *question;
	struct fetch_request *request;
	check_answer_fn *on_answer;
	check_page_fn *on_page;
	void *subject;
	unsigned number;
	char name[DNS_NAME_CAP]; /* a question's */
};

/* A host while its questions are open. */
struct check_seeker {
	struct check_host *host;
	struct check_addresses *addresses;
	enum policy_dns status[2]; /* of A and AAAA */
	unsigned open;
	char expanded[POLICY_WAY_NAME_CAP]; /* behind its CNAMEs */
};

struct check_discovery {
	struct check_discover_settings set;
	struct check_domain *facts;
	check_discover_fn *fn;
	void *owner;
	struct check_task tasks; /* a ring, this is its head */
	unsigned open;           /* tasks, the way and the policy */
	struct io_deadline late;
	struct way *way;
	struct sts_search *sts;

	/* facts->hosts: MX hosts have the first places, of which those that are not needed go at
	 * the end; so do what others are MX hosts too. */
	struct check_addresses addresses[CHECK_NAMES_MAX];
	struct check_seeker others[CHECK_OTHERS_MAX];
	unsigned other_count;
	struct check_named named[CHECK_NAMED_MAX];
	unsigned named_count;

	/* The place for TLS reports. */
	struct fetch_place report_place;
	struct check_seeker report_seeker;
	struct check_host report_host;
	struct check_addresses report_addresses;

	struct check_places places;
};

/* What cannot even be asked stays as it is: not to be had. */
void check_task_ask(struct check_discovery *d, const char *name, enum dns_type type,
                    check_answer_fn *fn, void *subject, unsigned number);
void check_task_get(struct check_discovery *d, const struct fetch_page_wish *wish,
                    check_page_fn *fn, void *subject, unsigned number);

/* discover_names.c: hosts. */

/* A host that is no MX: asks for its addresses, and for CAA where it has https. NULL: there is no
 * room, or it is no host's name. *ret_host: its place in facts->hosts. */
struct check_seeker *check_discover_host(struct check_discovery *d, const char *name,
                                         enum check_origin origin, unsigned *ret_host);
/* Names it: so it is looked at. */
void check_discover_name(struct check_discovery *d, const char *host, enum check_origin origin,
                         enum check_service service, uint16_t port);
void check_discover_habits(struct check_discovery *d);
/* The way is known: the MX hosts. */
void check_discover_mx(struct check_discovery *d);
void check_discover_caa(struct check_discovery *d, const char *name, struct check_txt *to);
/* Asks for A and AAAA; fn is called behind the second. */
void check_discover_seek(struct check_discovery *d, struct check_seeker *s, const char *name,
                         check_answer_fn *fn);
/* Takes one of the answers; true: it was the second. */
bool check_discover_sought(struct check_task *t, const struct lookup_answer *answer);
/* Of one that may be connected to. */
void check_discover_address_add(struct check_discovery *d, struct check_host *host,
                                struct check_addresses *to, const char *address);
/* Puts the hosts in order. */
void check_discover_hosts_settle(struct check_discovery *d);

/* discover_records.c */
void check_discover_records(struct check_discovery *d);

/* discover_web.c */
/* The addresses of a host are there, which may have documents. */
void check_discover_documents(struct check_discovery *d, const struct check_seeker *s);
/* Before all: none is there as long as none was seen. */
void check_discover_documents_begin(struct check_discovery *d);
/* The record that says where TLS reports go is there. */
void check_discover_report_place(struct check_discovery *d);

#endif
