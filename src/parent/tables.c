/*
 * Tables of users (lookup with table): read and indexed once, in memory that workers map and nobody
 * can change any more. A file that is faulty stops nothing else (a renewed certificate, a reload):
 * what it said before holds. Where there was nothing before, it stops the configuration.
 */
#include "parent/tables.h"
#include "parent/state.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sealed.h"
#include "lookup/table.h"
#include "proc/msg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void parent_tables_free(struct parent_plan *plan)
{
	for (size_t i = 0; plan->tables && i < plan->settings->lookup_count; i++)
		if (plan->tables[i].len)
			close(plan->tables[i].fd);
	free(plan->tables);
}

struct fault {
	char text[512];
};

static void fault_say(struct fault *fault, const char *path, const struct lookup_table_facts *facts)
{
	snprintf(fault->text, sizeof(fault->text), "%s:%zu: %s", path, facts->bad_line,
	         !facts->bad_line  ? "it is too long"
	         : facts->is_again ? "this user has a line before"
	                           : "no line of a user and an answer");
}

static int table_read(struct parent_table *t, const char *path, struct fault *ret_fault)
{
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(buf_deinit) struct buf block = {};
	struct lookup_table_facts facts;
	int r = file_read(&text, path, LOOKUP_TABLE_TEXT_MAX, &t->time);
	if (r) {
		snprintf(ret_fault->text, sizeof(ret_fault->text), "%s: %s", path, file_error(r));
		return CONF_BAD;
	}
	r = lookup_table_build(buf_slice(&text), &block, &facts);
	if (r == LOOKUP_TABLE_BAD) {
		fault_say(ret_fault, path, &facts);
		return CONF_BAD;
	}
	if (!r)
		r = sealed_new(&t->fd, "mailseal-users", buf_slice(&block));
	if (r)
		return err_up(r);
	t->len = buf_len(&block);
	t->users = facts.users;
	return 0;
}

/* What is in force of this file. */
static const struct parent_table *table_of(const struct parent_plan *plan, const char *path)
{
	for (size_t i = 0; plan && plan->tables && i < plan->settings->lookup_count; i++) {
		const char *its = plan->settings->lookups[i].table;
		if (its && !strcmp(its, path) && plan->tables[i].len)
			return &plan->tables[i];
	}
	return NULL;
}

static int table_keep(struct parent_table *t, const struct parent_table *old)
{
	int fd = fcntl(old->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return err_raise(-errno);
	*t = *old;
	t->fd = fd;
	return 0;
}

/* Said once of each version of the file; of one that is not there, at each reload. */
static void fault_log(const struct conf_lookup *lookup, const struct fault *fault)
{
	log_error(NULL, "table of users not taken, what it said before holds",
	          kv_str("lookup", lookup->name), kv_str("reason", fault->text),
	          kv_str("mend", "mend the file; it is read by itself"));
}

static int table_prepare(struct parent_plan *plan, const struct parent_plan *before, size_t number)
{
	const struct conf_lookup *lookup = &plan->settings->lookups[number];
	struct parent_table *t = &plan->tables[number];
	const struct parent_table *old = table_of(before, lookup->table);
	struct timespec now = file_time(lookup->table);
	struct fault fault;
	if (old && now.tv_sec &&
	    (file_time_is_same(now, old->time) || file_time_is_same(now, old->faulty_time)))
		return err_up(table_keep(t, old));
	int r = table_read(t, lookup->table, &fault);
	if (r == CONF_BAD && old) {
		fault_log(lookup, &fault);
		r = table_keep(t, old);
		t->faulty_time = now;
	}
	return r == CONF_BAD
	               ? parent_plan_fails(plan, "lookup.%s.table: %s", lookup->name, fault.text)
	               : err_up(r);
}

int parent_tables_prepare(struct parent_plan *plan, const struct parent_plan *before)
{
	const struct conf_settings *s = plan->settings;
	plan->tables = calloc(s->lookup_count + 1, sizeof(*plan->tables));
	if (!plan->tables)
		return err_raise(-ENOMEM);
	int r = 0;
	for (size_t i = 0; i < s->lookup_count && !r; i++)
		if (s->lookups[i].table)
			r = table_prepare(plan, before, i);
	return r;
}

bool parent_tables_have_changed(const struct parent_plan *plan)
{
	for (size_t i = 0; plan->tables && i < plan->settings->lookup_count; i++) {
		const char *path = plan->settings->lookups[i].table;
		const struct parent_table *t = path ? table_of(plan, path) : NULL;
		struct timespec now = t ? file_time(path) : (struct timespec){};
		if (now.tv_sec && !file_time_is_same(now, t->time) &&
		    !file_time_is_same(now, t->faulty_time))
			return true;
	}
	return false;
}

void parent_tables_send(struct parent *p, struct parent_child *worker)
{
	const struct parent_plan *plan = p->plan;
	for (size_t i = 0; i < plan->settings->lookup_count; i++) {
		const struct parent_table *t = &plan->tables[i];
		uint8_t payload[4 + 8];
		struct proc_packer packer = proc_packer_over(payload, sizeof(payload));
		int fd = t->len ? fcntl(t->fd, F_DUPFD_CLOEXEC, 0) : -1;
		if (fd < 0)
			continue;
		proc_pack_u32(&packer, (uint32_t)i);
		proc_pack_u64(&packer, t->len);
		parent_send(worker, PROC_MSG_TABLE, proc_packed(&packer), fd);
	}
}
