/* SPDX-License-Identifier: MIT */
/* Armour and blob of an SSH signature: no byte is there that does not count. */
#include <stdlib.h>
#include <string.h>

#include "libmv/trust/priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(const struct mv_sshsig *sig, const uint8_t *data,
		   size_t size)
{
	const uint8_t *ns = (const uint8_t *)sig->ns;

	if (sig->key < data || sig->key + sig->key_len > data + size ||
	    ns < data || ns + sig->ns_len > data + size || !sig->ns_len ||
	    !*sig->key_type)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mv_sshsig sig;
	struct mv_buf blob, again;

	if (!mv_sshsig_parse(&sig, data, size))
		inside(&sig, data, size);
	mv_buf_init(&blob, 1 << 20);
	mv_buf_init(&again, 1 << 20);
	if (!mv_sshsig_dearmour(&blob, (const char *)data, size)) {
		if (mv_sshsig_armour(&again, blob.data, blob.len) ||
		    (again.len != size && again.len != size + 1) ||
		    memcmp(again.data, data, size))
			abort();
		if (!mv_sshsig_parse(&sig, (const uint8_t *)blob.data,
				     blob.len))
			inside(&sig, (const uint8_t *)blob.data, blob.len);
	}
	mv_buf_release(&blob);
	mv_buf_release(&again);
	return 0;
}
