/* How we know who a backend is. */
#include "conf/check.h"

#include "base/clean.h"

/* A value that does nothing without TLS looks like safety and is none. */
static void backend_tls_unused(struct conf_reader *r, const struct conf_backend *b)
{
	static const char *const settings[] = { "tls.verify", "tls.ca_file", "tls.pin",
		                                "tls.name",   "tls.peer",    "tls.min_version" };
	struct conf_path mode = conf_path_of("backend", b->name, "tls.mode");
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct conf_path path = conf_path_of("backend", b->name, settings[i]);
		if (!conf_is_written(r, path.text))
			continue;
		conf_complain(r, path.text, "it does nothing, for there is no TLS to this backend");
		conf_mend(r, "%s mode = \"implicit\" or \"starttls\", or take it out",
		          conf_is_written(r, mode.text) ? "change to" : "add");
	}
}

static void backend_peer(struct conf_reader *r, const struct conf_backend *b)
{
	const struct conf_tls *t = &b->tls;
	bool is_internal = t->verify == TLS_VERIFY_INTERNAL;
	struct conf_path peer = conf_path_of("backend", b->name, "tls.peer");
	struct conf_path name = conf_path_of("backend", b->name, "tls.name");
	if (is_internal && !t->peer_count && !conf_is_bad(r, peer.text)) {
		conf_complain(r, peer.text, "any of our own hosts could pass for this one");
		conf_mend(r, "add peer = [\"NAME\"], as in mailseal pki issue NAME");
	}
	if (!is_internal && t->peer_count) {
		conf_complain(r, peer.text, "it counts with verify = \"internal\" alone");
		conf_mend(r, "write verify = \"internal\", or take it out");
	}
	if (is_internal && t->name) {
		conf_complain(r, name.text, "with verify = \"internal\" names are in \"peer\"");
		conf_mend(r, "write peer = [\"%s\"]", t->name);
	}
}

static void backend_verify(struct conf_reader *r, const struct conf_backend *b)
{
	const struct conf_tls *t = &b->tls;
	struct conf_path verify = conf_path_of("backend", b->name, "tls.verify");
	struct conf_path ca_file = conf_path_of("backend", b->name, "tls.ca_file");
	struct conf_path pin = conf_path_of("backend", b->name, "tls.pin");
	struct conf_path name = conf_path_of("backend", b->name, "tls.name");
	bool needs_name = t->verify == TLS_VERIFY_SYSTEM || t->verify == TLS_VERIFY_FILE;
	if (conf_is_bad(r, verify.text))
		return;
	if (needs_name && !t->name && !conf_is_bad(r, name.text)) {
		conf_complain(r, name.text, "without a name any certificate of these CAs would do");
		conf_mend(r, "add name = \"NAME IN THE CERTIFICATE\", or use verify = \"pin\"");
	}
	if (t->verify == TLS_VERIFY_FILE && !t->ca_file && !conf_is_bad(r, ca_file.text)) {
		conf_complain(r, verify.text, "\"file\" needs the file");
		conf_mend(r, "add ca_file = \"/PATH\"");
	}
	if (t->verify != TLS_VERIFY_FILE && t->ca_file) {
		conf_complain(r, ca_file.text, "it counts with verify = \"file\" alone");
		conf_mend(r, "write verify = \"file\", or take it out");
	}
	if (t->verify == TLS_VERIFY_PIN && !t->pin_count && !conf_is_bad(r, pin.text)) {
		conf_complain(r, verify.text, "\"pin\" needs pins");
		conf_mend(r, "add pin = [\"sha256:BASE64\"]");
	}
	if (t->verify != TLS_VERIFY_PIN && t->pin_count) {
		conf_complain(r, pin.text, "it counts with verify = \"pin\" alone");
		conf_mend(r, "write verify = \"pin\", or take it out");
	}
	if (t->verify == TLS_VERIFY_NONE && !b->accepts_unverified) {
		conf_complain(r, verify.text, "anybody on the way could pass for the backend");
		conf_mend(r,
		          "use \"system\", \"file\" or \"pin\", or add accept = [\"unverified\"]");
	}
	backend_peer(r, b);
}

void conf_check_backend_tls(struct conf_reader *r, const struct conf_backend *b)
{
	struct conf_path mode = conf_path_of("backend", b->name, "tls.mode");
	if (conf_tls_is_ours(&b->tls))
		backend_verify(r, b);
	else if (!conf_is_bad(r, mode.text)) /* whatever was meant, it was not "none" */
		backend_tls_unused(r, b);
}
