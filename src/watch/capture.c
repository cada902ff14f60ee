#include "watch/capture.h"

#include "base/clean.h"
#include "proc/box.h"
#include "watch/interface.h"

#include <errno.h>
#include <linux/filter.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>

enum { RING_BYTES = 64 * 1024 * 1024, SNAPLEN = 65535, READ_TIMEOUT_MS = 100, AT_ONCE = 4096 };

void watch_capture_close(struct watch_capture *c)
{
	if (c->pcap)
		pcap_close(c->pcap);
	c->pcap = NULL;
}

static int link_read(struct watch_capture *c, const char *name, char *ret_error, size_t cap)
{
	const char *link;
	c->link = pcap_datalink(c->pcap);
	if (watch_link_is_known(c->link))
		return 0;
	link = pcap_datalink_val_to_name(c->link);
	snprintf(ret_error, cap,
	         "%s: link type %d (%s) is not known here; capture on an Ethernet "
	         "interface, or on \"any\"",
	         name, c->link, link ? link : "?");
	watch_capture_close(c);
	return WATCH_CAPTURE_FAILED;
}

int watch_capture_file(struct watch_capture *ret_capture, const char *path, char *ret_error,
                       size_t cap)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	*ret_capture = (struct watch_capture){ .pcap = pcap_open_offline(path, why) };
	if (ret_capture->pcap)
		return link_read(ret_capture, path, ret_error, cap);
	if (!access(path, R_OK))
		snprintf(ret_error, cap, "%s: %s; a capture of tcpdump or Wireshark is wanted",
		         path, why);
	else
		snprintf(ret_error, cap, "%s", why);
	return WATCH_CAPTURE_FAILED;
}

static int activate(struct watch_capture *c, const char *name, char *ret_error, size_t cap)
{
	pcap_t *p = c->pcap;
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_set_snaplen(p, SNAPLEN);
	pcap_set_promisc(p, 1);
	pcap_set_timeout(p, READ_TIMEOUT_MS);
	pcap_set_buffer_size(p, RING_BYTES);
	int r = pcap_activate(p);
	if (r >= 0 && !pcap_setnonblock(p, 1, why))
		return 0;
	if (r == PCAP_ERROR_PERM_DENIED)
		snprintf(ret_error, cap,
		         "%s: not permitted; run it as root, or give the binary "
		         "CAP_NET_RAW",
		         name);
	else if (r == PCAP_ERROR_NO_SUCH_DEVICE)
		snprintf(ret_error, cap, "%s: no such interface (ip link shows them)", name);
	else
		snprintf(ret_error, cap, "%s: %s", name, why[0] ? why : pcap_geterr(p));
	return WATCH_CAPTURE_FAILED;
}

int watch_capture_interface(struct watch_capture *ret_capture, const char *name, char *ret_error,
                            size_t cap)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	struct watch_capture c = { .pcap = pcap_create(name, why), .is_live = true };
	if (!c.pcap) {
		snprintf(ret_error, cap, "%s: %s", name, why);
		return WATCH_CAPTURE_FAILED;
	}
	int r = activate(&c, name, ret_error, cap);
	if (!r)
		r = link_read(&c, name, ret_error, cap);
	if (r) {
		watch_capture_close(&c);
		return r;
	}
	watch_interface_look(&c.interface, name);
	*ret_capture = c;
	return 0;
}

static const char *user_of(const char *user)
{
	if (user)
		return user;
	return getpwnam("mailseal") ? "mailseal" : "nobody";
}

int watch_capture_drop(const struct watch_capture *c, const char *user, char *ret_error, size_t cap)
{
	struct proc_box_report report;
	const struct proc_identity identity = { .user = user_of(user), .is_secret = true };
	int r = proc_drop(&identity);
	if (r == PROC_DROP_NO_USER)
		snprintf(ret_error, cap, "no user \"%s\" to run as, or it is root; --user NAME",
		         identity.user);
	if (!r)
		r = proc_box_capturing(c->is_live ? pcap_fileno(c->pcap) : -1, &report);
	if (r < 0)
		snprintf(ret_error, cap, "cannot give up privileges: %s", strerror(-r));
	return r ? WATCH_CAPTURE_FAILED : 0;
}

struct reading {
	struct watch_capture *capture;
	struct watch *watch;
	bool has_failed;
};

static void on_packet(u_char *owner, const struct pcap_pkthdr *header, const u_char *bytes)
{
	struct reading *g = (struct reading *)owner;
	struct slice captured = slice_of(bytes, header->caplen);
	const struct watch_capture *c = g->capture;
	const struct watch_frame frame = {
		.bytes = captured,
		.at_s = header->ts.tv_sec,
		.is_passed = c->link == WATCH_LINK_ETHERNET &&
		             watch_interface_is_passed(&c->interface, captured),
	};
	if (!watch_feed(g->watch, &frame))
		return;
	g->has_failed = true;
	pcap_breakloop(g->capture->pcap);
}

static void wait_for(const struct watch_capture *c, int wait_ms)
{
	struct pollfd fd = { .fd = pcap_get_selectable_fd(c->pcap), .events = POLLIN };
	if (c->is_live && fd.fd >= 0)
		(void)!poll(&fd, 1, wait_ms);
}

int watch_capture_read(struct watch_capture *c, struct watch *w, int wait_ms, char *ret_error,
                       size_t cap)
{
	struct reading g = { .capture = c, .watch = w };
	wait_for(c, wait_ms);
	int r = pcap_dispatch(c->pcap, AT_ONCE, on_packet, (u_char *)&g);
	if (g.has_failed)
		return WATCH_CAPTURE_NO_MEMORY;
	if (r == PCAP_ERROR) {
		snprintf(ret_error, cap, "%s", pcap_geterr(c->pcap));
		return WATCH_CAPTURE_FAILED;
	}
	return !r && !c->is_live ? WATCH_CAPTURE_END : 0;
}

/* Not by pcap_setfilter(): that throws away what is held. */
bool watch_capture_stop(const struct watch_capture *c)
{
	struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
	const struct sock_fprog program = { .len = 1, .filter = &nothing };
	return !setsockopt(pcap_fileno(c->pcap), SOL_SOCKET, SO_ATTACH_FILTER, &program,
	                   sizeof(program));
}

uint64_t watch_capture_drops(const struct watch_capture *c)
{
	struct pcap_stat stat = {};
	return c->is_live && !pcap_stats(c->pcap, &stat) ? stat.ps_drop : 0;
}
