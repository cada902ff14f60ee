/*
 * A name server for the tests of this folder: a thread on a port of loopback that answers from a
 * table, unsigned. Names whose first letter is s get SERVFAIL, with m nothing.
 */
#ifndef RESOLVER_TEST_ZONE_H
#define RESOLVER_TEST_ZONE_H

#include "base/slice.h"

#include <arpa/inet.h>
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
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
	int fd;
	char address[32]; /* ADDRESS@PORT */
	pthread_t thread;
};

enum { ZONE_CNAME = 5 };

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
	const uint8_t head[] = { 0xc0, 12, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)len };
	memcpy(packet + at, head, sizeof(head));
	memcpy(packet + at + sizeof(head), data, len);
	return at + sizeof(head) + len;
}

static size_t zone_answer(const struct zone_server *z, uint8_t *packet)
{
	static const char soa[22] = { 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1 };
	char name[256];
	size_t at = zone_question(packet, name) + 4;
	uint16_t type = packet[at - 3];
	bool is_there = false;
	packet[2] = 0x85; /* a response, recursion was asked for, authoritative */
	packet[3] = 0x80;
	memset(packet + 6, 0, 6);
	if (name[0] == 's') {
		packet[3] |= 2;
		return at;
	}
	for (size_t i = 0; i < z->count; i++) {
		const struct zone_record *r = &z->records[i];
		if (strcasecmp(r->name, name) != 0)
			continue;
		is_there = true;
		if (r->type != type && r->type != ZONE_CNAME)
			continue;
		at = zone_put(packet, at, r->type, r->data, r->len);
		packet[7]++;
	}
	if (packet[7])
		return at;
	packet[3] |= is_there ? 0 : 3;
	packet[9] = 1; /* the authority that a denial has */
	return zone_put(packet, at, 6, soa, sizeof(soa));
}

static void *zone_serve(void *argument)
{
	struct zone_server *z = argument;
	uint8_t packet[2048];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	while (recvfrom(z->fd, packet, 512, 0, (struct sockaddr *)&from, &from_len) > 12) {
		if (packet[13] == 'm')
			continue;
		size_t len = zone_answer(z, packet);
		(void)!sendto(z->fd, packet, len, 0, (struct sockaddr *)&from, from_len);
	}
	return NULL;
}

static void zone_start(struct zone_server *z, const struct zone_record *records, size_t count)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	z->records = records;
	z->count = count;
	z->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(z->fd, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(z->fd, (struct sockaddr *)&at, &len) ||
	    pthread_create(&z->thread, NULL, zone_serve, z))
		abort();
	snprintf(z->address, sizeof(z->address), "127.0.0.1@%u", ntohs(at.sin_port));
}

static void zone_stop(struct zone_server *z)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);
	getsockname(z->fd, (struct sockaddr *)&at, &len);
	sendto(z->fd, "", 0, 0, (struct sockaddr *)&at, len); /* ends its loop */
	pthread_join(z->thread, NULL);
	close(z->fd);
}

#endif
