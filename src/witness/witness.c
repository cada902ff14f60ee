#include "witness/witness.h"

#include "ask/anchor.h"
#include "ask/fetch.h"
#include "ask/lookup.h"
#include "ask/room.h"
#include "ask/settings.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "proc/box.h"
#include "proc/config.h"
#include "proc/peer.h"
#include "tls/proof.h"
#include "witness/cover.h"
#include "witness/everywhere.h"
#include "witness/looker.h"
#include "witness/published.h"

#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { CA_FILE_MAX = 4 * 1024 * 1024, COVERS_MAX = 256, ROLLOVERS_MAX = 64 };

struct witness {
	struct io_loop *loop;
	struct conf_settings *settings;
	struct buf ca_pem;
	struct buf sts_ca_pem; /* and those of the resolver's ca_file, for MTA-STS */
	char folder[PATH_MAX];
	struct anchor anchor;
	struct ask_room room;
	struct proc_chan *parent_chan; /* until the loop has it */
	struct proc_peer *parent;
	struct lookup *lookup;
	struct tls_hops *hops;
	struct looker *looker;
	struct fetch *fetch;
	struct published *published;
	struct cover *covers[COVERS_MAX];              /* under way */
	struct everywhere *everywheres[ROLLOVERS_MAX]; /* the same */
	struct ask_settings dns;                       /* whose stubs are asked directly */
};

static void on_seen(void *owner, const struct proc_witness_sight *sight)
{
	struct witness *w = owner;
	uint8_t room[1024];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_witness_sight_pack(&p, sight);
	if (p.has_failed || proc_peer_queue(w->parent, PROC_MSG_WITNESS_SAW, proc_packed(&p)))
		log_warn(NULL, "what was seen is not told", kv_str("address", sight->address));
}

static void on_published(void *owner, const struct proc_published *seen)
{
	struct witness *w = owner;
	CLEAN(buf_deinit) struct buf payload = {};
	struct proc_packer p = proc_packer_onto(&payload);
	proc_published_pack(&p, seen);
	if (p.has_failed || proc_peer_queue(w->parent, PROC_MSG_STS_SEEN, proc_packed(&p)))
		log_warn(NULL, "what a policy of our own is outside is not told",
		         kv_str("domain", seen->domain));
}

static void on_cover_answer(void *owner, struct cover *cover,
                            const struct proc_guard_answer *answer)
{
	struct witness *w = owner;
	uint8_t room[512];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_guard_answer_pack(&p, answer);
	if (p.has_failed || proc_peer_queue(w->parent, PROC_MSG_GUARD_SAID, proc_packed(&p)))
		log_warn(NULL, "what DNS says of a certificate is not told");
	for (size_t i = 0; i < COVERS_MAX; i++)
		if (w->covers[i] == cover)
			cover_free(TAKE(w->covers[i]));
}

/* One that there is no room or memory for is answered by the parent's own deadline. */
static void cover_begin(struct witness *w, struct slice question)
{
	const struct cover_settings set = { .loop = w->loop,
		                            .lookup = w->lookup,
		                            .question = question,
		                            .on_answer = on_cover_answer,
		                            .owner = w };
	size_t i = 0;
	while (i < COVERS_MAX && w->covers[i])
		i++;
	if (i == COVERS_MAX || cover_new(&w->covers[i], &set))
		log_warn(NULL, "DNS is not asked about a certificate");
}

static void on_everywhere_answer(void *owner, struct everywhere *e,
                                 const struct proc_everywhere_answer *answer)
{
	struct witness *w = owner;
	uint8_t room[512];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_everywhere_answer_pack(&p, answer);
	if (p.has_failed || proc_peer_queue(w->parent, PROC_MSG_EVERYWHERE_SAID, proc_packed(&p)))
		log_warn(NULL, "what DNS says of a next key is not told");
	for (size_t i = 0; i < ROLLOVERS_MAX; i++)
		if (w->everywheres[i] == e)
			everywhere_free(TAKE(w->everywheres[i]));
}

/* One that there is no room or memory for is asked again by the parent. */
static void everywhere_begin(struct witness *w, struct slice question)
{
	const struct everywhere_settings set = { .loop = w->loop,
		                                 .lookup = w->lookup,
		                                 .stubs = w->dns.stubs,
		                                 .stub_count = w->settings->resolver.stub_count,
		                                 .question = question,
		                                 .on_answer = on_everywhere_answer,
		                                 .owner = w };
	size_t i = 0;
	while (i < ROLLOVERS_MAX && w->everywheres[i])
		i++;
	if (i == ROLLOVERS_MAX || everywhere_new(&w->everywheres[i], &set))
		log_warn(NULL, "DNS is not asked about a next key");
}

static int on_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct witness *w = owner;
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t id;
	if (msg->type == PROC_MSG_WITNESS_TARGETS)
		return err_up(looker_targets_set(w->looker, msg->payload));
	if (msg->type == PROC_MSG_GUARD_ASK) {
		cover_begin(w, msg->payload);
		return 0;
	}
	if (msg->type == PROC_MSG_EVERYWHERE_ASK) {
		everywhere_begin(w, msg->payload);
		return 0;
	}
	if (msg->type == PROC_MSG_STS_LOOK)
		return err_up(published_domains_set(w->published, msg->payload));
	if (msg->type != PROC_MSG_WITNESS_AGAIN || !proc_unpack_u32(&u, &id))
		return err_raise(-EPROTO); /* the configuration came before */
	looker_again(w->looker, id);
	return 0;
}

/* Whom would it tell? */
static void on_parent_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct witness *w = owner;
	io_loop_stop(w->loop);
}

/* --- the beginning --- */

static void cas_read(struct witness *w)
{
	int r = file_read(&w->ca_pem, conf_system_cas, CA_FILE_MAX, NULL);
	if (r)
		log_warn(NULL, "CA certificates cannot be read: no chain is called incomplete",
		         kv_str("file", conf_system_cas), kv_str("error", file_error(r)));
	const char *more = w->settings->resolver.ca_file;
	if (buf_add(&w->sts_ca_pem, buf_slice(&w->ca_pem)) || buf_add_str(&w->sts_ca_pem, "\n") ||
	    (more && file_read(&w->sts_ca_pem, more, CA_FILE_MAX, NULL)))
		log_error(NULL, "CA certificates for MTA-STS cannot be read",
		          kv_str("file", more ? more : conf_system_cas));
}

static int lookup_begin(struct witness *w)
{
	enum { QUERIES = 256 };
	char error[256] = "out of memory";
	int r = ask_settings_take(&w->dns, &w->settings->resolver);
	if (r)
		return err_up(r);
	w->dns.lookup.trust_anchor = w->anchor.path;
	w->dns.lookup.keeps_anchor = w->anchor.is_kept;
	w->dns.lookup.queries = QUERIES;
	r = lookup_new(&w->lookup, w->loop, &w->dns.lookup, error, sizeof(error));
	if (r)
		log_error(NULL, "witness cannot ask DNS", kv_str("error", error));
	return r > 0 ? err_raise(-EINVAL) : err_up(r);
}

static int hops_begin(struct witness *w)
{
	char error[256] = "";
	const struct tls_hops_settings set = { .ca_pem = buf_slice(&w->ca_pem),
		                               .min_version = TLS_1_2 };
	int r = tls_hops_new(&w->hops, &set, error, sizeof(error));
	buf_deinit(&w->ca_pem);
	if (r > 0)
		log_error(NULL, "CA certificates are of no use", kv_str("error", error));
	return r > 0 ? err_raise(-EINVAL) : err_up(r);
}

static int published_begin(struct witness *w)
{
	int r = fetch_new(&w->fetch, w->loop,
	                  &(struct fetch_settings){ .ca_pem = buf_slice(&w->sts_ca_pem) });
	buf_deinit(&w->sts_ca_pem);
	if (r)
		return err_up(r);
	return err_up(
		published_new(&w->published, &(struct published_settings){ .loop = w->loop,
	                                                                   .lookup = w->lookup,
	                                                                   .fetch = w->fetch,
	                                                                   .on_seen = on_published,
	                                                                   .owner = w }));
}

static int parts_begin(struct witness *w)
{
	int r = io_loop_new(&w->loop);
	if (!r)
		r = lookup_begin(w);
	if (!r)
		r = hops_begin(w);
	if (!r)
		r = published_begin(w);
	if (!r)
		r = looker_new(&w->looker, &(struct looker_settings){
						   .tools = { .loop = w->loop,
		                                              .lookup = w->lookup,
		                                              .hops = w->hops,
		                                              .hostname = w->settings->hostname },
						   .on_seen = on_seen,
						   .owner = w });
	if (!r)
		r = proc_peer_adopt(&w->parent,
		                    &(struct proc_peer_settings){ .loop = w->loop,
		                                                  .chan = TAKE(w->parent_chan),
		                                                  .owner = w,
		                                                  .on_message = on_message,
		                                                  .on_end = on_parent_end });
	if (!r)
		r = proc_peer_ready(w->parent);
	if (!r)
		ask_room_watch(&w->room, w->loop);
	return err_up(r);
}

/* 0, PROC_CLOSED (the parent has ended already) or a negative. */
static int begin(struct witness *w, int chan_fd)
{
	struct proc_box_report report;
	int r = proc_chan_new(&w->parent_chan, chan_fd, PROC_ROLE_WITNESS, PROC_ROLE_PARENT);
	if (!r)
		r = proc_config_wait(w->parent_chan, &w->settings); /* it names files, read outside
		                                                       the box */
	if (r)
		return r == PROC_CLOSED ? PROC_CLOSED : err_up(r);
	const struct conf_resolver *c = &w->settings->resolver;
	snprintf(w->folder, sizeof(w->folder), "%s/" CONF_WITNESS_FOLDER, w->settings->state_dir);
	cas_read(w);
	if (!c->trusts_ad) {
		ask_room_begin(&w->room, w->folder, true);
		r = anchor_keep(&w->anchor,
		                &(struct anchor_settings){ .folder = w->folder,
		                                           .seed = c->trust_anchor,
		                                           .has_room = w->room.is_there });
	}
	if (!r && curl_global_init(CURL_GLOBAL_DEFAULT))
		r = err_raise(-ENOMEM);
	/* First the box: a loop made before it may hold an io_uring that it then may not use. */
	if (!r)
		r = proc_box(PROC_ROLE_WITNESS, w->folder, &report);
	return r ? err_up(r) : err_up(parts_begin(w));
}

static void end(struct witness *w)
{
	looker_free(w->looker);
	published_free(w->published);
	fetch_free(w->fetch);
	for (size_t i = 0; i < COVERS_MAX; i++)
		cover_free(w->covers[i]);
	for (size_t i = 0; i < ROLLOVERS_MAX; i++)
		everywhere_free(w->everywheres[i]);
	proc_peer_free(w->parent);
	proc_chan_free(w->parent_chan);
	tls_hops_unref(w->hops);
	lookup_free(w->lookup);
	ask_room_end(&w->room);
	io_loop_free(w->loop);
	ask_settings_deinit(&w->dns);
	conf_settings_free(w->settings);
	buf_deinit(&w->ca_pem);
	buf_deinit(&w->sts_ca_pem);
}

int witness_main(int chan_fd)
{
	struct witness w = {};
	int r = begin(&w, chan_fd);
	if (!r)
		r = io_loop_run(w.loop);
	if (r < 0)
		log_error(NULL, "witness cannot run", kv_str("error", strerror(-r)),
		          kv_str("where", err_origin()));
	end(&w);
	if (w.room.is_over)
		return PROC_EXIT_ANEW;
	return r < 0 ? 1 : 0;
}
