/* mailseal.conf(5), from the tables. */
#include "conf/conf.h"

#include "base/clean.h"
#include "conf/example.h"
#include "conf/tables.h"

#include <string.h>

/* Text for roff: "\" and "-" as themselves, and no line that begins with a request. */
static void text_roff(FILE *out, const char *text)
{
	bool is_start = true;
	for (; *text; text++) {
		if (is_start && (*text == '.' || *text == '\''))
			fputs("\\&", out);
		if (*text == '\\')
			fputs("\\e", out);
		else if (*text == '-')
			fputs("\\-", out);
		else if (*text == '"')
			fputs("\\(dq", out);
		else
			fputc(*text, out);
		is_start = *text == '\n';
	}
}

static void paragraph(FILE *out, const char *text)
{
	fputs(".PP\n", out);
	text_roff(out, text);
	fputc('\n', out);
}

static void code(FILE *out, const char *text)
{
	fputs(".PP\n.RS 4\n.nf\n", out);
	text_roff(out, text);
	fputs(".fi\n.RE\n", out);
}

static const char *reload_sentence(enum conf_reload reload)
{
	static const char *const sentences[] = {
		[CONF_RELOAD_NEW_SESSIONS] = "",
		[CONF_RELOAD_LISTENERS] = "A reload opens and closes sockets.",
		[CONF_RELOAD_WORKERS] = "A reload starts and ends processes.",
		[CONF_RELOAD_HOOKS] =
			"A reload replaces its process, once what is under way has ended.",
		[CONF_RELOAD_RESTART] = "A change needs a restart.",
	};
	_Static_assert(COUNT_OF(sentences) == CONF_RELOAD_COUNT, "one sentence an effect");
	return sentences[reload];
}

static void default_roff(FILE *out, const struct conf_row *row)
{
	if (!row->initial) {
		fputs("Must be written.\n", out);
		return;
	}
	if (!row->initial[0])
		return; /* empty, or the help says what */
	fputs("Default: \\fB", out);
	text_roff(out, row->initial);
	fputs("\\fR.\n", out);
}

static void row_roff(FILE *out, const struct conf_row *row, const char *prefix)
{
	char form[200];
	conf_row_form(row, form, sizeof(form));
	fputs(".TP\n\\fB", out);
	text_roff(out, prefix);
	text_roff(out, row->name);
	fputs("\\fR = \\fI", out);
	text_roff(out, form);
	fputs("\\fR\n", out);
	text_roff(out, row->help);
	fputs(".\n", out);
	if (row->protocols) {
		const char *between = "For ";
		for (unsigned i = 0; i < CONF_PROTOCOL_COUNT; i++) {
			if (!(row->protocols & 1U << i))
				continue;
			fprintf(out, "%s%s", between, conf_protocol_name((enum conf_protocol)i));
			between = ", ";
		}
		fputs(".\n", out);
	}
	default_roff(out, row);
	if (reload_sentence(row->reload)[0])
		fprintf(out, "%s\n", reload_sentence(row->reload));
}

static const char *const shapes[] = {
	[CONF_ONE] = "{ ... }",
	[CONF_NAMED] = "{ NAME = { ... }; ... }",
	[CONF_LIST] = "( { ... }, ... )",
};

static void group_roff(FILE *out, const struct conf_group *group)
{
	char prefix[64];
	char shape[96];
	snprintf(shape, sizeof(shape), "%s = %s;", group->name, shapes[group->kind]);
	fputs(".SS \"", out);
	text_roff(out, shape);
	fputs("\"\n", out);
	fputs(".PP\n", out);
	text_roff(out, group->help);
	fputs(".\n", out);
	for (size_t i = 0; i < group->row_count; i++)
		row_roff(out, &group->rows[i], "");
	for (size_t i = 0; i < group->group_count; i++) {
		const struct conf_group *sub = group->groups[i];
		snprintf(prefix, sizeof(prefix), "%s.", sub->name);
		fputs(".TP\n\\fB", out);
		text_roff(out, sub->name);
		fprintf(out, "\\fR = %s\n", shapes[sub->kind]);
		text_roff(out, sub->help);
		fputs(".\n", out);
		for (size_t j = 0; j < sub->row_count && !sub->inherits; j++)
			row_roff(out, &sub->rows[j], prefix);
	}
}

static void head(FILE *out)
{
	fprintf(out, ".TH MAILSEAL.CONF 5 \"\" \"mailseal %s\" \"mailseal\"\n", MAILSEAL_VERSION);
	fputs(".SH NAME\nmailseal.conf \\- configuration of mailseal\n.SH SYNOPSIS\n"
	      "\\fI/etc/mailseal/mailseal.conf\\fR\n.SH DESCRIPTION\n",
	      out);
	paragraph(out, "The file names doors for clients (edges) and the mail servers behind them "
	               "(backends). Everything else has a default, and the defaults are the safe "
	               "choice: what is unsafe must be written, in words that say so.");
	paragraph(out, "Its syntax is that of libconfig: NAME = VALUE; with groups in { }, lists "
	               "in [ ] or ( ), and comments behind #. A name may be written once in its "
	               "group. A list of one may be written as its only item.");
	paragraph(out, "@include \"PATH\" on a line of its own puts another file in its place; a "
	               "relative PATH begins at the folder of the file it stands in, and a pattern "
	               "such as conf.d/*.conf takes several, in the order of their names.");
	paragraph(out, "mailseal config check finds every error of a file in one run and names "
	               "line, setting and mend. It looks into the files that are named, too: "
	               "whether keys are those of their certificates, and tables of users can be "
	               "read. Whether a port is free is seen at the start. A reload with a file "
	               "that has errors changes nothing. Secrets are never in the file, only names "
	               "of the files they are in.");
}

static void values(FILE *out)
{
	static const char *const rows[][2] = {
		{ "ADDRESS", "HOST:PORT with an IP address, [v6]:PORT for IPv6, *:PORT for all "
		             "addresses of the host, unix:/PATH." },
		{ "DURATION", "\"500ms\", \"90s\", \"5m\", \"2h\", \"1d\"; a number is seconds." },
		{ "NETWORK", "\"192.0.2.0/24\", \"2001:db8::/32\", or one address." },
		{ "SIZE", "Bytes, or \"64K\", \"2M\" (1,024 each)." },
		{ "NAME", "Of a certificate, backend or edge: letters, digits, \"-\" and \"_\", a "
		          "letter first, no dots." },
	};
	fputs(".SH VALUES\n", out);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		fprintf(out, ".TP\n\\fI%s\\fR\n", rows[i][0]);
		text_roff(out, rows[i][1]);
		fputc('\n', out);
	}
}

static void settings(FILE *out)
{
	fputs(".SH SETTINGS\n", out);
	for (size_t i = 0; i < conf_root.row_count; i++)
		row_roff(out, &conf_root.rows[i], "");
	for (size_t i = 0; i < conf_root.group_count; i++)
		group_roff(out, conf_root.groups[i]);
}

void conf_print_man(FILE *out)
{
	head(out);
	values(out);
	settings(out);
	fputs(".SH EXAMPLE\n", out);
	code(out, conf_example());
	paragraph(out, "Old tills that log in without TLS, for a while:");
	code(out, conf_example_exception());
	fputs(".SH FILES\n.TP\n\\fI/etc/mailseal/mailseal.conf\\fR\nRead unless \\fB\\-c\\fR names "
	      "another.\n.SH SEE ALSO\n.BR mailseal (1)\n",
	      out);
}
