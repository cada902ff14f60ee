/*
 * A name server for the tests of this folder: a thread on a port of loopback that answers from a
 * table, unsigned. Names whose first letter is s get SERVFAIL, with m nothing; with x a record that
 * is cut; with v they, and their TLSA records, are vouched for (AD, if that was asked for); with z
 * the answer comes over TCP alone, with y answers to other questions come before it. The names of
 * hosts "no4" and "no6", or what ends so before the first dot, get SERVFAIL for A, or AAAA.
 */
#ifndef ASK_TEST_ZONE_H
#define ASK_TEST_ZONE_H

#include "base/slice.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct zone_record {
	const char *name;
	uint16_t type;
	const char *data;
	size_t len;
};
#define ZONE_DATA(text) (text), sizeof(text) - 1

struct zone_server {
	const struct zone_record *records;
	size_t count;
	int fd, tcp_fd;
	char address[32]; /* ADDRESS@PORT */
	pthread_t thread;
	atomic_size_t stalled; /* questions that got nothing */
	bool is_plain;         /* no letter means anything */
};

enum { ZONE_CNAME = 5 };

[[maybe_unused]] static size_t zone_stalled(struct zone_server *z)
{
	return atomic_load(&z->stalled);
}

/* A record's "*." stands for one label or more. */
static bool zone_has(const char *pattern, const char *name)
{
	size_t len = strlen(name), tail = strlen(pattern) - 1;
	if (pattern[0] != '*')
		return !strcasecmp(pattern, name);
	return len > tail && !strcasecmp(pattern + 1, name + len - tail);
}

static bool zone_vouches(const char *name)
{
	static const char tlsa[] = "_25._tcp.";
	return name[strncmp(name, tlsa, strlen(tlsa)) ? 0 : strlen(tlsa)] == 'v';
}

static bool zone_fails(const char *name, uint16_t type)
{
	size_t len = strcspn(name, ".");
	const char *end = name + (len > 3 ? len - 3 : 0);
	return name[0] == 's' || (type == 1 && !strncmp(end, "no4", 3)) ||
	       (type == 28 && !strncmp(end, "no6", 3));
}

/* The question's name as text; returns where its type stands. */
static size_t zone_question(const uint8_t *packet, char *name)
{
	size_t at = 12;
	size_t len = 0;
	while (packet[at]) {
		memcpy(name + len, packet + at + 1, packet[at]);
		len += packet[at];
		name[len++] = '.';
		at += packet[at] + 1u;
	}
	name[len ? len - 1 : 0] = '\0';
	return at + 1;
}

static size_t zone_put(uint8_t *packet, size_t at, uint16_t type, const char *data, size_t len)
{
	const uint8_t head[] = { 0xc0, 12, (uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 0,
		                 60,   0,  (uint8_t)len };
	memcpy(packet + at, head, sizeof(head));
	memcpy(packet + at + sizeof(head), data, len);
	return at + sizeof(head) + len;
}

static size_t zone_answer(const struct zone_server *z, uint8_t *packet)
{
	static const char soa[22] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1 };
	char name[256];
	size_t at = zone_question(packet, name) + 4;
	uint16_t type = (uint16_t)(packet[at - 4] << 8 | packet[at - 3]);
	bool is_there = false;
	packet[2] = 0x85; /* a response, recursion was asked for, authoritative */
	packet[3] = 0x80 | (zone_vouches(name) && !z->is_plain ? packet[3] & 0x20 : 0);
	memset(packet + 6, 0, 6);
	if (!z->is_plain && zone_fails(name, type)) {
		packet[3] |= 2;
		return at;
	}
	for (size_t i = 0; i < z->count; i++) {
		const struct zone_record *r = &z->records[i];
		if (!zone_has(r->name, name))
			continue;
		is_there = true;
		if (r->type != type && r->type != ZONE_CNAME)
			continue;
		at = zone_put(packet, at, r->type, r->data, r->len);
		packet[7]++;
	}
	if (packet[7])
		return at - (name[0] == 'x' && !z->is_plain);
	packet[3] |= is_there ? 0 : 3;
	packet[9] = 1; /* the authority that a denial has */
	return zone_put(packet, at, 6, soa, sizeof(soa));
}

/* One question; the answer in two pieces. */
static void zone_serve_tcp(const struct zone_server *z)
{
	uint8_t packet[2050];
	int fd = accept(z->tcp_fd, NULL, NULL);
	ssize_t n = recv(fd, packet, 2, MSG_WAITALL);
	if (n == 2 && packet[0] < 2 && recv(fd, packet + 2, packet[1], MSG_WAITALL) > 12) {
		size_t len = zone_answer(z, packet + 2);
		packet[0] = (uint8_t)(len >> 8);
		packet[1] = (uint8_t)len;
		(void)!send(fd, packet, 1, MSG_NOSIGNAL);
		(void)!send(fd, packet + 1, len + 1, MSG_NOSIGNAL);
	}
	close(fd);
}

/* Of another number, of another name, and no answer at all: each says AD. */
static void zone_serve_others(const struct zone_server *z, const uint8_t *query,
                              const struct sockaddr_in *to)
{
	uint8_t packet[2048];
	for (int i = 0; i < 3; i++) {
		memcpy(packet, query, 512);
		size_t len = zone_answer(z, packet);
		packet[3] |= 0x20;
		packet[i == 0 ? 1 : i == 1 ? 14 : 2] ^= i == 2 ? 0x80 : 1;
		(void)!sendto(z->fd, packet, len, 0, (const struct sockaddr *)to, sizeof(*to));
	}
}

static void *zone_serve(void *argument)
{
	struct zone_server *z = argument;
	uint8_t packet[2048];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	struct pollfd fds[] = { { z->fd, POLLIN, 0 }, { z->tcp_fd, POLLIN, 0 } };
	while (poll(fds, 2, -1) > 0) {
		if (fds[1].revents)
			zone_serve_tcp(z);
		if (!fds[0].revents)
			continue;
		if (recvfrom(z->fd, packet, 512, 0, (struct sockaddr *)&from, &from_len) <= 12)
			break;
		if (packet[13] == 'm' && !z->is_plain) {
			atomic_fetch_add(&z->stalled, 1);
			continue;
		}
		if (packet[13] == 'y' && !z->is_plain)
			zone_serve_others(z, packet, &from);
		size_t len = zone_answer(z, packet);
		if (packet[13] == 'z' && !z->is_plain)
			packet[2] |= 2;
		(void)!sendto(z->fd, packet, len, 0, (struct sockaddr *)&from, from_len);
	}
	return NULL;
}

/* A port of UDP, and the same one of TCP, which somebody else may have. */
static bool zone_listen(struct zone_server *z, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	*at = (struct sockaddr_in){ .sin_family = AF_INET,
		                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	z->fd = socket(AF_INET, SOCK_DGRAM, 0);
	z->tcp_fd = socket(AF_INET, SOCK_STREAM, 0);
	if (!bind(z->fd, (struct sockaddr *)at, len) &&
	    !getsockname(z->fd, (struct sockaddr *)at, &len) &&
	    !bind(z->tcp_fd, (struct sockaddr *)at, len) && !listen(z->tcp_fd, 16))
		return true;
	close(z->fd);
	close(z->tcp_fd);
	return false;
}

static void zone_begin(struct zone_server *z, const struct zone_record *records, size_t count)
{
	enum { TRIES = 100 };
	struct sockaddr_in at;
	int tries = 0;
	z->records = records;
	z->count = count;
	while (!zone_listen(z, &at))
		if (++tries == TRIES)
			abort();
	if (pthread_create(&z->thread, NULL, zone_serve, z))
		abort();
	snprintf(z->address, sizeof(z->address), "127.0.0.1@%u", ntohs(at.sin_port));
}

static void zone_start(struct zone_server *z, const struct zone_record *records, size_t count)
{
	z->is_plain = false;
	zone_begin(z, records, count);
}

/* The same for names that begin with any letter. */
[[maybe_unused]] static void zone_start_plain(struct zone_server *z,
                                              const struct zone_record *records, size_t count)
{
	z->is_plain = true;
	zone_begin(z, records, count);
}

static void zone_stop(struct zone_server *z)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	getsockname(z->fd, (struct sockaddr *)&at, &len);
	sendto(z->fd, "", 0, 0, (struct sockaddr *)&at, len); /* ends its loop */
	pthread_join(z->thread, NULL);
	close(z->fd);
	close(z->tcp_fd);
}

#endif
