/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "libmv/report/html.h"
#include "libmv/report/text.h"
#include "libmv/report/weights.h"

/*
 * What changed in the weights: a line, a strip with a field for each layer, the
 * darker the more changed in it, and the tensors in a table. Each field says in
 * words what its shade says; the scale is the same in every report.
 */
enum { LAYERS_MAX = 400, ROWS = 50 };

/* Half decades from 1e-4 on; 0: nothing changed. */
static int shade(const struct mv_tensor_layer *l)
{
	static const double steps[] = {
		1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1
	};
	const double v = mv_number_relative_l2(&l->delta);
	int n = 1;

	if (!l->changed)
		return 0;
	if (!l->delta.finite || isnan(v))
		return 9;	/* other bytes, and no numbers */
	while (n < 9 && v >= steps[n - 1])
		n++;
	return n;
}

/* The last word of a layer's name is what tells it from its neighbours. */
static const char *short_name(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && dot[1] ? dot + 1 : name;
}

static void put_field(struct mv_html *h, const struct mv_tensor_layer *l)
{
	struct mv_pen *pen = mv_html_words(h);
	const double v = mv_number_relative_l2(&l->delta);

	mv_pen_safe(pen, l->name);
	mv_pen_f(pen, ": %zu of %zu tensors changed", l->changed, l->tensors);
	if (l->changed && l->delta.finite && !isnan(v))
		mv_pen_f(pen, ", relative L2 %.3g", v);
	mv_html_f(h, "<li class=\"heat%d\" title=\"", shade(l));
	mv_html_say(h);
	mv_html_raw(h, "\"><span class=\"sr\">");
	pen = mv_html_words(h);
	mv_pen_safe(pen, l->name);
	mv_pen_f(pen, ": %zu of %zu changed ", l->changed, l->tensors);
	mv_html_say(h);
	mv_html_raw(h, "</span><span aria-hidden=\"true\">");
	mv_html_text(h, short_name(l->name));
	mv_html_raw(h, "</span></li>\n");
}

static void put_scale(struct mv_html *h)
{
	static const char *const marks[] = {
		"0", "", "1e-4", "", "1e-3", "", "1e-2", "", "1e-1", ""
	};

	mv_html_raw(h, "<p class=\"more\">Each field is a layer; its shade is the "
		    "relative L2 of what changed in it.</p>\n"
		    "<ul class=\"heat scale\" aria-hidden=\"true\">");
	for (int i = 0; i < 10; i++)
		mv_html_f(h, "<li class=\"heat%d\"><span>%s</span></li>", i,
			  marks[i]);
	mv_html_raw(h, "</ul>\n");
}

static void put_strip(struct mv_html *h, const struct mv_tensor_diff *d)
{
	const size_t n = d->layer_count < LAYERS_MAX ? d->layer_count :
						       LAYERS_MAX;

	if (n < 2)
		return;
	mv_html_raw(h, "<ul class=\"heat\" aria-label=\"What changed, layer by "
		    "layer\">\n");
	for (size_t i = 0; i < n && !h->pen.failed; i++)
		put_field(h, &d->layers[i]);
	mv_html_raw(h, "</ul>\n");
	if (d->layer_count > n)
		mv_html_f(h, "<p class=\"more\">%zu more layers.</p>\n",
			  d->layer_count - n);
	put_scale(h);
}

static void put_table(struct mv_html *h, const struct mv_tensor_diff *d,
		      size_t top)
{
	struct mv_table t;
	size_t more;

	mv_table_init(&t);
	more = mv_weights_table(&t, d, top ? top : ROWS);
	mv_html_table(h, &t, "Tensors that changed", NULL);
	if (more)
		mv_html_f(h, "<p class=\"more\">%zu more tensors.</p>\n", more);
}

void mv_html_weights(struct mv_html *h, const struct mv_tensor_diff *d,
		     size_t top)
{
	struct mv_pen *pen;

	if (!d)
		return;
	mv_html_raw(h, "<h3>Weights</h3>\n<p>");
	mv_weights_words(mv_html_words(h), d);
	mv_html_say(h);
	mv_html_raw(h, "</p>\n");
	pen = mv_html_words(h);
	mv_weights_odd_words(pen, d);
	if (pen->out->len) {
		mv_html_raw(h, "<p class=\"note warn\">");
		mv_html_say(h);
		mv_html_raw(h, "</p>\n");
	}
	if (!mv_tensor_diff_differs(d) || d->brief)
		return;
	put_strip(h, d);
	put_table(h, d, top);
}
