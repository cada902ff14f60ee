#include "check/webform.h"

#include "check/markup.h"

#include <stdio.h>
#include <stdlib.h>

/* The form that is open. */
struct form {
	bool has_password;
	char actions[CHECK_FORMS_MAX][CHECK_ACTION_CAP];
	unsigned count;
};

/* One character reference of ASCII ("&amp;", "&#58;", "&#x3a;"), or the byte itself. */
static uint8_t byte_take(struct slice *s)
{
	size_t end = slice_find(slice_head(*s, 10), ';');
	char text[10] = "";
	if (s->data[0] == '&' && end < s->len && end < sizeof(text)) {
		memcpy(text, s->data + 1, end - 1);
		bool is_hex = text[0] == '#' && (text[1] | 0x20) == 'x';
		unsigned long value = !strcmp(text, "amp") ? '&'
		                      : text[0] == '#'
		                              ? strtoul(text + 1 + is_hex, NULL, is_hex ? 16 : 10)
		                              : 0;
		if (value && value < 127) {
			*s = slice_skip(*s, end + 1);
			return (uint8_t)value;
		}
	}
	uint8_t c = s->data[0];
	*s = slice_skip(*s, 1);
	return c;
}

static void value_copy(struct slice value, char *to)
{
	size_t len = 0;
	value = check_markup_trim(value);
	while (value.len && len < CHECK_ACTION_CAP - 1) {
		uint8_t c = byte_take(&value);
		if (c != '\t' && c != '\n' && c != '\r') /* as browsers read URLs */
			to[len++] = slice_byte_shown(c);
	}
	to[len] = '\0';
}

static void action_add(struct form *f, struct slice value)
{
	if (f->count < CHECK_FORMS_MAX)
		value_copy(value, f->actions[f->count++]);
}

static void form_end(struct form *f, struct check_webform *to)
{
	to->has_password = to->has_password || f->has_password;
	for (unsigned i = 0; f->has_password && i < f->count && to->count < CHECK_FORMS_MAX; i++)
		memcpy(to->actions[to->count++], f->actions[i], CHECK_ACTION_CAP);
	*f = (struct form){};
}

static void form_begin(struct form *f, const struct check_tag *tag)
{
	struct slice action = {};
	if (!check_tag_attribute(tag, "action", &action))
		action = (struct slice){};
	action_add(f, action);
}

static void tag_take(struct form *f, struct check_webform *to, const struct check_tag *tag)
{
	struct slice value;
	if (check_tag_is(tag, "form")) {
		form_end(f, to);
		if (!tag->is_end)
			form_begin(f, tag);
	} else if (check_tag_is(tag, "base") && !to->base[0]) {
		if (check_tag_attribute(tag, "href", &value))
			value_copy(value, to->base);
	} else if (check_tag_is(tag, "input") || check_tag_is(tag, "button")) {
		if (check_tag_attribute(tag, "type", &value) &&
		    slice_equal_nocase(check_markup_trim(value), slice_str("password")))
			f->has_password = true;
		if (check_tag_attribute(tag, "formaction", &value))
			action_add(f, value);
	}
}

void check_webform_scan(struct slice page, struct check_webform *ret_form)
{
	struct check_tag tag;
	struct form form = {};
	*ret_form = (struct check_webform){};
	while (check_markup_next(&page, &tag))
		tag_take(&form, ret_form, &tag);
	form_end(&form, ret_form);
}
