/* SPDX-License-Identifier: MIT */
#include "libmv/format/parts.h"

#include <stdio.h>
#include <string.h>

/*
 * Formats that are named and no more: what is in them is not listed, and
 * they are cut by content.
 */
static int starts(const uint8_t *head, size_t len, const char *magic, size_t n)
{
	return len >= n && !memcmp(head, magic, n);
}

/* The signature may stand behind a user block of 512 bytes, 1024, 2048 ... */
static int is_hdf5(const uint8_t *head, size_t len, size_t *at)
{
	*at = 0;
	while (*at + 9 <= len) {
		if (!memcmp(head + *at, "\211HDF\r\n\032\n", 8))
			return 1;
		*at = *at ? 2 * *at : 512;
	}
	return 0;
}

static int hdf5(struct mv_layout *out, const uint8_t *head, size_t len,
		size_t at, struct mv_err *err)
{
	char version[16];
	int n = snprintf(version, sizeof(version), "%u", head[at + 8]);
	int rc = mv_layout_meta(out, "superblock", 10, version, (size_t)n, err);

	/* Keras writes these attributes at once */
	if (!rc && (memmem(head, len, "keras_version", 13) ||
		    memmem(head, len, "model_weights", 13)))
		rc = mv_layout_meta(out, "framework", 9, "keras", 5, err);
	return rc;
}

/* Before 1.6: the first of several pickles is this number, as a LONG1. */
static int is_old_torch(const uint8_t *head, size_t len)
{
	static const char magic[] = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8"
				    "\x50\x19\x2e";

	return len >= 15 && head[0] == 0x80 &&
		!memcmp(head + 2, magic, sizeof(magic) - 1);
}

/*
 * SavedModel { 1: schema version 1, 2: MetaGraphDef { 1: MetaInfoDef ... } }:
 * both fields of messages, where ONNX has the text of its producer's name.
 */
static int is_saved_model(const uint8_t *head, size_t len)
{
	size_t i = 3;

	if (!starts(head, len, "\x08\x01\x12", 3))
		return 0;
	while (i < len && i < 13 && head[i] & 0x80)
		i++;
	return i + 1 < len && head[i + 1] == 0x0a;
}

int mv_recognise(struct mv_layout *out, const uint8_t *head, size_t len,
		 struct mv_err *err)
{
	size_t at;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	out->not_listed = 1;
	if (is_hdf5(head, len, &at)) {
		out->format = "hdf5";
		rc = hdf5(out, head, len, at, err);
	} else if (len >= 8 && !memcmp(head + 4, "TFL3", 4)) {
		out->format = "tflite";
	} else if (is_saved_model(head, len)) {
		out->format = "savedmodel";
	} else if (is_old_torch(head, len)) {
		out->format = "pickle";
		rc = mv_layout_meta(out, "framework", 9,
				    "torch, before 1.6", 17, err);
	} else {
		return mv_fail(err, MV_ENOENT, "unknown format");
	}
	if (rc < 0)
		mv_layout_release(out);
	return rc;
}
