#include "resolver/resolver.h"

#include "ask/anchor.h"
#include "ask/room.h"
#include "ask/settings.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "proc/box.h"
#include "proc/config.h"
#include "proc/share.h"
#include "resolver/inside.h"
#include "store/store.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>

enum {
	CA_FILE_MAX = 4 * 1024 * 1024,
	DESCRIPTORS = 65536,
};

void resolver_end_if_idle(struct resolver *r)
{
	if (!r->parent && !r->askers)
		io_loop_stop(r->loop);
}

static int on_tlsrpt_send(struct resolver *r, struct slice payload)
{
	struct proc_unpacker u = proc_unpacker_over(payload);
	uint32_t day;
	if (!proc_unpack_u32(&u, &day) || !proc_unpack_ends(&u))
		return err_raise(-EPROTO);
	if (r->reporter)
		reporter_hurry(r->reporter, day);
	return 0;
}

static int on_parent_message(void *owner, struct proc_peer *from, struct proc_msg *msg)
{
	struct resolver *r = owner;
	char domain[POLICY_WAY_NAME_CAP];
	if (msg->type == PROC_MSG_WORKER_CHANNEL)
		return err_up(resolver_asker_add(r, PROC_ROLE_WORKER, TAKE_FD(msg->fd)));
	if (msg->type == PROC_MSG_SITE_CHANNEL)
		return err_up(resolver_asker_add(r, PROC_ROLE_SITE, TAKE_FD(msg->fd)));
	if (msg->type == PROC_MSG_HOSTS_FILE)
		return err_up(hosts_file_set(r->hosts, msg->payload));
	if (msg->type == PROC_MSG_TLSRPT_SEND)
		return err_up(on_tlsrpt_send(r, msg->payload));
	if (msg->type != PROC_MSG_RELEASE)
		return err_raise(-EPROTO); /* the configuration came before */
	slice_to_text(msg->payload, domain, sizeof(domain));
	resolver_memory_release(r->memory, domain);
	resolver_shared_release(r->shared, domain);
	return 0;
}

static void on_parent_end(void *owner, struct proc_peer *peer, enum proc_peer_end how)
{
	struct resolver *r = owner;
	proc_peer_free(TAKE(r->parent));
	reporter_free(TAKE(r->reporter)); /* another build's resolver goes on with them */
	ask_room_end(&r->room);           /* nobody would begin another for its workers */
	if (how != PROC_PEER_GONE)
		io_loop_stop(r->loop);
	else
		resolver_end_if_idle(r);
}

/* A file that is not there is said, and goes without: mail must go on. */
static void cas_read(struct resolver *r, const char *path)
{
	int result = file_read(&r->ca_pem, path, CA_FILE_MAX, NULL);
	if (!result)
		result = buf_add_str(&r->ca_pem, "\n");
	if (result)
		log_error(NULL, "CA certificates for MTA-STS cannot be read", kv_str("file", path),
		          kv_str("error", file_error(result)));
}

static void stores_open(struct resolver *r)
{
	char path[PATH_MAX + 16];
	struct store_opened how;
	snprintf(path, sizeof(path), "%s/sts.db", r->folder);
	int result = store_sts_open(&r->store, path, &how);
	if (how.was_bad)
		log_error(NULL, "remembered MTA-STS policies were lost", kv_str("file", path),
		          kv_str("error", how.why));
	if (result)
		log_error(NULL, "MTA-STS policies are not remembered", kv_str("file", path),
		          kv_str("error", how.why));
}

static int lookup_begin(struct resolver *r)
{
	char error[256] = "out of memory";
	CLEAN(ask_settings_deinit) struct ask_settings set = {};
	int result = ask_settings_take(&set, &r->settings->resolver);
	if (result)
		return err_up(result);
	set.lookup.trust_anchor = r->anchor.path;
	set.lookup.keeps_anchor = r->anchor.is_kept;
	result = lookup_new(&r->lookup, r->loop, &set.lookup, error, sizeof(error));
	if (result)
		log_error(NULL, "resolver cannot begin", kv_str("error", error));
	return result > 0 ? err_raise(-EINVAL) : err_up(result);
}

static void on_workarounds(void *owner, struct slice list)
{
	struct resolver *r = owner;
	if (r->parent && proc_peer_queue(r->parent, PROC_MSG_WORKAROUNDS, list))
		log_warn(NULL, "workarounds cannot be shown in the status");
}

static void on_hosts(void *owner, struct slice list)
{
	struct resolver *r = owner;
	if (r->parent && proc_peer_queue(r->parent, PROC_MSG_HOSTS, list))
		log_warn(NULL, "addresses of hosts cannot be shown in the status");
}

static void on_report_numbers(void *owner, const struct reporter_numbers *numbers)
{
	struct resolver *r = owner;
	uint8_t room[3 * sizeof(uint64_t)];
	struct proc_packer p = proc_packer_over(room, sizeof(room));
	proc_pack_u64(&p, numbers->waiting);
	proc_pack_u64(&p, numbers->sent);
	proc_pack_u64(&p, numbers->given_up);
	if (r->parent && proc_peer_queue(r->parent, PROC_MSG_TLSRPT_NUMBERS, proc_packed(&p)))
		log_warn(NULL, "TLS reports cannot be shown in the status");
}

static int reporter_begin(struct resolver *r)
{
	if (!r->settings->tlsrpt.sends || !outcomes_store(r->outcomes))
		return 0;
	return err_up(reporter_new(
		&r->reporter, &(struct reporter_settings){ .loop = r->loop,
	                                                   .settings = r->settings,
	                                                   .store = outcomes_store(r->outcomes),
	                                                   .lookup = r->lookup,
	                                                   .fetch = r->fetch,
	                                                   .on_numbers = on_report_numbers,
	                                                   .owner = r }));
}

/* --- the cluster --- */

static void on_memory(void *owner, const char *domain, const char *mx,
                      const struct policy_shared_memory *memory)
{
	struct resolver *r = owner;
	resolver_shared_memory(r->shared, domain, mx, memory);
}

static void on_host_fault(void *owner, const char *mx, const struct policy_shared_fault *fault)
{
	struct resolver *r = owner;
	resolver_shared_fault(r->shared, mx, fault);
}

static void on_policy(void *owner, const struct store_sts_row *row)
{
	struct resolver *r = owner;
	resolver_shared_policy(r->shared, row);
}

static void on_reached(void *owner, int64_t since_s)
{
	struct resolver *r = owner;
	resolver_memory_tell_again(r->memory, since_s);
}

/* Without it ways are found all the same. */
static void shared_begin(struct resolver *r)
{
	if (!r->settings->cluster.is_set)
		return;
	int result = resolver_shared_new(
		&r->shared, &(struct resolver_shared_settings){ .loop = r->loop,
	                                                        .conf = &r->settings->cluster,
	                                                        .password = buf_slice(&r->password),
	                                                        .folder = r->folder,
	                                                        .sts = r->store,
	                                                        .owner = r,
	                                                        .on_reached = on_reached });
	if (result)
		log_error(NULL, "this node does not share", kv_int("errno", -result),
		          kv_str("where", err_origin()));
}

/* What is kept of far ends, and told of them. */
static int kept_begin(struct resolver *r)
{
	int result = resolver_memory_new(
		&r->memory, &(struct resolver_memory_settings){ .loop = r->loop,
	                                                        .folder = r->folder,
	                                                        .on_workarounds = on_workarounds,
	                                                        .on_memory = on_memory,
	                                                        .on_fault = on_host_fault,
	                                                        .owner = r });
	if (!result)
		result = seats_new(&r->seats, r->loop);
	if (!result)
		result = outcomes_new(&r->outcomes, r->loop, r->folder);
	return result ? err_up(result) : err_up(reporter_begin(r));
}

/* Ways to domains, addresses of hosts. */
static int finders_begin(struct resolver *r)
{
	int result = policies_new(&r->policies, &(struct policies_settings){ .loop = r->loop,
	                                                                     .lookup = r->lookup,
	                                                                     .fetch = r->fetch,
	                                                                     .store = r->store,
	                                                                     .on_kept = on_policy,
	                                                                     .owner = r });
	if (!result)
		result = finder_new(&r->finder, r->loop, r->lookup, r->policies);
	if (!result)
		result = hosts_new(&r->hosts, &(struct hosts_settings){ .loop = r->loop,
		                                                        .lookup = r->lookup,
		                                                        .owner = r,
		                                                        .on_list = on_hosts });
	return err_up(result);
}

static int parent_begin(struct resolver *r)
{
	int result = proc_peer_adopt(&r->parent, &(struct proc_peer_settings){
							 .loop = r->loop,
							 .chan = TAKE(r->parent_chan),
							 .owner = r,
							 .on_message = on_parent_message,
							 .on_end = on_parent_end,
						 });
	if (!result)
		result = proc_peer_ready(r->parent);
	if (result)
		return err_up(result);
	resolver_memory_tell(r->memory);
	ask_room_watch(&r->room, r->loop);
	return 0;
}

static int parts_begin(struct resolver *r)
{
	int result = io_loop_new(&r->loop);
	if (!result)
		result = lookup_begin(r);
	if (!result)
		result = fetch_new(&r->fetch, r->loop,
		                   &(struct fetch_settings){ .ca_pem = buf_slice(&r->ca_pem) });
	buf_deinit(&r->ca_pem);
	stores_open(r);
	if (!result)
		result = kept_begin(r);
	if (!result)
		result = finders_begin(r);
	if (!result)
		shared_begin(r);
	return result ? err_up(result) : err_up(parent_begin(r));
}

/* Each question to a name server takes one. */
static void descriptors_raise(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	(void)!setrlimit(RLIMIT_NOFILE, &limit);
}

/* 0, PROC_CLOSED (the parent has ended already) or a negative. */
static int begin(struct resolver *r, int chan_fd)
{
	struct proc_box_report report;
	const struct conf_resolver *c;
	int result = proc_chan_new(&r->parent_chan, chan_fd, PROC_ROLE_RESOLVER, PROC_ROLE_PARENT);
	if (!result)
		result = proc_config_wait(r->parent_chan, &r->settings); /* it names files, read
		                                                            outside the box */
	if (result)
		return result == PROC_CLOSED ? PROC_CLOSED : err_up(result);
	c = &r->settings->resolver;
	snprintf(r->folder, sizeof(r->folder), "%s/" CONF_RESOLVER_FOLDER, r->settings->state_dir);
	cas_read(r, conf_system_cas);
	if (c->ca_file)
		cas_read(r, c->ca_file);
	ask_room_begin(&r->room, r->folder, !c->trusts_ad);
	if (!c->trusts_ad)
		result = anchor_keep(&r->anchor,
		                     &(struct anchor_settings){ .folder = r->folder,
		                                                .seed = c->trust_anchor,
		                                                .has_room = r->room.is_there });
	if (!result && curl_global_init(CURL_GLOBAL_DEFAULT))
		result = err_raise(-ENOMEM);
	descriptors_raise();
	proc_share_password_read(&r->password, &r->settings->cluster);
	/* First the box: a loop made before it may hold an io_uring that it then may not use. */
	if (!result)
		result = proc_box(PROC_ROLE_RESOLVER, r->folder, &report);
	return result ? err_up(result) : err_up(parts_begin(r));
}

static void end(struct resolver *r)
{
	resolver_askers_free(r);
	proc_peer_free(r->parent);
	proc_chan_free(r->parent_chan);
	reporter_free(r->reporter);
	finder_free(r->finder);
	hosts_free(r->hosts);
	policies_free(r->policies);
	fetch_free(r->fetch);
	lookup_free(r->lookup);
	store_sts_close(r->store);
	resolver_shared_free(r->shared);
	buf_deinit_secret(&r->password);
	resolver_memory_free(r->memory);
	seats_free(r->seats);
	outcomes_free(r->outcomes);
	ask_room_end(&r->room);
	io_loop_free(r->loop);
	conf_settings_free(r->settings);
	buf_deinit(&r->ca_pem);
	buf_deinit(&r->packed);
	curl_global_cleanup();
}

int resolver_main(int chan_fd)
{
	struct resolver r = {};
	int result = begin(&r, chan_fd);
	if (!result)
		result = io_loop_run(r.loop);
	if (result < 0)
		log_error(NULL, "resolver cannot run", kv_str("error", file_error(result)),
		          kv_str("where", err_origin()));
	end(&r);
	if (r.room.is_over)
		return PROC_EXIT_ANEW;
	return result < 0 ? 1 : 0;
}
