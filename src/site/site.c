#include "site/site.h"

#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "proc/box.h"
#include "proc/config.h"
#include "proc/peer.h"
#include "proc/way.h"
#include "site/answer.h"
#include "site/covers.h"
#include "site/outside.h"
#include "site/policies.h"
#include "web/server.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>

enum {
	CA_FILE_MAX = 4 * 1024 * 1024,
	BODY_MAX = 16 * 1024, /* of a request of Outlook's */
	LIFETIME_MS = 30 * 1000,
};

struct site {
	struct io_loop *loop;
	struct conf_settings *settings; /* in force */
	struct conf_settings *next;     /* its certificates are still coming */
	struct buf ca_pem;
	char path[PATH_MAX];
	struct proc_chan *parent_chan; /* until the loop has it */
	struct proc_peer *parent;
	struct proc_peer *resolver; /* NULL: it is not there now */
	struct site_covers *covers;
	struct site_policies *policies;
	struct site_outside *outside;
	struct web_server *server;
};

/* --- resolver --- */

static bool policy_ask(void *owner, uint32_t number, const char *domain)
{
	struct site *s = owner;
	uint8_t room[4 + 1 + 2 + 256];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_pack_u32(&p, number);
	proc_pack_u8(&p, false);
	proc_pack_str(&p, domain);
	return s->resolver && !p.has_failed &&
	       !proc_peer_queue(s->resolver, PROC_MSG_RESOLVE, proc_packed(&p));
}

static int on_resolver_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct site *s = owner;
	CLEAN(proc_way_freep) struct proc_way *way = NULL;
	struct proc_unpacker u = proc_unpacker_over(msg->payload);
	uint32_t number;
	if (!proc_unpack_u32(&u, &number))
		return err_raise(-EPROTO);
	int r = proc_way_unpack(&u, &way);
	if (r)
		return r == PROC_WAY_BAD ? err_raise(-EPROTO) : err_up(r);
	if (!s->next) /* else all is asked again */
		site_policies_heard(s->policies, number, &way->way);
	return 0;
}

static void on_resolver_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct site *s = owner;
	if (s->resolver == peer) {
		s->resolver = NULL;
		site_policies_lost(s->policies);
		if (how != PROC_PEER_GONE && s->parent &&
		    proc_peer_send(s->parent, PROC_MSG_RESOLVER_WANTED, (struct slice){}, -1))
			log_warn(NULL, "resolver cannot be asked for");
	}
	proc_peer_free(peer);
}

/* The last that comes is asked. */
static int resolver_take(struct site *s, int fd)
{
	proc_peer_free(TAKE(s->resolver));
	site_policies_lost(s->policies);
	return err_up(proc_peer_new(&s->resolver,
	                            &(struct proc_peer_settings){ .loop = s->loop,
	                                                          .fd = fd,
	                                                          .self = PROC_ROLE_SITE,
	                                                          .peer = PROC_ROLE_RESOLVER,
	                                                          .owner = s,
	                                                          .on_message = on_resolver_message,
	                                                          .on_end = on_resolver_end }));
}

/* --- requests --- */

static void on_request(void *owner, const struct web_request *request, struct web_reply *reply)
{
	struct site *s = owner;
	const struct site_answers answers = { .settings = s->settings,
		                              .history = site_policies_history(s->policies) };
	site_answer(&answers, request, reply);
}

static int server_begin(struct site *s, int fd)
{
	web_server_free(TAKE(s->server));
	return err_up(web_server_new(&s->server,
	                             &(struct web_server_settings){ .loop = s->loop,
	                                                            .fd = fd,
	                                                            .has_header = true,
	                                                            .body_max = BODY_MAX,
	                                                            .lifetime_ms = LIFETIME_MS,
	                                                            .owner = s,
	                                                            .on_request = on_request }));
}

/* --- the parent --- */

static void on_trouble(void *owner, struct slice list)
{
	struct site *s = owner;
	if (s->parent && proc_peer_queue(s->parent, PROC_MSG_SITE_TROUBLE, list))
		log_warn(NULL, "what is wrong with policies cannot be told");
}

static void on_told(void *owner, struct slice text)
{
	struct site *s = owner;
	if (s->parent && proc_peer_queue(s->parent, PROC_MSG_SITE_POLICIES, text))
		log_warn(NULL, "policies cannot be shown");
}

static void mismatches_tell(struct site *s)
{
	CLEAN(buf_deinit) struct buf list = {};
	if (site_outside_is_news(s->outside, &list) &&
	    proc_peer_queue(s->parent, PROC_MSG_STS_MISMATCH, buf_slice(&list)))
		log_warn(NULL, "what is wrong with policies cannot be told");
}

static int seen_take(struct site *s, struct slice payload)
{
	int r = site_outside_saw(s->outside, payload, site_policies_history(s->policies));
	if (!r)
		mismatches_tell(s);
	return err_up(r);
}

/* Chains follow, then START: only then it is in force. */
static int config_take(struct site *s, struct slice payload)
{
	conf_settings_free(TAKE(s->next));
	int r = proc_config_read(payload, &s->next);
	if (!r)
		site_covers_clear(s->covers, s->next);
	return err_up(r);
}

static int config_begin(struct site *s)
{
	if (!s->next)
		return err_raise(-EPROTO);
	struct conf_settings *old = s->settings;
	s->settings = TAKE(s->next);
	int r = site_policies_begin(s->policies, s->settings);
	if (!r)
		r = site_outside_begin(s->outside, s->settings);
	conf_settings_free(old);
	if (!r)
		mismatches_tell(s);
	return err_up(r);
}

static int chain_take(struct site *s, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t key_id;
	char name[256];
	struct slice pem;
	if (!proc_unpack_u32(&u, &key_id) || !proc_unpack_str(&u, name, sizeof(name)) ||
	    !proc_unpack_text(&u, &pem))
		return err_raise(-EPROTO);
	return err_up(site_covers_add(s->covers, pem));
}

static int on_parent_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct site *s = owner;
	if (msg->type == PROC_MSG_CONFIG)
		return err_up(config_take(s, msg->payload));
	if (msg->type == PROC_MSG_CHAIN)
		return err_up(chain_take(s, msg->payload));
	if (msg->type == PROC_MSG_START)
		return err_up(config_begin(s));
	if (msg->type == PROC_MSG_STS_SEEN)
		return err_up(seen_take(s, msg->payload));
	if (msg->type == PROC_MSG_RESOLVER_CHANNEL)
		return err_up(resolver_take(s, TAKE_FD(msg->fd)));
	return err_up(server_begin(s, TAKE_FD(msg->fd))); /* its socket */
}

static void on_parent_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct site *s = owner;
	io_loop_stop(s->loop);
}

/* --- the beginning and the end --- */

static void cas_read(struct site *s, const char *path)
{
	int r = file_read(&s->ca_pem, path, CA_FILE_MAX, NULL);
	if (!r)
		r = buf_add_str(&s->ca_pem, "\n");
	if (r)
		log_error(NULL, "CA certificates cannot be read: no policy is enforced by them",
		          kv_str("file", path), kv_str("error", file_error(r)));
}

static int parts_begin(struct site *s)
{
	int r = io_loop_new(&s->loop);
	if (!r)
		r = site_covers_new(&s->covers, buf_slice(&s->ca_pem));
	buf_deinit(&s->ca_pem);
	if (r)
		return err_up(r);
	site_covers_clear(s->covers, s->settings);
	r = site_policies_new(&s->policies,
	                      &(struct site_policies_settings){ .loop = s->loop,
	                                                        .path = s->path,
	                                                        .covers = s->covers,
	                                                        .owner = s,
	                                                        .ask = policy_ask,
	                                                        .on_trouble = on_trouble,
	                                                        .on_told = on_told });
	s->next = TAKE(s->settings);
	if (!r)
		r = site_outside_new(&s->outside);
	if (!r)
		r = proc_peer_adopt(&s->parent,
		                    &(struct proc_peer_settings){ .loop = s->loop,
		                                                  .chan = TAKE(s->parent_chan),
		                                                  .owner = s,
		                                                  .on_message = on_parent_message,
		                                                  .on_end = on_parent_end });
	if (!r)
		r = proc_peer_ready(s->parent);
	return err_up(r);
}

/* 0, PROC_CLOSED (the parent has ended already) or a negative. */
static int begin(struct site *s, int chan_fd)
{
	struct proc_box_report report;
	char folder[PATH_MAX - 16];
	int r = proc_chan_new(&s->parent_chan, chan_fd, PROC_ROLE_SITE, PROC_ROLE_PARENT);
	if (!r)
		r = proc_config_wait(s->parent_chan, &s->settings); /* it names files, read
		                                                       outside the box */
	if (r)
		return r == PROC_CLOSED ? PROC_CLOSED : err_up(r);
	snprintf(folder, sizeof(folder), "%s/" CONF_SITE_FOLDER, s->settings->state_dir);
	snprintf(s->path, sizeof(s->path), "%s/" CONF_SERVED_FILE, folder);
	cas_read(s, conf_system_cas);
	if (s->settings->resolver.ca_file)
		cas_read(s, s->settings->resolver.ca_file);
	/* First the box: a loop made before it may hold an io_uring that it then may not use. */
	r = proc_box(PROC_ROLE_SITE, folder, &report);
	return r ? err_up(r) : err_up(parts_begin(s));
}

static void end(struct site *s)
{
	web_server_free(s->server);
	site_policies_free(s->policies);
	site_outside_free(s->outside);
	site_covers_free(s->covers);
	proc_peer_free(s->resolver);
	proc_peer_free(s->parent);
	proc_chan_free(s->parent_chan);
	io_loop_free(s->loop);
	conf_settings_free(s->settings);
	conf_settings_free(s->next);
	buf_deinit(&s->ca_pem);
}

int site_main(int chan_fd)
{
	struct site s = {};
	int r = begin(&s, chan_fd);
	if (!r)
		r = io_loop_run(s.loop);
	if (r < 0)
		log_error(NULL, "site cannot run", kv_str("error", strerror(-r)),
		          kv_str("where", err_origin()));
	end(&s);
	return r < 0 ? 1 : 0;
}
