/* The wire of a session: reads from the input of the call on the stack, appends to its out. */
#include "tls/session_private.h"

static int wire_read(BIO *bio, char *ret_data, size_t cap, size_t *ret_len)
{
	struct tls_session *s = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (!s->shake->input || !s->shake->input->len || s->is_dead) {
		BIO_set_retry_read(bio);
		return 0;
	}
	size_t len = s->shake->input->len < cap ? s->shake->input->len : cap;
	memcpy(ret_data, s->shake->input->data, len);
	if (s->shake->handover.is_wanted)
		tls_record_count_feed(&s->shake->handover.read, slice_head(*s->shake->input, len));
	*s->shake->input = slice_skip(*s->shake->input, len);
	*ret_len = len;
	return 1;
}

/* Without a buffer (the session is being freed) bytes go nowhere. */
static int wire_write(BIO *bio, const char *data, size_t len, size_t *ret_len)
{
	struct tls_session *s = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (s->shake->out && buf_add(s->shake->out, slice_of(data, len))) {
		s->shake->is_out_of_memory = true;
		return 0;
	}
	if (s->shake->handover.is_wanted)
		tls_record_count_feed(&s->shake->handover.written, slice_of(data, len));
	*ret_len = len;
	return 1;
}

static long wire_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

static int wire_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

BIO_METHOD *tls_session_bio_new(void)
{
	int type = BIO_get_new_index();
	if (type < 0)
		return NULL;
	BIO_METHOD *method = BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "mailseal");
	if (!method)
		return NULL;
	if (BIO_meth_set_read_ex(method, wire_read) && BIO_meth_set_write_ex(method, wire_write) &&
	    BIO_meth_set_ctrl(method, wire_control) && BIO_meth_set_create(method, wire_create))
		return method;
	BIO_meth_free(method);
	return NULL;
}
