/* SPDX-License-Identifier: MIT */
#ifndef MV_BASE_ASSET_H
#define MV_BASE_ASSET_H

/*
 * A file of the source tree (its path from the top) as bytes in the program:
 *
 *	MV_ASSET(github, "docs/ci/github.yml");
 *	out_bytes(github, MV_ASSET_LEN(github));
 *
 * A NUL follows the last byte. The names are the file's own, not the
 * linker's. The Makefile must say that the object depends on the file: the
 * compiler does not know.
 */
#define MV_ASSET(name, file) \
	__asm__(".pushsection .rodata\n" \
		#name ":\n" \
		".incbin \"" file "\"\n" \
		#name "_end:\n" \
		".byte 0\n" \
		".popsection\n"); \
	extern const char name[] __attribute__((visibility("hidden"))); \
	extern const char name##_end[] __attribute__((visibility("hidden")))
#define MV_ASSET_LEN(name) ((size_t)(name##_end - (name)))

#endif
