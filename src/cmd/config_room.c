#include "cmd/config_room.h"

#include "conf/room.h"
#include "parent/parent.h"

#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MIB = 1024 * 1024 };

struct room {
	const struct conf_settings *settings;
	const char *path;
	unsigned workers;
	void (*fn)(void *owner, const struct config_short *what);
	void *owner;
};

__attribute__((format(printf, 3, 4))) static void
note(const struct room *c, struct config_short what, const char *format, ...)
{
	char message[256];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	what.message = message;
	c->fn(c->owner, &what);
}

static void descriptors_check(const struct room *c)
{
	struct conf_room_descriptors room = conf_room_descriptors(c->settings);
	struct rlimit limit;
	unsigned long long needed = 2 * room.sessions + room.others;
	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_max == RLIM_INFINITY ||
	    needed <= limit.rlim_max)
		return;
	char mend[160];
	unsigned long long fits =
		limit.rlim_max > room.others ? (limit.rlim_max - room.others) / 2 : 0;
	snprintf(mend, sizeof(mend),
	         "raise the limit (LimitNOFILE of systemd), write max_sessions = %llu%s", fits,
	         c->settings->link_count ? ", or lower connections of links" : "");
	note(c,
	     (struct config_short){
		     .file = c->path, .setting = "limits.max_sessions", .mend = mend },
	     "%llu sessions need %llu descriptors a worker, the hard limit here is %llu",
	     room.sessions, needed, (unsigned long long)limit.rlim_max);
}

/* Of one address of this host to one of another. */
static unsigned ports_count(void)
{
	enum { USUAL = 28232 };
	unsigned low, high;
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	bool is_read = f && fscanf(f, "%u %u", &low, &high) == 2 && low <= high;
	if (f)
		fclose(f);
	return is_read ? high - low + 1 : USUAL;
}

/* Who names the addresses meant them to do; else there is a rest that no host ever sees. */
static void backend_ports_check(const struct room *c, size_t backend)
{
	const struct conf_backend *b = &c->settings->backends[backend];
	struct conf_room_ports room =
		conf_room_ports(c->settings, backend, c->workers, ports_count());
	if (room.wanted <= room.most)
		return;
	char setting[320];
	snprintf(setting, sizeof(setting), "backend.%s.source", b->name);
	const struct config_short what = {
		.file = b->file ? b->file : c->path,
		.line = b->line,
		.setting = setting,
		.mend = "name more addresses of this host, let it listen on more (balance = "
			"\"least\"), use a unix socket, or lower max_sessions",
		.is_warning = !b->source_count,
	};
	note(c, what, "%llu sessions of all workers may go there, and there are ports for %llu",
	     room.wanted, room.most);
}

static unsigned long long memory_here(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	return pages > 0 && size > 0 ? (unsigned long long)pages * (unsigned long long)size : 0;
}

/* What nobody wrote is no error: it may never come to that. */
static void memory_check(const struct room *c)
{
	struct conf_room_memory room = conf_room_memory(c->settings, c->workers);
	unsigned long long here = memory_here();
	char mend[160];
	if (!here || room.bytes <= here)
		return;
	snprintf(mend, sizeof(mend),
	         "write max_sessions = %llu, or tls = { compact = true; } (a session then takes a "
	         "third less)",
	         here / c->workers / room.session_bytes);
	note(c,
	     (struct config_short){ .file = c->path,
	                            .setting = "limits.max_sessions",
	                            .mend = mend,
	                            .is_warning = room.is_usual },
	     "%llu sessions of all workers take %llu MiB of memory, this host has %llu",
	     room.sessions, room.bytes / MIB, here / MIB);
}

static void ports_check(const struct room *c)
{
	for (size_t i = 0; i < c->settings->backend_count; i++)
		backend_ports_check(c, i);
}

void config_room_check(const struct conf_settings *settings, const char *path,
                       void (*fn)(void *owner, const struct config_short *what), void *owner)
{
	const struct room c = { settings, path, parent_workers_wanted(settings), fn, owner };
	descriptors_check(&c);
	ports_check(&c);
	memory_check(&c);
}

void config_room_print(const struct conf_settings *s, FILE *out)
{
	unsigned workers = parent_workers_wanted(s);
	struct conf_room_descriptors of_one = conf_room_descriptors(s);
	struct conf_room_memory room = conf_room_memory(s, workers);
	if (!s->edge_count)
		return;
	fprintf(out,
	        "room: %llu sessions of %u worker%s; %llu descriptors each, %llu MiB of memory\n",
	        room.sessions, workers, workers == 1 ? "" : "s",
	        2 * of_one.sessions + of_one.others, room.bytes / MIB);
}
