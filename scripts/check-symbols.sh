#!/bin/sh
# SPDX-License-Identifier: MIT
#
# usage: check-symbols.sh <libmv.a>
#
# What the linker sees of the library: it neither prints nor exits nor reads
# the environment, exports only mv_ names and each once, has no mutable
# globals, and stays away from functions that cannot be used well.
lib=${1:?usage: check-symbols.sh <libmv.a>}
test -f "$lib" || { echo "check-symbols: no '$lib'"; exit 1; }
bad=0

# Fortified functions are called __x_chk.
uses () {
	nm -A -u "$lib" | sed -E 's/ __([a-z_]+)_chk$/ \1/' | grep -E " U ($1)\$"
}

if uses 'exit|_exit|_Exit|quick_exit|abort|__assert_fail|printf|vprintf|puts|putchar|perror|v?errx?|v?warnx?|stdout|stderr|getenv|secure_getenv|environ|setenv|putenv|setlocale|chdir|umask'
then
	echo "check-symbols: the library must not print, exit, read the environment or change the process"
	bad=1
fi
if uses 'system|popen|strcpy|strcat|stpcpy|strncpy|strncat|sprintf|vsprintf|gets|strtok|rand|srand|gmtime|localtime|ctime|asctime|tmpnam|mktemp|alloca'
then
	echo "check-symbols: there is a better function than this"
	bad=1
fi
if nm -A -g --defined-only "$lib" 2>/dev/null | grep -vE ' (mv_|__(a|t|ub)san|__odr_)[^ ]*$'
then
	echo "check-symbols: the library must export only mv_ names"
	bad=1
fi
twice=$(nm -g --defined-only "$lib" 2>/dev/null | awk 'NF == 3 { print $3 }' |
	sort | uniq -d)
if test -n "$twice"
then
	echo "$twice"
	echo "check-symbols: two files define the same name"
	bad=1
fi
# Tables of pointers are .data.rel.ro, read-only once loaded. What a door
# needs to open its library once is the exception, and says so by its name.
if objdump -t "$lib" 2>/dev/null |
	grep -E ' [O ] (\.data|\.bss|\.tdata|\.tbss|\*COM\*)(\.[^r][^ ]*)?	' |
	grep -vE ' door_[a-z0-9_]+(\.[0-9]+)?$'
then
	echo "check-symbols: the library must have no mutable globals"
	bad=1
fi
exit $bad
