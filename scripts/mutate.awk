# SPDX-License-Identifier: MIT
#
# Every mutant of a C file, one a line: <line> TAB <kind> TAB <the line, with
# one thing changed in it>. Comments, strings and preprocessor lines stay.
#
#	relation	< <= > >= == != become a neighbour
#	logic		&& and || change places
#	not		a ! is dropped
#	constant	a number is one more or less, a result another
#	return		another constant is returned
#	arithmetic	+ and - change places
#	delete		a statement is not executed

function blank(n,    s) {
	s = sprintf("%" n "s", "")
	gsub(/ /, "\001", s)
	return s
}

# The line with comments and literals blanked out, as long as it was.
function masked(line,    out, i, c, two, quote) {
	out = ""
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		two = substr(line, i, 2)
		if (comment) {
			if (two == "*/") {
				comment = 0
				i++
				out = out "\001"
			}
			out = out "\001"
		} else if (quote != "") {
			if (c == "\\") {
				i++
				out = out "\001"
			} else if (c == quote) {
				quote = ""
			}
			out = out "\001"
		} else if (two == "/*") {
			comment = 1
			i++
			out = out "\001\001"
		} else if (c == "\"" || c == "'") {
			quote = c
			out = out "\001"
		} else {
			out = out c
		}
	}
	return out
}

function emit(kind, at, len, with) {
	printf "%d\t%s\t%s\n", NR, kind, substr($0, 1, at - 1) with \
		substr($0, at + len)
}

# Each place of `what` (a plain string) becomes `with`.
function swap(kind, what, with,    from, at) {
	from = 1
	while ((at = index(substr(code, from), what))) {
		emit(kind, from + at - 1, length(what), with)
		from += at + length(what) - 1
	}
}

# " <" also at the end of a line
function relation(op, a, b) {
	swap("relation", " " op " ", " " a " ")
	if (b != "")
		swap("relation", " " op " ", " " b " ")
	if (code ~ (" " op "$")) {
		emit("relation", length(code) - length(op) + 1, length(op), a)
	}
}

function logic(op, other) {
	swap("logic", " " op " ", " " other " ")
	if (substr(code, length(code) - 1) == op)
		emit("logic", length(code) - 1, 2, other)
}

function numbers(    rest, at, from, before, n) {
	from = 1
	while (match(substr(code, from), /[0-9]+/)) {
		at = from + RSTART - 1
		n = substr(code, at, RLENGTH)
		before = at > 1 ? substr(code, at - 1, 1) : " "
		rest = substr(code, at + RLENGTH, 1)
		from = at + RLENGTH
		if (before ~ /[A-Za-z0-9_.]/ || rest ~ /[A-Za-z0-9_.]/)
			continue
		# 0, 1 and -1 that are returned or set are yes, no, failed
		if (n <= 1 && rest == ";" || before == "-")
			emit("constant", at - (before == "-"), length(n) + \
			     (before == "-"), before == "-" || n == 1 ? 0 : 1)
		else {
			emit("constant", at, length(n), n + 1)
			if (n > 0)
				emit("constant", at, length(n), n - 1)
		}
	}
}

# What makes a no of a yes is worth most.
function results() {
	swap("constant", "MV_RESULT_NO", "MV_RESULT_YES")
	swap("constant", "MV_RESULT_NO", "MV_RESULT_UNKNOWN")
	swap("constant", "MV_RESULT_UNKNOWN", "MV_RESULT_YES")
	swap("constant", "MV_RESULT_UNKNOWN", "MV_RESULT_NO")
	swap("constant", "MV_RESULT_YES", "MV_RESULT_NO")
	swap("constant", "MV_RESULT_OVERRIDDEN", "MV_RESULT_YES")
}

function nots(    i) {
	for (i = 1; i < length(code); i++)
		if (substr(code, i, 1) == "!" &&
		    substr(code, i + 1, 1) ~ /[A-Za-z_(*!]/)
			emit("not", i, 1, "")
}

# Inside of a function, where a statement begins: not executed, however many
# lines it has.
# The size of a text buffer says nothing.
function is_size() {
	return code ~ /^\t+char [a-z_]+\[/
}

function statements(    at) {
	if (code !~ /^\t+/ || before !~ /[;{}:)]$|else$/)
		return
	match(code, /^\t+/)
	at = RLENGTH + 1
	if (substr(code, at) ~ /^break;/) {
		# not the last of a switch or loop: see below
		held = sprintf("%d\t%s\t%s", NR, "delete", substr($0, 1, at - 1) \
			"if (0) " substr($0, at))
		return
	}
	if (substr(code, at) ~ /^(continue|goto [a-z]+);/ ||
	    substr(code, at) ~ /^[a-z_]+\(/ &&
	    substr(code, at) !~ /^(if|for|while|switch|return|sizeof)\(/ ||
	    substr(code, at) ~ /^[A-Za-z_.>\[\]*-]+(\+\+|--);/ ||
	    substr(code, at) ~ /^\*?[a-z_]+(->|\.|\[)?[A-Za-z_>.\[\]0-9+-]* [-+|]?= /)
		emit("delete", at, 0, "if (0) ")
}

{
	code = masked($0)
	if (held != "" && code !~ /^\t*}$/)
		print held
	held = ""
	if (code ~ /^#/ || code ~ /^(static|struct|int|size_t|const|enum|char|void|typedef)/ && code !~ /[;{]$/)
		next
	if (code ~ /^\t*case |^\t*default:/)
		next
	relation("<", "<=", ">=")
	relation("<=", "<", ">")
	relation(">", ">=", "<=")
	relation(">=", ">", "<")
	relation("==", "!=", "")
	relation("!=", "==", "")
	logic("&&", "||")
	logic("||", "&&")
	nots()
	if (!is_size())
		numbers()
	results()
	swap("arithmetic", " + ", " - ")
	swap("arithmetic", " - ", " + ")
	swap("arithmetic", " += ", " -= ")
	if (code ~ /^\t+return [^;]*;$/) {
		swap("return", "return NULL;", "return (void *)\"\";")
		if (code ~ /return [a-z]/)
			emit("return", index(code, "return"), length(code),
			     "return 0;")
	}
	statements()
	trimmed = code
	sub(/[ \t\001]+$/, "", trimmed)
	if (trimmed != "")
		before = trimmed
}
