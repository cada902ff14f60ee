/*
 * Many conversations at once, as frames on an interface: for whoever has to follow them.
 *
 *     flood -i INTERFACE -r FILE [-n CONNECTIONS] [-c CLIENTS] [-b MBIT] [-s SECONDS]
 *     flood -w FILE -p PACKETS -r FILE [-n CONNECTIONS] [-c CLIENTS]
 *
 * FILE: a capture of Ethernet and IPv4 whose conversations stand one behind the other, each between
 * 10.0.0.1 (the client) and another host. So many of them are open at a time; each has a client
 * address and port of its own, and a new one begins where one ends; of the first ones,
 * which are somewhere in their middle, most are long. Which goes on next is random, some frames at
 * a time. Prints one line of JSON: what was sent, in which time. With -w it goes to a capture file
 * instead.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	ETHERNET = 14,
	IP_FROM = ETHERNET + 12,
	IP_TO = ETHERNET + 16,
	PORTS = ETHERNET + 20,
	HEAD = PORTS + 4, /* what is changed ends here */
	CLIENT = 0x0a000001,
	BATCH = 64,
	BURST_MAX = 4, /* frames of one connection, one behind the other */
	FILE_HEAD = 24,
	RECORD_HEAD = 16,
};

struct frame {
	const uint8_t *bytes;
	uint32_t len, talk;
	bool is_client;
};

struct talk {
	uint32_t first, count;
};

struct connection {
	uint32_t talk, at; /* the next frame */
	uint32_t address;
	uint16_t port;
};

struct flood {
	uint8_t *file;
	struct frame *frames;
	struct talk *talks;
	struct connection *connections;
	uint32_t frame_count, talk_count, connection_count, client_count, begun;
	uint64_t dice;
	int fd;
	FILE *out; /* instead */
	uint64_t packets, bytes, waits;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, errno ? strerror(errno) : "wrong");
	exit(2);
}

static uint32_t read32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return value;
}

static uint64_t now_ns(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

/* xorshift64. */
static uint32_t roll(struct flood *f, uint32_t sides)
{
	f->dice ^= f->dice << 13;
	f->dice ^= f->dice >> 7;
	f->dice ^= f->dice << 17;
	return (uint32_t)((f->dice >> 32) * sides >> 32);
}

/* --- the file --- */

static size_t file_read(struct flood *f, const char *path)
{
	FILE *in = fopen(path, "rbe");
	if (!in || fseek(in, 0, SEEK_END))
		fail(path);
	long len = ftell(in);
	rewind(in);
	f->file = malloc((size_t)len);
	if (!f->file || fread(f->file, 1, (size_t)len, in) != (size_t)len)
		fail(path);
	fclose(in);
	return (size_t)len;
}

/* The ports, as one number that both directions have in common. */
static uint32_t ports_of(const struct frame *g)
{
	uint32_t ports = ntohl(read32(g->bytes + PORTS));
	return g->is_client ? ports : ports << 16 | ports >> 16;
}

static void frame_add(struct flood *f, const uint8_t *bytes, uint32_t len)
{
	struct frame *g = &f->frames[f->frame_count];
	*g = (struct frame){ .bytes = bytes,
		             .len = len,
		             .is_client = ntohl(read32(bytes + IP_FROM)) == CLIENT };
	if (!f->frame_count || ports_of(g - 1) != ports_of(g))
		f->talks[f->talk_count++].first = f->frame_count;
	g->talk = f->talk_count - 1;
	f->talks[g->talk].count++;
	f->frame_count++;
}

static void file_parse(struct flood *f, size_t len)
{
	size_t most = len / (RECORD_HEAD + HEAD) + 1;
	f->frames = calloc(most, sizeof(*f->frames));
	f->talks = calloc(most, sizeof(*f->talks));
	if (!f->frames || !f->talks)
		fail("memory");
	for (size_t at = FILE_HEAD; at + RECORD_HEAD <= len;) {
		uint32_t size = read32(f->file + at + 8);
		if (size < HEAD || at + RECORD_HEAD + size > len)
			fail("a record of the file");
		frame_add(f, f->file + at + RECORD_HEAD, size);
		at += RECORD_HEAD + size;
	}
	if (!f->talk_count)
		fail("an empty file");
}

/* --- connections --- */

static void connection_begin(struct flood *f, struct connection *c)
{
	uint32_t number = f->begun++;
	*c = (struct connection){ .talk = roll(f, f->talk_count),
		                  .address = 0x0a400000 + number % f->client_count,
		                  .port = (uint16_t)(1024 + number / f->client_count % 60000) };
}

static void connections_begin(struct flood *f)
{
	f->connections = calloc(f->connection_count, sizeof(*f->connections));
	if (!f->connections)
		fail("memory");
	for (uint32_t i = 0; i < f->connection_count; i++) {
		struct connection *c = &f->connections[i];
		connection_begin(f, c);
		c->talk = f->frames[roll(f, f->frame_count)].talk;
		c->at = roll(f, f->talks[c->talk].count);
	}
}

static const struct frame *connection_next(struct flood *f, struct connection *c)
{
	const struct talk *t = &f->talks[c->talk];
	return c->at < t->count ? &f->frames[t->first + c->at++] : NULL;
}

/* --- sending --- */

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH][2];
	uint8_t heads[BATCH][HEAD];
	unsigned count;
	uint64_t bytes;
};

static void batch_add(struct batch *b, const struct frame *g, const struct connection *c)
{
	uint8_t *head = b->heads[b->count];
	uint32_t address = htonl(c->address);
	uint16_t port = htons(c->port);
	struct iovec *parts = b->parts[b->count];
	memcpy(head, g->bytes, HEAD);
	memcpy(head + (g->is_client ? IP_FROM : IP_TO), &address, sizeof(address));
	memcpy(head + PORTS + (g->is_client ? 0 : 2), &port, sizeof(port));
	parts[0] = (struct iovec){ head, HEAD };
	parts[1] = (struct iovec){ (void *)(g->bytes + HEAD), g->len - HEAD };
	b->messages[b->count++].msg_hdr = (struct msghdr){ .msg_iov = parts, .msg_iovlen = 2 };
	b->bytes += g->len;
}

static void batch_fill(struct flood *f, struct batch *b)
{
	b->count = 0;
	b->bytes = 0;
	while (b->count < BATCH) {
		struct connection *c = &f->connections[roll(f, f->connection_count)];
		uint32_t burst = 1 + roll(f, BURST_MAX);
		for (; burst && b->count < BATCH; burst--) {
			const struct frame *g = connection_next(f, c);
			if (g)
				batch_add(b, g, c);
			else
				connection_begin(f, c);
		}
	}
}

/* What the interface has no room for is tried again, as a network card would wait. */
static void batch_send(struct flood *f, struct batch *b)
{
	for (unsigned sent = 0; sent < b->count;) {
		int n = sendmmsg(f->fd, b->messages + sent, b->count - sent, 0);
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
			fail("sendmmsg");
		f->waits += n < 0;
		sent += n < 0 ? 0 : (unsigned)n;
	}
	f->packets += b->count;
	f->bytes += b->bytes;
}

static void batch_write(struct flood *f, const struct batch *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		const struct iovec *parts = b->parts[i];
		uint32_t len = (uint32_t)(parts[0].iov_len + parts[1].iov_len);
		const uint32_t head[] = { (uint32_t)(1764460800 + f->packets / 200000), 0, len,
			                  len };
		if (fwrite(head, sizeof(head), 1, f->out) != 1 ||
		    fwrite(parts[0].iov_base, parts[0].iov_len, 1, f->out) != 1 ||
		    fwrite(parts[1].iov_base, 1, parts[1].iov_len, f->out) != parts[1].iov_len)
			fail("the capture file");
		f->packets++;
	}
	f->bytes += b->bytes;
}

static void wait_until(uint64_t at_ns)
{
	const struct timespec at = { .tv_sec = (time_t)(at_ns / 1000000000u),
		                     .tv_nsec = (long)(at_ns % 1000000000u) };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

struct limits {
	double bits_per_ns; /* 0: as fast as it goes */
	uint64_t ns, packets;
};

/* Returns how long it took. */
static uint64_t run(struct flood *f, const struct limits *l)
{
	static struct batch b;
	uint64_t begun = now_ns(), at = begun;
	while (at - begun < l->ns && f->packets < l->packets) {
		batch_fill(f, &b);
		if (f->out)
			batch_write(f, &b);
		else
			batch_send(f, &b);
		at = now_ns();
		if (l->bits_per_ns > 0) {
			uint64_t due = begun + (uint64_t)((double)f->bytes * 8 / l->bits_per_ns);
			if (due > at)
				wait_until(due);
			at = now_ns();
		}
	}
	return at - begun;
}

static void open_interface(struct flood *f, const char *name)
{
	int on = 1;
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		                  .sll_ifindex = (int)if_nametoindex(name) };
	f->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (f->fd < 0 || !to.sll_ifindex || bind(f->fd, (struct sockaddr *)&to, sizeof(to)))
		fail(name);
	(void)setsockopt(f->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
}

/* The head of the file that is read serves the one that is written. */
static void open_file(struct flood *f, const char *path)
{
	f->out = fopen(path, "wbe");
	if (!f->out || fwrite(f->file, FILE_HEAD, 1, f->out) != 1)
		fail(path);
}

static _Noreturn void usage(int status)
{
	fputs("usage: flood -i INTERFACE -r FILE [-n CONNECTIONS] [-c CLIENTS] [-b MBIT] [-s "
	      "SECONDS]\n"
	      "       flood -w FILE -p PACKETS -r FILE [-n CONNECTIONS] [-c CLIENTS]\n",
	      status ? stderr : stdout);
	exit(status);
}

struct options {
	const char *interface, *file, *out;
	struct limits limits;
};

static void options_read(struct flood *f, struct options *o, int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help"))
		usage(0);
	for (int c; (c = getopt(argc, argv, "i:w:r:n:c:b:s:p:")) != -1;) {
		if (c == 'i')
			o->interface = optarg;
		else if (c == 'w')
			o->out = optarg;
		else if (c == 'r')
			o->file = optarg;
		else if (c == 'n')
			f->connection_count = (uint32_t)atoi(optarg);
		else if (c == 'c')
			f->client_count = (uint32_t)atoi(optarg);
		else if (c == 'b')
			o->limits.bits_per_ns = atof(optarg) / 1000;
		else if (c == 's')
			o->limits.ns = (uint64_t)(atof(optarg) * 1e9);
		else if (c == 'p')
			o->limits.packets = (uint64_t)atoll(optarg);
		else
			usage(2);
	}
	if (optind != argc || !o->interface == !o->out || !o->file || !f->connection_count ||
	    !f->client_count)
		usage(2);
}

int main(int argc, char **argv)
{
	struct flood f = { .connection_count = 1000,
		           .client_count = 400,
		           .dice = 0x9e3779b97f4a7c15u };
	struct options o = { .limits = { .ns = UINT64_MAX, .packets = UINT64_MAX } };
	options_read(&f, &o, argc, argv);
	file_parse(&f, file_read(&f, o.file));
	if (o.out)
		open_file(&f, o.out);
	else
		open_interface(&f, o.interface);
	connections_begin(&f);
	uint64_t ns = run(&f, &o.limits);
	if (f.out && fclose(f.out))
		fail(o.out);
	printf("{\"packets\": %llu, \"bytes\": %llu, \"seconds\": %.3f, \"connections\": %u, "
	       "\"waits\": %llu}\n",
	       (unsigned long long)f.packets, (unsigned long long)f.bytes, (double)ns / 1e9,
	       f.begun, (unsigned long long)f.waits);
	return 0;
}
