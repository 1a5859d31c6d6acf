/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <string.h>

/* Whose file is this? The format that bids highest reads it. */
static const struct mv_format *const formats[] = {
	&mv_format_safetensors,
	&mv_format_gguf,
	&mv_format_npy,
};

static const struct mv_format *best_bid(const struct mv_head *head)
{
	size_t len = head->len < MV_BID_BYTES ? head->len : MV_BID_BYTES;
	const struct mv_format *best = NULL;
	int high = 0;

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		int bid = formats[i]->bid(head->data, len);

		if (bid > high) {
			best = formats[i];
			high = bid;
		}
	}
	return best;
}

int mv_head_parse(struct mv_layout *out, struct mv_head *head,
		  struct mv_err *err)
{
	const struct mv_format *format;
	int rc;

	memset(out, 0, sizeof(*out));
	if (head->len < MV_BID_BYTES && head->len < head->file_size) {
		head->need = head->file_size < MV_BID_BYTES ?
			head->file_size : MV_BID_BYTES;
		return mv_fail(err, MV_EBUSY, "more of the head is needed");
	}
	format = best_bid(head);
	if (!format)
		return mv_fail(err, MV_ENOENT, "unknown format");
	out->format = format->name;
	rc = format->parse(out, head, err);
	if (rc < 0)
		mv_layout_release(out);
	return rc;
}

int mv_format_parse(struct mv_layout *out, uint64_t *need,
		    const uint8_t *head, size_t len, uint64_t file_size,
		    struct mv_err *err)
{
	struct mv_head h = { head, len, file_size, 0, 0 };
	int rc;

	if (h.len > file_size)
		h.len = (size_t)file_size;
	rc = mv_head_parse(out, &h, err);
	if (rc == MV_EBUSY)
		*need = h.need;
	return rc;
}

/* Whose container is this? The same of what is read along. */
static const struct mv_walker *const walkers[] = {
	&mv_walker_zip,
	&mv_walker_tar,
	&mv_walker_parquet,
	&mv_walker_onnx,
};

const struct mv_walker *mv_walker_for(const uint8_t *head, size_t len)
{
	const struct mv_walker *best = NULL;
	int high = 0;

	if (len > MV_BID_AHEAD)
		len = MV_BID_AHEAD;
	for (size_t i = 0; i < sizeof(walkers) / sizeof(*walkers); i++) {
		int bid = walkers[i]->bid(head, len);

		if (bid > high) {
			best = walkers[i];
			high = bid;
		}
	}
	return best;
}
