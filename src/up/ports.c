#include "up/ports.h"

#include "base/clean.h"
#include "base/err.h"
#include "base/file.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { TABLE_MAX = 16 * 1024 * 1024, STATE_LISTENS = 0x0a };

void up_ports_deinit(struct up_ports *ports)
{
	free(ports->items);
	free(ports->sockets);
	*ports = (struct up_ports){};
}

static int port_add(struct up_ports *ports, unsigned port, unsigned long socket)
{
	struct up_listening *items =
		realloc(ports->items, (ports->count + 1) * sizeof(*ports->items));
	if (!items)
		return err_raise(-ENOMEM);
	ports->items = items;
	unsigned long *sockets =
		realloc(ports->sockets, (ports->count + 1) * sizeof(*ports->sockets));
	if (!sockets)
		return err_raise(-ENOMEM);
	ports->sockets = sockets;
	items[ports->count] = (struct up_listening){ .port = (uint16_t)port };
	sockets[ports->count++] = socket;
	return 0;
}

int up_ports_parse(struct up_ports *ports, struct slice text)
{
	int r = 0;
	while (text.len && !r) {
		char line[256];
		unsigned port, state;
		unsigned long socket;
		size_t len = slice_find(text, '\n');
		slice_to_text(slice_head(text, len), line, sizeof(line));
		text = slice_skip(text, len + 1);
		if (sscanf(line, " %*d: %*[0-9A-F]:%4x %*[0-9A-F]:%*x %2x %*s %*s %*s %*u %*u %lu",
		           &port, &state, &socket) == 3 &&
		    state == STATE_LISTENS)
			r = port_add(ports, port, socket);
	}
	return err_up(r);
}

static int table_read(struct up_ports *ports, const char *path)
{
	CLEAN(buf_deinit) struct buf text = {};
	CLEAN(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_raise(-errno); /* no IPv6 */
	int r = file_read_fd(&text, fd, TABLE_MAX);
	return r ? err_up(r) : err_up(up_ports_parse(ports, buf_slice(&text)));
}

/* --- whose they are --- */

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The name of its file: what a process calls itself may be anything. */
static void program_name(const char *pid, char ret_name[32])
{
	char path[300], target[512];
	snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	char *deleted = strstr(target, " (deleted)"); /* another build came in its place */
	if (deleted)
		*deleted = '\0';
	const char *slash = strrchr(target, '/');
	slice_to_text(slice_str(slash ? slash + 1 : target), ret_name, 32);
}

static void socket_owned(struct up_ports *ports, unsigned long socket, const char *pid)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->sockets[i] == socket && !ports->items[i].program[0])
			program_name(pid, ports->items[i].program);
}

static void process_look(struct up_ports *ports, const char *pid)
{
	char path[300], target[64];
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	CLEAN(closedirp) DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		unsigned long socket;
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (sscanf(target, "socket:[%lu]", &socket) == 1)
			socket_owned(ports, socket, pid);
	}
}

/* In the order of /proc, so that of a server and its children the server is named. */
static void programs_find(struct up_ports *ports)
{
	CLEAN(closedirp) DIR *dir = opendir("/proc");
	for (struct dirent *entry; dir && (entry = readdir(dir));)
		if (isdigit((unsigned char)entry->d_name[0]))
			process_look(ports, entry->d_name);
}

int up_ports_read_tables(struct up_ports *ret_ports)
{
	*ret_ports = (struct up_ports){};
	int r = table_read(ret_ports, "/proc/net/tcp");
	return r ? err_up(r) : err_up(table_read(ret_ports, "/proc/net/tcp6"));
}

int up_ports_read(struct up_ports *ret_ports)
{
	int r = up_ports_read_tables(ret_ports);
	if (r)
		return err_up(r);
	programs_find(ret_ports);
	return 0;
}

bool up_ports_have(const struct up_ports *ports, uint16_t port)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->items[i].port == port)
			return true;
	return false;
}

bool up_ports_have_program(const struct up_ports *ports, uint16_t port, const char *program)
{
	for (size_t i = 0; i < ports->count; i++)
		if (ports->items[i].port == port && !strcmp(ports->items[i].program, program))
			return true;
	return false;
}

bool up_ports_program_runs(const struct up_ports *ports, const char *program)
{
	for (size_t i = 0; i < ports->count; i++)
		if (!strcmp(ports->items[i].program, program))
			return true;
	return false;
}
