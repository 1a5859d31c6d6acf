#!/bin/sh
# SPDX-License-Identifier: MIT
test_description='a second decoder, written from docs/format, reads our stores'
. ./lib-test.sh

decode () {
	python3 "$TEST_DIR/../helper/decode-store.py" "$@"
}
golden=$TEST_DIR/../golden

test_expect_success 'the golden store: what version 1 held, byte by byte' '
	mkdir out &&
	decode "$golden/v2/store" out >actual &&
	sed -n "s/^{ \"\([0-9a-f]*\)\",\$/\1/p" "$golden/v1/store.names" |
		sort >names &&
	test_line_count = 6 names &&
	cut -d" " -f1 actual | sort >got &&
	test -z "$(comm -23 names got)" &&
	for oid in $(cat got)
	do
		test "$(sha256sum <out/$oid)" = "$oid  -" || return 1
	done
'

test_expect_success 'the golden store whose chunks lean on one another' '
	mkdir lean &&
	decode "$golden/v2/leaning" lean >actual &&
	test_line_count = 12 actual &&
	for oid in $(cut -d" " -f1 actual)
	do
		test "$(sha256sum <lean/$oid)" = "$oid  -" || return 1
	done
'

test_expect_success 'versions of a model after gc' '
	git init -q series && cd series && git model install --local &&
	git model track "*.dat" >/dev/null &&
	mv-test safetensors base bf16 300k 1 &&
	for k in 1 2 3
	do
		mv-test tune base m.dat $k 5 && cp m.dat n.dat &&
		git add . && git commit -q -m $k || return 1
	done &&
	mv-test few base n.dat 1 5 && git add . && git commit -q -m few &&
	git model gc >out && test_grep "as differences" out &&
	mkdir ../back && decode .git/model ../back >../actual && cd .. &&
	test_line_count = 4 actual &&
	for oid in $(cut -d" " -f1 actual)
	do
		test "$(sha256sum <back/$oid)" = "$oid  -" || return 1
	done
'

test_expect_success 'a store of ours, with numbers of all widths and odd ends' '
	git init -q repo && cd repo && git model install >/dev/null &&
	git model track "*.safetensors" "*.bin" >/dev/null &&
	for type in bf16 f16 f32
	do
		mv-test safetensors $type.safetensors $type 40k 1 || return 1
	done &&
	{ printf x && cat f32.safetensors; } >shifted.bin &&
	perl -e "print pack(\"d<*\", map { \$_ / 7 + sin(\$_) } 1 .. 2001),
		\"end\"" >doubles.bin &&
	perl -e "print \"line \$_ of many\n\" for 1 .. 2000" >text.bin &&
	mv-test random 20k 3 >noise.bin && printf 1 >one.bin &&
	git model add . >/dev/null && git commit -qm one &&
	mkdir ../ours && decode .git/model ../ours >../actual && cd .. &&
	(cd repo && sha256sum *.safetensors *.bin) >sums &&
	test_line_count = 8 sums &&
	while read -r oid name
	do
		cmp "repo/$name" "ours/$oid" || return 1
	done <sums &&
	test_line_count = 8 actual
'

test_expect_success 'what it refuses' '
	pack=$(ls repo/.git/model/packs/*.pack) &&
	size=$(stat -c %s "$pack") &&
	for at in 4 16 17 $((size / 3)) $((size / 2)) $((size - 40)) \
		$((size - 1))
	do
		rm -rf copy && cp -R repo/.git/model copy &&
		chmod -R u+w copy &&
		mv-test flip copy/packs/* $at &&
		test_expect_code 1 decode copy 2>err >out.txt &&
		test_grep "^damaged: " err || return 1
	done &&
	rm -rf copy && cp -R repo/.git/model copy && chmod -R u+w copy &&
	mv-test flip copy/index/* 200 &&
	test_expect_code 1 decode copy 2>err &&
	test_grep "an index " err
'

test_done
