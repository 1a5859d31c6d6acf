#!/bin/sh
# SPDX-License-Identifier: MIT

test_description='one tensor out of a content: reading only its chunks, and
bringing only these; what is here in part is never taken for what is here'

. ./lib-test.sh

name=model.layers.0.self_attn.v_proj.weight

# bytes <file> <tensor>: what the file has there
bytes () {
	git model inspect --tensors "$1" | awk -v n="$2" '$1 == n {
		sub(/.*\]  /, ""); split($1, at, "+"); print at[1], at[2] }' |
	{ read off len && tail -c +$((off + 1)) "$1" | head -c $len; }
}

test_expect_success 'set up' '
	git model install && git init -q --bare o.git && git init -q r &&
	mv-test safetensors r/m.safetensors bf16 20M 1 &&
	mv-test safetensors r/f.safetensors f32 2M 3 &&
	mv-test random 300000 4 >r/noise.bin &&
	(cd r && git model track "*.safetensors" "*.bin" && git add . &&
	git commit -q -m one && git remote add origin ../o.git &&
	git push -q origin main) &&
	cp r/m.safetensors r/f.safetensors . &&
	bytes m.safetensors $name >want && test_file_size want >size &&
	test "$(cat size)" = 131072
'

test_expect_success 'a tensor, by every name that a content has' '
	(cd r && git model cat --tensor $name m.safetensors >../a &&
	git model cat --tensor $name HEAD:m.safetensors >../b &&
	git model cat $(sha256sum <m.safetensors | cut -c 1-64) \
		--tensor $name >../c) &&
	cmp a want && cmp b want && cmp c want
'

test_expect_success 'a .npy of what NumPy has; what it has not is refused' '
	(cd r && git model cat --tensor $name --npy f.safetensors) >f.npy &&
	bytes f.safetensors $name >f.raw &&
	tail -c $(test_file_size f.raw) f.npy | cmp - f.raw &&
	head -c 80 f.npy | tail -c +11 >head &&
	test_grep "descr.: .<f4., .fortran_order.: False, .shape.: (" head &&
	(cd r && test_expect_code 128 git model cat --tensor $name --npy \
		m.safetensors >../out 2>../err) && test_must_be_empty out &&
	test_grep "NumPy has no dtype for the BF16 of" err &&
	test_grep "hint: .*--widen" err &&
	(cd r && git model cat --tensor $name --npy --widen \
		m.safetensors) >wide &&
	test $(test_file_size wide) = $((128 + 2 * 131072)) &&
	tail -c +129 wide | od -An -v -tx2 -w4 | awk "{ print \$2 }" >high &&
	od -An -v -tx2 -w2 want | tr -d " " | cmp - high
'

test_expect_success 'wrong words' '
	cd r &&
	test_expect_code 129 git model cat --npy m.safetensors &&
	test_expect_code 129 git model cat --tensor $name --widen m.safetensors &&
	test_expect_code 128 git model cat --tensor ${name}s m.safetensors 2>../err &&
	test_grep "no tensor .*did you mean .$name" ../err &&
	test_expect_code 128 git model cat --tensor x noise.bin
'

# A clone without content, whose work tree has pointers.
fresh () {
	rm -rf c && git -c filter.model.process= -c filter.model.required=false \
		clone -q o.git c
}

test_expect_success 'fetching it brings its chunks and no others' '
	fresh && cd c &&
	git model fetch --tensor "*layers.0.*v_proj*" >../out &&
	test_grep "^m.safetensors: 1 tensor (128.0 KiB), [0-9.]* KiB in [0-9]* new chunks$" ../out &&
	test_grep "^downloaded 2 tensors" ../out &&
	kib=$(sed -n "s/^m.*, \([0-9]*\)[0-9.]* KiB in .*/\1/p" ../out) &&
	test "$kib" -lt 600 &&
	test $(cat .git/model/packs/* | wc -c) -lt 3000000 &&
	mv ../o.git ../away.git &&
	git model cat --tensor $name m.safetensors >../a 2>../err &&
	mv ../away.git ../o.git && cmp ../a ../want &&
	test_grep "only a part of this content is here" ../err
'

test_expect_success 'what is here in part is not here' '
	cd c && git model status >../out && test_grep "m.safetensors" ../out &&
	mv ../o.git ../away.git && cp m.safetensors ../pointer &&
	test_expect_code 1 git model checkout m.safetensors >../out 2>&1 &&
	cmp m.safetensors ../pointer &&
	test_expect_code 128 git model cat m.safetensors >../out &&
	test_must_be_empty ../out &&
	test_expect_code 1 git model fsck >../out 2>&1 &&
	test_grep "m.safetensors.*missing here" ../out &&
	git init -q --bare ../n.git && git remote add n ../n.git &&
	test_must_fail git push -q n main 2>../err &&
	test_path_is_missing ../n.git/refs/heads/main &&
	mv ../away.git ../o.git
'

test_expect_success 'gc keeps it with its pointer, and lets both go' '
	cd c && find .git/model -name "*.pack" -o -path "*/partial/*" |
	xargs touch -d "60 days ago" &&
	git model gc --grace 1d >../out && mv ../o.git ../away.git &&
	git model cat --tensor $name m.safetensors >../a &&
	cmp ../a ../want && mv ../away.git ../o.git &&
	git checkout -q --orphan empty && git rm -qrf . && git branch -q -D main &&
	git update-ref -d refs/remotes/origin/main &&
	git update-ref -d refs/remotes/origin/HEAD && git reflog expire --expire=now --all &&
	git prune --expire=now &&
	find .git/model -name "*.pack" -o -path "*/partial/*" |
	xargs touch -d "60 days ago" &&
	git model gc --grace 1d &&
	test -z "$(ls .git/model/partial .git/model/packs | grep "[0-9a-f]\{64\}")"
'

test_expect_success 'cat brings what it needs; then the whole, and all is proven' '
	fresh && cd c && git model cat --tensor $name m.safetensors >../a 2>../err &&
	cmp ../a ../want && test_grep "only a part" ../err &&
	test $(cat .git/model/packs/* | wc -c) -lt 3000000 &&
	git model checkout && cmp m.safetensors ../m.safetensors &&
	git model cat --tensor $name m.safetensors >../a 2>../err &&
	test_must_be_empty ../err && cmp ../a ../want && git model fsck
'

test_expect_success 'of a content that lost its other packs' '
	cd r && mkdir ../lost && lost=0 &&
	for p in .git/model/packs/*; do
		mv $p ../lost && if git model cat --tensor $name m.safetensors >../a
		then lost=1 && rm -r ../lost/* && cmp ../a ../want || return 1
		else mv ../lost/* .git/model/packs
		fi
	done 2>/dev/null && test $lost = 1 && rm -rf ../lost
'

test_expect_success 'a remote whose chunks are damaged' '
	fresh && cp -r o.git liar.git && chmod -R u+w liar.git &&
	for p in liar.git/model/packs/*
	do
		mv-test flip $p 200000 && mv-test flip $p 900000 || return 1
	done &&
	git -C c remote set-url origin ../liar.git &&
	test_expect_code 1 git -C c model fetch --tensor "*" 2>err &&
	test_grep "chunk .* is damaged" err &&
	test_grep "[mf].safetensors.: what is asked for .* not to be had" err
'

test_expect_success 'nothing matches; a place that is none; as JSON' '
	fresh && cd c && test_expect_code 1 git model fetch --tensor nosuch 2>../err &&
	test_grep "no tensor matches" ../err &&
	git init -q ../empty &&
	(cd ../empty && test_must_fail git model fetch --tensor x 2>../err) &&
	test_grep "say a revision: git model fetch --tensor" ../err &&
	test_expect_code 128 git model fetch --tensor "*" nosuch &&
	git model fetch --tensor "*norm*" --json origin main >../json &&
	test_grep "\"missing\": 0" ../json && test_grep "\"whole\": false" ../json &&
	mv ../o.git ../away.git && test_when_finished "mv ../away.git ../o.git" &&
	test_expect_code 1 git model fetch --tensor "*q_proj*" 2>../err &&
	test_grep "not to be had at a remote" ../err
'

test_done
