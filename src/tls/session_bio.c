/* The wire of a session: reads from the input of the call on the stack, appends to its out. */
#include "tls/session_private.h"

static int wire_read(BIO *bio, char *ret_data, size_t cap, size_t *ret_len)
{
	struct tls_session *s = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (!s->input || !s->input->len || s->is_dead) {
		BIO_set_retry_read(bio);
		return 0;
	}
	size_t len = s->input->len < cap ? s->input->len : cap;
	memcpy(ret_data, s->input->data, len);
	*s->input = slice_skip(*s->input, len);
	*ret_len = len;
	return 1;
}

/* Without a buffer (the session is being freed) bytes go nowhere. */
static int wire_write(BIO *bio, const char *data, size_t len, size_t *ret_len)
{
	struct tls_session *s = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (s->out && buf_add(s->out, slice_of(data, len))) {
		s->is_out_of_memory = true;
		return 0;
	}
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
